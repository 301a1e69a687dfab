/** The events that the time bar steps through: a run's own on its page, else all of the log. */

import { get } from "../api/client";
import type { HistoryAsked, HistoryPage, PastEvent } from "../api/details";

const PAGE = 1000;
const PAGES_MAX = 20;

export interface Stop {
  position: number;
  /** Milliseconds since 1970. */
  at: number;
}

const stopOf = (event: PastEvent): Stop => ({ position: event.position, at: event.recorded_at / 1000 });

/** Events of a run, whatever moment is shown: up to the log's end. */
async function eventsOf(runId: string, head: number, asked: HistoryAsked) {
  const params = { ...asked, as_of: String(head) };
  return get<HistoryPage>(`runs/${encodeURIComponent(runId)}/events`, params);
}

/** The run's next event before or after a position; undefined when there is none. */
export async function besides(runId: string, head: number, position: number, by: 1 | -1): Promise<Stop | undefined> {
  const where: HistoryAsked =
    by > 0 ? { after: position, order: "oldest" } : { before: position, order: "newest" };
  const { events } = await eventsOf(runId, head, { ...where, limit: 1 });
  return events[0] && stopOf(events[0]);
}

/** A run's first and last event. */
export async function endsOf(runId: string, head: number): Promise<[Stop, Stop] | undefined> {
  const [oldest, newest] = await Promise.all(
    (["oldest", "newest"] as const).map((order) => eventsOf(runId, head, { order, limit: 1 })),
  );
  const [first, last] = [oldest!.events[0], newest!.events[0]];
  return first && last ? [stopOf(first), stopOf(last)] : undefined;
}

/** A run's events from a position on, in their order; of very many the first twenty thousand. */
export async function stopsFrom(runId: string, head: number, position: number): Promise<Stop[]> {
  const found: Stop[] = [];
  let after: number | null = position;
  for (let page = 0; page < PAGES_MAX && after !== null; page++) {
    const answer: HistoryPage = await eventsOf(runId, head, { after, order: "oldest", limit: PAGE });
    found.push(...answer.events.map(stopOf));
    after = answer.next;
  }
  return found;
}
