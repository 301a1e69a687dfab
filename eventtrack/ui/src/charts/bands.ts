/**
 * Envelopes written straight into pixels: column by column from a bucket's least to its greatest.
 * Filling a hundred jagged polygons takes the browser a second, this takes milliseconds.
 */

import type { Project } from "./project";
import type { Line } from "./series";

export type Rgb = readonly [number, number, number];

export interface Band {
  line: Line;
  colour: Rgb;
  alpha: number;
}

/** Blend bands into the pixels of an empty picture, the first lowest. */
export function paintBands(picture: ImageData, bands: readonly Band[], x: Project, y: Project): void {
  const { width, height } = picture;
  const tops = bands.map(() => new Float32Array(width));
  const bottoms = bands.map(() => new Float32Array(width));
  bands.forEach(({ line }, at) => spread(line, x, y, tops[at]!, bottoms[at]!, width, height));
  // A column at a time, which lies in the processor's cache whole.
  const mixed = new Float32Array(height * 4);
  for (let column = 0; column < width; column++) {
    let first = height;
    let end = 0;
    for (let at = 0; at < bands.length; at++) {
      const top = Math.max(0, Math.round(tops[at]![column]!));
      // One pixel at least, or a flat line would have no band.
      const bottom = Math.min(height, Math.max(Math.round(bottoms[at]![column]!), top + 1));
      if (bottom <= top) continue;
      blend(mixed, top, bottom, bands[at]!);
      if (top < first) first = top;
      if (bottom > end) end = bottom;
    }
    show(picture, column, first, end, mixed);
    mixed.fill(0, first * 4, Math.max(first, end) * 4);
  }
}

/** Lay a band over rows [top, end) of a column, whose colours are multiplied by their alpha. */
function blend(mixed: Float32Array, top: number, end: number, { colour, alpha }: Band): void {
  const [red, green, blue] = [colour[0] * alpha, colour[1] * alpha, colour[2] * alpha];
  const below = 1 - alpha;
  for (let at = top * 4; at < end * 4; at += 4) {
    mixed[at] = red + mixed[at]! * below;
    mixed[at + 1] = green + mixed[at + 1]! * below;
    mixed[at + 2] = blue + mixed[at + 2]! * below;
    mixed[at + 3] = alpha + mixed[at + 3]! * below;
  }
}

function show(picture: ImageData, column: number, first: number, end: number, mixed: Float32Array): void {
  const { width, data } = picture;
  for (let row = first; row < end; row++) {
    const alpha = mixed[row * 4 + 3]!;
    if (!alpha) continue;
    const to = (row * width + column) * 4;
    data[to] = mixed[row * 4]! / alpha;
    data[to + 1] = mixed[row * 4 + 1]! / alpha;
    data[to + 2] = mixed[row * 4 + 2]! / alpha;
    data[to + 3] = alpha * 255;
  }
}

/** Per column the band's top and bottom in pixels; top is Infinity where there is none. */
function spread(
  line: Line,
  x: Project,
  y: Project,
  tops: Float32Array,
  bottoms: Float32Array,
  width: number,
  height: number,
): void {
  tops.fill(Infinity);
  bottoms.fill(-Infinity);
  let before: [number, number, number] | null = null;
  for (let at = 0; at < line.xs.length; at++) {
    const place = x(line.xs[at]!);
    const top = y(line.max[at]!);
    if (!Number.isFinite(top) || !Number.isFinite(place)) {
      before = null;
      continue;
    }
    const low = y(line.min[at]!);
    // On a log axis what is not positive lies below everything.
    const bottom = Number.isFinite(low) ? low : height;
    widen(tops, bottoms, Math.round(place), top, bottom, width);
    if (before) {
      const [placeBefore, topBefore, bottomBefore] = before;
      const span = place - placeBefore;
      const from = Math.max(0, Math.round(placeBefore) + 1);
      for (let column = from; column < Math.min(place, width); column++) {
        const part = (column - placeBefore) / span;
        const between = topBefore + (top - topBefore) * part;
        widen(tops, bottoms, column, between, bottomBefore + (bottom - bottomBefore) * part, width);
      }
    }
    before = [place, top, bottom];
  }
}

function widen(
  tops: Float32Array,
  bottoms: Float32Array,
  column: number,
  top: number,
  bottom: number,
  width: number,
): void {
  if (column < 0 || column >= width) return;
  if (top < tops[column]!) tops[column] = top;
  if (bottom > bottoms[column]!) bottoms[column] = bottom;
}
