/** Where columns are, and which of them are in view. */

interface Wide {
  id: string;
  width: number;
  isPinned: boolean;
}

export interface Layout<C extends Wide> {
  pinned: readonly C[];
  loose: readonly C[];
  /** Where each loose column begins, counted from the first of them; and where the last one ends. */
  starts: readonly number[];
  pinnedWidth: number;
  width: number;
  leftOf: (column: C) => number;
}

const OVERSCAN_PIXELS = 120;

export function layoutOf<C extends Wide>(columns: readonly C[]): Layout<C> {
  const pinned = columns.filter((each) => each.isPinned);
  const loose = columns.filter((each) => !each.isPinned);
  const lefts = new Map<string, number>();
  let pinnedWidth = 0;
  for (const each of pinned) {
    lefts.set(each.id, pinnedWidth);
    pinnedWidth += each.width;
  }
  const starts = [0];
  for (const each of loose) starts.push(starts.at(-1)! + each.width);
  const width = pinnedWidth + starts.at(-1)!;
  return { pinned, loose, starts, pinnedWidth, width, leftOf: (column) => lefts.get(column.id) ?? 0 };
}

/** The columns in view; gap: the width of the loose ones before them. */
export function visibleColumns<C extends Wide>(layout: Layout<C>, left: number, width: number) {
  const { starts, loose } = layout;
  const from = left - OVERSCAN_PIXELS;
  const to = left + width - layout.pinnedWidth + OVERSCAN_PIXELS;
  let first = 0;
  while (first < loose.length && starts[first + 1]! < from) first++;
  let end = first;
  while (end < loose.length && starts[end]! <= to) end++;
  return { pinned: layout.pinned, loose: loose.slice(first, end), gap: starts[first] ?? 0 };
}
