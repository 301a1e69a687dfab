import { describe, expect, test } from "vitest";
import { foldGroup } from "../src/charts/fold";
import { extentY, linesOf, nearest, smoothed } from "../src/charts/series";
import { unpack, type Charted } from "../src/charts/wire";

/** An answer of the server, packed as it packs them. */
function packed(axis: string, start: number, width: number, series: Record<string, number[][]>): Charted {
  const parts: Uint8Array[] = [];
  let size = 0;
  const told = Object.entries(series).map(([run_id, rows]) => {
    const offset = size;
    for (let column = 0; column < 6; column++) {
      const values = rows.map((row) => row[column]!);
      const packed = column < 2 ? Uint32Array.from(values) : Float32Array.from(values);
      parts.push(new Uint8Array(packed.buffer));
      size += packed.byteLength;
    }
    const [first, last] = [rows[0]![0]!, rows.at(-1)![0]!];
    const ends = { first_x: start + first * width, last_x: start + last * width + width - 1 };
    return { run_id, points: 7, ...ends, length: rows.length, offset };
  });
  let header = JSON.stringify({ position: "9", axis, start, width, buckets: 4, series: told });
  while ((4 + header.length) % 8) header += " ";
  const bytes = new Uint8Array(4 + header.length + size);
  new DataView(bytes.buffer).setUint32(0, header.length, true);
  bytes.set(new TextEncoder().encode(header), 4);
  let at = 4 + header.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return unpack(bytes.buffer, "loss");
}

// bucket, count, min, max, last, mean
const A = [
  [0, 10, 1, 9, 5, 4],
  [2, 10, 2, 50, 3, 6],
  [3, 1, NaN, NaN, NaN, NaN],
];
const B = [[0, 10, 3, 4, 3, 8]];

describe("series from the wire", () => {
  test("are placed in the middle of their buckets", () => {
    const [line] = linesOf(packed("step", 100, 10, { a: A }), "loss", 0);
    expect([...line!.xs]).toEqual([104.5, 124.5, 134.5]);
    expect(line!.isDense).toBe(true);
  });

  test("single steps are where they are", () => {
    const [line] = linesOf(packed("step", 0, 1, { a: [[0, 1, 1, 1, 1, 1], [3, 1, 2, 2, 2, 2]] }), "loss", 0);
    expect([...line!.xs]).toEqual([0, 3]);
    expect(line!.isDense).toBe(false);
  });

  test("their extent holds the spike and leaves out what is not finite", () => {
    const lines = linesOf(packed("step", 100, 10, { a: A }), "loss", 0);
    expect(extentY(lines, 0, 1000, false)).toEqual([1, 50]);
    expect(extentY(lines, 100, 110, false)).toEqual([1, 9]);
    expect(extentY(lines, 130, 140, false)).toBeNull();
  });

  test("the nearest bucket is found, and none far beyond the ends", () => {
    const [line] = linesOf(packed("step", 100, 10, { a: A }), "loss", 0);
    expect(nearest(line!, 112, 1)).toBe(0);
    expect(nearest(line!, 118, 1)).toBe(1);
    expect(nearest(line!, 90, 5)).toBe(-1);
  });
});

describe("smoothing", () => {
  test("is debiased: a constant stays what it is from its first point on", () => {
    expect([...smoothed(Float32Array.of(3, 3, 3), 0.9)]).toEqual([3, 3, 3]);
  });

  test("keeps gaps, and goes on behind them", () => {
    const found = smoothed(Float32Array.of(1, NaN, 3), 0.5);
    expect(found[1]).toBeNaN();
    expect(found[2]).toBeCloseTo((1 * 0.25 + 3 * 0.5) / 0.75);
  });
});

test("a group is the mean of its runs, from the least to the greatest of all", () => {
  const lines = linesOf(packed("step", 100, 10, { a: A, b: B }), "loss", 0);
  const group = foldGroup({ id: "g", title: "g", run_ids: ["a", "b"] }, lines, 0)!;
  expect([...group.xs]).toEqual([104.5, 124.5, 134.5]);
  expect([...group.ys]).toEqual([6, 6, NaN]);
  expect([...group.min].slice(0, 2)).toEqual([1, 2]);
  expect([...group.max].slice(0, 2)).toEqual([9, 50]);
  expect([...group.count]).toEqual([20, 10, 1]);
  expect(group.points).toBe(14);
});
