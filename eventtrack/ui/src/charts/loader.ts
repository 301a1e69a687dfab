/** Charts that come into view together are asked for together, a few metrics in a request. */

import { askCharts } from "./ask";
import type { Charted, ChartsQuestion } from "./wire";

export type Asked = Omit<ChartsQuestion, "keys">;

const KEYS_MAX = 6;
/** What the server answers at once. */
const SERIES_MAX = 2_000;

interface Waiting {
  key: string;
  signal: AbortSignal;
  resolve: (charted: Charted) => void;
  reject: (error: unknown) => void;
}

const waiting = new Map<string, Waiting[]>();

/** A metric's series of these runs; its AbortSignal gives it up. */
export function loadChart(asked: Asked, key: string, signal: AbortSignal): Promise<Charted> {
  return new Promise((resolve, reject) => {
    const together = JSON.stringify(asked);
    let some = waiting.get(together);
    if (!some) {
      some = [];
      waiting.set(together, some);
      // All that comes into view, or is zoomed, asks before this; and this comes before anything is
      // painted, so that the server and the painter work at the same time.
      queueMicrotask(() => void send(asked, together));
    }
    some.push({ key, signal, resolve, reject });
  });
}

async function send(asked: Asked, together: string): Promise<void> {
  const all = (waiting.get(together) ?? []).filter((each) => !each.signal.aborted);
  waiting.delete(together);
  const keys = [...new Set(all.map((each) => each.key))];
  const fitting = Math.floor(SERIES_MAX / Math.max(1, asked.run_ids.length));
  const atOnce = Math.max(1, Math.min(KEYS_MAX, fitting));
  for (let from = 0; from < keys.length; from += atOnce) {
    const some = keys.slice(from, from + atOnce);
    const of = all.filter((each) => some.includes(each.key));
    const controller = new AbortController();
    const giveUp = () => of.every((each) => each.signal.aborted) && controller.abort();
    for (const each of of) each.signal.addEventListener("abort", giveUp);
    try {
      const charted = await askCharts({ ...asked, keys: some }, controller.signal);
      for (const each of of) each.resolve(charted);
    } catch (error) {
      for (const each of of) each.reject(error);
    }
  }
}
