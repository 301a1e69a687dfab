/**
 * Columns of the runs table as the address writes them: `a.status,p.lr@120,*m.loss,min.loss`.
 * The letter before the first dot says the kind (or, of a metric, which of its figures), a star
 * that the column is pinned, @ its width in pixels.
 */

import type { Aggregate, Cell, Column, Kind, KnownColumn, Order } from "../api/types";
import { duration, number, when } from "../widgets/format";

export interface TableColumn {
  id: string;
  kind: Kind;
  key: string;
  of: Aggregate;
  width: number;
  isPinned: boolean;
}

const PREFIXES: Record<string, [Kind, Aggregate]> = {
  a: ["attributes", "last"],
  p: ["params", "last"],
  t: ["tags", "last"],
  m: ["metrics", "last"],
  min: ["metrics", "min"],
  max: ["metrics", "max"],
  first: ["metrics", "first"],
  count: ["metrics", "count"],
};

export const AGGREGATES: readonly Aggregate[] = ["last", "min", "max", "first", "count"];

/** Of a run itself, in the order in which the chooser lists them. */
export const ATTRIBUTES = [
  "status",
  "start_time",
  "end_time",
  "duration",
  "user",
  "experiment_id",
  "run_id",
  "lifecycle_stage",
  "changed",
] as const;

const TITLES: Record<string, string> = {
  name: "Run",
  status: "Status",
  start_time: "Started",
  end_time: "Ended",
  duration: "Duration",
  user: "User",
  experiment_id: "Experiment",
  run_id: "Run id",
  lifecycle_stage: "Stage",
  changed: "Last event",
};

export const WIDTH_MIN = 48;
const WIDTHS: Record<string, number> = {
  "a.status": 104,
  "a.start_time": 116,
  "a.end_time": 116,
  "a.duration": 92,
  "a.user": 90,
  "a.experiment_id": 150,
  "a.run_id": 270,
};

export function idOf(kind: Kind, key: string, of: Aggregate = "last"): string {
  const prefix = kind === "metrics" && of !== "last" ? of : kind[0];
  return `${prefix}.${key}`;
}

export function columnOf(id: string, width = 0, isPinned = false): TableColumn | null {
  const dot = id.indexOf(".");
  const found = PREFIXES[id.slice(0, dot)];
  const key = id.slice(dot + 1);
  if (dot < 0 || !found || !key) return null;
  const usual = WIDTHS[id] ?? (found[0] === "metrics" ? 104 : 112);
  return { id, kind: found[0], key, of: found[1], width: Math.max(WIDTH_MIN, width || usual), isPinned };
}

export function parseColumns(text: string): TableColumn[] {
  const found = new Map<string, TableColumn>();
  for (const each of text.split(",")) {
    const [, star, name = "", width] = /^(\*?)([^@]*)(?:@(\d+))?$/.exec(each) ?? [];
    const column = columnOf(unescape(name), Number(width ?? 0), star === "*");
    if (column) found.set(column.id, column);
  }
  return [...found.values()];
}

export function formatColumns(columns: readonly TableColumn[]): string {
  return columns
    .map((each) => {
      const usual = columnOf(each.id)?.width === each.width;
      return `${each.isPinned ? "*" : ""}${escape(each.id)}${usual ? "" : `@${Math.round(each.width)}`}`;
    })
    .join(",");
}

/** A key may hold what separates columns. */
const escape = (id: string) => id.replace(/[%,@;]/g, encodeURIComponent);
const unescape = (id: string) => id.replace(/%(25|2C|40|3B)/g, decodeURIComponent);

/** `-m.loss,a.name`: by the last loss, the greatest first, then by name. */
export function parseOrder(text: string): Order[] {
  return text.split(",").flatMap((each) => {
    const descending = each.startsWith("-");
    const column = columnOf(unescape(descending ? each.slice(1) : each));
    return column ? [{ column: wireOf(column), descending }] : [];
  });
}

export const orderOf = (id: string, descending: boolean) => (descending ? "-" : "") + escape(id);

/** How the address's order sorts by a column, "" for not. */
export function sortOf(order: string, id: string): "ascending" | "descending" | "" {
  const first = order.split(",")[0] ?? "";
  if (first === orderOf(id, true)) return "descending";
  return first === orderOf(id, false) ? "ascending" : "";
}

export function wireOf(column: Pick<TableColumn, "kind" | "key" | "of">): Column {
  const { kind, key, of } = column;
  return kind === "metrics" ? { kind, key, of } : { kind, key };
}

export function titleOf(column: Pick<TableColumn, "kind" | "key" | "of">): string {
  if (column.kind === "attributes") return TITLES[column.key] ?? column.key;
  return column.of === "last" || column.kind !== "metrics" ? column.key : `${column.key} ${column.of}`;
}

const HINTS: Record<Kind, string> = {
  attributes: "of the run",
  params: "param",
  tags: "tag",
  metrics: "metric",
};

export const hintOf = (column: Pick<TableColumn, "kind" | "of">) =>
  column.kind === "metrics" ? `${column.of} of the metric` : HINTS[column.kind];

const SHOWN_METRICS = 6;
const SHOWN_PARAMS = 5;

/** The columns of somebody who has chosen none: what most runs have. */
export function usualColumns(known: readonly KnownColumn[], severalExperiments: boolean): TableColumn[] {
  const ids = ["a.status", "a.start_time"];
  if (severalExperiments) ids.splice(1, 0, "a.experiment_id");
  const most = (kind: Kind, count: number) =>
    known
      .filter((each) => each.kind === kind && !each.key.startsWith("system/"))
      .sort((a, b) => b.runs - a.runs || a.key.localeCompare(b.key))
      .slice(0, count)
      .map((each) => idOf(each.kind, each.key))
      .sort();
  ids.push(...most("metrics", SHOWN_METRICS), ...most("params", SHOWN_PARAMS), "a.duration");
  return ids.flatMap((id) => columnOf(id) ?? []);
}

export const isNumeric = (column: TableColumn) =>
  column.kind === "metrics" || column.key === "duration" || column.key === "changed";

/** A cell in words. */
export function textOf(column: TableColumn, value: Cell | undefined): string {
  if (value === null || value === undefined) return "";
  if (column.kind === "metrics") return number(value);
  if (column.kind !== "attributes") return String(value);
  if (column.key === "start_time" || column.key === "end_time") return when(Number(value));
  if (column.key === "duration") return duration(Number(value));
  return String(value);
}
