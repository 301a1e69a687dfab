/** A run's params: found by words, copied, put right with a trail. */

import { createMemo, createSignal, For, Show } from "solid-js";
import { correctParam } from "../api/details";
import type { RunStatus } from "../api/types";
import { isPast } from "../shell/past";
import { queryValue, setQuery } from "../shell/router";
import { Ask } from "../widgets/ask";
import { Button, IconButton } from "../widgets/button";
import { copy } from "../widgets/clipboard";
import { count } from "../widgets/format";
import { useFirst } from "../widgets/more";
import { tell } from "../widgets/toast";

export function Params(props: { run: RunStatus }) {
  const { shown, More } = useFirst();
  const [corrected, setCorrected] = createSignal("");
  const keys = createMemo(() => {
    const words = queryValue("find").toLowerCase().split(/\s+/).filter(Boolean);
    return Object.entries(props.run.params)
      .filter(([key, value]) => words.every((word) => `${key}\n${value}`.toLowerCase().includes(word)))
      .map(([key]) => key)
      .sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
  });
  return (
    <section aria-label="Params">
      <div class="bar">
        <input
          type="search"
          class="input"
          placeholder="Find params"
          aria-label="Find params"
          value={queryValue("find")}
          onInput={(event) => setQuery({ find: event.currentTarget.value })}
        />
        <span class="faint">{count(keys().length, "param")}</span>
        <Button icon="copy" onClick={() => void copy(JSON.stringify(props.run.params, null, 2), "The params")}>
          Copy as JSON
        </Button>
      </div>
      <table class="pairs">
        <tbody>
          <For each={shown(keys())} fallback={<tr><td class="faint">None</td></tr>}>
            {(key) => (
              <tr>
                <th scope="row">{key}</th>
                <td class="mono">{props.run.params[key]}</td>
                <td class="row-tools">
                  <IconButton
                    icon="copy"
                    label={`Copy ${key}`}
                    onClick={() => void copy(props.run.params[key] ?? "", key)}
                  />
                  <Show when={!isPast()}>
                    <IconButton icon="edit" label={`Correct ${key}`} onClick={() => setCorrected(key)} />
                  </Show>
                </td>
              </tr>
            )}
          </For>
        </tbody>
      </table>
      <More of={keys().length} />
      <Show when={corrected()}>
        {(key) => (
          <Ask
            title={`Correct ${key()}`}
            action="Correct"
            fields={[
              { name: "value", label: "Value", value: props.run.params[key()] ?? "" },
              { name: "reason", label: "Reason", hint: "The value before stays in the history, with this reason." },
            ]}
            onClose={() => setCorrected("")}
            onDone={async ({ value, reason }) => {
              await correctParam(props.run.run_id, key(), value!, reason!);
              tell(`${key()} is corrected`);
            }}
          />
        )}
      </Show>
    </section>
  );
}
