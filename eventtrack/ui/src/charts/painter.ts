/**
 * Draws lines with their envelopes: where a bucket holds many points the band from its least to its
 * greatest is drawn, so that no spike is lost at any zoom.  The picture is kept, so that pointing at
 * a line draws that line and nothing else.
 */

import type uPlot from "uplot";
import { paintBands, type Rgb } from "./bands";
import { projection, type Project } from "./project";
import { FEW_LINES, type Line } from "./series";

export interface Look {
  colour: (runId: string) => string;
  /** The run that is pointed at stands out. */
  highlighted: string;
  isSmoothed: boolean;
  isDark: boolean;
}

const DOTS_MAX = 40;
const DOT_PIXELS = 2.2;
const FADED = 0.25;

interface Space {
  ctx: CanvasRenderingContext2D;
  width: number;
  height: number;
  x: Project;
  y: Project;
}

export class Painter {
  readonly #canvas = document.createElement("canvas");
  readonly #ctx = this.#canvas.getContext("2d", { willReadFrequently: true })!;
  /** What the kept picture shows. */
  #shown: readonly unknown[] = [];

  paint(plot: uPlot, lines: readonly Line[], look: Look): void {
    const { ctx, bbox } = plot;
    const width = Math.round(bbox.width);
    const height = Math.round(bbox.height);
    if (width < 1 || height < 1) return;
    const { x, y } = plot.scales;
    const shown = [lines, look.isSmoothed, look.isDark, x!.min, x!.max, y!.min, y!.max, width, height];
    if (shown.some((each, at) => each !== this.#shown[at])) {
      this.#canvas.width = width;
      this.#canvas.height = height;
      this.#draw(this.#space(this.#ctx, plot, width, height), lines, look);
      this.#shown = shown;
    }
    const pointedAt = lines.find((line) => line.runId === look.highlighted);
    ctx.save();
    ctx.globalAlpha = pointedAt ? FADED : 1;
    ctx.drawImage(this.#canvas, bbox.left, bbox.top);
    if (pointedAt) {
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
      ctx.clip();
      ctx.translate(bbox.left, bbox.top);
      ctx.globalAlpha = 1;
      stroke(this.#space(ctx, plot, width, height), pointedAt, look, 2.2);
    }
    ctx.restore();
  }

  #space(ctx: CanvasRenderingContext2D, plot: uPlot, width: number, height: number): Space {
    return { ctx, width, height, x: projection(plot, "x"), y: projection(plot, "y") };
  }

  #draw(space: Space, lines: readonly Line[], look: Look): void {
    const { ctx, width, height, x, y } = space;
    const dense = lines.filter((line) => line.isDense);
    if (dense.length) {
      const picture = ctx.createImageData(width, height);
      const alpha = lines.length > FEW_LINES ? 0.12 : 0.22;
      const bands = dense.map((line) => ({ line, colour: rgb(look.colour(line.runId)), alpha }));
      paintBands(picture, bands, x, y);
      ctx.putImageData(picture, 0, 0);
    }
    const draw = lines.length > FEW_LINES ? hairline : stroke;
    for (const line of lines) draw(space, line, look, 1.4);
  }
}

function stroke(space: Space, line: Line, look: Look, width: number): void {
  const { ctx } = space;
  const scale = devicePixelRatio;
  ctx.lineJoin = "round";
  ctx.strokeStyle = ctx.fillStyle = look.colour(line.runId);
  if (look.isSmoothed) {
    ctx.globalAlpha = 0.28;
    ctx.lineWidth = scale;
    ctx.stroke(path(space, line, line.ys));
    ctx.globalAlpha = 1;
  }
  ctx.lineWidth = width * scale;
  ctx.stroke(path(space, line, line.smooth));
  marks(space, line);
}

/**
 * A line of single pixels, on fine screens one above the other: what is wider than a pixel the
 * browser takes ten times as long to fill, for a hundred jagged lines a fifth of a second.
 */
function hairline(space: Space, line: Line, look: Look): void {
  const { ctx } = space;
  ctx.strokeStyle = ctx.fillStyle = look.colour(line.runId);
  ctx.lineWidth = 1;
  const drawn = path(space, line, line.smooth);
  if (look.isSmoothed) {
    ctx.globalAlpha = 0.28;
    ctx.stroke(path(space, line, line.ys));
    ctx.globalAlpha = 1;
  }
  for (let row = 0; row < Math.round(devicePixelRatio); row++) {
    ctx.setTransform(1, 0, 0, 1, 0, row);
    ctx.stroke(drawn);
  }
  ctx.resetTransform();
  marks(space, line);
}

function path(space: Space, line: Line, values: Float32Array): Path2D {
  const drawn = new Path2D();
  let isOpen = false;
  for (let at = 0; at < values.length; at++) {
    const x = space.x(line.xs[at]!);
    const y = space.y(values[at]!);
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

function marks(space: Space, line: Line): void {
  if (line.xs.length <= DOTS_MAX) dots(space, line, DOT_PIXELS * devicePixelRatio);
  gaps(space, line, 3 * devicePixelRatio);
}

function dots(space: Space, line: Line, radius: number): void {
  for (let at = 0; at < line.xs.length; at++) {
    const x = space.x(line.xs[at]!);
    const y = space.y(line.smooth[at]!);
    if (!Number.isFinite(x + y)) continue;
    space.ctx.beginPath();
    space.ctx.arc(x, y, radius, 0, 2 * Math.PI);
    space.ctx.fill();
  }
}

/** A small cross on the bottom where a series is NaN or infinite. */
function gaps(space: Space, line: Line, size: number): void {
  const { ctx } = space;
  const y = space.height - size * 1.5;
  ctx.lineWidth = devicePixelRatio;
  for (let at = 0; at < line.xs.length; at++) {
    if (Number.isFinite(line.last[at]!)) continue;
    const x = space.x(line.xs[at]!);
    ctx.beginPath();
    ctx.moveTo(x - size, y - size);
    ctx.lineTo(x + size, y + size);
    ctx.moveTo(x + size, y - size);
    ctx.lineTo(x - size, y + size);
    ctx.stroke();
  }
}

const known = new Map<string, Rgb>();
const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true })!;

/** Any colour of CSS in red, green and blue. */
function rgb(colour: string): Rgb {
  let found = known.get(colour);
  if (!found) {
    pixel.fillStyle = colour;
    pixel.fillRect(0, 0, 1, 1);
    const [red, green, blue] = pixel.getImageData(0, 0, 1, 1).data;
    found = [red!, green!, blue!];
    known.set(colour, found);
  }
  return found;
}
