/** Is the past shown?  It is read only, and follows nothing. */

import { type Told, useEvents, useReturn } from "../live/stream";
import { throttled } from "../live/throttle";
import { moment } from "./router";

export const isPast = () => moment() !== "";

/** Ask again, at most so often, when an event concerns what is shown; the past follows none. */
export function useFollow(
  concerns: (told: Told) => boolean,
  again: () => unknown,
  milliseconds = 500,
): void {
  const ask = throttled(async () => void (await again()), milliseconds);
  useEvents((told) => {
    if (concerns(told)) ask();
  });
  useReturn(ask);
}
