/** What stands at the ticks of a horizontal axis. */

import { duration, number } from "../widgets/format";
import type { Axis } from "./wire";

const SECOND = 1000;
const DAY = 24 * 3600 * SECOND;

const formats = {
  days: new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" }),
  minutes: new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hour12: false }),
  seconds: new Intl.DateTimeFormat(undefined, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hour12: false,
  }),
};

/** Ticks that a log axis leaves out are null. */
export function ticksOf(axis: Axis, ticks: readonly (number | null)[]): string[] {
  const format = axis === "timestamp" ? timesOf(ticks) : axis === "relative" ? lengthOf : number;
  return ticks.map((tick) => (tick === null ? "" : format(tick)));
}

/** Times as exact as their distance asks for; midnight among hours is its day. */
function timesOf(ticks: readonly (number | null)[]): (at: number) => string {
  const known = ticks.filter((tick) => tick !== null);
  const step = known.length > 1 ? known[1]! - known[0]! : SECOND;
  if (step >= DAY) return (at) => formats.days.format(at);
  const hours = step % (60 * SECOND) === 0 ? formats.minutes : formats.seconds;
  return (at) => (new Date(at).getHours() + (at % (3600 * SECOND)) === 0 ? formats.days : hours).format(at);
}

const lengthOf = (length: number) => duration(length).replace(/(\.0 s| 0 [smh])$/, (end) => (end === ".0 s" ? " s" : ""));
