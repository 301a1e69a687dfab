/**
 * What changed since this reader last looked: per run the position of its last event that was seen.
 * Runs never looked at count from the position at which this browser first came.
 */

import { createSignal } from "solid-js";
import { remember, remembered } from "../shell/memory";

const KEPT_MAX = 5_000;

interface Seen {
  base: number;
  runs: Record<string, number>;
}

function read(): Seen | null {
  const text = remembered("seen");
  if (!text) return null;
  try {
    return JSON.parse(text) as Seen;
  } catch {
    // Written by something else: begin anew.
    return null;
  }
}

const [seen, setSeen] = createSignal<Seen | null>(read());

function keep(value: Seen): void {
  setSeen(value);
  remember("seen", JSON.stringify(value));
}

/** The list stands at this position: the first time, everything up to it counts as seen. */
export function firstVisit(position: number): void {
  if (!seen()) keep({ base: position, runs: {} });
}

export function isUnread(runId: string, changed: number): boolean {
  const known = seen();
  return known !== null && changed > Math.max(known.base, known.runs[runId] ?? 0);
}

/** The reader has looked at this run. */
export function markSeen(runId: string, changed: number): void {
  const known = seen();
  if (!known || (known.runs[runId] ?? known.base) >= changed) return;
  const { [runId]: _, ...others } = known.runs;
  const kept = Object.entries(others).slice(1 - KEPT_MAX);
  keep({ base: known.base, runs: { ...Object.fromEntries(kept), [runId]: changed } });
}

export function markAllSeen(position: number): void {
  keep({ base: position, runs: {} });
}
