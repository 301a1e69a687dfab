/** How all charts of the page are drawn: the x axis, smoothing, log scales, which ones. */

import { For, Show } from "solid-js";
import { IconButton } from "../widgets/button";
import { chartState } from "./state";

/** A longer list than this is none that anybody looks through. */
const METRICS_MAX = 200;

export function ChartControls(props: { metrics: readonly string[] }) {
  const said = () => {
    const axis = chartState.axis();
    if (axis === "metric") return `metric:${chartState.xKey()}`;
    return axis === "timestamp" ? "time" : axis;
  };
  return (
    <div class="chart-controls">
      <input
        type="search"
        class="input"
        placeholder="Find charts"
        aria-label="Find charts"
        value={chartState.find()}
        onInput={(event) => chartState.setFind(event.currentTarget.value)}
      />
      <label>
        <span class="faint">x</span>
        <select
          class="select"
          aria-label="Horizontal axis"
          onChange={(event) => chartState.setAxis(event.currentTarget.value)}
        >
          <option value="step" selected={said() === "step"}>Step</option>
          <option value="time" selected={said() === "time"}>Time</option>
          <option value="relative" selected={said() === "relative"}>
            Relative time
          </option>
          <optgroup label="A metric">
            <For each={props.metrics.slice(0, METRICS_MAX)}>
              {(key) => (
                <option value={`metric:${key}`} selected={said() === `metric:${key}`}>
                  {key}
                </option>
              )}
            </For>
          </optgroup>
        </select>
      </label>
      <label>
        <span class="faint">Smooth</span>
        <input
          type="range"
          min="0"
          max="0.99"
          step="0.01"
          aria-label="Smoothing"
          value={chartState.smoothing()}
          onInput={(event) => chartState.setSmoothing(Number(event.currentTarget.value))}
        />
        <span class="figure">{chartState.smoothing().toFixed(2)}</span>
      </label>
      <label>
        <input
          type="checkbox"
          checked={chartState.yLog()}
          onChange={(event) => chartState.setYLog(event.currentTarget.checked)}
        />
        log y
      </label>
      <label>
        <input
          type="checkbox"
          checked={chartState.xLog()}
          onChange={(event) => chartState.setXLog(event.currentTarget.checked)}
        />
        log x
      </label>
      <Show when={chartState.zoom()}>
        <IconButton icon="reset" label="Reset zoom" onClick={() => chartState.setZoom(null)} />
      </Show>
    </div>
  );
}
