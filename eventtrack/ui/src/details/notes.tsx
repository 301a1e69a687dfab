/** A text in markdown that people write about a thing. */

import { createSignal, Show } from "solid-js";
import { Markdown } from "../markdown/markdown";
import { isPast } from "../shell/past";
import { Ask } from "../widgets/ask";
import { IconButton } from "../widgets/button";
import { tell } from "../widgets/toast";

interface NotesProps {
  /** What the text is called: Notes, Description. */
  title: string;
  text: string;
  onSave: (text: string) => Promise<unknown>;
}

export function Notes(props: NotesProps) {
  const [isEditing, setIsEditing] = createSignal(false);
  const name = () => props.title.toLowerCase();
  return (
    <section aria-label={props.title}>
      <div class="with-action">
        <h2>{props.title}</h2>
        <Show when={!isPast()}>
          <IconButton icon="edit" label={`Edit the ${name()}`} onClick={() => setIsEditing(true)} />
        </Show>
      </div>
      <Show when={props.text} fallback={<p class="faint">None yet. Markdown is welcome.</p>}>
        <Markdown text={props.text} />
      </Show>
      <Show when={isEditing()}>
        <Ask
          title={`Edit the ${name()}`}
          action="Save"
          fields={[{ name: "text", label: "Markdown", value: props.text, isLong: true }]}
          onClose={() => setIsEditing(false)}
          onDone={async ({ text }) => {
            await props.onSave(text ?? "");
            tell(`${props.title} saved; what was there before is in the history`);
          }}
        />
      </Show>
    </section>
  );
}
