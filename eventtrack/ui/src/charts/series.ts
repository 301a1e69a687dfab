/** Series as lines: where each bucket is on the x axis, smoothing, extent, reading a value. */

import type { Charted, Series } from "./wire";

/**
 * Of more lines nobody tells one from the other to the pixel: their bands are drawn fainter, or they
 * would hide each other, the lines thinner, and there are fewer buckets.
 */
export const FEW_LINES = 12;

export interface Line {
  runId: string;
  key: string;
  points: number;
  xs: Float64Array;
  /** The line: the buckets' means, NaN where no value is finite. */
  ys: Float32Array;
  /** The line smoothed; the same as ys without smoothing. */
  smooth: Float32Array;
  min: Float32Array;
  max: Float32Array;
  last: Float32Array;
  count: Uint32Array;
  /** Does any bucket hold several points, so that there is an envelope to draw? */
  isDense: boolean;
}

/** A bucket's middle; a series' own first and last points are where they are. */
function place(charted: Charted, series: Series): Float64Array {
  const middle = charted.axis === "metric" ? charted.width / 2 : Math.max(0, charted.width - 1) / 2;
  const xs = new Float64Array(series.bucket.length);
  for (let at = 0; at < xs.length; at++) {
    const x = charted.start + series.bucket[at]! * charted.width + middle;
    xs[at] = Math.min(Math.max(x, series.firstX), series.lastX);
  }
  return xs;
}

/**
 * Exponential moving average, debiased as TensorBoard has it: the first values are not drawn
 * towards zero.  weight: of what came before, from 0 (none) to just below 1.
 */
export function smoothed(values: Float32Array, weight: number): Float32Array {
  if (weight <= 0) return values;
  const found = new Float32Array(values.length);
  let average = 0;
  let known = 0;
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!;
    if (!Number.isFinite(value)) {
      found[at] = value;
      continue;
    }
    average = average * weight + (1 - weight) * value;
    known = known * weight + (1 - weight);
    found[at] = average / known;
  }
  return found;
}

export function linesOf(charted: Charted, key: string, weight: number): Line[] {
  return charted.series
    .filter((series) => series.key === key && series.bucket.length > 0)
    .map((series) => ({
      runId: series.runId,
      key: series.key,
      points: series.points,
      xs: place(charted, series),
      ys: series.mean,
      smooth: smoothed(series.mean, weight),
      min: series.min,
      max: series.max,
      last: series.last,
      count: series.count,
      isDense: series.count.some((each) => each > 1),
    }));
}

/** The least and greatest x of all lines; null when there are none. */
export function extentX(lines: readonly Line[]): [number, number] | null {
  let low = Infinity;
  let high = -Infinity;
  for (const { xs } of lines) {
    low = Math.min(low, xs[0]!);
    high = Math.max(high, xs.at(-1)!);
  }
  return low <= high ? [low, high] : null;
}

/** The least and greatest value between two places, spikes included; on a log axis of what is > 0. */
export function extentY(lines: readonly Line[], from: number, to: number, isLog: boolean): [number, number] | null {
  let low = Infinity;
  let high = -Infinity;
  for (const { xs, min, max } of lines) {
    for (let at = 0; at < xs.length; at++) {
      if (xs[at]! < from || xs[at]! > to) continue;
      const least = isLog && !(min[at]! > 0) ? max[at]! : min[at]!;
      if ((!isLog || least > 0) && least < low) low = least;
      if (max[at]! > high) high = max[at]!;
    }
  }
  return low <= high ? [low, high] : null;
}

/** The bucket of a line that is nearest to a place, -1 when the line is far from there. */
export function nearest(line: Line, x: number, tolerance: number): number {
  const { xs } = line;
  let low = 0;
  let high = xs.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle]! < x) low = middle + 1;
    else high = middle;
  }
  if (low > 0 && x - xs[low - 1]! < xs[low]! - x) low--;
  return Math.abs(xs[low]! - x) <= tolerance || (x >= xs[0]! && x <= xs.at(-1)!) ? low : -1;
}
