/** The grid of runs: which cells a row has, and what headings do. */

import { createMemo, mapArray, type Accessor } from "solid-js";
import type { RunsState } from "../pages/runs-state";
import { NAME_COLUMN } from "../pages/runs-state";
import { experimentName } from "../shell/experiments";
import { go } from "../shell/router";
import { fullTime } from "../widgets/format";
import { Status } from "../widgets/status";
import { ColumnMenu } from "./column-menu";
import { hintOf, isNumeric, sortOf, textOf, titleOf, type TableColumn } from "./columns";
import { Grid, type GridColumn } from "./grid";
import { RunName, runHref } from "./run-name";
import type { Run, RunsList } from "./runs-list";
import { markSeen } from "./seen";
import type { Selection } from "./selection";

interface RunsGridProps {
  list: RunsList;
  state: RunsState;
  selection: Selection;
  onPoint: (runId: string) => void;
}

export function RunsGrid(props: RunsGridProps) {
  const { list, state, selection } = props;
  const idAt = (index: number) => list.pages.row(index)?.run_id;

  const nameColumn = createMemo<GridColumn<Run>>(() => ({
    ...NAME_COLUMN,
    title: titleOf(NAME_COLUMN),
    hint: "its name",
    isNumber: false,
    isFixed: true,
    sort: sortOf(state.order(), NAME_COLUMN.id),
    render: (row) => (
      <RunName
        run={row()}
        isChosen={selection.has(row()?.run_id ?? "")}
        onChoose={(far) => choose(row(), far)}
      />
    ),
  }));
  const others = mapArray(
    () => state.columns(),
    (column): GridColumn<Run> => ({
      ...column,
      title: titleOf(column),
      hint: hintOf(column),
      isNumber: isNumeric(column),
      get sort() {
        return sortOf(state.order(), column.id);
      },
      menu: (close) => <ColumnMenu column={column} state={state} close={close} />,
      render: (row) => <CellOf column={column} row={row} />,
    }),
  );
  const columns = createMemo(() => [nameColumn(), ...others()]);

  function choose(run: Run | undefined, far: boolean): void {
    if (!run) return;
    const index = list.pages.find((each) => each.run_id === run.run_id);
    if (index >= 0) selection.choose(index, far, idAt);
  }

  return (
    <Grid
      label="Runs"
      columns={columns()}
      total={list.pages.total()}
      shift={list.pages.shift()}
      row={(index) => list.pages.row(index)}
      isChosen={(run) => selection.has(run.run_id)}
      onChoose={(index, far) => selection.choose(index, far, idAt)}
      onOpen={(index) => {
        const run = list.pages.row(index);
        if (!run) return;
        markSeen(run.run_id, run.changed);
        go(runHref(run));
      }}
      onPoint={(run) => props.onPoint(run?.run_id ?? "")}
      onWindow={(first, end) => list.pages.show(first, end)}
      onSort={(id) => state.sortBy(id)}
      onResize={(id, width) => state.change(id, { width })}
      onMove={(id, to) => state.move(id, to)}
      scrollKey={JSON.stringify([state.filter(), state.order(), state.view()])}
    />
  );
}

function CellOf(props: { column: TableColumn; row: Accessor<Run | undefined> }) {
  const { column } = props;
  if (column.id === "a.status") {
    return <>{props.row() && <Status status={props.row()!.status} lost={props.row()!.lost} />}</>;
  }
  const text = () => {
    const run = props.row();
    const value = run?.cells[column.id];
    if (column.id === "a.experiment_id" && run) return experimentName(run.experiment_id);
    return textOf(column, value);
  };
  const title = () => {
    const value = props.row()?.cells[column.id];
    if (column.id === "a.start_time" || column.id === "a.end_time") return fullTime(Number(value ?? 0));
    return value === null || value === undefined ? undefined : String(value);
  };
  return (
    <span class="clip" title={title()}>
      {text()}
    </span>
  );
}
