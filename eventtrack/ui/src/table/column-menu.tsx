/** What may be done with a column, in words. */

import { For, Show } from "solid-js";
import type { RunsState } from "../pages/runs-state";
import { Button } from "../widgets/button";
import { AGGREGATES, idOf, orderOf, type TableColumn } from "./columns";

export function ColumnMenu(props: { column: TableColumn; state: RunsState; close: () => void }) {
  const { column, state } = props;
  const item = (title: string, act: () => void) => (
    <Button
      onClick={() => {
        props.close();
        act();
      }}
    >
      {title}
    </Button>
  );
  return (
    <div class="menu">
      {item("Sort, least first", () => state.sort(orderOf(column.id, false)))}
      {item("Sort, greatest first", () => state.sort(orderOf(column.id, true)))}
      {item(column.isPinned ? "Unpin" : "Pin to the left", () =>
        state.change(column.id, { isPinned: !column.isPinned }),
      )}
      {item("Move left", () => state.move(column.id, { by: -1 }))}
      {item("Move right", () => state.move(column.id, { by: 1 }))}
      {item("Group by this", () => state.setGroupBy([column]))}
      <Show when={column.kind === "metrics"}>
        <fieldset class="aggregates">
          <legend>Show of the metric</legend>
          <For each={AGGREGATES}>
            {(of) => (
              <label>
                <input
                  type="radio"
                  name={`of-${column.id}`}
                  checked={column.of === of}
                  onChange={() => {
                    props.close();
                    state.replace(column.id, idOf("metrics", column.key, of));
                  }}
                />
                {of}
              </label>
            )}
          </For>
        </fieldset>
      </Show>
      {item("Hide", () => state.remove(column.id))}
    </div>
  );
}
