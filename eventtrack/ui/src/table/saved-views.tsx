/** Views that somebody saved under a name: opened by a click, saved, renewed and removed here. */

import { createResource, createSignal, For, Show } from "solid-js";
import { deleteView, savedViews, saveView, updateView, type SavedView } from "../api/views";
import { nameOf, useEvents } from "../live/stream";
import { throttled } from "../live/throttle";
import { chosenExperiments } from "../shell/experiments";
import { go, href, moment, queryText } from "../shell/router";
import { Button, IconButton } from "../widgets/button";
import { when } from "../widgets/format";
import { Popover } from "../widgets/popover";
import { tell, tellError } from "../widgets/toast";

const AGAIN_MILLISECONDS = 500;

export function SavedViews() {
  return (
    <Popover label="Views" title="Saved views" icon="bookmark" align="end">
      {(close) => <Choices close={close} />}
    </Popover>
  );
}

function Choices(props: { close: () => void }) {
  const [views, { refetch }] = createResource(() => savedViews(chosenExperiments()));
  const [name, setName] = createSignal("");
  const again = throttled(async () => void (await refetch()), AGAIN_MILLISECONDS);
  useEvents((told) => {
    if (nameOf(told).startsWith("SavedView")) again();
  });

  async function act(what: string, work: () => Promise<unknown>, done: string): Promise<void> {
    try {
      await work();
      tell(done);
      again();
    } catch (error) {
      tellError(what, error);
    }
  }

  function open(view: SavedView): void {
    const ids = view.experiment_ids;
    const address = href(ids.length ? ["experiments", ids.join(",")] : []).split("?")[0]!;
    go(view.state.query ? `${address}?${view.state.query}` : address);
    props.close();
  }

  return (
    <div class="chooser">
      <Show when={!views.error} fallback={<p class="problem">The views could not be loaded.</p>}>
        <ul class="list">
          <For each={views.latest} fallback={<li class="faint">No view is saved yet.</li>}>
            {(view) => (
              <li class="saved-view">
                <button type="button" class="choice" onClick={() => open(view)}>
                  <span class="clip">{view.name}</span>
                  <span class="faint" title={`Last changed by ${view.updated_by}`}>
                    {view.owner} · {when(view.updated_at)}
                  </span>
                </button>
                <Show when={!moment()}>
                  <IconButton
                    icon="check"
                    label={`Save what is shown now as ${view.name}`}
                    onClick={() =>
                      void act(
                        "The view could not be changed",
                        () => updateView(view.view_id, { state: { query: queryText() } }),
                        `${view.name} is what is shown now`,
                      )
                    }
                  />
                  <IconButton
                    icon="trash"
                    label={`Remove the view ${view.name}`}
                    onClick={() =>
                      void act(
                        "The view could not be removed",
                        () => deleteView(view.view_id),
                        `${view.name} is removed`,
                      )
                    }
                  />
                </Show>
              </li>
            )}
          </For>
        </ul>
      </Show>
      <Show when={!chosenExperiments().length && !moment()}>
        <p class="faint">A view is of experiments: choose some, to save one.</p>
      </Show>
      <Show when={chosenExperiments().length && !moment()}>
        <form
          class="save-view"
          onSubmit={(event) => {
            event.preventDefault();
            const chosen = name().trim();
            if (!chosen) return;
            setName("");
            void act(
              "The view could not be saved",
              () => saveView(chosen, chosenExperiments(), queryText()),
              `${chosen} is saved`,
            );
          }}
        >
          <input
            class="input"
            placeholder="Name of this view"
            aria-label="Name of this view"
            value={name()}
            onInput={(event) => setName(event.currentTarget.value)}
          />
          <Button look="primary" type="submit">
            Save
          </Button>
        </form>
      </Show>
    </div>
  );
}
