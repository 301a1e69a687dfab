/** The palette: every command and every experiment, by typing some of its words. */

import { createEffect, createMemo, createSignal, createUniqueId, For, Show } from "solid-js";
import { Dialog } from "../widgets/dialog";
import { type Command, commands, matching } from "./commands";
import { experiments } from "./experiments";
import { go, href } from "./router";

const SHOWN_MAX = 50;
/** What a run's id looks like: it can be opened without knowing its experiment. */
const RUN_ID = /^[0-9a-f]{32}$/;

export function Palette(props: { onClose: () => void }) {
  const [typed, setTyped] = createSignal("");
  const [at, setAt] = createSignal(0);
  const id = createUniqueId();
  let list!: HTMLUListElement;

  const places = createMemo<Command[]>(() =>
    experiments().map((each) => ({
      title: each.name,
      section: "Experiments",
      hint: each.experiment_id,
      run: () => go(href(["experiments", each.experiment_id])),
    })),
  );
  const found = createMemo(() => {
    const text = typed().trim();
    const runs: Command[] = RUN_ID.test(text)
      ? [{ title: `Run ${text}`, section: "Runs", run: () => go(href(["runs", text])) }]
      : [];
    return [...runs, ...matching([...commands(), ...places()], text)].slice(0, SHOWN_MAX);
  });

  createEffect(() => {
    list.children[at()]?.scrollIntoView({ block: "nearest" });
  });

  function run(command: Command | undefined): void {
    if (!command) return;
    props.onClose();
    command.run();
  }

  function onKeyDown(event: KeyboardEvent): void {
    const last = found().length - 1;
    if (event.key === "ArrowDown") setAt(Math.min(at() + 1, last));
    else if (event.key === "ArrowUp") setAt(Math.max(at() - 1, 0));
    else if (event.key === "Enter") run(found()[at()]);
    else return;
    event.preventDefault();
  }

  return (
    <Dialog title="Go to" class="palette" bare onClose={props.onClose}>
      <input
        class="input"
        type="search"
        role="combobox"
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={found().length ? `${id}-${at()}` : undefined}
        aria-label="Command or experiment"
        placeholder="Type a command, an experiment's name or a run's id"
        value={typed()}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul ref={list} id={id} class="list" role="listbox" aria-label="Found">
        <For each={found()}>
          {(command, index) => (
            <li
              id={`${id}-${index()}`}
              role="option"
              aria-selected={index() === at()}
              onPointerMove={() => setAt(index())}
              onClick={() => run(command)}
            >
              <span class="clip">{command.title}</span>
              <span class="faint">{command.section}</span>
            </li>
          )}
        </For>
      </ul>
      <Show when={!found().length}>
        <p class="faint">Nothing has these words.</p>
      </Show>
    </Dialog>
  );
}
