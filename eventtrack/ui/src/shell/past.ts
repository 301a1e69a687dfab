/** Is the past shown?  It is read only, and follows nothing. */

import { type Told, useEvents, useReturn } from "../live/stream";
import { throttled } from "../live/throttle";
import { moment } from "./router";

export const isPast = () => moment() !== "";

/** Does something after which the page no longer has what it shows. */
export type Leave = (act: () => Promise<void>) => Promise<void>;

/**
 * Ask again, at most so often, when an event concerns what is shown; the past follows none.  While
 * the page itself does away with what it shows, with what is returned, nothing is asked.
 */
export function useFollow(
  concerns: (told: Told) => boolean,
  again: () => unknown,
  milliseconds = 500,
): Leave {
  let isLeaving = false;
  const ask = throttled(async () => {
    if (!isLeaving) await again();
  }, milliseconds);
  useEvents((told) => {
    if (concerns(told)) ask();
  });
  useReturn(ask);
  return async (act) => {
    isLeaving = true;
    try {
      await act();
    } catch (error) {
      ask();
      throw error;
    } finally {
      isLeaving = false;
    }
  };
}
