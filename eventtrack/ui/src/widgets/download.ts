/** Hand the reader a file that was made here. */

export function download(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Rows as CSV; a cell that a spreadsheet would take for a formula is made a text. */
export function csv(rows: readonly (readonly (string | number | null)[])[]): Blob {
  const lines = rows.map((row) => row.map(cell).join(","));
  return new Blob([lines.join("\r\n"), "\r\n"], { type: "text/csv;charset=utf-8" });
}

function cell(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) && Number.isNaN(Number(value)) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A name that every file system takes. */
export const fileName = (text: string) => text.replace(/[^\w.-]+/g, "_").slice(0, 80) || "file";
