import { describe, expect, it } from "vitest";
import { isImage, parseSeparated, tableOf } from "../src/artifacts/tables";

describe("a text with separators", () => {
  it("becomes rows below its first", () => {
    expect(parseSeparated("a,b\n1,2\n3,4\n", ",")).toEqual({
      columns: ["a", "b"],
      rows: [["1", "2"], ["3", "4"]],
    });
  });

  it("keeps separators, quotes and line breaks that are quoted", () => {
    const { rows } = parseSeparated('a,b\r\n"x,""y""\nz",2\r\n', ",");
    expect(rows).toEqual([['x,"y"\nz', "2"]]);
  });

  it("has its last row without a line break too, and empty cells", () => {
    expect(parseSeparated("a\tb\n1\t\n\t2", "\t").rows).toEqual([["1", ""], ["", "2"]]);
  });

  it("may be empty", () => {
    expect(parseSeparated("", ",")).toEqual({ columns: [], rows: [] });
  });
});

describe("a JSON document", () => {
  it("is a table when pandas wrote it by split", () => {
    expect(tableOf({ columns: ["a", 1], data: [[1, null]] })).toEqual({
      columns: ["a", "1"],
      rows: [[1, null]],
    });
  });

  it.each([null, 1, "text", [], {}, { columns: ["a"], data: [1] }, { columns: [{}], data: [] }])(
    "is none when it is %j",
    (document) => expect(tableOf(document)).toBeNull(),
  );

  it("has images as log_table stores them", () => {
    expect(isImage({ type: "image", filepath: "a.png" })).toBe(true);
    expect(isImage({ type: "image" })).toBe(false);
    expect(isImage(null)).toBe(false);
  });
});
