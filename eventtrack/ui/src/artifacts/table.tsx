/** A table of an artifact: its first rows, sorted by any column. */

import { createMemo, createSignal, For, Show } from "solid-js";
import { Button } from "../widgets/button";
import { count } from "../widgets/format";
import { isImage, type Table, type TableCell } from "./tables";

const ROWS = 200;
const COLUMNS_MAX = 200;

function compare(a: TableCell, b: TableCell): number {
  const [x, y] = [Number(a), Number(b)];
  if (a !== "" && b !== "" && Number.isFinite(x) && Number.isFinite(y)) return x - y;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

interface TableViewProps {
  table: Table;
  /** Is the file longer than what was read of it? */
  isCut: boolean;
  imageUrl: (path: string) => string;
}

export function TableView(props: TableViewProps) {
  const [limit, setLimit] = createSignal(ROWS);
  const [by, setBy] = createSignal<{ column: number; isDescending: boolean } | null>(null);
  const sorted = createMemo(() => {
    const order = by();
    if (!order) return props.table.rows;
    const sign = order.isDescending ? -1 : 1;
    return props.table.rows.toSorted((a, b) => sign * compare(a[order.column] ?? null, b[order.column] ?? null));
  });
  const columns = () => props.table.columns.slice(0, COLUMNS_MAX);

  function sort(column: number): void {
    const now = by();
    if (now?.column !== column) setBy({ column, isDescending: false });
    else setBy(now.isDescending ? null : { column, isDescending: true });
  }

  return (
    <>
      <p class="faint">
        {count(props.table.rows.length, "row")}
        {props.isCut ? " in the part that is shown; download the file for all" : ""},{" "}
        {count(props.table.columns.length, "column")}
      </p>
      <div class="wide">
        <table class="sheet">
          <thead>
            <tr>
              <For each={columns()}>
                {(title, index) => (
                  <th
                    scope="col"
                    aria-sort={
                      by()?.column === index() ? (by()!.isDescending ? "descending" : "ascending") : undefined
                    }
                  >
                    <button type="button" onClick={() => sort(index())}>
                      {title}
                      {by()?.column === index() ? (by()!.isDescending ? " ↓" : " ↑") : ""}
                    </button>
                  </th>
                )}
              </For>
            </tr>
          </thead>
          <tbody>
            <For each={sorted().slice(0, limit())}>
              {(row) => (
                <tr>
                  <For each={row.slice(0, COLUMNS_MAX)}>
                    {(cell) => (
                      <td>
                        <Show when={isImage(cell) ? cell : null} fallback={shown(cell)}>
                          {(image) => (
                            <img
                              loading="lazy"
                              alt={image().filepath}
                              src={props.imageUrl(image().compressed_filepath ?? image().filepath)}
                            />
                          )}
                        </Show>
                      </td>
                    )}
                  </For>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </div>
      <Show when={sorted().length > limit()}>
        <Button onClick={() => setLimit(limit() * 4)}>More rows</Button>
      </Show>
    </>
  );
}

function shown(cell: TableCell): string {
  if (cell === null) return "";
  return typeof cell === "object" ? JSON.stringify(cell) : String(cell);
}
