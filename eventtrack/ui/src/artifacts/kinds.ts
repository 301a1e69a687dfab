/** What a file is, by its name. */

export type FileKind =
  | "image" | "audio" | "video" | "json" | "table" | "markdown" | "html" | "notebook" | "text";

const SUFFIXES: Record<Exclude<FileKind, "text">, string> = {
  image: "png jpg jpeg gif webp bmp svg ico avif",
  audio: "mp3 wav ogg oga flac m4a aac",
  video: "mp4 webm mov ogv",
  json: "json",
  table: "csv tsv",
  markdown: "md markdown",
  html: "html htm",
  notebook: "ipynb",
};

const KINDS = new Map(
  Object.entries(SUFFIXES).flatMap(([kind, suffixes]) =>
    suffixes.split(" ").map((suffix) => [suffix, kind as FileKind] as const),
  ),
);

export const nameOfPath = (path: string) => path.slice(path.lastIndexOf("/") + 1);

export function kindOf(path: string): FileKind {
  const name = nameOfPath(path);
  return KINDS.get(name.slice(name.lastIndexOf(".") + 1).toLowerCase()) ?? "text";
}

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"];

export function sizeOf(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit ? size.toFixed(1) : size} ${UNITS[unit]}`;
}

/** Bytes as text; null when they are none. `isWhole`: else the last character may be cut. */
export function textOf(bytes: Uint8Array, isWhole: boolean): string | null {
  if (bytes.includes(0)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: !isWhole });
  } catch {
    // Not UTF-8: nothing that can be read.
    return null;
  }
}
