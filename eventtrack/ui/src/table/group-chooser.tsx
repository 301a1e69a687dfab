/** By what runs are grouped. */

import { createMemo, createSignal, For } from "solid-js";
import type { RunsState } from "../pages/runs-state";
import { Button } from "../widgets/button";
import { Popover } from "../widgets/popover";
import { columnOf, idOf, titleOf, type TableColumn } from "./columns";

const SHOWN_MAX = 200;
const ATTRIBUTES = ["a.user", "a.status", "a.experiment_id"];

export function GroupChooser(props: { state: RunsState }) {
  const label = () => {
    const by = props.state.groupBy();
    return <span class="clip">{by.length ? `By ${by.map(titleOf).join(", ")}` : "Group"}</span>;
  };
  return (
    <Popover label={label()} title="Group runs" icon="group" align="end">
      {() => <Choices state={props.state} />}
    </Popover>
  );
}

function Choices(props: { state: RunsState }) {
  const [typed, setTyped] = createSignal("");
  const found = createMemo<TableColumn[]>(() => {
    const known = (props.state.known() ?? [])
      .filter((each) => each.kind === "params" || each.kind === "tags")
      .map((each) => idOf(each.kind, each.key));
    const text = typed().trim().toLowerCase();
    return [...ATTRIBUTES, ...known]
      .flatMap((id) => columnOf(id) ?? [])
      .filter((each) => titleOf(each).toLowerCase().includes(text))
      .slice(0, SHOWN_MAX);
  });
  const isBy = (id: string) => props.state.groupBy().some((each) => each.id === id);

  function toggle(column: TableColumn): void {
    const by = props.state.groupBy();
    props.state.setGroupBy(isBy(column.id) ? by.filter((each) => each.id !== column.id) : [...by, column]);
  }

  return (
    <div class="chooser">
      <input
        class="input"
        type="search"
        placeholder="Find a param or tag"
        aria-label="Find a param or tag"
        value={typed()}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
      <div class="list">
        <For each={found()}>
          {(column) => (
            <label>
              <input type="checkbox" checked={isBy(column.id)} onChange={() => toggle(column)} />
              <span class="clip">{titleOf(column)}</span>
              <span class="faint">{column.kind === "attributes" ? "" : column.kind.slice(0, -1)}</span>
            </label>
          )}
        </For>
      </div>
      <Button onClick={() => props.state.setGroupBy([])}>Do not group</Button>
    </div>
  );
}
