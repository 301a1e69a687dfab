/** The list of runs that a page shows: asked for by the address, kept by the event stream. */

import { createEffect, createMemo, on } from "solid-js";
import { runsTable } from "../api/runs";
import type { Cell, Column, RunRow, RunsQuestion } from "../api/types";
import { metricsOf, nameOf, useEvents, useReturn, type MetricTold } from "../live/stream";
import { throttled } from "../live/throttle";
import { moment } from "../shell/router";
import { idOf } from "./columns";
import { Pages, type Page } from "./pages";
import { firstVisit } from "./seen";

const AGAIN_MILLISECONDS = 1_000;

/** A run with its cells by column, whatever was asked for when it came. */
export interface Run extends Omit<RunRow, "cells"> {
  changed: number;
  cells: Readonly<Record<string, Cell>>;
}

export type ListQuestion = Omit<RunsQuestion, "offset" | "limit">;

const columnId = (column: Column) => idOf(column.kind, column.key, column.of);

function runOf(row: RunRow, columns: readonly string[]): Run {
  const cells: Record<string, Cell> = {};
  columns.forEach((id, place) => (cells[id] = row.cells[place] ?? null));
  return { ...row, changed: Number(row.changed), cells };
}

function sameRun(before: Run, after: Run): boolean {
  return before.run_id === after.run_id && JSON.stringify(before) === JSON.stringify(after);
}

export class RunsList {
  readonly pages = new Pages<Run>(sameRun, (run) => run.run_id);
  /** Of the last answer. */
  position = 0;
  /** What was logged since the last frame, by run. */
  #logged = new Map<string, Record<string, MetricTold>>();

  /** question: undefined while it is not known yet. */
  constructor(question: () => ListQuestion | undefined) {
    const asked = createMemo(() => {
      const found = question();
      return found && JSON.stringify([found, moment()]);
    });
    createEffect(
      on(asked, (text) => {
        if (text !== undefined) this.#ask((JSON.parse(text) as [ListQuestion])[0]);
      }),
    );
    const again = throttled(() => this.pages.refresh(), AGAIN_MILLISECONDS);
    useReturn(again);
    useEvents((told) => {
      const of = question();
      if (!of || !told.run_id) return;
      const isOurs = !of.experiment_ids.length || of.experiment_ids.includes(told.experiment_id ?? "");
      if (!isOurs || nameOf(told) === "ConsoleLogged" || nameOf(told) === "ArtifactStored") return;
      if (nameOf(told) === "MetricsLogged") this.#patch(told.run_id, metricsOf(told));
      again();
    });
  }

  #ask(question: ListQuestion): void {
    const columns = question.columns.map(columnId);
    this.pages.ask(async (offset, limit, position, signal): Promise<Page<Run>> => {
      // Most look at the top only; where another page is of a later list, an event brings this one up to it.
      const asked = { ...question, offset, limit, ...(position === null ? { glance: true } : { position }) };
      const answer = await runsTable(asked, signal);
      this.position = Number(answer.position);
      firstVisit(this.position);
      return { ...answer, rows: answer.rows.map((row) => runOf(row, columns)) };
    });
  }

  /** Show what was just logged with the next frame; the server's own answer follows. */
  #patch(runId: string, metrics: Readonly<Record<string, MetricTold>>): void {
    if (!this.#logged.size) requestAnimationFrame(() => this.#show());
    this.#logged.set(runId, { ...this.#logged.get(runId), ...metrics });
  }

  #show(): void {
    const logged = this.#logged;
    this.#logged = new Map();
    this.pages.patch((run) => {
      const metrics = logged.get(run.run_id);
      if (!metrics) return run;
      const cells: Record<string, Cell> = { ...run.cells };
      for (const [key, told] of Object.entries(metrics)) {
        if (`m.${key}` in cells) cells[`m.${key}`] = told.value ?? "NaN";
      }
      return { ...run, cells };
    });
  }
}
