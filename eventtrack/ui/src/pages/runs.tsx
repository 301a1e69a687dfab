/** The runs of one experiment, of several or of all: a table, and charts beside it. */

import { createMemo, createSignal, Show } from "solid-js";
import { ApiError } from "../api/client";
import type { ChartedRun } from "../charts/card";
import type { ChartedGroup } from "../charts/fold";
import { ChartsPane } from "../charts/pane";
import { chartState } from "../charts/state";
import { useCommands } from "../shell/commands";
import { useShortcuts } from "../shell/keys";
import { queryValue, setQuery } from "../shell/router";
import { ChosenBar } from "../table/chosen-bar";
import { Chooser } from "../table/chooser";
import { exportCsv } from "../table/export";
import { Filter, FilterProblem } from "../table/filter";
import { GroupChooser } from "../table/group-chooser";
import { GroupsGrid } from "../table/groups-grid";
import { GroupsList } from "../table/groups-list";
import { useKnown, useMetrics } from "../table/known";
import { RunsGrid } from "../table/runs-grid";
import { RunsList, type Run } from "../table/runs-list";
import { SavedViews } from "../table/saved-views";
import { markAllSeen } from "../table/seen";
import { Selection } from "../table/selection";
import { Button, IconButton } from "../widgets/button";
import { Fault } from "../widgets/fault";
import { count } from "../widgets/format";
import { Split } from "../widgets/split";
import { tell, tellError, working } from "../widgets/toast";
import { NoRunsYet, NothingFound } from "./no-runs";
import { RunsState } from "./runs-state";

/** Without a choice the charts show so many runs of the table's top. */
const CHARTED_RUNS = 12;
const CHOSEN_RUNS_MAX = 500;
const CHARTED_GROUPS = 10;
const SPLIT_USUAL = 55;

export function RunsPage() {
  let filterInput: HTMLInputElement | undefined;
  const state = new RunsState(useKnown());
  const list = new RunsList(() => state.question());
  const groups = new GroupsList(() => state.groupsQuestion());
  const selection = new Selection();
  const [highlighted, setHighlighted] = createSignal("");
  const areChartsShown = () => queryValue("charts") !== "0";
  const toggleCharts = () => setQuery({ charts: areChartsShown() ? "0" : "" });

  const isEmpty = createMemo(
    () => list.pages.isAnswered() && list.pages.total() === 0 && !state.filter() && state.view() === "ACTIVE_ONLY",
  );
  const isFilterFault = () => {
    const fault = list.pages.fault();
    return fault instanceof ApiError && fault.status === 400 && state.filter() !== "";
  };

  const split = () => Number(queryValue("split")) || SPLIT_USUAL;
  const metrics = createMemo(useMetrics(state.known, chartState.find));
  const isChoice = () => selection.ids().size > 0;
  const isGrouped = () => state.groupBy().length > 0;
  const chartedGroups = createMemo<ChartedGroup[]>(() => {
    if (!isGrouped()) return [];
    const shown = groups.pages.some(0, CHARTED_GROUPS);
    const chosen = shown.filter((group) => group.run_ids.some((id) => selection.has(id)));
    return (chosen.length ? chosen : shown).map(({ id, keys, run_ids }) => ({
      id,
      title: keys.map((key) => key ?? "(none)").join(", "),
      run_ids: run_ids.slice(0, Math.floor(CHOSEN_RUNS_MAX / CHARTED_GROUPS)),
    }));
  });
  const chartedText = createMemo(() => {
    const ids = selection.ids();
    if (isGrouped()) {
      const of = chartedGroups().flatMap((group) => group.run_ids);
      return JSON.stringify(of.map((id) => ({ run_id: id, name: id })));
    }
    const runs: ChartedRun[] = isChoice()
      ? [...ids].slice(0, CHOSEN_RUNS_MAX).map((id) => ({ run_id: id, name: runOf(id)?.name ?? id }))
      : list.pages.some(0, CHARTED_RUNS).map(({ run_id, name }) => ({ run_id, name }));
    return JSON.stringify(runs);
  });
  // The same runs again are no reason to ask for their series again.
  const charted = createMemo(() => JSON.parse(chartedText()) as ChartedRun[]);
  const about = () =>
    isGrouped()
      ? `${count(chartedGroups().length, "group")}: the mean of its runs, and the band from the least to the greatest`
      : isChoice()
      ? `${count(charted().length, "chosen run")}`
      : `The first ${count(charted().length, "run")} of the table; choose runs to see them instead`;

  function runOf(id: string): Run | undefined {
    list.pages.isAnswered();
    const index = list.pages.find((run) => run.run_id === id);
    return index < 0 ? undefined : list.pages.row(index);
  }

  async function exportRuns(): Promise<void> {
    const question = state.question();
    if (!question) return;
    try {
      const exported = await working("Exporting the runs", (say, signal) =>
        exportCsv(question, state.columns(), say, signal),
      );
      tell(`${count(exported, "run")} exported`);
    } catch (error) {
      tellError("The runs could not be exported", error);
    }
  }

  useShortcuts(
    { key: "/", title: "Filter the runs", run: () => filterInput?.focus() },
    { key: "c", title: "Show or hide the charts", run: toggleCharts },
    { key: "Escape", title: "Choose no runs", run: () => selection.clear() },
  );
  useCommands(() => [
    { title: "Filter the runs", section: "Runs", run: () => filterInput?.focus() },
    { title: areChartsShown() ? "Hide the charts" : "Show the charts", section: "Runs", run: toggleCharts },
    { title: "Export the runs as CSV", section: "Runs", run: () => void exportRuns() },
    {
      title: `Choose the first ${CHOSEN_RUNS_MAX} runs that are loaded`,
      section: "Runs",
      run: () => selection.add(list.pages.loaded(CHOSEN_RUNS_MAX).map((run) => run.run_id)),
    },
    { title: "Mark all runs as seen", section: "Runs", run: () => markAllSeen(list.position) },
    { title: "Show deleted runs", section: "Runs", run: () => state.setView("deleted") },
    { title: "Show active runs", section: "Runs", run: () => state.setView("") },
  ]);

  return (
    <div class="runs">
      <h1 class="offscreen">Runs</h1>
      <div class="toolbar">
        <Filter
          value={state.filter()}
          known={state.known() ?? []}
          onApply={(filter) => state.setFilter(filter)}
          ref={(input) => (filterInput = input)}
        />
        <select
          class="select"
          aria-label="Which runs"
          value={queryValue("view")}
          onChange={(event) => state.setView(event.currentTarget.value)}
        >
          <option value="">Active</option>
          <option value="deleted">Deleted</option>
          <option value="all">All</option>
        </select>
        <SavedViews />
        <GroupChooser state={state} />
        <Chooser state={state} />
        <IconButton icon="download" label="Export as CSV" onClick={() => void exportRuns()} />
        <Button icon="chart" aria-pressed={areChartsShown()} onClick={toggleCharts}>
          Charts
        </Button>
        <span class="counted" role="status">
          {list.pages.isAnswered() ? count(list.pages.total(), "run") : "…"}
        </span>
        <Show when={isFilterFault()}>
          <FilterProblem filter={state.filter()} error={list.pages.fault()} />
        </Show>
      </div>
      <Show when={selection.ids().size > 0}>
        <ChosenBar selection={selection} runOf={runOf} />
      </Show>
      <Show when={list.pages.fault() && !isFilterFault()}>
        <Fault
          title="The runs could not be loaded"
          error={list.pages.fault()}
          onRetry={() => void list.pages.refresh()}
        />
      </Show>
      <Show when={isEmpty()} fallback={
        <div class="panes">
          <div class="pane table">
            <Show when={list.pages.isAnswered() && list.pages.total() === 0}>
              <NothingFound onClear={() => setQuery({ q: "", view: "" }, true)} />
            </Show>
            <Show
              when={isGrouped()}
              fallback={<RunsGrid list={list} state={state} selection={selection} onPoint={setHighlighted} />}
            >
              <GroupsGrid list={groups} state={state} selection={selection} onPoint={setHighlighted} />
            </Show>
          </div>
          <Show when={areChartsShown()}>
            <Split value={split()} onChange={(percent) => setQuery({ split: String(percent) })} />
            <div class="pane" style={{ width: `${100 - split()}%` }}>
              <ChartsPane
                metrics={metrics()}
                runs={charted()}
                groups={chartedGroups()}
                highlighted={highlighted()}
                onHighlight={setHighlighted}
                about={about()}
              />
            </div>
          </Show>
        </div>
      }>
        <NoRunsYet />
      </Show>
    </div>
  );
}
