/** How many buckets a chart asks for: fewer cost less, too few would show. */

import { FEW_LINES } from "./series";

const BUCKETS_MAX = 4096;
/** Rounded up to a multiple of it, so that resizing a little asks for nothing. */
const BUCKETS_STEP = 256;

/**
 * For a plot of so many pixels, each of so many of the screen's.  The server answers with as many
 * buckets or down to half of them.  So a few lines get at least one for each pixel, and many lines,
 * which nobody tells apart to the pixel, at least one for every two.
 */
export function bucketsFor(pixels: number, ratio: number, lines: number): number {
  const wanted = pixels * ratio * (lines > FEW_LINES ? 1 : 2);
  return Math.min(BUCKETS_MAX, Math.max(1, Math.ceil(wanted / BUCKETS_STEP)) * BUCKETS_STEP);
}
