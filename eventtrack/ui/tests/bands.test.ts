import { expect, test } from "vitest";
import { paintBands } from "../src/charts/bands";
import type { Line } from "../src/charts/series";

const WIDTH = 100;
const HEIGHT = 50;

function picture(): ImageData {
  const data = new Uint8ClampedArray(WIDTH * HEIGHT * 4);
  return { width: WIDTH, height: HEIGHT, data, colorSpace: "srgb" } as unknown as ImageData;
}

function line(min: number[], max: number[], xs = min.map((_, at) => at)): Line {
  const none = new Float32Array(min.length);
  return {
    runId: "a",
    key: "loss",
    points: 0,
    xs: Float64Array.from(xs),
    ys: none,
    smooth: none,
    min: Float32Array.from(min),
    max: Float32Array.from(max),
    last: none,
    count: new Uint32Array(min.length),
    isDense: true,
  };
}

/** Values from 0 to 50 over buckets 0 to `last`. */
function paint(drawn: Line, last: number): (column: number, row: number) => number {
  const shown = picture();
  const x = (value: number) => (value / last) * (WIDTH - 1);
  const y = (value: number) => HEIGHT - value;
  paintBands(shown, [{ line: drawn, colour: [10, 20, 30], alpha: 0.5 }], x, y);
  return (column, row) => shown.data[(row * WIDTH + column) * 4 + 3]!;
}

test("one bucket's spike is in the picture though a hundred buckets share its column", () => {
  const flat = new Array<number>(10_000).fill(10);
  const max = [...flat];
  max[5_000] = 50;
  const alpha = paint(line(flat, max), 9_999);
  const at = Math.round((5_000 / 9_999) * (WIDTH - 1));
  expect(alpha(at, 0)).toBeGreaterThan(0);
  expect(alpha(at - 2, 0)).toBe(0);
  expect(alpha(at - 2, HEIGHT - 10)).toBeGreaterThan(0);
});

test("between buckets that are far from each other the band goes straight", () => {
  const alpha = paint(line([0, 20], [20, 40]), 1);
  expect(alpha(50, HEIGHT - 29)).toBeGreaterThan(0);
  expect(alpha(50, HEIGHT - 35)).toBe(0);
  expect(alpha(50, HEIGHT - 5)).toBe(0);
});

test("a bucket without finite values is a gap", () => {
  const alpha = paint(line([10, NaN, 10], [20, NaN, 20]), 2);
  expect(alpha(25, HEIGHT - 15)).toBe(0);
  expect(alpha(0, HEIGHT - 15)).toBeGreaterThan(0);
  expect(alpha(99, HEIGHT - 15)).toBeGreaterThan(0);
});

test("bands that lie over each other are blended, not added", () => {
  const shown = picture();
  const band = { line: line([0, 0], [50, 50]), colour: [200, 0, 0] as const, alpha: 0.5 };
  paintBands(shown, [band, { ...band, colour: [0, 0, 200] }], (x) => x * 99, (y) => HEIGHT - y);
  const [red, , blue, alpha] = shown.data.slice(0, 4);
  expect(alpha).toBeGreaterThan(185);
  expect(alpha).toBeLessThan(197);
  expect(blue! / red!).toBeCloseTo(2, 0);
});
