/** Which columns are shown: those of the run, and every param, tag and metric that runs have. */

import { createMemo, createResource, createSignal, For, Show } from "solid-js";
import { knownColumns } from "../api/runs";
import type { Kind, KnownColumn } from "../api/types";
import type { RunsState } from "../pages/runs-state";
import { chosenExperiments } from "../shell/experiments";
import { setQuery } from "../shell/router";
import { Button } from "../widgets/button";
import { Popover } from "../widgets/popover";
import { ATTRIBUTES, idOf, titleOf } from "./columns";

const SHOWN_MAX = 300;
const SECTIONS: readonly [Kind, string][] = [
  ["attributes", "Of the run"],
  ["metrics", "Metrics"],
  ["params", "Params"],
  ["tags", "Tags"],
];

export function Chooser(props: { state: RunsState }) {
  return (
    <Popover label="Columns" title="Choose columns" icon="columns" align="end">
      {() => <Choices state={props.state} />}
    </Popover>
  );
}

function Choices(props: { state: RunsState }) {
  const [typed, setTyped] = createSignal("");
  const [more] = createResource(
    () => typed().trim(),
    (prefix) => (prefix ? knownColumns(chosenExperiments(), { prefix, limit: SHOWN_MAX }) : []),
  );
  const found = createMemo(() => {
    const text = typed().trim().toLowerCase();
    const attributes = ATTRIBUTES.map((key): KnownColumn => ({ kind: "attributes", key, runs: 0 }));
    const all = new Map<string, KnownColumn>();
    const known = more.error ? [] : (more.latest ?? []);
    for (const each of [...attributes, ...(props.state.known() ?? []), ...known]) {
      if (each.kind === "attributes" && !(ATTRIBUTES as readonly string[]).includes(each.key)) continue;
      if (each.key.toLowerCase().includes(text)) all.set(idOf(each.kind, each.key), each);
    }
    return [...all.values()];
  });
  const isShown = (each: KnownColumn) =>
    props.state.columns().some((column) => column.kind === each.kind && column.key === each.key);

  function toggle(each: KnownColumn): void {
    const { state } = props;
    const shown = state.columns().filter((one) => one.kind === each.kind && one.key === each.key);
    if (shown.length) for (const one of shown) state.remove(one.id);
    else state.add(idOf(each.kind, each.key));
  }

  return (
    <div class="chooser">
      <input
        class="input"
        type="search"
        placeholder="Find a column"
        aria-label="Find a column"
        value={typed()}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
      <div class="list">
        <For each={SECTIONS}>
          {([kind, title]) => {
            const some = createMemo(() => found().filter((each) => each.kind === kind));
            return (
              <Show when={some().length}>
                <h3>{title}</h3>
                <For each={some().slice(0, SHOWN_MAX)}>
                  {(each) => (
                    <label>
                      <input type="checkbox" checked={isShown(each)} onChange={() => toggle(each)} />
                      <span class="clip">
                        {titleOf({ kind: each.kind, key: each.key, of: "last" })}
                      </span>
                      <Show when={each.runs}>
                        <span class="faint">{each.runs.toLocaleString("en")}</span>
                      </Show>
                    </label>
                  )}
                </For>
                <Show when={some().length > SHOWN_MAX}>
                  <p class="faint">{some().length - SHOWN_MAX} more: type to find them</p>
                </Show>
              </Show>
            );
          }}
        </For>
      </div>
      <Button onClick={() => setQuery({ cols: "" })}>Back to the usual columns</Button>
    </div>
  );
}
