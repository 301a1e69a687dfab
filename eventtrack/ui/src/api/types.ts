/** What the server's native API says and takes; see eventtrack/server/native. */

/** A value as a cell shows it; numbers that JSON has no word for are texts. */
export type Cell = string | number | null;

export type Kind = "attributes" | "params" | "tags" | "metrics";
export type Aggregate = "last" | "min" | "max" | "first" | "count";

/** A column on the wire. */
export interface Column {
  kind: Kind;
  key: string;
  of?: Aggregate;
}

export interface Order {
  column: Column;
  descending: boolean;
}

export type View = "ACTIVE_ONLY" | "DELETED_ONLY" | "ALL";

export type Status = "RUNNING" | "SCHEDULED" | "FINISHED" | "FAILED" | "KILLED";

/** Times in milliseconds since 1970; `changed`: the position of the last event of the run. */
export interface RunRow {
  run_id: string;
  experiment_id: string;
  name: string;
  user: string;
  status: Status;
  lost: boolean;
  lifecycle_stage: "active" | "deleted";
  start_time: number;
  end_time: number | null;
  changed: number | string;
  cells: Cell[];
}

export interface RunsQuestion {
  experiment_ids: string[];
  filter: string;
  view: View;
  columns: Column[];
  order_by: Order[];
  offset: number;
  limit: number;
  /** Other pages need not be of the same list. */
  glance?: boolean;
}

export interface RunsAnswer {
  position: string;
  total: number;
  offset: number;
  rows: RunRow[];
}

export interface KnownColumn {
  kind: Kind;
  key: string;
  runs: number;
}

export interface Experiment {
  experiment_id: string;
  name: string;
  artifact_location: string;
  lifecycle_stage: "active" | "deleted";
  last_update_time: number;
  creation_time: number;
  tags?: { key: string; value: string }[];
}

export interface RunStatus {
  run_id: string;
  experiment_id: string;
  name: string;
  status: Status;
  lifecycle_stage: "active" | "deleted";
  start_time: number;
  end_time: number | null;
  artifact_uri: string;
  lost: boolean;
  heard_at: number | null;
  lease_seconds: number | null;
  params: Record<string, string>;
  tags: Record<string, string>;
}

/** The figures of one column over a group's runs; null where no run has a number. */
export interface Figures {
  mean: Cell;
  std: Cell;
  min: Cell;
  max: Cell;
  count: number;
}

export interface Group {
  keys: Cell[];
  runs: number;
  run_ids: string[];
  cells: Figures[];
}

export interface GroupsQuestion {
  experiment_ids: string[];
  filter: string;
  view: View;
  by: Column[];
  columns: Column[];
  order_by: Order[];
  offset: number;
  limit: number;
}

export interface GroupsAnswer {
  position: string;
  total: number;
  groups: Group[];
}
