/** The groups of runs that a page shows: asked for by the address, kept by the event stream. */

import { createEffect, createMemo, on } from "solid-js";
import { runsGroups } from "../api/runs";
import type { Cell, Figures, GroupsQuestion } from "../api/types";
import { nameOf, useEvents, useReturn } from "../live/stream";
import { throttled } from "../live/throttle";
import { moment } from "../shell/router";
import { idOf } from "./columns";
import { Pages } from "./pages";

const AGAIN_MILLISECONDS = 1_000;

/** A group with its figures by column; id: of its keys. */
export interface Group {
  id: string;
  keys: readonly Cell[];
  runs: number;
  run_ids: readonly string[];
  cells: Readonly<Record<string, Figures>>;
}

export type GroupsAsked = Omit<GroupsQuestion, "offset" | "limit">;

const same = (before: Group, after: Group) => JSON.stringify(before) === JSON.stringify(after);

export class GroupsList {
  readonly pages = new Pages<Group>(same, (group) => group.id);

  /** question: undefined while runs are not grouped. */
  constructor(question: () => GroupsAsked | undefined) {
    const asked = createMemo(() => {
      const found = question();
      return found && JSON.stringify([found, moment()]);
    });
    createEffect(
      on(asked, (text) => {
        if (text !== undefined) this.#ask((JSON.parse(text) as [GroupsAsked])[0]);
      }),
    );
    const again = throttled(async () => {
      if (asked() !== undefined) await this.pages.refresh();
    }, AGAIN_MILLISECONDS);
    useReturn(again);
    useEvents((told) => {
      const of = question();
      if (!of || !told.run_id || nameOf(told) === "ConsoleLogged") return;
      if (!of.experiment_ids.length || of.experiment_ids.includes(told.experiment_id ?? "")) again();
    });
  }

  #ask(question: GroupsAsked): void {
    const ids = question.columns.map((each) => idOf(each.kind, each.key, each.of));
    this.pages.ask(async (offset, limit, _, signal) => {
      const answer = await runsGroups({ ...question, offset, limit }, signal);
      const rows = answer.groups.map((group): Group => {
        const cells: Record<string, Figures> = {};
        ids.forEach((id, place) => (cells[id] = group.cells[place]!));
        return { ...group, id: JSON.stringify(group.keys), cells };
      });
      return { total: answer.total, position: answer.position, rows };
    });
  }
}
