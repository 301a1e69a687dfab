/** One chart: uPlot's axes, cursor and zoom around our own painter. */

import { createEffect, createSignal, For, on, onCleanup, onMount, Show, untrack } from "solid-js";
import uPlot from "uplot";
import { colour, isDark } from "../shell/theme";
import { duration, fullTime, number } from "../widgets/format";
import { colourOf } from "./colours";
import { Painter } from "./painter";
import { ticksOf } from "./ticks";
import { extentX, extentY, nearest, type Line } from "./series";
import type { Axis } from "./wire";

export type Range = readonly [number, number];

interface PlotProps {
  /** In words, for who does not see it. */
  label: string;
  lines: readonly Line[];
  axis: Axis;
  xLog: boolean;
  yLog: boolean;
  isSmoothed: boolean;
  /** The part of the x axis that is shown; null for all of it. */
  zoom: Range | null;
  onZoom: (range: Range | null) => void;
  nameOf: (runId: string) => string;
  highlighted: string;
  onHighlight: (runId: string) => void;
  height: number;
  ref?: (canvas: () => HTMLCanvasElement) => void;
}

interface Told {
  left: number;
  isRight: boolean;
  x: number;
  values: { line: Line; at: number }[];
}

const TOLD_MAX = 8;
const TOLD_PIXELS = 360;
const AXIS_PIXELS = 54;
const RIGHT_PIXELS = 10;
/** Of a chart's width what is not the plot's. */
export const BESIDE_PIXELS = AXIS_PIXELS + RIGHT_PIXELS;
const NEAR_PIXELS = 24;
const CURSORS = "charts";

/**
 * The browser keeps such a canvas in memory and draws by CPU: with an emulated graphics card, as on
 * virtual machines, that is many times faster.
 */
function inMemory<T>(make: () => T): T {
  const original = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, kind: string) {
    return original.call(this, kind, { willReadFrequently: true });
  } as typeof original;
  try {
    return make();
  } finally {
    HTMLCanvasElement.prototype.getContext = original;
  }
}

export function formatX(axis: Axis, x: number): string {
  if (axis === "timestamp") return fullTime(x);
  if (axis === "relative") return duration(x);
  return number(Number.isInteger(x) ? x : Math.round(x * 100) / 100);
}

export function Plot(props: PlotProps) {
  let holder!: HTMLDivElement;
  let plot: uPlot | undefined;
  const painter = new Painter();
  const [told, setTold] = createSignal<Told | null>(null);

  function rangeX(): uPlot.Range.MinMax {
    const all = props.zoom ?? extentX(props.lines) ?? [0, 1];
    const low = props.xLog && !(all[0] > 0) ? Math.max(1e-9, leastPositive()) : all[0];
    return all[1] > low ? [low, all[1]] : [low - 0.5, low + 0.5];
  }

  function leastPositive(): number {
    let least = Infinity;
    for (const { xs } of props.lines) least = Math.min(least, xs.find((x) => x > 0) ?? Infinity);
    return Number.isFinite(least) ? least : 1;
  }

  function rangeY(): uPlot.Range.MinMax {
    const [from, to] = rangeX() as [number, number];
    const found = extentY(props.lines, from, to, props.yLog);
    if (!found) return props.yLog ? [0.1, 1] : [0, 1];
    const [low, high] = found;
    if (props.yLog) return high > low ? [low / 1.1, high * 1.1] : [low / 2, low * 2];
    const room = high > low ? (high - low) * 0.06 : Math.abs(high) * 0.1 || 0.5;
    return [low - room, high + room];
  }

  function options(): uPlot.Options {
    const axis = {
      stroke: colour("faint"),
      grid: { stroke: colour("line"), width: 1 },
      ticks: { show: false },
      font: "11px ui-sans-serif, system-ui, sans-serif",
    };
    const isTime = props.axis === "timestamp";
    return {
      width: holder.clientWidth || 300,
      height: props.height,
      ms: 1,
      padding: [8, RIGHT_PIXELS, 0, 0],
      legend: { show: false },
      cursor: {
        drag: { x: true, y: false, setScale: false },
        points: { show: false },
        y: false,
        sync: { key: `${CURSORS}-${props.axis}`, scales: ["x", null] },
        bind: { dblclick: () => () => (props.onZoom(null), null) },
      },
      scales: {
        x: { time: isTime, distr: props.xLog ? 3 : 1, range: rangeX },
        y: { distr: props.yLog ? 3 : 1, range: rangeY },
      },
      series: [{}, { show: true, paths: () => null, points: { show: false } }],
      axes: [
        { ...axis, size: 24, values: (_, ticks) => ticksOf(props.axis, ticks) },
        { ...axis, size: AXIS_PIXELS, values: (_, ticks) => ticks.map((y) => (y === null ? "" : number(y))) },
      ],
      hooks: {
        draw: [draw],
        setCursor: [point],
        setSelect: [select],
      },
    };
  }

  function draw(self: uPlot): void {
    painter.paint(self, props.lines, {
      colour: colourOf,
      isDark: isDark(),
      highlighted: props.highlighted,
      isSmoothed: props.isSmoothed,
    });
  }

  function select(self: uPlot): void {
    const { left, width } = self.select;
    if (width < 3) return;
    const range: Range = [self.posToVal(left, "x"), self.posToVal(left + width, "x")];
    self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    props.onZoom(range);
  }

  function point(self: uPlot): void {
    const { left, top } = self.cursor;
    const isHere = left !== undefined && left >= 0 && holder.matches(":hover");
    if (!isHere) {
      if (untrack(told)) {
        setTold(null);
        props.onHighlight("");
      }
      return;
    }
    const x = self.posToVal(left, "x");
    const reach = Math.abs(self.posToVal(left + NEAR_PIXELS, "x") - x);
    const values = props.lines
      .map((line) => ({ line, at: nearest(line, x, reach) }))
      .filter(({ at }) => at >= 0);
    const far = ({ line, at }: { line: Line; at: number }) => {
      const distance = Math.abs(self.valToPos(line.smooth[at]!, "y") - (top ?? 0));
      return Number.isFinite(distance) ? distance : Infinity;
    };
    values.sort((a, b) => far(a) - far(b));
    const [first] = values;
    setTold({ left, isRight: hasMoreRoomLeft(left), x: first ? first.line.xs[first.at]! : x, values });
    props.onHighlight(first && far(first) < NEAR_PIXELS ? first.line.runId : "");
  }

  /** Where what is told has room. */
  function hasMoreRoomLeft(left: number): boolean {
    const around = (holder.closest(".charts-body") ?? document.body).getBoundingClientRect();
    const x = holder.getBoundingClientRect().left + AXIS_PIXELS + left;
    return around.right - x < TOLD_PIXELS && x - around.left > around.right - x;
  }

  function data(): uPlot.AlignedData {
    const extent = extentX(props.lines) ?? [0, 1];
    return [[...extent], [null, null]] as unknown as uPlot.AlignedData;
  }

  function make(): void {
    plot?.destroy();
    plot = inMemory(() => new uPlot(options(), data(), holder));
  }

  onMount(() => {
    const observer = new ResizeObserver(() => {
      plot?.setSize({ width: holder.clientWidth, height: props.height });
    });
    observer.observe(holder);
    props.ref?.(() => plot!.ctx.canvas);
    onCleanup(() => {
      observer.disconnect();
      plot?.destroy();
    });
    createEffect(on([isDark, () => props.axis, () => props.xLog, () => props.yLog, () => props.height], make));
    createEffect(on([() => props.lines, () => props.zoom], () => plot?.setData(data(), true), { defer: true }));
    createEffect(
      on([() => props.highlighted, () => props.isSmoothed], () => plot?.redraw(false, false), { defer: true }),
    );
  });

  return (
    <div class="plot" role="img" aria-label={props.label}>
      <div ref={holder} />
      <Show when={told()}>
        {(shown) => (
          <div
            class="plot-told"
            aria-hidden="true"
            classList={{ right: shown().isRight }}
            style={{ left: `${shown().left + AXIS_PIXELS}px` }}
          >
            <p class="faint">
              {props.axis === "step" ? "step " : ""}
              {formatX(props.axis, shown().x)}
            </p>
            <For each={shown().values.slice(0, TOLD_MAX)}>
              {({ line, at }) => (
                <p classList={{ strong: line.runId === props.highlighted }}>
                  <i class="swatch" style={{ background: colourOf(line.runId) }} />
                  <span class="clip">{props.nameOf(line.runId)}</span>
                  <b>{number(finite(props.isSmoothed ? line.smooth[at]! : line.count[at]! > 1 ? line.ys[at]! : line.last[at]!))}</b>
                  <Show when={line.count[at]! > 1}>
                    <span class="faint">
                      {number(finite(line.min[at]!))}…{number(finite(line.max[at]!))} ×{line.count[at]}
                    </span>
                  </Show>
                </p>
              )}
            </For>
            <Show when={shown().values.length > TOLD_MAX}>
              <p class="faint">and {shown().values.length - TOLD_MAX} more</p>
            </Show>
          </div>
        )}
      </Show>
    </div>
  );
}

/** Single precision as it was meant: 0.1, not 0.10000000149; NaN and infinities as texts. */
function finite(value: number): number | string {
  return Number.isFinite(value) ? Number(value.toPrecision(7)) : String(value);
}
