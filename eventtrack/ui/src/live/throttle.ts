/** Work that follows events: soon after the first, and then at most so often. */

import { onCleanup } from "solid-js";

/** A function that asks for `work` to be done; it is never done twice at once. */
export function throttled(work: () => Promise<void> | void, milliseconds: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isWorking = false;
  let isAskedAgain = false;
  let last = -Infinity;

  async function run(): Promise<void> {
    timer = undefined;
    isWorking = true;
    last = performance.now();
    try {
      await work();
    } finally {
      isWorking = false;
      if (isAskedAgain) {
        isAskedAgain = false;
        ask();
      }
    }
  }

  function ask(): void {
    if (isWorking) isAskedAgain = true;
    else timer ??= setTimeout(run, Math.max(0, last + milliseconds - performance.now()));
  }

  onCleanup(() => {
    clearTimeout(timer);
    isAskedAgain = false;
  });
  return ask;
}
