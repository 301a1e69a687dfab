import { expect, test } from "vitest";
import { bucketsFor } from "../src/charts/buckets";

test.each([100, 244, 300, 536, 1376])("half of what is asked for fills %i pixels", (pixels) => {
  for (const ratio of [1, 1.5]) {
    expect(bucketsFor(pixels, ratio, 12) / 2).toBeGreaterThanOrEqual(Math.min(2048, pixels * ratio));
    expect(bucketsFor(pixels, ratio, 13) / 2).toBeGreaterThanOrEqual((pixels * ratio) / 2);
  }
});

test("many lines ask for less, and a little more room for the same", () => {
  expect(bucketsFor(244, 1, 100)).toBe(256);
  expect(bucketsFor(244, 1, 1)).toBe(512);
  expect(bucketsFor(250, 1, 100)).toBe(256);
});

test("a plot that has no place yet asks for some, and none for more than the server gives", () => {
  expect(bucketsFor(-64, 1, 1)).toBe(256);
  expect(bucketsFor(5000, 2, 1)).toBe(4096);
});
