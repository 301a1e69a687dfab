/**
 * Rows of a long list that are fetched as they come into view, a page at a time, and kept for a
 * while.  What was shown stays until something newer is there: nothing flickers.
 */

import { batch, createSignal, onCleanup, untrack, type Accessor, type Setter } from "solid-js";
import { isAborted, isPassing } from "../api/client";

export const PAGE_ROWS = 100;
const KEPT_PAGES_MAX = 60;
/** Fast scrolling passes pages that nobody will look at. */
const SETTLE_MILLISECONDS = 40;
/** When a server that was not ready is asked again. */
const AGAIN_MILLISECONDS = 2_000;

export interface Page<R> {
  total: number;
  rows: readonly R[];
  /** Where the list stands: the next page is asked for of the very same list. */
  position: string;
}

export type Fetch<R> = (
  offset: number,
  limit: number,
  position: string | null,
  signal: AbortSignal,
) => Promise<Page<R>>;

type Slot<R> = [Accessor<R | undefined>, Setter<R | undefined>];

export class Pages<R extends object> {
  readonly total: Accessor<number>;
  readonly fault: Accessor<unknown>;
  readonly isLoading: Accessor<boolean>;
  /** Has an answer to the present question arrived? */
  readonly isAnswered: Accessor<boolean>;
  /** By how many rows what is in view has moved, because others came before it. */
  readonly shift: Accessor<{ by: number }>;

  #setTotal: Setter<number>;
  #setFault: Setter<unknown>;
  #setIsLoading: Setter<boolean>;
  #setIsAnswered: Setter<boolean>;
  #setShift: Setter<{ by: number }>;
  #slots = new Map<number, Slot<R>>();
  /** Pages that hold rows, with the position they are of. */
  #fresh = new Map<number, string>();
  #coming = new Map<number, AbortController>();
  #fetch: Fetch<R> | null = null;
  #position: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #window: [number, number] = [0, 0];
  #isNew = true;

  /** same: whether a row that is shown need not be drawn again for another; idOf: what it is of. */
  constructor(
    private readonly same: (before: R, after: R) => boolean,
    private readonly idOf: (row: R) => string,
  ) {
    [this.total, this.#setTotal] = createSignal(0);
    [this.fault, this.#setFault] = createSignal<unknown>(null);
    [this.isLoading, this.#setIsLoading] = createSignal(true);
    [this.isAnswered, this.#setIsAnswered] = createSignal(false);
    [this.shift, this.#setShift] = createSignal({ by: 0 }, { equals: false });
    onCleanup(() => {
      clearTimeout(this.#timer);
      this.#abort(() => true);
    });
  }

  /** Another question: its first page replaces everything when it is there. */
  ask(fetch: Fetch<R>): void {
    this.#fetch = fetch;
    this.#isNew = true;
    this.#setIsAnswered(false);
    this.#stale();
    this.#load(0);
  }

  /** The same question again, because something changed; only what is in view is asked for. */
  refresh(): Promise<void> {
    this.#stale();
    return this.#load(0);
  }

  /** The row at a place of the list; undefined while it is not there. */
  row(index: number): R | undefined {
    return this.#slot(index)[0]();
  }

  /** Where a row is that is there; -1 when none is. */
  find(is: (row: R) => boolean): number {
    for (const [index, [get]] of this.#slots) {
      const row = untrack(get);
      if (row && is(row)) return index;
    }
    return -1;
  }

  /** The first rows of the list, as far as they are there. */
  loaded(max: number): R[] {
    const indices = [...this.#slots.keys()].sort((a, b) => a - b);
    return indices.flatMap((index) => untrack(() => this.row(index)) ?? []).slice(0, max);
  }

  /** The rows that are there, of those between two places. */
  some(first: number, end: number): R[] {
    const found: R[] = [];
    for (let index = first; index < Math.min(end, this.total()); index++) {
      const row = this.row(index);
      if (row) found.push(row);
    }
    return found;
  }

  /** Change rows that are there before the server tells of them. */
  patch(change: (row: R) => R): void {
    batch(() => {
      for (const [get, set] of this.#slots.values()) {
        const row = untrack(get);
        if (!row) continue;
        const changed = change(row);
        if (changed !== row) set(() => changed);
      }
    });
  }

  /** Rows [first, end) are in view. */
  show(first: number, end: number): void {
    this.#window = [first, end];
    const wanted = this.#pagesInView();
    this.#abort((page) => !wanted.includes(page));
    clearTimeout(this.#timer);
    if (wanted.every((page) => this.#fresh.has(page) || this.#coming.has(page))) return;
    this.#timer = setTimeout(() => void this.#load(0), SETTLE_MILLISECONDS);
  }

  #pagesInView(): number[] {
    const [first, end] = this.#window;
    const last = Math.max(0, Math.min(end, untrack(this.total) || PAGE_ROWS) - 1);
    const pages: number[] = [];
    for (let page = Math.floor(first / PAGE_ROWS); page <= Math.floor(last / PAGE_ROWS); page++) {
      pages.push(page);
    }
    return pages.length ? pages : [0];
  }

  #stale(): void {
    this.#fresh.clear();
    this.#position = null;
    this.#abort(() => true);
  }

  #abort(isUnwanted: (page: number) => boolean): void {
    for (const [page, controller] of this.#coming) {
      if (!isUnwanted(page)) continue;
      controller.abort();
      this.#coming.delete(page);
    }
  }

  /** Fetch what is in view and not there; the first answer says which list the others are of. */
  async #load(depth: number): Promise<void> {
    const fetch = this.#fetch;
    if (!fetch) return;
    const missing = this.#pagesInView().find((page) => !this.#fresh.has(page) && !this.#coming.has(page));
    if (missing === undefined || depth > 8) return;
    const controller = new AbortController();
    this.#coming.set(missing, controller);
    this.#setIsLoading(true);
    try {
      const page = await fetch(missing * PAGE_ROWS, PAGE_ROWS, this.#position, controller.signal);
      if (controller.signal.aborted) return;
      this.#take(missing, page);
    } catch (error) {
      if (isAborted(error) || controller.signal.aborted) return;
      this.#setFault(error);
      clearTimeout(this.#timer);
      if (isPassing(error)) this.#timer = setTimeout(() => void this.#load(0), AGAIN_MILLISECONDS);
      return;
    } finally {
      if (this.#coming.get(missing) === controller) this.#coming.delete(missing);
      if (!this.#coming.size) this.#setIsLoading(false);
    }
    await this.#load(depth + 1);
  }

  #take(number: number, page: Page<R>): void {
    batch(() => {
      if (this.#isNew) {
        this.#isNew = false;
        for (const [, set] of this.#slots.values()) set(undefined);
      }
      this.#position = page.position;
      this.#fresh.set(number, page.position);
      this.#setFault(null);
      this.#setIsAnswered(true);
      const offset = number * PAGE_ROWS;
      this.#follow(offset, page);
      this.#setTotal(page.total);
      for (let place = 0; place < PAGE_ROWS; place++) {
        const after = page.rows[place];
        const [get, set] = this.#slot(offset + place);
        const before = untrack(get);
        if (before && after && this.same(before, after)) continue;
        set(() => after);
      }
      this.#forget();
    });
  }

  /** New rows came before those in view, and only that: keep in view what is. */
  #follow(offset: number, page: Page<R>): void {
    const [first] = this.#window;
    const grown = page.total - untrack(this.total);
    const anchor = untrack(this.#slot(first)[0]);
    if (first === 0 || grown <= 0 || !anchor) return;
    const after = page.rows[first + grown - offset];
    if (after && this.idOf(after) === this.idOf(anchor)) this.#setShift({ by: grown });
  }

  #forget(): void {
    const pages = this.#pagesInView();
    for (const page of this.#fresh.keys()) {
      if (this.#fresh.size <= KEPT_PAGES_MAX) return;
      if (pages.includes(page)) continue;
      this.#fresh.delete(page);
      for (let place = 0; place < PAGE_ROWS; place++) this.#slots.delete(page * PAGE_ROWS + place);
    }
  }

  #slot(index: number): Slot<R> {
    let slot = this.#slots.get(index);
    if (!slot) {
      slot = createSignal<R | undefined>(undefined);
      this.#slots.set(index, slot);
    }
    return slot;
  }
}
