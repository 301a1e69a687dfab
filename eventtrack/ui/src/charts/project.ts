/** From values to pixels of the plotting area, without asking uPlot for each. */

import type uPlot from "uplot";

export type Project = (value: number) => number;

const LOG = 3;

/** Of an axis, as it is scaled now; what a log axis has no place for becomes NaN. */
export function projection(plot: uPlot, axis: "x" | "y"): Project {
  const scale = plot.scales[axis]!;
  const size = axis === "x" ? plot.bbox.width : plot.bbox.height;
  const isLog = scale.distr === LOG;
  const at = (value: number) => (isLog ? (value > 0 ? Math.log10(value) : NaN) : value);
  const low = at(scale.min ?? 0);
  const high = at(scale.max ?? 1);
  const factor = size / (high - low || 1);
  if (axis === "x") return (value) => (at(value) - low) * factor;
  return (value) => size - (at(value) - low) * factor;
}
