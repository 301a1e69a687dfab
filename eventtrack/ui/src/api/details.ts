/** What the pages of single things ask: histories, consoles, metrics, inputs, corrections. */

import { moment } from "../shell/router";
import { get, post } from "./client";
import { mlflowThen } from "./past";
import type { Cell, RunStatus } from "./types";

/** A field with its value before and after an event; null: not there. */
export interface Change {
  field: string;
  old: string | number | null;
  new: string | number | null;
}

/** An event of a history; recorded_at: microseconds since 1970; lasting: why it is never undone. */
export interface PastEvent {
  position: number;
  stream: string;
  recorded_at: number;
  actor: string;
  user: string;
  address: string;
  type: string;
  words: string;
  changes: Change[];
  digest: string;
  lasting: string;
}

export interface HistoryPage {
  events: PastEvent[];
  next: number | null;
}

export interface HistoryAsked {
  type?: string;
  actor?: string;
  before?: number | null;
  after?: number | null;
  limit?: number;
  order?: "newest" | "oldest";
}

/** of: the path of a thing below the native API, such as runs/ab. */
export const historyOf = (of: string, asked: HistoryAsked, signal?: AbortSignal) =>
  get<HistoryPage>(`${of}/events`, { ...asked }, signal);

/** A run as it was at a moment of its own, whatever the address says; "" for the address's. */
export const runThen = (runId: string, at = "") =>
  get<RunStatus>(`runs/${encodeURIComponent(runId)}`, at ? { as_of: at } : {});

export interface SeriesInfo {
  key: string;
  ranks: Record<string, number>;
  points: number;
  nans: number;
  highs: number;
  lows: number;
  first_step: number;
  last_step: number;
  first_time: number;
  last_time: number;
  /** null: NaN. */
  min: Cell;
  max: Cell;
  last: Cell;
}

export const seriesOf = async (runId: string, at = "") =>
  (await get<{ metrics: SeriesInfo[] }>(`runs/${encodeURIComponent(runId)}/metrics`, at ? { as_of: at } : {}))
    .metrics;

export interface ConsoleLine {
  timestamp: number;
  rank: number;
  source: "stdout" | "stderr";
  text: string;
}

export interface ConsoleAnswer {
  lines: ConsoleLine[];
  before: number | null;
}

export const consoleOf = (
  runId: string,
  asked: { rank?: string; before?: number | null; until?: string; limit?: number },
  signal?: AbortSignal,
) => get<ConsoleAnswer>(`runs/${encodeURIComponent(runId)}/console`, asked, signal);

export interface Dataset {
  name: string;
  digest: string;
  source_type: string;
  source: string;
  schema?: string;
  profile?: string;
}

export interface RunLinks {
  inputs: {
    dataset_inputs?: { dataset: Dataset; tags?: { key: string; value: string }[] }[];
    model_inputs?: { model_id: string }[];
  };
  outputs: { model_outputs?: { model_id: string; step?: number | string }[] };
}

/** What a run read and made. */
export const linksOf = async (runId: string) =>
  (await mlflowThen<{ run: RunLinks }>("runs/get", { run_id: runId })).run;

export interface LoggedModel {
  info: {
    model_id: string;
    experiment_id: string;
    name: string;
    creation_timestamp_ms: number;
    last_updated_timestamp_ms: number;
    artifact_uri: string;
    status: string;
    model_type: string;
    source_run_id: string;
    tags?: { key: string; value: string }[];
  };
  data: { params?: { key: string; value: string }[]; metrics?: { key: string; value: number | string }[] };
}

export const loggedModel = async (modelId: string) =>
  (await mlflowThen<{ model: LoggedModel }>(`logged-models/${encodeURIComponent(modelId)}`, {})).model;

/** Take one event back. */
export const undo = (position: number, reason: string) =>
  post<{ undone: unknown[] }>("undo", { positions: [position], reason });

export const correctParam = (runId: string, key: string, value: string, reason: string) =>
  post<unknown>(`runs/${encodeURIComponent(runId)}/params/correct`, { run_id: runId, key, value, reason });

export const retractPoints = (
  runId: string,
  asked: { key: string; first_step?: number; last_step?: number; reason: string },
) => post<{ points: number }>(`runs/${encodeURIComponent(runId)}/metrics/retract`, { run_id: runId, ...asked });

/** What the log says of a moment; recorded_at: microseconds since 1970. */
export interface Moment {
  position: number;
  head: number;
  recorded_at: number | null;
  stream: string | null;
  actor: string | null;
  type: string | null;
  words: string | null;
}

export const momentTold = (at = moment(), signal?: AbortSignal) =>
  get<Moment>("moment", at ? { as_of: at } : {}, signal);
