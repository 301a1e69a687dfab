/**
 * Work that follows events: soon after the first, and then at most so often; where the work itself
 * takes long, there are pauses of some times its length, so that it never is all that is done.
 */

import { onCleanup } from "solid-js";

const PAUSES = 3;

/** A function that asks for `work` to be done; it is never done twice at once. */
export function throttled(work: () => Promise<void> | void, milliseconds: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isWorking = false;
  let isAskedAgain = false;
  let earliest = -Infinity;

  async function run(): Promise<void> {
    timer = undefined;
    isWorking = true;
    const begun = performance.now();
    try {
      await work();
    } finally {
      const now = performance.now();
      earliest = Math.max(begun + milliseconds, now + PAUSES * (now - begun));
      isWorking = false;
      if (isAskedAgain) {
        isAskedAgain = false;
        ask();
      }
    }
  }

  function ask(): void {
    if (isWorking) isAskedAgain = true;
    else timer ??= setTimeout(run, Math.max(0, earliest - performance.now()));
  }

  onCleanup(() => {
    clearTimeout(timer);
    isAskedAgain = false;
  });
  return ask;
}
