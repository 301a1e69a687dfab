/** A Jupyter notebook as one HTML document, for the frame that is on an origin of its own. */

import { marked } from "marked";

type Text = string | string[];

interface Output {
  output_type: string;
  text?: Text;
  data?: Record<string, Text>;
  ename?: string;
  evalue?: string;
  traceback?: string[];
}

interface Cell {
  cell_type: string;
  source?: Text;
  execution_count?: number | null;
  outputs?: Output[];
}

const STYLE = `
  body { font: 14px/1.5 system-ui, sans-serif; margin: 16px; color: #18201e; background: #fff; }
  pre { margin: 4px 0; padding: 8px 10px; overflow: auto; font: 12px/1.5 ui-monospace, monospace; }
  .code { background: #f3f5f3; border-radius: 6px; }
  .count { color: #5f6b67; font: 11px ui-monospace, monospace; }
  .error { background: #fdf0ef; }
  img, svg { max-width: 100%; }
  table { border-collapse: collapse; }
  td, th { padding: 2px 8px; border-bottom: 1px solid #e3e7e4; text-align: right; }
`;

const IMAGES = ["image/png", "image/jpeg", "image/gif", "image/webp"];

const joined = (text: Text | undefined) => (Array.isArray(text) ? text.join("") : (text ?? ""));

const escaped = (text: string) =>
  text.replace(/[&<>"]/g, (one) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[one]!);

/** Terminals' colours say nothing here. */
const plain = (text: string) => escaped(text.replace(/\u001b\[[0-9;]*m/g, ""));

function outputOf(output: Output): string {
  if (output.output_type === "stream") return `<pre>${plain(joined(output.text))}</pre>`;
  if (output.output_type === "error") {
    return `<pre class="error">${plain((output.traceback ?? [`${output.ename}: ${output.evalue}`]).join("\n"))}</pre>`;
  }
  const data = output.data ?? {};
  for (const type of IMAGES) {
    if (!data[type]) continue;
    const bytes = joined(data[type]).replace(/[^A-Za-z0-9+/=]/g, "");
    return `<img alt="output" src="data:${type};base64,${bytes}">`;
  }
  if (data["image/svg+xml"]) return joined(data["image/svg+xml"]);
  if (data["text/html"]) return joined(data["text/html"]);
  if (data["text/markdown"]) return marked.parse(joined(data["text/markdown"]), { async: false });
  return `<pre>${plain(joined(data["text/plain"]))}</pre>`;
}

function cellOf(cell: Cell): string {
  const source = joined(cell.source);
  if (cell.cell_type === "markdown") return `<section>${marked.parse(source, { async: false })}</section>`;
  const count = cell.execution_count ? `<div class="count">[${Number(cell.execution_count)}]</div>` : "";
  const outputs = (cell.outputs ?? []).map(outputOf).join("");
  return `<section>${count}<pre class="code">${escaped(source)}</pre>${outputs}</section>`;
}

/** Raises SyntaxError when the text is no JSON, TypeError when it is no notebook. */
export function notebookHtml(text: string): string {
  const { cells } = JSON.parse(text) as { cells?: Cell[] };
  if (!Array.isArray(cells)) throw new TypeError("The file has no cells: it is no notebook of version 4.");
  return `<!doctype html><meta charset="utf-8"><style>${STYLE}</style>${cells.map(cellOf).join("")}`;
}
