/** Which runs are chosen: by their ids, so that sorting and live changes lose none of them. */

import { createMemo, createSignal } from "solid-js";
import { queryValue, setQuery } from "../shell/router";

/** So many stand in the address; more would make it too long to copy. */
const IN_ADDRESS_MAX = 40;

export class Selection {
  readonly ids: () => ReadonlySet<string>;
  #set: (ids: ReadonlySet<string>) => void;
  /** The row from which a stretch is chosen. */
  #anchor = 0;

  constructor() {
    const [many, setMany] = createSignal<ReadonlySet<string> | null>(null);
    const inAddress = createMemo(() => new Set(queryValue("sel").split(",").filter(Boolean)));
    this.ids = () => many() ?? inAddress();
    this.#set = (ids) => {
      const isFew = ids.size <= IN_ADDRESS_MAX;
      setMany(isFew ? null : ids);
      setQuery({ sel: isFew ? [...ids].join(",") : "" });
    };
  }

  has(id: string): boolean {
    return this.ids().has(id);
  }

  clear(): void {
    this.#set(new Set());
  }

  add(ids: readonly string[]): void {
    this.#set(new Set([...this.ids(), ...ids]));
  }

  remove(ids: readonly string[]): void {
    const left = new Set(this.ids());
    for (const id of ids) left.delete(id);
    this.#set(left);
  }

  /** Choose the row at a place or take it out; `far`: every row from the last one to here. */
  choose(index: number, far: boolean, idAt: (index: number) => string | undefined): void {
    const id = idAt(index);
    if (id === undefined) return;
    if (!far) {
      this.#anchor = index;
      if (this.has(id)) this.remove([id]);
      else this.add([id]);
      return;
    }
    const [first, last] = [Math.min(index, this.#anchor), Math.max(index, this.#anchor)];
    const ids: string[] = [];
    for (let at = first; at <= last; at++) {
      const each = idAt(at);
      if (each !== undefined) ids.push(each);
    }
    this.add(ids);
  }
}
