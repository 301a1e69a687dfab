/**
 * Runs of a group folded into one line: per bucket the mean over the runs that have points there,
 * and the band from the least to the greatest of all of them.  The grid of buckets is shared, so
 * every run counts wherever it has points.
 */

import { smoothed, type Line } from "./series";

export interface ChartedGroup {
  /** Its colour is of this. */
  id: string;
  title: string;
  run_ids: readonly string[];
}

export function foldGroup(group: ChartedGroup, lines: readonly Line[], weight: number): Line | null {
  const members = lines.filter((line) => group.run_ids.includes(line.runId));
  if (!members.length) return null;
  const xs = mergedXs(members);
  const place = new Map<number, number>();
  xs.forEach((x, at) => place.set(x, at));
  const sum = new Float64Array(xs.length);
  const finite = new Uint32Array(xs.length);
  const min = new Float32Array(xs.length).fill(NaN);
  const max = new Float32Array(xs.length).fill(NaN);
  const count = new Uint32Array(xs.length);
  for (const line of members) {
    for (let from = 0; from < line.xs.length; from++) {
      const at = place.get(line.xs[from]!)!;
      count[at]! += line.count[from]!;
      const mean = line.ys[from]!;
      if (!Number.isFinite(mean)) continue;
      sum[at]! += mean;
      finite[at]! += 1;
      // NaN compares as neither, so that the first value is taken.
      if (!(min[at]! <= line.min[from]!)) min[at] = line.min[from]!;
      if (!(max[at]! >= line.max[from]!)) max[at] = line.max[from]!;
    }
  }
  const ys = Float32Array.from(sum, (each, at) => (finite[at] ? each / finite[at]! : NaN));
  return {
    runId: group.id,
    key: members[0]!.key,
    points: members.reduce((all, line) => all + line.points, 0),
    xs,
    ys,
    smooth: smoothed(ys, weight),
    min,
    max,
    last: ys,
    count,
    isDense: true,
  };
}

function mergedXs(lines: readonly Line[]): Float64Array {
  const all = new Set<number>();
  for (const { xs } of lines) for (const x of xs) all.add(x);
  return Float64Array.from(all).sort();
}
