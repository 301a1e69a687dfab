/** Replay: a clock of its own that goes through a run's events as they came, only faster. */

import { createSignal, onCleanup } from "solid-js";
import type { Stop } from "./stops";

export const SPEEDS = [1, 10, 100, 1000] as const;

const TICK_MILLISECONDS = 250;

/** Events that came in less than this part of the time the run took came afterwards, all at once. */
const AT_ONCE_PART = 0.1;

/**
 * Stops in the run's own pace.  What was imported, or sent when the trainer was online again, was
 * recorded in a moment; its events are spread evenly over the time that the run took.
 */
export function paced(stops: readonly Stop[], tookMilliseconds: number): readonly Stop[] {
  const [first, last] = [stops[0], stops.at(-1)];
  if (!first || !last || last.at - first.at >= tookMilliseconds * AT_ONCE_PART) return stops;
  const by = tookMilliseconds / Math.max(1, stops.length - 1);
  return stops.map(({ position }, index) => ({ position, at: first.at + index * by }));
}

export class Replay {
  readonly #isPlaying = createSignal(false);
  #stops: readonly Stop[] = [];
  #index = 0;
  #clock = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** onStop: told the position to show; onEnd: the last event was shown. */
  constructor(
    readonly speed: () => number,
    readonly onStop: (position: number) => void,
    readonly onEnd: () => void,
  ) {
    onCleanup(() => this.pause());
  }

  isPlaying(): boolean {
    return this.#isPlaying[0]();
  }

  play(stops: readonly Stop[]): void {
    this.pause();
    if (!stops.length) return this.onEnd();
    this.#stops = stops;
    this.#index = 0;
    this.#clock = stops[0]!.at;
    this.#isPlaying[1](true);
    this.onStop(stops[0]!.position);
    this.#timer = setInterval(() => this.#tick(), TICK_MILLISECONDS);
  }

  pause(): void {
    clearInterval(this.#timer);
    this.#isPlaying[1](false);
  }

  #tick(): void {
    this.#clock += TICK_MILLISECONDS * this.speed();
    const before = this.#index;
    while (this.#index + 1 < this.#stops.length && this.#stops[this.#index + 1]!.at <= this.#clock) this.#index++;
    if (this.#index !== before) this.onStop(this.#stops[this.#index]!.position);
    if (this.#index === this.#stops.length - 1) {
      this.pause();
      this.onEnd();
    }
  }
}
