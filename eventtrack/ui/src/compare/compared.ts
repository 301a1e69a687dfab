/** What is compared: runs, each as it is or as it was, and the fields in which they may differ. */

import { runThen, seriesOf, type SeriesInfo } from "../api/details";
import type { Cell, RunStatus } from "../api/types";
import { experimentName } from "../shell/experiments";
import { duration, fullTime, number } from "../widgets/format";

export const COMPARED_MAX = 100;
const AT_ONCE = 8;

/** One column: a run, at: the moment it is shown at, "" for the page's. */
export interface Entry {
  /** As the address says it: the run's id, with @moment behind it. */
  id: string;
  runId: string;
  at: string;
  run: RunStatus;
  metrics: ReadonlyMap<string, SeriesInfo>;
}

/** Entries of the address: ids with an optional @moment, commas between. */
export function idsOf(text: string): string[] {
  return [...new Set(text.split(",").filter(Boolean))].slice(0, COMPARED_MAX);
}

export function splitId(id: string): { runId: string; at: string } {
  const [runId = "", at = ""] = id.split(/@(.*)/s);
  return { runId, at };
}

async function load(id: string): Promise<Entry> {
  const { runId, at } = splitId(id);
  const [run, metrics] = await Promise.all([runThen(runId, at), seriesOf(runId, at)]);
  return { id, runId, at, run, metrics: new Map(metrics.map((each) => [each.key, each])) };
}

export interface Loaded {
  entries: Entry[];
  /** What could not be had, with the reason. */
  faults: { id: string; error: unknown }[];
}

/** All that can be had, in the order they are asked for; one that fails does not stop the others. */
export async function loadAll(ids: readonly string[]): Promise<Loaded> {
  const found = new Map<string, Entry>();
  const faults: Loaded["faults"] = [];
  const left = [...ids];
  async function work(): Promise<void> {
    for (let id = left.shift(); id !== undefined; id = left.shift()) {
      try {
        found.set(id, await load(id));
      } catch (error) {
        faults.push({ id, error });
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, ids.length) }, work));
  return { entries: ids.flatMap((id) => found.get(id) ?? []), faults };
}

export type Of = "last" | "min" | "max";

/** A row of the comparison. */
export interface Field {
  id: string;
  section: "About" | "Params" | "Metrics" | "Tags";
  title: string;
  /** As it is compared, and put on a scale when it is a number. */
  value: (entry: Entry) => Cell;
  /** As it is shown. */
  text: (entry: Entry) => string;
}

const shownCell = (value: Cell) => (value === null ? "" : typeof value === "number" ? number(value) : value);

function field(
  section: Field["section"],
  id: string,
  title: string,
  value: Field["value"],
  text: Field["text"] = (entry) => shownCell(value(entry)),
): Field {
  return { section, id, title, value, text };
}

const ended = ({ run }: Entry) => (run.end_time ? run.end_time - run.start_time : null);

const ABOUT: readonly Field[] = [
  field("About", "a.status", "Status", ({ run }) => (run.lost ? "LOST" : run.status)),
  field("About", "a.experiment", "Experiment", ({ run }) => experimentName(run.experiment_id)),
  field("About", "a.start", "Started", ({ run }) => run.start_time, ({ run }) => fullTime(run.start_time)),
  field("About", "a.duration", "Duration", ended, (entry) => duration(ended(entry))),
  field("About", "a.user", "User", ({ run }) => run.tags["mlflow.user"] ?? null),
  field("About", "a.commit", "Git commit", ({ run }) => run.tags["mlflow.source.git.commit"] ?? null),
  field("About", "a.stage", "Deleted", ({ run }) => (run.lifecycle_stage === "deleted" ? "deleted" : null)),
];

const sorted = (keys: Iterable<string>) =>
  [...new Set(keys)].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));

/** A param that is written as a number is one. */
function paramOf({ run }: Entry, key: string): Cell {
  const text = run.params[key];
  if (text === undefined) return null;
  const value = Number(text);
  return text.trim() !== "" && Number.isFinite(value) ? value : text;
}

/** A metric's figure; one without a finite value has NaN. */
function metricOf(entry: Entry, key: string, of: Of): Cell {
  const found = entry.metrics.get(key);
  return found ? (found[of] ?? "NaN") : null;
}

/** Every field that any of the runs has. */
export function fieldsOf(entries: readonly Entry[], of: Of): Field[] {
  const params = sorted(entries.flatMap(({ run }) => Object.keys(run.params)));
  const metrics = sorted(entries.flatMap((entry) => [...entry.metrics.keys()]));
  const tags = sorted(entries.flatMap(({ run }) => Object.keys(run.tags))).filter(
    (key) => !/^(mlflow|eventtrack)\./.test(key) || key === "mlflow.note.content",
  );
  return [
    ...ABOUT,
    ...params.map((key) =>
      field("Params", `p.${key}`, key, (entry) => paramOf(entry, key), ({ run }) => run.params[key] ?? ""),
    ),
    ...metrics.map((key) => field("Metrics", `m.${key}`, key, (entry) => metricOf(entry, key, of))),
    ...tags.map((key) => field("Tags", `t.${key}`, key, ({ run }) => run.tags[key] ?? null)),
  ];
}

/** Do the runs differ in this field? */
export function differs({ value }: Field, entries: readonly Entry[]): boolean {
  return new Set(entries.map((entry) => value(entry))).size > 1;
}

/** A name for the column: the run's, and the moment. */
export const titleOf = (entry: Entry) =>
  `${entry.run.name || entry.runId.slice(0, 8)}${entry.at ? ` @ ${entry.at}` : ""}`;
