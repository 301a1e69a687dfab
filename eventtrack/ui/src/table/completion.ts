/** What may come next in a filter, judged from what stands before the caret. */

import type { Aggregate, Kind, KnownColumn } from "../api/types";

export interface Completion {
  /** What it looks like in the list. */
  shown: string;
  hint: string;
  /** What replaces the word that is being typed. */
  text: string;
}

export type Expected =
  | { what: "name" }
  | { what: "operator" }
  | { what: "connective" }
  | { what: "value"; kind: Kind; key: string };

export interface Place {
  expected: Expected;
  /** The word that is being typed stands from here to the caret. */
  from: number;
  word: string;
}

/** A name with its key in quotes or bare; a text; a number or word; an operator; punctuation. */
const TOKEN =
  /\s+|(?:(?:metrics?|params?|parameters?|tags?|attributes?|attr|runs?)\.)?(?:`(?:[^`]|``)*`?|"[^"]*"?|[\w./-]+)(?::\w*)?|'(?:[^']|'')*'?|[<>!=]+|./giy;

const OPERATORS = ["=", "!=", "<", "<=", ">", ">=", "LIKE", "ILIKE", "IN", "BETWEEN", "IS NULL", "IS NOT NULL"];
const CONNECTIVES = /^(and|or|not)$/i;
const WORD_OPERATORS = /^(like|ilike|rlike|in|between|is|null|not)$/i;
const KINDS: Record<string, Kind> = { m: "metrics", p: "params", t: "tags", a: "attributes", r: "attributes" };

const ATTRIBUTES = ["name", "status", "user", "start_time", "end_time", "duration", "run_id", "lost", "changed"];
const AGGREGATES: readonly Aggregate[] = ["min", "max", "first", "last", "count"];

export function placeAt(text: string, caret: number): Place {
  const before = text.slice(0, caret);
  const tokens = before.match(TOKEN) ?? [];
  const last = tokens.at(-1) ?? "";
  const isTyping = last !== "" && !/^(\s+|[<>!=]+|[(),])$/.test(last);
  const word = isTyping ? last : "";
  const done = (isTyping ? tokens.slice(0, -1) : tokens).filter((each) => each.trim());
  return { expected: expectedAfter(done), from: caret - word.length, word };
}

function expectedAfter(done: readonly string[]): Expected {
  const last = done.at(-1);
  if (last === undefined || last === "(" || CONNECTIVES.test(last)) {
    // `a BETWEEN 1 AND` goes on with the range's end.
    const range = done.findLastIndex((each) => /^between$/i.test(each));
    if (last && /^and$/i.test(last) && range > 0 && done.length - range === 3) {
      return valueOf(done[range - 1]!);
    }
    return { what: "name" };
  }
  if (/^[<>!=]+$/.test(last)) return valueOf(done.at(-2) ?? "");
  if (/^(like|ilike|rlike|between)$/i.test(last)) return valueOf(done.at(-2) ?? "");
  const isName = (each: string | undefined) =>
    each !== undefined && !/^'/.test(each) && !WORD_OPERATORS.test(each) && Number.isNaN(Number(each));
  const previous = done.at(-2);
  const isFirst = previous === undefined || previous === "(" || CONNECTIVES.test(previous);
  return { what: isFirst && isName(last) ? "operator" : "connective" };
}

function valueOf(name: string): Expected {
  const found = /^(?:(\w+)\.)?(.*?)(?::\w+)?$/s.exec(name) ?? [];
  const kind = KINDS[(found[1] ?? "a")[0]!.toLowerCase()] ?? "attributes";
  const key = (found[2] ?? "").replace(/^[`"]|[`"]$/g, "").replaceAll("``", "`");
  return { what: "value", kind, key };
}

/** A name as a filter takes it. */
export function nameOf(kind: Kind, key: string): string {
  if (kind === "attributes") return key;
  return `${kind}.${/^[A-Za-z_][\w]*$/.test(key) ? key : `\`${key.replaceAll("`", "``")}\``}`;
}

export const quoted = (value: string) => `'${value.replaceAll("'", "''")}'`;

const SINGULAR: Record<Kind, string> = {
  metrics: "metric",
  params: "param",
  tags: "tag",
  attributes: "of the run",
};

/** Names that hold what was typed, those that begin with it first. */
export function names(known: readonly KnownColumn[], word: string): Completion[] {
  const typed = word.toLowerCase().replace(/[`"]/g, "");
  const all = [
    ...ATTRIBUTES.map((key) => ({ kind: "attributes" as Kind, key })),
    ...known.filter((each) => each.kind !== "attributes"),
  ];
  const found: [number, Completion][] = [];
  for (const { kind, key } of all) {
    const plain = kind === "attributes" ? key : `${kind}.${key}`;
    const at = plain.toLowerCase().indexOf(typed);
    if (at < 0) continue;
    const rank = at === 0 || key.toLowerCase().startsWith(typed) ? 0 : 1;
    found.push([rank, { shown: plain, hint: SINGULAR[kind], text: `${nameOf(kind, key)} ` }]);
  }
  const aggregate = /^(metrics?\.(?:`(?:[^`]|``)*`|[\w./-]+)):(\w*)$/i.exec(word);
  for (const of of aggregate ? AGGREGATES : []) {
    if (!of.startsWith(aggregate![2]!.toLowerCase())) continue;
    const text = `${aggregate![1]}:${of}`;
    found.push([0, { shown: text, hint: "of the metric", text: `${text} ` }]);
  }
  return found.sort((a, b) => a[0] - b[0]).map(([, each]) => each);
}

export function fixedWords(expected: Expected, word: string): Completion[] {
  const typed = word.toUpperCase();
  const words = expected.what === "operator" ? OPERATORS : ["AND", "OR"];
  return words
    .filter((each) => each.startsWith(typed))
    .map((each) => ({ shown: each, hint: "", text: `${each} ` }));
}
