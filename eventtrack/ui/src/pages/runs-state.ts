/** What the runs page shows, as its address says it. */

import { createMemo } from "solid-js";
import type { KnownColumn, Order, View } from "../api/types";
import { chosenExperiments } from "../shell/experiments";
import { queryValue, setQuery } from "../shell/router";
import {
  columnOf,
  formatColumns,
  orderOf,
  parseColumns,
  parseOrder,
  sortOf,
  usualColumns,
  wireOf,
  type TableColumn,
} from "../table/columns";
import type { GroupsAsked } from "../table/groups-list";
import type { ListQuestion } from "../table/runs-list";
import { tell } from "../widgets/toast";

const VIEWS: Record<string, View> = { deleted: "DELETED_ONLY", all: "ALL" };

/** The first column, which every list of runs has. */
export const NAME_COLUMN: TableColumn = {
  id: "a.name",
  kind: "attributes",
  key: "name",
  of: "last",
  width: 250,
  isPinned: true,
};

/** What the server answers at once. */
const COLUMNS_MAX = 200;

export const SORT_USUAL = "-a.start_time";

export class RunsState {
  readonly filter = () => queryValue("q");
  readonly order = () => queryValue("sort") || SORT_USUAL;
  readonly view = (): View => VIEWS[queryValue("view")] ?? "ACTIVE_ONLY";
  readonly groupBy = createMemo(() => parseColumns(queryValue("group")));
  readonly columns: () => readonly TableColumn[];

  /** known: the names that runs have; undefined while they are asked for. */
  constructor(readonly known: () => readonly KnownColumn[] | undefined) {
    const usual = createMemo(() =>
      usualColumns(known() ?? [], chosenExperiments().length !== 1),
    );
    this.columns = createMemo(() => {
      const chosen = parseColumns(queryValue("cols"));
      return chosen.length ? chosen : usual();
    });
  }

  /** undefined until it is known which columns there are to show. */
  question(): ListQuestion | undefined {
    if (!queryValue("cols") && !this.known()) return undefined;
    return {
      experiment_ids: [...chosenExperiments()],
      filter: this.filter(),
      view: this.view(),
      columns: this.columns().map(wireOf),
      order_by: parseOrder(this.order()),
    };
  }

  /** Of a group figures of the metrics are shown. */
  groupedColumns(): readonly TableColumn[] {
    return this.columns().filter((each) => each.kind === "metrics");
  }

  /** undefined while runs are not grouped. */
  groupsQuestion(): GroupsAsked | undefined {
    const question = this.question();
    const by = this.groupBy().map(wireOf);
    if (!question || !by.length) return undefined;
    const columns = this.groupedColumns().map(wireOf);
    const isThere = ({ column }: Order) =>
      [...by, ...columns].some((each) => JSON.stringify(each) === JSON.stringify(column));
    return { ...question, by, columns, order_by: question.order_by.filter(isThere) };
  }

  setFilter(filter: string): void {
    setQuery({ q: filter }, true);
  }

  setView(view: string): void {
    setQuery({ view }, true);
  }

  setGroupBy(columns: readonly TableColumn[]): void {
    setQuery({ group: formatColumns(columns) }, true);
  }

  setColumns(columns: readonly TableColumn[]): void {
    setQuery({ cols: formatColumns(columns) });
  }

  /** Metrics begin with the greatest or, of what falls, the least; names with the alphabet's start. */
  sortBy(id: string): void {
    const now = sortOf(this.order(), id);
    const column = columnOf(id);
    const isDescendingFirst =
      column?.key === "start_time" || column?.key === "end_time" || column?.key === "changed";
    const next = now === "" ? isDescendingFirst : now === "ascending";
    const isBack = now !== "" && (now === "descending") !== isDescendingFirst;
    this.sort(isBack ? "" : orderOf(id, next));
  }

  sort(order: string): void {
    setQuery({ sort: order === SORT_USUAL ? "" : order }, true);
  }

  change(id: string, change: Partial<TableColumn>): void {
    this.setColumns(this.columns().map((each) => (each.id === id ? { ...each, ...change } : each)));
  }

  add(id: string): void {
    const column = columnOf(id);
    if (!column || this.columns().some((each) => each.id === id)) return;
    if (this.columns().length >= COLUMNS_MAX) {
      tell(`The table has ${COLUMNS_MAX} columns at most: take some out first`);
      return;
    }
    this.setColumns([...this.columns(), column]);
  }

  remove(id: string): void {
    this.setColumns(this.columns().filter((each) => each.id !== id));
  }

  replace(id: string, by: string): void {
    const column = columnOf(by);
    if (!column) return;
    this.setColumns(
      this.columns().map((each) =>
        each.id === id ? { ...column, width: each.width, isPinned: each.isPinned } : each,
      ),
    );
  }

  move(id: string, to: { beside: string; isBehind: boolean } | { by: 1 | -1 }): void {
    const columns = [...this.columns()];
    const from = columns.findIndex((each) => each.id === id);
    if (from < 0) return;
    const [moved] = columns.splice(from, 1);
    let place: number;
    if ("by" in to) place = Math.max(0, Math.min(columns.length, from + to.by));
    else {
      const beside = columns.findIndex((each) => each.id === to.beside);
      place = beside < 0 ? 0 : beside + (to.isBehind ? 1 : 0);
    }
    columns.splice(place, 0, moved!);
    this.setColumns(columns);
  }
}
