/**
 * A virtual grid: of a hundred thousand rows and hundreds of columns, those in view are in the
 * page.  Rows are a ring of elements: scrolling by one row draws one row anew.
 */

import {
  batch,
  createEffect,
  createMemo,
  createSignal,
  createUniqueId,
  For,
  Index,
  on,
  onCleanup,
  onMount,
  type Accessor,
  type JSX,
} from "solid-js";
import { HeaderCell, type HeaderActions } from "./header";
import { layoutOf, visibleColumns } from "./layout";

export const ROW_PIXELS = 30;
const OVERSCAN_ROWS = 6;

export interface GridColumn<R> {
  id: string;
  title: string;
  hint: string;
  width: number;
  isPinned: boolean;
  isNumber: boolean;
  /** The first column stays where it is. */
  isFixed?: boolean;
  sort: "ascending" | "descending" | "";
  menu?: (close: () => void) => JSX.Element;
  render: (row: Accessor<R | undefined>) => JSX.Element;
}

interface GridProps<R> extends HeaderActions {
  label: string;
  columns: readonly GridColumn<R>[];
  total: number;
  row: (index: number) => R | undefined;
  isChosen?: (row: R) => boolean;
  onWindow: (first: number, end: number) => void;
  /** A row was clicked or chosen by the keyboard; `far`: from the last one to this one. */
  onChoose?: (index: number, far: boolean) => void;
  onOpen?: (index: number) => void;
  /** The pointer is on this row; undefined when it left the rows. */
  onPoint?: (row: R | undefined) => void;
  /** Is this list the same as before, so that the place in it is kept? */
  scrollKey: string;
  /** Rows came before those in view. */
  shift?: { by: number };
}

export function Grid<R>(props: GridProps<R>) {
  let scroller!: HTMLDivElement;
  const id = createUniqueId();
  const [top, setTop] = createSignal(0);
  const [left, setLeft] = createSignal(0);
  const [size, setSize] = createSignal({ width: 800, height: 600 });
  const [active, setActive] = createSignal(-1);

  onMount(() => {
    const observer = new ResizeObserver(() => {
      setSize({ width: scroller.clientWidth, height: scroller.clientHeight });
    });
    observer.observe(scroller);
    onCleanup(() => observer.disconnect());
  });
  createEffect<string>((before) => {
    if (before !== undefined && before !== props.scrollKey) scroller.scrollTop = 0;
    return props.scrollKey;
  });

  createEffect(
    on(
      () => props.shift,
      (shift) => {
        if (shift?.by && scroller.scrollTop > 0) scroller.scrollTop += shift.by * ROW_PIXELS;
      },
      { defer: true },
    ),
  );

  const layout = createMemo(() => layoutOf(props.columns));
  createEffect(
    on(
      () => props.columns.map((each) => each.id),
      (ids, before) => {
        const added = before && ids.filter((id) => !before.includes(id));
        if (added?.length === 1) requestAnimationFrame(() => reveal(added[0]!));
      },
    ),
  );

  /** A column that was just chosen comes into view. */
  function reveal(id: string): void {
    const { loose, starts, pinnedWidth } = layout();
    const place = loose.findIndex((each) => each.id === id);
    if (place < 0) return;
    const room = size().width - pinnedWidth;
    const least = starts[place + 1]! - room;
    scroller.scrollLeft = Math.max(least, Math.min(scroller.scrollLeft, starts[place]!));
  }

  const visible = createMemo(() => visibleColumns(layout(), left(), size().width));
  const ring = createMemo(() => Math.ceil(size().height / ROW_PIXELS) + 2 * OVERSCAN_ROWS);
  const first = createMemo(() => Math.max(0, Math.floor(top() / ROW_PIXELS) - OVERSCAN_ROWS));
  createEffect(() => props.onWindow(first(), first() + ring()));

  function move(to: number, event: KeyboardEvent): void {
    const target = Math.max(0, Math.min(props.total - 1, to));
    if (event.shiftKey) props.onChoose?.(target, true);
    setActive(target);
    const above = target * ROW_PIXELS;
    const seen = size().height - 2 * ROW_PIXELS;
    if (above < scroller.scrollTop) scroller.scrollTop = above;
    else if (above > scroller.scrollTop + seen) scroller.scrollTop = above - seen;
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.target !== scroller) return;
    const step = Math.max(1, Math.floor(size().height / ROW_PIXELS) - 2);
    const at = active();
    if (event.key === "ArrowDown") move(at + 1, event);
    else if (event.key === "ArrowUp") move(at - 1, event);
    else if (event.key === "PageDown") move(at + step, event);
    else if (event.key === "PageUp") move(at - step, event);
    else if (event.key === "Home") move(0, event);
    else if (event.key === "End") move(props.total - 1, event);
    else if (event.key === " " && at >= 0) props.onChoose?.(at, event.shiftKey);
    else if (event.key === "Enter" && at >= 0) props.onOpen?.(at);
    else return;
    event.preventDefault();
  }

  return (
    <div
      ref={scroller}
      class="grid"
      role="grid"
      aria-label={props.label}
      aria-rowcount={props.total + 1}
      aria-colcount={props.columns.length}
      aria-multiselectable={props.onChoose ? "true" : undefined}
      aria-activedescendant={active() >= 0 ? `${id}-${active()}` : undefined}
      tabindex="0"
      onScroll={() => {
        // Both are read before anything is drawn: reading after that would lay out all of it twice.
        const { scrollTop, scrollLeft } = scroller;
        batch(() => {
          setTop(scrollTop);
          setLeft(scrollLeft);
        });
      }}
      onKeyDown={onKeyDown}
    >
      <div class="grid-head" role="row" aria-rowindex="1" style={{ width: `${layout().width}px` }}>
        <For each={visible().pinned}>
          {(column) => <HeaderCell column={column} left={layout().leftOf(column)} actions={props} />}
        </For>
        <div class="grid-gap" style={{ width: `${visible().gap}px` }} />
        <For each={visible().loose}>{(column) => <HeaderCell column={column} actions={props} />}</For>
      </div>
      <div
        class="grid-body"
        role="presentation"
        onPointerLeave={() => props.onPoint?.(undefined)}
        style={{ height: `${props.total * ROW_PIXELS}px`, width: `${layout().width}px` }}
      >
        <Index each={Array.from({ length: ring() })}>
          {(_, slot) => {
            const index = createMemo(() => {
              const from = first();
              const count = ring();
              return from + ((((slot - from) % count) + count) % count);
            });
            const row = createMemo(() => (index() < props.total ? props.row(index()) : undefined));
            const isChosen = () => {
              const found = row();
              return found !== undefined && (props.isChosen?.(found) ?? false);
            };
            return (
              <div
                class="grid-row"
                role="row"
                id={`${id}-${index()}`}
                aria-rowindex={index() + 2}
                aria-selected={props.isChosen ? isChosen() : undefined}
                classList={{
                  chosen: isChosen(),
                  active: index() === active(),
                  coming: row() === undefined,
                }}
                hidden={index() >= props.total}
                style={{ transform: `translateY(${index() * ROW_PIXELS}px)` }}
                onPointerEnter={() => props.onPoint?.(row())}
                onDblClick={() => props.onOpen?.(index())}
                onClick={(event) => {
                  setActive(index());
                  if ((event.target as Element).closest("a, button, input")) return;
                  if (event.shiftKey || event.ctrlKey || event.metaKey) {
                    props.onChoose?.(index(), event.shiftKey);
                  }
                }}
              >
                <For each={visible().pinned}>
                  {(column) => (
                    <div
                      class="grid-cell pinned"
                      classList={{ number: column.isNumber }}
                      role="gridcell"
                      style={{ width: `${column.width}px`, left: `${layout().leftOf(column)}px` }}
                    >
                      {column.render(row)}
                    </div>
                  )}
                </For>
                <div class="grid-gap" style={{ width: `${visible().gap}px` }} />
                <For each={visible().loose}>
                  {(column) => (
                    <div
                      class="grid-cell"
                      classList={{ number: column.isNumber }}
                      role="gridcell"
                      style={{ width: `${column.width}px` }}
                    >
                      {column.render(row)}
                    </div>
                  )}
                </For>
              </div>
            );
          }}
        </Index>
      </div>
    </div>
  );
}
