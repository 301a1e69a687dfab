/** How charts are drawn, as the address says it; one choice for all charts of a page. */

import { queryValue, setQuery } from "../shell/router";
import type { Range } from "./plot";
import type { Axis } from "./wire";

const METRIC = "metric:";

export const chartState = {
  /** step, timestamp, relative, or metric with a key. */
  axis(): Axis {
    const said = queryValue("x");
    if (said.startsWith(METRIC)) return "metric";
    return said === "time" ? "timestamp" : said === "relative" ? "relative" : "step";
  },
  xKey: () => (queryValue("x").startsWith(METRIC) ? queryValue("x").slice(METRIC.length) : ""),
  smoothing: () => Math.min(0.999, Math.max(0, Number(queryValue("smooth")) || 0)),
  xLog: () => queryValue("xlog") === "1",
  yLog: () => queryValue("ylog") === "1",
  find: () => queryValue("find"),
  pinned: () => queryValue("pin").split(",").filter(Boolean).map(decodeURIComponent),
  closed: () => queryValue("closed").split(",").filter(Boolean).map(decodeURIComponent),
  zoom(): Range | null {
    const [low, high] = queryValue("zoom").split("..").map(Number);
    return Number.isFinite(low) && Number.isFinite(high) && low! < high! ? [low!, high!] : null;
  },

  /** Another axis has other places: what was zoomed to means nothing there. */
  setAxis: (x: string) => setQuery({ x: x === "step" ? "" : x, zoom: "" }),
  setSmoothing: (weight: number) => setQuery({ smooth: weight ? String(weight) : "" }),
  setXLog: (isLog: boolean) => setQuery({ xlog: isLog ? "1" : "" }),
  setYLog: (isLog: boolean) => setQuery({ ylog: isLog ? "1" : "" }),
  setFind: (find: string) => setQuery({ find }),
  setZoom(range: Range | null): void {
    setQuery({ zoom: range ? range.map((x) => Number(x.toPrecision(12))).join("..") : "" });
  },
  togglePinned: (key: string) => setQuery({ pin: toggled(chartState.pinned(), key) }),
  toggleClosed: (section: string) => setQuery({ closed: toggled(chartState.closed(), section) }),
};

function toggled(all: readonly string[], each: string): string {
  const next = all.includes(each) ? all.filter((one) => one !== each) : [...all, each];
  return next.map(encodeURIComponent).join(",");
}
