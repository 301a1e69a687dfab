import { describe, expect, test } from "vitest";
import { names, nameOf, placeAt, quoted } from "../src/table/completion";

const at = (text: string) => placeAt(text, text.length);

describe("what a filter expects next", () => {
  test.each([
    ["", "name"],
    ["params.l", "name"],
    ["params.lr ", "operator"],
    ["params.lr = '0.1' ", "connective"],
    ["params.lr = '0.1' AND ", "name"],
    ["params.lr = '0.1' AND (", "name"],
    ["NOT ", "name"],
    ["lost = true OR m", "name"],
    ["metrics.`val/loss` ", "operator"],
    ["'part of a name' ", "connective"],
  ])("%s", (text, what) => {
    expect(at(text).expected.what).toBe(what);
  });

  test("after an operator a value of that name, and where it begins", () => {
    expect(at("params.lr = '0.").expected).toEqual({ what: "value", kind: "params", key: "lr" });
    expect(at("params.lr = '0.")).toMatchObject({ from: 12, word: "'0." });
    expect(at("tags.`a``b` LIKE ").expected).toMatchObject({ kind: "tags", key: "a`b" });
    expect(at("status = ").expected).toMatchObject({ kind: "attributes", key: "status" });
  });

  test("BETWEEN goes on with the end of its range", () => {
    expect(at("params.width BETWEEN 1 AND ").expected).toMatchObject({ what: "value", key: "width" });
    expect(at("params.width BETWEEN 1 AND 5 AND ").expected).toEqual({ what: "name" });
  });

  test("only what stands before the caret counts", () => {
    expect(placeAt("params.lr = '0.1'", 8)).toMatchObject({ expected: { what: "name" }, word: "params.l" });
  });
});

describe("names", () => {
  const known = [
    { kind: "metrics", key: "val/loss", runs: 1 },
    { kind: "params", key: "lr", runs: 1 },
  ] as const;

  test("are quoted where the language needs it", () => {
    expect(nameOf("metrics", "val/loss")).toBe("metrics.`val/loss`");
    expect(nameOf("params", "a`b")).toBe("params.`a``b`");
    expect(nameOf("params", "lr")).toBe("params.lr");
    expect(nameOf("attributes", "status")).toBe("status");
    expect(quoted("it's")).toBe("'it''s'");
  });

  test("are found by any part, those that begin with it first", () => {
    expect(names(known, "lr").map((each) => each.shown)[0]).toBe("params.lr");
    expect(names(known, "loss").map((each) => each.shown)).toContain("metrics.val/loss");
    expect(names(known, "metrics.`val/loss`:m").map((each) => each.text)).toContain(
      "metrics.`val/loss`:min ",
    );
  });
});
