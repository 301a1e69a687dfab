/** Saved views: a page's address under a name, for everybody, with an owner and a history. */

import { get, send } from "./client";

export interface SavedView {
  view_id: string;
  name: string;
  owner: string;
  experiment_ids: string[];
  /** Milliseconds since 1970. */
  updated_at: number;
  updated_by: string;
  /** The address's query as it was saved. */
  state: { query?: string };
}

export async function savedViews(experiments: readonly string[], signal?: AbortSignal): Promise<SavedView[]> {
  const params = { experiment: experiments };
  return (await get<{ saved_views: SavedView[] }>("saved-views", params, signal)).saved_views;
}

export const saveView = (name: string, experiment_ids: readonly string[], query: string) =>
  send<{ view_id: string }>("POST", "saved-views", { name, experiment_ids, state: { query } });

export const updateView = (id: string, change: { name?: string; state?: { query: string } }) =>
  send<unknown>("PUT", `saved-views/${encodeURIComponent(id)}`, change);

export const deleteView = (id: string) =>
  send<unknown>("DELETE", `saved-views/${encodeURIComponent(id)}`);
