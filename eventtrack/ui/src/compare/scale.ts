/** Scales of the comparison's pictures: numbers on a line, words beside each other. */

import type { Cell } from "../api/types";
import { number } from "../widgets/format";

export interface Scale {
  /** From 0 to 1; null where there is nothing to place. */
  place: (value: Cell) => number | null;
  ticks: { at: number; text: string }[];
  /** Are the values numbers? */
  isNumeric: boolean;
}

const TICKS = 5;
/** From so many times the least on, positive numbers stand on a logarithmic line. */
const LOG_RATIO = 100;
const WORDS_MAX = 30;

export function scaleOf(values: readonly Cell[]): Scale {
  const numbers = values.filter((value): value is number => typeof value === "number");
  const words = values.filter((value): value is string => typeof value === "string" && value !== "NaN");
  return numbers.length && !words.length ? numeric(numbers) : wordy(values);
}

function numeric(numbers: readonly number[]): Scale {
  const low = Math.min(...numbers);
  const high = Math.max(...numbers);
  const isLog = low > 0 && high / low >= LOG_RATIO;
  const to = isLog ? Math.log : (value: number) => value;
  const from = isLog ? Math.exp : (value: number) => value;
  const [begin, end] = [to(low), to(high)];
  const place = (value: Cell) => {
    if (typeof value !== "number" || (isLog && value <= 0)) return null;
    return end > begin ? (to(value) - begin) / (end - begin) : 0.5;
  };
  const powers = isLog ? powersBetween(low, high) : [];
  if (powers.length > 1) {
    return { place, ticks: powers.map((value) => ({ at: place(value)!, text: number(value) })), isNumeric: true };
  }
  const at = end > begin ? Array.from({ length: TICKS }, (_, index) => index / (TICKS - 1)) : [0.5];
  const ticks = at.map((each) => ({
    at: each,
    text: number(Number(from(begin + (end - begin) * each).toPrecision(3))),
  }));
  return { place, ticks, isNumeric: true };
}

/** Powers of ten, so many of them that they have room. */
function powersBetween(low: number, high: number): number[] {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const by = Math.max(1, Math.ceil((last - first + 1) / (TICKS + 2)));
  const found = [];
  for (let power = first; power <= last; power += by) found.push(Number(`1e${power}`));
  return found;
}

function wordy(values: readonly Cell[]): Scale {
  const words = [...new Set(values.filter((value) => value !== null).map(String))]
    .sort((a, b) => a.localeCompare(b, undefined, { numeric: true }))
    .slice(0, WORDS_MAX);
  const placed = new Map(words.map((word, index) => [word, words.length > 1 ? index / (words.length - 1) : 0.5]));
  return {
    place: (value) => (value === null ? null : (placed.get(String(value)) ?? null)),
    ticks: words.map((word) => ({ at: placed.get(word)!, text: word })),
    isNumeric: false,
  };
}
