/**
 * A column's heading: a click sorts, dragging moves it, its edge resizes it.  By keyboard: Enter
 * sorts, Alt with an arrow moves, Shift with an arrow resizes, and its menu has everything.
 */

import { createSignal, Show, type JSX } from "solid-js";
import { Popover } from "../widgets/popover";
import { WIDTH_MIN } from "./columns";

export interface HeaderActions {
  onSort: (id: string) => void;
  onResize: (id: string, width: number) => void;
  /** Put a column before (or behind) another; or one place on. */
  onMove: (id: string, to: { beside: string; isBehind: boolean } | { by: 1 | -1 }) => void;
}

interface Heading {
  id: string;
  title: string;
  hint: string;
  width: number;
  isPinned: boolean;
  isNumber: boolean;
  isFixed?: boolean;
  sort: "ascending" | "descending" | "";
  menu?: (close: () => void) => JSX.Element;
}

const DRAG_PIXELS = 5;
const KEY_PIXELS = 16;

export function HeaderCell(props: { column: Heading; left?: number; actions: HeaderActions }) {
  let cell!: HTMLDivElement;
  const [isDragged, setIsDragged] = createSignal(false);
  const id = () => props.column.id;

  function follow(event: PointerEvent, onMove: (moved: PointerEvent) => void, onEnd: (last: PointerEvent) => void) {
    const target = event.currentTarget as HTMLElement;
    target.setPointerCapture(event.pointerId);
    const end = (last: PointerEvent) => {
      target.removeEventListener("pointermove", onMove);
      target.removeEventListener("pointerup", end);
      target.removeEventListener("pointercancel", end);
      onEnd(last);
    };
    target.addEventListener("pointermove", onMove);
    target.addEventListener("pointerup", end);
    target.addEventListener("pointercancel", end);
  }

  function startResize(event: PointerEvent): void {
    event.preventDefault();
    event.stopPropagation();
    const from = event.clientX;
    const width = props.column.width;
    const widthAt = (at: PointerEvent) => Math.max(WIDTH_MIN, width + at.clientX - from);
    follow(event, (moved) => props.actions.onResize(id(), widthAt(moved)), () => undefined);
  }

  function startDrag(event: PointerEvent): void {
    if (event.button !== 0 || props.column.isFixed) return;
    const from = event.clientX;
    let hasMoved = false;
    follow(
      event,
      (moved) => {
        hasMoved ||= Math.abs(moved.clientX - from) > DRAG_PIXELS;
        setIsDragged(hasMoved);
        if (hasMoved) cell.style.translate = `${moved.clientX - from}px`;
      },
      (last) => {
        setIsDragged(false);
        cell.style.translate = "";
        if (!hasMoved) return;
        cell.addEventListener("click", stop, { capture: true, once: true });
        setTimeout(() => cell.removeEventListener("click", stop, true));
        drop(last.clientX);
      },
    );
  }

  function drop(x: number): void {
    for (const other of cell.parentElement?.querySelectorAll<HTMLElement>("[data-column]") ?? []) {
      const place = other.getBoundingClientRect();
      const beside = other.dataset.column!;
      if (x < place.left || x > place.right || beside === id()) continue;
      props.actions.onMove(id(), { beside, isBehind: x > place.left + place.width / 2 });
      return;
    }
  }

  function onKeyDown(event: KeyboardEvent): void {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!by) return;
    if (event.shiftKey) {
      props.actions.onResize(id(), Math.max(WIDTH_MIN, props.column.width + by * KEY_PIXELS));
    } else if (event.altKey && !props.column.isFixed) {
      props.actions.onMove(id(), { by });
      queueMicrotask(() => focusColumn(id()));
    } else return;
    event.preventDefault();
  }

  return (
    <div
      ref={cell}
      class="grid-cell head"
      classList={{ pinned: props.column.isPinned, number: props.column.isNumber, dragged: isDragged() }}
      role="columnheader"
      aria-sort={props.column.sort || undefined}
      data-column={props.column.id}
      style={{ width: `${props.column.width}px`, left: props.left === undefined ? undefined : `${props.left}px` }}
    >
      <button
        type="button"
        class="head-button"
        title={`${props.column.title} (${props.column.hint})`}
        onPointerDown={startDrag}
        onKeyDown={onKeyDown}
        onClick={() => props.actions.onSort(id())}
      >
        <span class="clip">{props.column.title}</span>
        <Show when={props.column.sort}>
          <span class="sorted" aria-hidden="true">{props.column.sort === "ascending" ? "↑" : "↓"}</span>
        </Show>
      </button>
      <Show when={props.column.menu}>
        {(menu) => (
          <Popover label="" title={`Column ${props.column.title}`} class="head-menu" align="end">
            {(close) => menu()(close)}
          </Popover>
        )}
      </Show>
      <div class="resizer" aria-hidden="true" onPointerDown={startResize} />
    </div>
  );
}

const stop = (event: Event) => event.stopPropagation();

/** The heading was drawn anew at its new place. */
function focusColumn(id: string): void {
  document.querySelector<HTMLElement>(`[data-column="${CSS.escape(id)}"] .head-button`)?.focus();
}
