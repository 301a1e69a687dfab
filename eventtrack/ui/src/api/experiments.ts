/** Questions about experiments. */

import { get } from "./client";
import type { Experiment } from "./types";

interface Page {
  experiments?: Experiment[];
  next_page_token?: string;
}

/** Every experiment of a stage, the last changed first. */
export async function allExperiments(
  view: "ACTIVE_ONLY" | "DELETED_ONLY" | "ALL" = "ACTIVE_ONLY",
): Promise<Experiment[]> {
  const found: Experiment[] = [];
  let token: string | undefined;
  do {
    const params = { view_type: view, order_by: "last_update_time DESC", page_token: token };
    const page = await get<Page>("experiments", params);
    found.push(...(page.experiments ?? []));
    token = page.next_page_token;
  } while (token);
  return found;
}

export async function experiment(id: string): Promise<Experiment> {
  return (await get<{ experiment: Experiment }>(`experiments/${encodeURIComponent(id)}`)).experiment;
}
