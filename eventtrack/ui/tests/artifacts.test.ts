import { describe, expect, it } from "vitest";
import { kindOf, nameOfPath, sizeOf, textOf } from "../src/artifacts/kinds";
import { notebookHtml } from "../src/artifacts/notebook";

const bytes = (...each: number[]) => new Uint8Array(each);

describe("a file", () => {
  it.each([
    ["plots/loss.PNG", "image"],
    ["a.b/report.html", "html"],
    ["model/MLmodel", "text"],
    ["x.ipynb", "notebook"],
    ["archive.tar.gz", "text"],
  ])("%s is shown as %s", (path, kind) => expect(kindOf(path)).toBe(kind));

  it("is named by the end of its path", () => expect(nameOfPath("a/b/c.txt")).toBe("c.txt"));

  it("has a size in the unit that reads best", () => {
    expect([999, 2048, 3 << 20].map(sizeOf)).toEqual(["999 bytes", "2.0 KiB", "3.0 MiB"]);
  });

  it("is text when it is UTF-8 without zeros", () => {
    expect(textOf(new TextEncoder().encode("grün"), true)).toBe("grün");
    expect(textOf(bytes(0x89, 0x50, 0), true)).toBeNull();
    expect(textOf(bytes(0xff, 0xfe, 0x41), true)).toBeNull();
  });

  it("may be cut within a character", () => {
    const whole = new TextEncoder().encode("ü");
    expect(textOf(whole.subarray(0, 1), false)).toBe("");
    expect(textOf(whole.subarray(0, 1), true)).toBeNull();
  });
});

describe("a notebook", () => {
  const html = (cell: object) => notebookHtml(JSON.stringify({ cells: [cell] }));

  it("shows source and plain outputs as text", () => {
    const found = html({
      cell_type: "code",
      source: ["print('<b>')"],
      outputs: [{ output_type: "stream", text: "\u001b[31m<i>red</i>\u001b[0m" }],
    });
    expect(found).toContain("print('&lt;b&gt;')");
    expect(found).toContain("&lt;i&gt;red&lt;/i&gt;");
  });

  it("takes only base64 into an image's address", () => {
    const data = { "image/png": 'AAAA"onerror="alert(1)' };
    const found = html({ cell_type: "code", outputs: [{ output_type: "display_data", data }] });
    expect(found).toContain('src="data:image/png;base64,AAAAonerror=alert1"');
  });

  it("refuses what is none", () => {
    expect(() => notebookHtml("{")).toThrow(SyntaxError);
    expect(() => notebookHtml("{}")).toThrow(TypeError);
  });
});
