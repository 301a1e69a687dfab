/** What happened to a thing: every event in words, who and when, old and new values, and undo. */

import { createEffect, createSignal, For, on, onCleanup, Show } from "solid-js";
import { historyOf, type PastEvent, undo } from "../api/details";
import { isAborted } from "../api/client";
import type { Told } from "../live/stream";
import { isPast, useFollow } from "../shell/past";
import { moment, queryValue, setQuery } from "../shell/router";
import { Ask } from "../widgets/ask";
import { Button } from "../widgets/button";
import { Fault } from "../widgets/fault";
import { fullTime, NOTHING, when } from "../widgets/format";
import { tell } from "../widgets/toast";

const PAGE = 100;
const VALUE_SHOWN = 200;
const NAMES_MAX = 40;

interface HistoryProps {
  /** The thing's path below the native API, such as runs/ab. */
  of: string;
  concerns: (told: Told) => boolean;
  /** The thing as it was when an event had happened. */
  hrefAt: (position: number) => string;
  /** The thing then beside itself now, where there is such a page. */
  hrefCompare?: (position: number) => string;
}

/** The event's name as words: RunTagsSet is "run tags set". */
const spelled = (type: string) =>
  type.split("/")[0]!.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();

const nameOfType = (type: string) => type.split("/")[0]!;

const NOISE = "!MetricsLogged,!ConsoleLogged";

export function History(props: HistoryProps) {
  const [events, setEvents] = createSignal<readonly PastEvent[]>([]);
  const [next, setNext] = createSignal<number | null>(null);
  const [fault, setFault] = createSignal<unknown>(null);
  const [isAsked, setIsAsked] = createSignal(false);
  const [names, setNames] = createSignal<readonly string[]>([]);
  const [taken, setTaken] = createSignal<PastEvent | null>(null);
  let controller = new AbortController();
  onCleanup(() => controller.abort());

  const type = () => queryValue("type") || (queryValue("quiet") === "1" ? NOISE : "");
  const asked = () => ({ type: type(), actor: queryValue("actor"), limit: PAGE });

  async function load(before: number | null): Promise<void> {
    controller.abort();
    controller = new AbortController();
    const { signal } = controller;
    try {
      const page = await historyOf(props.of, { ...asked(), before }, signal);
      setEvents((had) => {
        const known = new Map(had.map((each) => [each.position, each]));
        // An event that is shown keeps its row.
        const got = page.events.map((each) => known.get(each.position) ?? each);
        return before === null ? got : [...had, ...got];
      });
      setNext(page.next);
      setNames((had) => [...new Set([...had, ...page.events.map((each) => nameOfType(each.type))])].sort().slice(0, NAMES_MAX));
      setFault(null);
    } catch (error) {
      if (!isAborted(error)) setFault(error);
    } finally {
      if (!signal.aborted) setIsAsked(true);
    }
  }

  createEffect(on([() => props.of, type, () => queryValue("actor"), moment], () => void load(null)));
  // While earlier events are looked at, the list stays as it is.
  useFollow((told) => events().length <= PAGE && props.concerns(told), () => load(null));

  return (
    <section aria-label="History" class="history">
      <div class="bar">
        <select
          class="select"
          aria-label="Which events"
          value={queryValue("type")}
          onChange={(event) => setQuery({ type: event.currentTarget.value })}
        >
          <option value="">Every event</option>
          <For each={names()}>
            {(name) => (
              <option value={name} selected={name === queryValue("type")}>
                {spelled(name)}
              </option>
            )}
          </For>
        </select>
        <input
          type="search"
          class="input"
          placeholder="Who"
          aria-label="Who did it: user, or user@address"
          value={queryValue("actor")}
          onChange={(event) => setQuery({ actor: event.currentTarget.value.trim() })}
        />
        <label>
          <input
            type="checkbox"
            checked={queryValue("quiet") === "1"}
            onChange={(event) => setQuery({ quiet: event.currentTarget.checked ? "1" : "", type: "" })}
          />
          Without log calls
        </label>
      </div>
      <Show when={fault()}>
        <Fault title="The history cannot be shown" error={fault()} onRetry={() => void load(null)} />
      </Show>
      <ol class="events">
        <For
          each={events()}
          fallback={<li class="faint">{isAsked() && !fault() ? "No event is like this." : ""}</li>}
        >
          {(event) => <Event event={event} hrefAt={props.hrefAt} hrefCompare={props.hrefCompare} onUndo={() => setTaken(event)} />}
        </For>
      </ol>
      <Show when={next()}>
        {(before) => <Button onClick={() => void load(before())}>Earlier events</Button>}
      </Show>
      <Show when={taken()}>
        {(event) => (
          <Ask
            title={`Undo event ${event().position}`}
            action="Undo"
            fields={[
              { name: "reason", label: "Reason", hint: "It stays in the history. The undoing can be undone too." },
            ]}
            onClose={() => setTaken(null)}
            onDone={async ({ reason }) => {
              await undo(event().position, reason ?? "");
              tell("Taken back");
              await load(null);
            }}
          >
            <p>
              <strong>{event().user || "somebody"}</strong> {event().words}
            </p>
          </Ask>
        )}
      </Show>
    </section>
  );
}

/** Do the words have this value?  Numbers of milliseconds are times there. */
const isSaid = (words: string, field: string, value: string | number) =>
  words.includes(String(value)) || (typeof value === "number" && field.endsWith("time"));

interface EventProps {
  event: PastEvent;
  hrefAt: (position: number) => string;
  hrefCompare: ((position: number) => string) | undefined;
  onUndo: () => void;
}

function Event(props: EventProps) {
  const at = () => props.event.recorded_at / 1000;
  /** The words say short values themselves. */
  const untold = () =>
    props.event.changes.filter((change) =>
      [change.old, change.new].some((value) => value !== null && !isSaid(props.event.words, change.field, value)),
    );
  return (
    <li class="event" data-position={props.event.position}>
      <time dateTime={new Date(at()).toISOString()} title={fullTime(at())}>
        {when(at())}
      </time>
      <div>
        <p>
          <strong title={props.event.address ? `from ${props.event.address}` : undefined}>
            {props.event.user || props.event.address || "somebody"}
          </strong>{" "}
          {props.event.words}
        </p>
        <Show when={untold().length}>
          <ul class="changes">
            <For each={untold()}>
              {(change) => (
                <li>
                  <span class="field-name">{change.field}</span>
                  <Value value={change.old} isOld />
                  <span aria-label="became">→</span>
                  <Value value={change.new} />
                </li>
              )}
            </For>
          </ul>
        </Show>
      </div>
      <div class="event-tools">
        <Show when={props.hrefCompare}>
          {(href) => (
            <a class="faint then" href={href()(props.event.position)} title="Beside itself as it is now">
              vs now
            </a>
          )}
        </Show>
        <a class="faint" href={props.hrefAt(props.event.position)} title="As it was when this had happened">
          #{props.event.position}
        </a>
        <Show when={!isPast()}>
          <Show
            when={!props.event.lasting}
            fallback={
              <span class="lasting faint" title={props.event.lasting} tabindex="0">
                stays
                <span class="offscreen">: {props.event.lasting}</span>
              </span>
            }
          >
            <Button icon="restore" onClick={props.onUndo} title="Take this back">
              Undo
            </Button>
          </Show>
        </Show>
      </div>
    </li>
  );
}

function Value(props: { value: string | number | null; isOld?: boolean }) {
  const text = () => (props.value === null ? NOTHING : String(props.value));
  return (
    <code classList={{ old: props.isOld === true }} title={text()}>
      {text().slice(0, VALUE_SHOWN)}
    </code>
  );
}
