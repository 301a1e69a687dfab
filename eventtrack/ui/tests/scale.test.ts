import { describe, expect, it } from "vitest";
import { scaleOf } from "../src/compare/scale";

describe("a scale", () => {
  it("places numbers from the least to the greatest", () => {
    const scale = scaleOf([10, 20, 30, null]);
    expect([10, 20, 30].map(scale.place)).toEqual([0, 0.5, 1]);
    expect(scale.place(null)).toBeNull();
  });

  it("is logarithmic where numbers are far apart, with powers of ten as ticks", () => {
    const scale = scaleOf([0.001, 1]);
    expect(scale.place(0.01)).toBeCloseTo(1 / 3);
    expect(scale.ticks.map(({ text }) => text)).toEqual(["0.001", "0.01", "0.1", "1"]);
  });

  it("stays linear with a zero among them", () => {
    expect(scaleOf([0, 1000]).place(500)).toBe(0.5);
  });

  it("puts one value in the middle", () => {
    const scale = scaleOf([7, 7]);
    expect(scale.place(7)).toBe(0.5);
    expect(scale.ticks).toEqual([{ at: 0.5, text: "7" }]);
  });

  it("places words beside each other, numbers among them by what they say", () => {
    const scale = scaleOf(["adam", "sgd", 3]);
    expect(scale.isNumeric).toBe(false);
    expect(["3", "adam", "sgd"].map(scale.place)).toEqual([0, 0.5, 1]);
  });

  it("has no place for NaN among numbers", () => {
    expect(scaleOf([1, "NaN", 2]).place("NaN")).toBeNull();
  });
});
