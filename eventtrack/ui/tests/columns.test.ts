import { describe, expect, test } from "vitest";
import { columnOf, formatColumns, parseColumns, parseOrder, sortOf, usualColumns } from "../src/table/columns";

describe("columns in the address", () => {
  test("a list comes back as it was", () => {
    const text = "a.status,*p.lr@150,m.train/loss,min.val/loss,t.mlflow.user";
    expect(formatColumns(parseColumns(text))).toBe(text);
  });

  test("keys that hold what separates columns come back too", () => {
    const keys = ["p.a,b", "p.a@5", "t.50%", "m.x;y", "m.p.q"];
    const columns = keys.map((id) => columnOf(id)!);
    expect(parseColumns(formatColumns(columns)).map((each) => each.id)).toEqual(keys);
  });

  test("what is no column is left out, and a column stands once", () => {
    expect(parseColumns("zzz,,p.,p.lr,p.lr,.x").map((each) => each.id)).toEqual(["p.lr"]);
  });

  test("an order names the figure of a metric", () => {
    expect(parseOrder("-min.loss,a.name")).toEqual([
      { column: { kind: "metrics", key: "loss", of: "min" }, descending: true },
      { column: { kind: "attributes", key: "name" }, descending: false },
    ]);
    expect(sortOf("-min.loss,a.name", "min.loss")).toBe("descending");
    expect(sortOf("-min.loss,a.name", "a.name")).toBe("");
  });

  test("who chose nothing sees what most runs have, and no system metrics", () => {
    const known = [
      { kind: "metrics", key: "system/cpu", runs: 99 },
      { kind: "metrics", key: "loss", runs: 90 },
      { kind: "params", key: "lr", runs: 90 },
    ] as const;
    const ids = usualColumns(known, false).map((each) => each.id);
    expect(ids).toContain("m.loss");
    expect(ids).toContain("p.lr");
    expect(ids).not.toContain("m.system/cpu");
  });
});
