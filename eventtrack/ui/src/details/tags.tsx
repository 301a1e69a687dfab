/** Tags in a table: added, changed, removed and brought back. */

import { createMemo, createSignal, For, Show } from "solid-js";
import { isPast } from "../shell/past";
import { Ask } from "../widgets/ask";
import { Button, IconButton } from "../widgets/button";
import { tell, tellError } from "../widgets/toast";

interface TagsProps {
  tags: Readonly<Record<string, string>>;
  onSet: (key: string, value: string) => Promise<unknown>;
  onRemove: (key: string) => Promise<unknown>;
}

/** Clients keep books in such tags. */
const OF_CLIENTS = /^(mlflow|eventtrack)\./;

export function Tags(props: TagsProps) {
  const [edited, setEdited] = createSignal<string | null>(null);
  const [areAllShown, setAreAllShown] = createSignal(false);
  const keys = createMemo(() =>
    Object.keys(props.tags)
      .filter((key) => areAllShown() || !OF_CLIENTS.test(key))
      .sort((a, b) => a.localeCompare(b)),
  );
  const hidden = () => Object.keys(props.tags).length - keys().length;

  async function remove(key: string): Promise<void> {
    const before = props.tags[key]!;
    try {
      await props.onRemove(key);
      tell(`Tag ${key} is removed`, {
        title: "Undo",
        run: () =>
          void props.onSet(key, before).catch((error: unknown) => tellError(`Tag ${key} is not back`, error)),
      });
    } catch (error) {
      tellError(`Tag ${key} was not removed`, error);
    }
  }

  return (
    <section aria-label="Tags">
      <div class="with-action">
        <h2>Tags</h2>
        <Show when={!isPast()}>
          <Button icon="tag" onClick={() => setEdited("")}>Add</Button>
        </Show>
        <Show when={hidden() || areAllShown()}>
          <Button aria-pressed={areAllShown()} onClick={() => setAreAllShown(!areAllShown())}>
            {areAllShown() ? "All" : `${hidden()} of the clients`}
          </Button>
        </Show>
      </div>
      <table class="pairs">
        <tbody>
          <For each={keys()} fallback={<tr><td class="faint">None</td></tr>}>
            {(key) => (
              <tr>
                <th scope="row">{key}</th>
                <td>{props.tags[key]}</td>
                <Show when={!isPast()}>
                  <td class="row-tools">
                    <IconButton icon="edit" label={`Edit tag ${key}`} onClick={() => setEdited(key)} />
                    <IconButton icon="trash" label={`Remove tag ${key}`} onClick={() => void remove(key)} />
                  </td>
                </Show>
              </tr>
            )}
          </For>
        </tbody>
      </table>
      <Show when={edited() !== null}>
        <Ask
          title={edited() ? `Tag ${edited()}` : "Add a tag"}
          action="Save"
          fields={[
            ...(edited() ? [] : [{ name: "key", label: "Key", isRequired: true }]),
            { name: "value", label: "Value", value: edited() ? (props.tags[edited()!] ?? "") : "" },
          ]}
          onClose={() => setEdited(null)}
          onDone={async ({ key, value }) => void (await props.onSet(edited() || key!, value!))}
        />
      </Show>
    </section>
  );
}
