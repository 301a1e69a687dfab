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

/** Blend bands into the pixels of a picture, the first lowest. */
export function paintBands(picture: ImageData, bands: readonly Band[], x: Project, y: Project): void {
  const { width, height, data } = picture;
  const tops = new Float32Array(width);
  const bottoms = new Float32Array(width);
  for (const { line, colour, alpha } of bands) {
    spread(line, x, y, tops, bottoms, width, height);
    for (let column = 0; column < width; column++) {
      const top = Math.max(0, Math.round(tops[column]!));
      // One pixel at least, or a flat line would have no band.
      const bottom = Math.min(height, Math.max(Math.round(bottoms[column]!), top + 1));
      for (let row = top; row < bottom; row++) blend(data, (row * width + column) * 4, colour, alpha);
    }
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

function blend(data: Uint8ClampedArray, at: number, colour: Rgb, alpha: number): void {
  const below = (data[at + 3]! / 255) * (1 - alpha);
  const sum = alpha + below;
  for (let part = 0; part < 3; part++) {
    data[at + part] = (colour[part]! * alpha + data[at + part]! * below) / sum;
  }
  data[at + 3] = sum * 255;
}
