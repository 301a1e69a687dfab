/** Questions about runs, and what may be done to them. */

import { get, mlflow, post } from "./client";
import type {
  GroupsAnswer,
  GroupsQuestion,
  Kind,
  KnownColumn,
  RunsAnswer,
  RunsQuestion,
  RunStatus,
} from "./types";

export const runsTable = (question: RunsQuestion, signal?: AbortSignal) =>
  post<RunsAnswer>("runs/table", question, signal);

export const runsGroups = (question: GroupsQuestion, signal?: AbortSignal) =>
  post<GroupsAnswer>("runs/groups", question, signal);

export const runStatus = (runId: string, signal?: AbortSignal) =>
  get<RunStatus>(`runs/${encodeURIComponent(runId)}`, {}, signal);

/** The names that params, tags and metrics of these experiments have, most frequent first. */
export async function knownColumns(
  experiments: readonly string[],
  options: { prefix?: string; kind?: Kind; limit?: number } = {},
  signal?: AbortSignal,
): Promise<KnownColumn[]> {
  const params = { experiment: experiments, ...options };
  return (await get<{ columns: KnownColumn[] }>("columns", params, signal)).columns;
}

/** Values that a param, tag or attribute has had, for completion. */
export async function knownValues(
  experiments: readonly string[],
  kind: Kind,
  key: string,
  prefix: string,
  signal?: AbortSignal,
): Promise<string[]> {
  const params = { experiment: experiments, kind, key, prefix, limit: 20 };
  return (await get<{ values: string[] }>("values", params, signal)).values;
}

export const renameRun = (run_id: string, run_name: string) =>
  mlflow<unknown>("runs/update", { run_id, run_name });

export const setTag = (run_id: string, key: string, value: string) =>
  mlflow<unknown>("runs/set-tag", { run_id, key, value });

export const deleteTag = (run_id: string, key: string) =>
  mlflow<unknown>("runs/delete-tag", { run_id, key });

export const deleteRun = (run_id: string) => mlflow<unknown>("runs/delete", { run_id });

export const restoreRun = (run_id: string) => mlflow<unknown>("runs/restore", { run_id });
