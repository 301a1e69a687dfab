/** Which experiments are looked at: one by a click, several by their boxes, or all. */

import { createMemo, createSignal, For, Show } from "solid-js";
import { Popover } from "../widgets/popover";
import { count, when } from "../widgets/format";
import { chosenExperiments, experimentName, experiments, experimentsFault } from "./experiments";
import { go, href } from "./router";

const SHOWN_MAX = 200;

const addressOf = (ids: readonly string[]) => href(ids.length ? ["experiments", ids.join(",")] : []);

export function ExperimentPicker() {
  const label = () => {
    const chosen = chosenExperiments();
    if (chosen.length === 0) return "All experiments";
    if (chosen.length === 1) return experimentName(chosen[0]!);
    return count(chosen.length, "experiment");
  };
  return (
    <Popover label={<span class="clip">{label()}</span>} title="Choose experiments" icon="beaker" class="picker">
      {(close) => <Choices close={close} />}
    </Popover>
  );
}

function Choices(props: { close: () => void }) {
  const [typed, setTyped] = createSignal("");
  const found = createMemo(() => {
    const words = typed().toLowerCase().split(/\s+/).filter(Boolean);
    return experiments().filter((each) => {
      const name = each.name.toLowerCase();
      return words.every((word) => name.includes(word) || each.experiment_id === word);
    });
  });

  function open(ids: readonly string[]): void {
    go(addressOf(ids));
    props.close();
  }

  function toggle(id: string): void {
    const chosen = chosenExperiments();
    go(addressOf(chosen.includes(id) ? chosen.filter((each) => each !== id) : [...chosen, id]));
  }

  return (
    <div class="choices">
      <input
        type="search"
        class="input"
        placeholder="Find an experiment"
        aria-label="Find an experiment"
        value={typed()}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => {
          const first = found()[0];
          if (event.key === "Enter" && first) open([first.experiment_id]);
        }}
      />
      <Show when={experimentsFault()}>
        <p class="problem">The experiments could not be loaded.</p>
      </Show>
      <ul class="list">
        <li>
          <button type="button" class="choice" onClick={() => open([])}>
            All experiments
          </button>
        </li>
        <For each={found().slice(0, SHOWN_MAX)}>
          {(each) => (
            <li>
              <input
                type="checkbox"
                aria-label={`Look at ${each.name} too`}
                checked={chosenExperiments().includes(each.experiment_id)}
                onChange={() => toggle(each.experiment_id)}
              />
              <button type="button" class="choice" onClick={() => open([each.experiment_id])}>
                <span class="clip">{each.name}</span>
                <span class="faint">{when(each.last_update_time)}</span>
              </button>
            </li>
          )}
        </For>
      </ul>
      <p class="faint">
        {found().length > SHOWN_MAX
          ? `${SHOWN_MAX} of ${found().length}: type to find others`
          : count(found().length, "experiment")}
      </p>
    </div>
  );
}
