/** The filter: completes names and values, and shows a mistake where it is. */

import { createEffect, createResource, createSignal, createUniqueId, For, on, Show } from "solid-js";
import { ApiError, messageOf } from "../api/client";
import { knownValues } from "../api/runs";
import type { KnownColumn } from "../api/types";
import { chosenExperiments } from "../shell/experiments";
import { Icon } from "../widgets/icon";
import { fixedWords, names, placeAt, quoted, type Completion } from "./completion";

const SHOWN_MAX = 30;

interface FilterProps {
  value: string;
  known: readonly KnownColumn[];
  onApply: (filter: string) => void;
  ref?: (input: HTMLInputElement) => void;
}

export function Filter(props: FilterProps) {
  let input!: HTMLInputElement;
  const id = createUniqueId();
  const [text, setText] = createSignal(props.value);
  const [caret, setCaret] = createSignal(0);
  const [isOpen, setIsOpen] = createSignal(false);
  const [at, setAt] = createSignal(-1);
  createEffect(on(() => props.value, (value) => setText(value)));

  const place = () => placeAt(text(), caret());
  const valueAsked = () => {
    const { expected, word } = place();
    if (!isOpen() || expected.what !== "value" || expected.kind === "metrics") return undefined;
    return { ...expected, word: word.replace(/^'/, "").replace(/'$/, "") };
  };
  const [values] = createResource(valueAsked, async ({ kind, key, word }) => {
    try {
      return await knownValues(chosenExperiments(), kind, key, word);
    } catch (error) {
      // Completion is a help: where it fails, typing goes on.
      if (error instanceof ApiError) return [];
      throw error;
    }
  });
  const found = (): Completion[] => {
    const { expected, word } = place();
    if (expected.what === "name") return names(props.known, word).slice(0, SHOWN_MAX);
    if (expected.what !== "value") return fixedWords(expected, word);
    if (expected.kind === "metrics") return [];
    return (values.latest ?? []).map((each) => ({ shown: each, hint: "", text: `${quoted(each)} ` }));
  };

  function follow(): void {
    setText(input.value);
    setCaret(input.selectionStart ?? input.value.length);
  }

  function take(completion: Completion): void {
    const { from } = place();
    const rest = text().slice(caret());
    const before = text().slice(0, from) + completion.text;
    input.value = before + rest.replace(/^\s+/, "");
    input.setSelectionRange(before.length, before.length);
    follow();
    setAt(-1);
  }

  function apply(): void {
    setIsOpen(false);
    props.onApply(text().trim());
  }

  function onKeyDown(event: KeyboardEvent): void {
    const all = isOpen() ? found() : [];
    if (event.key === "ArrowDown" && all.length) setAt((at() + 1) % all.length);
    else if (event.key === "ArrowUp" && all.length) setAt((at() - 1 + all.length) % all.length);
    else if (event.key === "Enter" && all[at()]) take(all[at()]!);
    else if (event.key === "Tab" && !event.shiftKey && place().word && all.length) take(all[Math.max(0, at())]!);
    else if (event.key === "Enter") apply();
    else if (event.key === "Escape" && isOpen()) setIsOpen(false);
    else if (event.key === "Escape") input.blur();
    else return;
    event.preventDefault();
  }

  return (
    <div class="filter" role="search">
      <Icon name="search" />
      <input
        ref={(element) => {
          input = element;
          props.ref?.(element);
        }}
        class="input"
        type="search"
        role="combobox"
        aria-label="Filter"
        aria-expanded={isOpen() && found().length > 0}
        aria-controls={id}
        aria-activedescendant={at() >= 0 ? `${id}-${at()}` : undefined}
        aria-autocomplete="list"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        placeholder="metrics.loss < 0.1 AND (params.lr = '0.01' OR 'part of a name')"
        value={text()}
        onInput={() => {
          follow();
          setAt(-1);
          setIsOpen(true);
          if (!input.value) apply();
        }}
        onClick={() => {
          follow();
          setIsOpen(true);
        }}
        onKeyUp={(event) => event.key.startsWith("Arrow") && setCaret(input.selectionStart ?? 0)}
        onKeyDown={onKeyDown}
        onBlur={() => {
          setIsOpen(false);
          if (text().trim() !== props.value) apply();
        }}
      />
      <Show when={isOpen() && found().length}>
        <ul class="filter-list" id={id} role="listbox" aria-label="Completions">
          <For each={found()}>
            {(completion, index) => (
              <li
                id={`${id}-${index()}`}
                role="option"
                aria-selected={index() === at()}
                onPointerDown={(event) => {
                  event.preventDefault();
                  take(completion);
                }}
              >
                <span class="clip">{completion.shown}</span>
                <span class="faint">{completion.hint}</span>
              </li>
            )}
          </For>
        </ul>
      </Show>
    </div>
  );
}

/** A refused filter: what is wrong, and the place marked where the server says it is. */
export function FilterProblem(props: { filter: string; error: unknown }) {
  const at = () => (props.error instanceof ApiError ? props.error.at : null);
  return (
    <div class="filter-problem" role="alert">
      <Show when={at() !== null}>
        <code aria-hidden="true">
          {props.filter.slice(0, at()!)}
          <mark>{props.filter.slice(at()!) || "…"}</mark>
        </code>
      </Show>
      <span class="problem">{messageOf(props.error)}</span>
    </div>
  );
}
