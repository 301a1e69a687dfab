import { expect, test } from "vitest";
import { ticksOf } from "../src/charts/ticks";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

test("relative times are as short as they can be", () => {
  expect(ticksOf("relative", [0, 20_000, MINUTE, 90_000, 2 * HOUR])).toEqual([
    "0 ms",
    "20 s",
    "1 m",
    "1 m 30 s",
    "2 h",
  ]);
});

test("times are as exact as their distance, and midnight is a day", () => {
  const midnight = new Date(2026, 10, 24).getTime();
  const ofHours = ticksOf("timestamp", [midnight - HOUR, midnight, midnight + HOUR]);
  expect(ofHours[0]).toMatch(/^23.00$/);
  expect(ofHours[1]).toMatch(/24/);
  expect(ofHours[2]).toMatch(/^01.00$/);
  expect(ticksOf("timestamp", [midnight + 1000, midnight + 6000])[1]).toMatch(/00.06$/);
});

test("what a log axis leaves out stays empty", () => {
  expect(ticksOf("step", [1, null, 10])).toEqual(["1", "", "10"]);
});
