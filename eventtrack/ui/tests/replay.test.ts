import { describe, expect, it } from "vitest";
import { paced } from "../src/time/replay";

const stops = (...times: number[]) => times.map((at, index) => ({ position: index + 1, at }));

describe("the stops of a replay", () => {
  it("keep the pace in which they came", () => {
    const live = stops(0, 10, 900, 1000);
    expect(paced(live, 1000)).toEqual(live);
  });

  it("are spread over the run's time when they came all at once", () => {
    expect(paced(stops(5000, 5001, 5002), 60_000)).toEqual(stops(5000, 35_000, 65_000));
  });

  it("may be one, or none", () => {
    expect(paced(stops(5), 1000)).toEqual(stops(5));
    expect(paced([], 1000)).toEqual([]);
  });
});
