/** A metric's chart with its title and what may be done with it; it loads when it comes into view. */

import { createEffect, createMemo, createSignal, on, onCleanup, onMount, Show, untrack } from "solid-js";
import { adviceOf, isAborted, messageOf } from "../api/client";
import { metricsOf, nameOf, useEvents, useReturn } from "../live/stream";
import { moment } from "../shell/router";
import { throttled } from "../live/throttle";
import { IconButton } from "../widgets/button";
import { count } from "../widgets/format";
import { Dialog } from "../widgets/dialog";
import { csv, download, fileName } from "../widgets/download";
import { bucketsFor } from "./buckets";
import { foldGroup, type ChartedGroup } from "./fold";
import { loadChart, type Asked } from "./loader";
import { BESIDE_PIXELS, Plot, type Range } from "./plot";
import { whenSeen } from "./seen";
import { linesOf } from "./series";
import { chartState } from "./state";
import type { Charted } from "./wire";

const HEIGHT = 190;
const AGAIN_MILLISECONDS = 500;

export interface ChartedRun {
  run_id: string;
  name: string;
}

export interface CardProps {
  metric: string;
  /** The title that the chart stands under. */
  section: string;
  runs: readonly ChartedRun[];
  /** One line for each group of runs instead of one for each run. */
  groups: readonly ChartedGroup[];
  highlighted: string;
  onHighlight: (runId: string) => void;
}

export function ChartCard(props: CardProps) {
  let card!: HTMLElement;
  let canvas: (() => HTMLCanvasElement) | undefined;
  const [isSeen, setIsSeen] = createSignal(false);
  const [charted, setCharted] = createSignal<Charted | null>(null);
  const [fault, setFault] = createSignal<unknown>(null);
  const [width, setWidth] = createSignal(0);
  const [isLarge, setIsLarge] = createSignal(false);
  let controller: AbortController | undefined;
  onCleanup(() => controller?.abort());

  onMount(() => {
    onCleanup(whenSeen(card, setIsSeen));
    const sizes = new ResizeObserver(() => setWidth(card.clientWidth));
    sizes.observe(card);
    setWidth(card.clientWidth);
    onCleanup(() => sizes.disconnect());
  });

  const runIds = createMemo(() => props.runs.map((run) => run.run_id));
  const buckets = () =>
    bucketsFor(
      (isLarge() ? innerWidth : width()) - BESIDE_PIXELS,
      devicePixelRatio,
      props.groups.length || runIds().length,
    );
  const question = createMemo(() => {
    const zoom = chartState.zoom();
    const xKey = chartState.xKey();
    const isWhole = chartState.axis() !== "metric";
    return JSON.stringify({
      run_ids: runIds(),
      axis: chartState.axis(),
      ...(xKey ? { x_key: xKey } : {}),
      start: zoom && (isWhole ? Math.floor(zoom[0]) : zoom[0]),
      end: zoom && (isWhole ? Math.ceil(zoom[1]) : zoom[1]),
      buckets: buckets(),
    });
  });

  const unranged = (asking: Asked) => JSON.stringify({ ...asking, start: null, end: null, buckets: 0 }) + moment();
  /** The question, without its range, that found no point in the whole range; an event ends that. */
  let pointless = "";

  /** quick: something soon, and what is finer after it; else the picture stays until then. */
  async function load(quick: boolean): Promise<void> {
    controller?.abort();
    controller = new AbortController();
    const { signal } = controller;
    const asking = JSON.parse(untrack(question)) as Asked;
    const its = untrack(() => unranged(asking));
    // A part of a range without points has none either.
    if (its === pointless) return;
    pointless = "";
    try {
      let answer = await loadChart({ ...asking, quick }, props.metric, signal);
      if (signal.aborted) return;
      setCharted(answer);
      setFault(null);
      const isWhole = asking.start === null && asking.end === null;
      const hasPoints = answer.series.some((each) => each.key === props.metric && each.points > 0);
      if (isWhole && !hasPoints) pointless = its;
      if (answer.final) return;
      answer = await loadChart(asking, props.metric, signal);
      if (!signal.aborted) setCharted(answer);
    } catch (error) {
      if (!isAborted(error) && !signal.aborted) setFault(error);
    }
  }

  /** The question that was answered, or is on its way. */
  let asked = "";
  createEffect(
    on([isSeen, question, moment], ([seen, next, at]) => {
      if (!seen || next + at === asked) return;
      asked = next + at;
      if (runIds().length) void load(true);
      else setCharted(null);
    }),
  );
  const again = throttled(async () => {
    asked = pointless = "";
    if (!isSeen() || !runIds().length) return;
    asked = untrack(question) + moment();
    await load(false);
  }, AGAIN_MILLISECONDS);
  useReturn(again);
  useEvents((told) => {
    if (!told.run_id || !runIds().includes(told.run_id)) return;
    const name = nameOf(told);
    if (name === "MetricsLogged" ? props.metric in metricsOf(told) : name.startsWith("Points")) again();
  });

  const lines = createMemo(() => {
    const found = charted();
    if (!found) return [];
    const weight = chartState.smoothing();
    const all = linesOf(found, props.metric, weight);
    if (!props.groups.length) return all;
    return props.groups.flatMap((group) => foldGroup(group, all, weight) ?? []);
  });
  const precision = () =>
    charted()?.exact === false
      ? "Every one of them is in the picture; some are drawn one pixel beside their place"
      : "Every one of them is in the picture, at its place";
  const points = () => lines().reduce((sum, line) => sum + line.points, 0);
  const nameOfRun = (id: string) =>
    props.groups.find((group) => group.id === id)?.title ??
    props.runs.find((run) => run.run_id === id)?.name ??
    id;
  /** What the section's title says already is left out. */
  const short = () => {
    const prefix = `${props.section}/`;
    return props.metric.startsWith(prefix) ? props.metric.slice(prefix.length) : props.metric;
  };
  const isPinned = () => chartState.pinned().includes(props.metric);

  function save(): void {
    canvas?.().toBlob((blob) => blob && download(`${fileName(props.metric)}.png`, blob));
  }

  function exportCsv(): void {
    const header = ["run_id", "run", chartState.axis(), "count", "last", "min", "max", "mean"];
    const rows = lines().flatMap((line) =>
      Array.from(line.xs, (x, at) => [
        line.runId,
        nameOfRun(line.runId),
        x,
        line.count[at]!,
        line.last[at]!,
        line.min[at]!,
        line.max[at]!,
        line.ys[at]!,
      ]),
    );
    download(`${fileName(props.metric)}.csv`, csv([header, ...rows]));
  }

  const plot = (height: number) => (
    <Plot
      label={`${props.metric} by ${chartState.axis()}: ${count(lines().length, props.groups.length ? "group" : "run")}, ${count(points(), "point")}`}
      lines={lines()}
      axis={chartState.axis()}
      xLog={chartState.xLog()}
      yLog={chartState.yLog()}
      isSmoothed={chartState.smoothing() > 0}
      zoom={chartState.zoom()}
      onZoom={(range: Range | null) => chartState.setZoom(range)}
      nameOf={nameOfRun}
      highlighted={props.highlighted}
      onHighlight={props.onHighlight}
      height={height}
      ref={(get) => (canvas = get)}
    />
  );

  return (
    <figure ref={card} class="chart" classList={{ pointless: charted() !== null && !lines().length }} data-metric={props.metric}>
      <figcaption>
        <span class="clip" title={props.metric}>{short()}</span>
        <span class="faint points" title={precision()}>
          {points() ? count(points(), "point") : ""}
        </span>
        <span class="chart-tools">
          <Show when={chartState.zoom()}>
            <IconButton icon="reset" label="Reset zoom" onClick={() => chartState.setZoom(null)} />
          </Show>
          <IconButton
            icon="pin"
            label={isPinned() ? "Unpin the chart" : "Pin the chart"}
            aria-pressed={isPinned()}
            onClick={() => chartState.togglePinned(props.metric)}
          />
          <IconButton icon="download" label="Download as PNG" onClick={save} />
          <IconButton icon="columns" label="Download as CSV" onClick={exportCsv} />
          <IconButton icon="expand" label="Full screen" onClick={() => setIsLarge(true)} />
        </span>
      </figcaption>
      <Show when={fault()}>
        <p class="problem" role="alert">
          {messageOf(fault())} {adviceOf(fault())}
        </p>
      </Show>
      <Show when={lines().length} fallback={<div class="plot-empty faint">{charted() ? "No points here" : ""}</div>}>
        <Show when={isSeen()} fallback={<div class="plot-empty" />}>
          {plot(HEIGHT)}
        </Show>
      </Show>
      <Show when={isLarge()}>
        <Dialog title={props.metric} class="large-chart" onClose={() => setIsLarge(false)}>
          {plot(Math.max(240, innerHeight - 140))}
        </Dialog>
      </Show>
    </figure>
  );
}
