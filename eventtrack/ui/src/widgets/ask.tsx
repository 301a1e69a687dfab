/** A dialog with a few fields; a refusal is shown in it, and what was typed stays. */

import { createSignal, createUniqueId, For, Show, type JSX } from "solid-js";
import { adviceOf, messageOf } from "../api/client";
import { Button } from "./button";
import { Dialog } from "./dialog";

interface Field {
  name: string;
  label: string;
  value?: string;
  hint?: string;
  isRequired?: boolean;
  isLong?: boolean;
  choices?: readonly string[];
}

interface AskProps {
  title: string;
  action: string;
  look?: "primary" | "danger";
  fields: readonly Field[];
  children?: JSX.Element;
  onClose: () => void;
  /** What is thrown is shown, and the dialog stays open. */
  onDone: (values: Record<string, string>) => Promise<void>;
}

export function Ask(props: AskProps) {
  const id = createUniqueId();
  const [fault, setFault] = createSignal<unknown>(null);
  const [isBusy, setIsBusy] = createSignal(false);

  async function done(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    setIsBusy(true);
    setFault(null);
    try {
      await props.onDone(Object.fromEntries([...given].map(([name, value]) => [name, String(value)])));
      props.onClose();
    } catch (error) {
      setFault(error);
    } finally {
      setIsBusy(false);
    }
  }

  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <form class="ask" onSubmit={(event) => void done(event)}>
        {props.children}
        <For each={props.fields}>
          {(field, index) => (
            <div>
              <label class="field">
                <span>{field.label}</span>
                <FieldInput field={field} isFirst={index() === 0} hintId={`${id}-${field.name}`} />
              </label>
              <Show when={field.hint}>
                <small id={`${id}-${field.name}`} class="faint">{field.hint}</small>
              </Show>
            </div>
          )}
        </For>
        <Show when={fault()}>
          <p class="problem" role="alert">
            {messageOf(fault())} {adviceOf(fault())}
          </p>
        </Show>
        <footer class="dialog-foot">
          <Button onClick={props.onClose}>Cancel</Button>
          <Button type="submit" look={props.look ?? "primary"} disabled={isBusy()}>
            {props.action}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

function FieldInput(props: { field: Field; isFirst: boolean; hintId: string }) {
  const common = () => ({
    name: props.field.name,
    required: props.field.isRequired ?? false,
    autofocus: props.isFirst,
    "aria-describedby": props.field.hint ? props.hintId : undefined,
  });
  return (
    <Show
      when={props.field.choices}
      fallback={
        <Show
          when={props.field.isLong}
          fallback={<input class="input" {...common()} value={props.field.value ?? ""} autocomplete="off" />}
        >
          <textarea class="input" rows="10" {...common()} value={props.field.value ?? ""} />
        </Show>
      }
    >
      <select class="select" {...common()}>
        <For each={props.field.choices}>
          {(choice) => (
            <option value={choice} selected={choice === props.field.value}>
              {choice}
            </option>
          )}
        </For>
      </select>
    </Show>
  );
}
