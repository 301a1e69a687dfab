/** The grid of groups: what they have in common, how many runs, and each metric's mean and spread. */

import { createMemo, Show } from "solid-js";
import { colourOf } from "../charts/colours";
import type { RunsState } from "../pages/runs-state";
import { number } from "../widgets/format";
import { sortOf, textOf, titleOf, type TableColumn } from "./columns";
import { Grid, type GridColumn } from "./grid";
import type { Group, GroupsList } from "./groups-list";
import type { Selection } from "./selection";

const KEY_WIDTH = 150;
const FIGURES_WIDTH = 170;

interface GroupsGridProps {
  list: GroupsList;
  state: RunsState;
  selection: Selection;
  onPoint: (groupId: string) => void;
}

export function GroupsGrid(props: GroupsGridProps) {
  const { list, state, selection } = props;
  const isChosen = (group: Group) => group.run_ids.length > 0 && group.run_ids.every((id) => selection.has(id));

  function toggle(group: Group | undefined): void {
    if (!group) return;
    if (isChosen(group)) selection.remove(group.run_ids);
    else selection.add(group.run_ids);
  }

  const columns = createMemo<GridColumn<Group>[]>(() => [
    ...state.groupBy().map((column, place) => keyColumn(column, place)),
    {
      id: "runs",
      title: "Runs",
      hint: "how many are in the group",
      width: 70,
      isPinned: true,
      isNumber: true,
      isFixed: true,
      sort: "",
      render: (row) => <span>{row()?.runs.toLocaleString("en")}</span>,
    },
    ...state.groupedColumns().map(figuresColumn),
  ]);

  function keyColumn(column: TableColumn, place: number): GridColumn<Group> {
    return {
      id: column.id,
      title: titleOf(column),
      hint: "what the group has in common",
      width: KEY_WIDTH,
      isPinned: true,
      isNumber: false,
      isFixed: true,
      sort: sortOf(state.order(), column.id),
      render: (row) => (
        <Show when={row()}>
          {(group) => (
            <>
              <Show when={place === 0}>
                <input
                  type="checkbox"
                  aria-label={`Choose the runs of ${textOf(column, group().keys[0])}`}
                  checked={isChosen(group())}
                  onClick={() => toggle(group())}
                />
                <i class="swatch" style={{ background: colourOf(group().id) }} />
              </Show>
              <span class="clip">{textOf(column, group().keys[place]) || "(none)"}</span>
            </>
          )}
        </Show>
      ),
    };
  }

  function figuresColumn(column: TableColumn): GridColumn<Group> {
    return {
      id: column.id,
      title: titleOf(column),
      hint: "mean ± standard deviation over the group's runs",
      width: Math.max(column.width, FIGURES_WIDTH),
      isPinned: false,
      isNumber: true,
      isFixed: true,
      get sort() {
        return sortOf(state.order(), column.id);
      },
      render: (row) => {
        const figures = () => row()?.cells[column.id];
        return (
          <Show when={figures()?.count}>
            <span class="clip" title={`from ${number(figures()!.min)} to ${number(figures()!.max)}, ${figures()!.count} runs`}>
              {number(figures()!.mean)} <span class="faint">± {number(figures()!.std)}</span>
            </span>
          </Show>
        );
      },
    };
  }

  return (
    <Grid
      label="Groups of runs"
      columns={columns()}
      total={list.pages.total()}
      shift={list.pages.shift()}
      row={(index) => list.pages.row(index)}
      isChosen={isChosen}
      onChoose={(index) => toggle(list.pages.row(index))}
      onPoint={(group) => props.onPoint(group?.id ?? "")}
      onWindow={(first, end) => list.pages.show(first, end)}
      onSort={(id) => id !== "runs" && state.sortBy(id)}
      onResize={(id, width) => state.change(id, { width })}
      onMove={() => undefined}
      scrollKey={JSON.stringify([state.filter(), state.order(), state.view(), state.groupBy().length])}
    />
  );
}
