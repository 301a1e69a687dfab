/**
 * Draws lines with their envelopes: where a bucket holds many points the band from its least to its
 * greatest is drawn, so that no spike is lost at any zoom.
 */

import type uPlot from "uplot";
import type { Line } from "./series";

export interface Look {
  colour: (runId: string) => string;
  /** The run that is pointed at stands out. */
  highlighted: string;
  isSmoothed: boolean;
}

const DOTS_MAX = 40;
const DOT_PIXELS = 2.2;

export function paint(plot: uPlot, lines: readonly Line[], look: Look): void {
  const { ctx, bbox } = plot;
  const scale = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.lineJoin = "round";
  const bands = lines.length > 12 ? 0.1 : 0.2;
  // A run of the table that has no line here fades none.
  const isPointedAt = lines.some((line) => line.runId === look.highlighted);
  const order = [...lines].sort((a, b) => rank(a, look) - rank(b, look));
  for (const line of order) {
    const isFaded = isPointedAt && line.runId !== look.highlighted;
    ctx.strokeStyle = ctx.fillStyle = look.colour(line.runId);
    if (line.isDense) {
      ctx.globalAlpha = isFaded ? bands / 3 : bands;
      ctx.fill(band(plot, line));
    }
    if (look.isSmoothed) {
      ctx.globalAlpha = isFaded ? 0.08 : 0.28;
      ctx.lineWidth = scale;
      ctx.stroke(path(plot, line, line.ys));
    }
    ctx.globalAlpha = isFaded ? 0.22 : 1;
    ctx.lineWidth = (line.runId === look.highlighted ? 2.2 : 1.4) * scale;
    ctx.stroke(path(plot, line, line.smooth));
    if (line.xs.length <= DOTS_MAX) dots(plot, line, DOT_PIXELS * scale);
    ctx.globalAlpha = isFaded ? 0.22 : 1;
    gaps(plot, line, 3 * scale);
  }
  ctx.restore();
}

const rank = (line: Line, look: Look) => (line.runId === look.highlighted ? 1 : 0);

function path(plot: uPlot, line: Line, values: Float32Array): Path2D {
  const drawn = new Path2D();
  let isOpen = false;
  for (let at = 0; at < values.length; at++) {
    const y = plot.valToPos(values[at]!, "y", true);
    const x = plot.valToPos(line.xs[at]!, "x", true);
    if (!Number.isFinite(y) || !Number.isFinite(x)) {
      isOpen = false;
    } else if (isOpen) {
      drawn.lineTo(x, y);
    } else {
      drawn.moveTo(x, y);
      isOpen = true;
    }
  }
  return drawn;
}

/** There along the greatest, back along the least; a bucket without finite values is left out. */
function band(plot: uPlot, line: Line): Path2D {
  const drawn = new Path2D();
  const there: [number, number][] = [];
  const back: [number, number][] = [];
  const { bbox } = plot;
  const bottom = bbox.top + bbox.height;
  for (let at = 0; at < line.xs.length; at++) {
    if (!Number.isFinite(line.max[at]!)) continue;
    const x = plot.valToPos(line.xs[at]!, "x", true);
    const high = plot.valToPos(line.max[at]!, "y", true);
    const low = plot.valToPos(line.min[at]!, "y", true);
    if (!Number.isFinite(x) || !Number.isFinite(high)) continue;
    there.push([x, high]);
    // On a log axis what is not positive lies below everything.
    back.push([x, Number.isFinite(low) ? low : bottom]);
  }
  for (const [x, y] of there) drawn.lineTo(x, y);
  for (const [x, y] of back.reverse()) drawn.lineTo(x, y);
  drawn.closePath();
  return drawn;
}

function dots(plot: uPlot, line: Line, radius: number): void {
  for (let at = 0; at < line.xs.length; at++) {
    const x = plot.valToPos(line.xs[at]!, "x", true);
    const y = plot.valToPos(line.smooth[at]!, "y", true);
    if (!Number.isFinite(x + y)) continue;
    plot.ctx.beginPath();
    plot.ctx.arc(x, y, radius, 0, 2 * Math.PI);
    plot.ctx.fill();
  }
}

/** A small cross on the bottom where a series is NaN or infinite. */
function gaps(plot: uPlot, line: Line, size: number): void {
  const { ctx, bbox } = plot;
  const y = bbox.top + bbox.height - size * 1.5;
  ctx.lineWidth = devicePixelRatio;
  for (let at = 0; at < line.xs.length; at++) {
    if (Number.isFinite(line.last[at]!)) continue;
    const x = plot.valToPos(line.xs[at]!, "x", true);
    ctx.beginPath();
    ctx.moveTo(x - size, y - size);
    ctx.lineTo(x + size, y + size);
    ctx.moveTo(x + size, y - size);
    ctx.lineTo(x - size, y + size);
    ctx.stroke();
  }
}
