/** Numbers and times as a person reads them. */

import type { Cell } from "../api/types";

export const NOTHING = "–";

/** The wire's infinity of MLflow's clients: the greatest double. */
const DOUBLE_MAX = Number.MAX_VALUE;

export function number(value: Cell): string {
  if (value === null) return NOTHING;
  if (typeof value === "string") return value === "Infinity" ? "∞" : value === "-Infinity" ? "-∞" : value;
  if (Math.abs(value) >= DOUBLE_MAX) return value > 0 ? "∞" : "-∞";
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
  const size = Math.abs(value);
  if (size >= 1e-4 && size < 1e6) return String(Number(value.toPrecision(5)));
  return value.toExponential(3).replace(/\.?0+e/, "e");
}

const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hour12: false });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** A moment in milliseconds since 1970, short: its time of today, else its day. */
export function when(milliseconds: number | null, now: number = Date.now()): string {
  if (!milliseconds) return NOTHING;
  const seconds = (now - milliseconds) / 1000;
  if (seconds >= 0 && seconds < 60) return "just now";
  if (seconds >= 0 && seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  const then = new Date(milliseconds);
  const today = new Date(now);
  if (then.toDateString() === today.toDateString()) return clock.format(then);
  if (then.getFullYear() === today.getFullYear()) return `${day.format(then)} ${clock.format(then)}`;
  return `${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())}`;
}

export const fullTime = (milliseconds: number | null) =>
  milliseconds ? full.format(milliseconds) : NOTHING;

const two = (count: number) => String(count).padStart(2, "0");

/** A length of time in its two largest units. */
export function duration(milliseconds: number | null): string {
  if (milliseconds === null || !(milliseconds >= 0)) return NOTHING;
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} m`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function count(value: number, noun: string, plural = `${noun}s`): string {
  return `${value.toLocaleString("en")} ${value === 1 ? noun : plural}`;
}
