/** Tables as rows of cells: CSV, TSV, and what mlflow.log_table stores. */

export type TableCell = string | number | boolean | null | ImageCell;

/** An image that log_table stored beside the table. */
export interface ImageCell {
  type: "image";
  filepath: string;
  compressed_filepath?: string;
}

export interface Table {
  columns: string[];
  rows: TableCell[][];
}

/** Rows of a text with separators; quotes as RFC 4180 has them. */
export function parseSeparated(text: string, separator: string): Table {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const one = text[at]!;
    if (isQuoted) {
      if (one !== '"') cell += one;
      else if (text[at + 1] === '"') {
        cell += '"';
        at++;
      } else isQuoted = false;
    } else if (one === '"' && cell === "") isQuoted = true;
    else if (one === separator) {
      row.push(cell);
      cell = "";
    } else if (one === "\n") {
      row.push(cell.replace(/\r$/, ""));
      rows.push(row);
      row = [];
      cell = "";
    } else cell += one;
  }
  if (cell || row.length) rows.push([...row, cell]);
  const [columns = [], ...rest] = rows;
  return { columns, rows: rest };
}

/** A table as pandas writes it by orient="split"; null when the document is something else. */
export function tableOf(document: unknown): Table | null {
  if (typeof document !== "object" || document === null) return null;
  const { columns, data } = document as { columns?: unknown; data?: unknown };
  const isTable =
    Array.isArray(columns) &&
    Array.isArray(data) &&
    columns.every((each) => typeof each === "string" || typeof each === "number") &&
    data.every((row) => Array.isArray(row));
  if (!isTable) return null;
  return { columns: columns.map(String), rows: data as TableCell[][] };
}

export const isImage = (cell: unknown): cell is ImageCell =>
  typeof cell === "object" &&
  cell !== null &&
  (cell as ImageCell).type === "image" &&
  typeof (cell as ImageCell).filepath === "string";
