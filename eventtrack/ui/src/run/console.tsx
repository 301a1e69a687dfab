/** What a run printed: the last lines, by process, live; or up to a moment. */

import { createEffect, createMemo, createSignal, For, on, onCleanup, Show } from "solid-js";
import { isAborted } from "../api/client";
import { type ConsoleAnswer, type ConsoleLine, consoleOf } from "../api/details";
import type { RunStatus } from "../api/types";
import { nameOf } from "../live/stream";
import { isPast, useFollow } from "../shell/past";
import { moment, queryValue, setQuery } from "../shell/router";
import { Button } from "../widgets/button";
import { download, fileName } from "../widgets/download";
import { Fault } from "../widgets/fault";
import { count, fullTime } from "../widgets/format";

const LINES = 1000;
const LINES_MAX = 20_000;
const AGAIN_MILLISECONDS = 250;
const NEAR_END_PIXELS = 40;
const SLIDER_STEPS = 1000;
/** A rank that the client did not tell. */
const UNKNOWN_RANK = -1;

// What terminals take for colours and cursor movements.
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
});

/** A progress bar overwrites its line: what is left of it is what came last. */
export function shownText(text: string): string {
  const plain = text.replace(ESCAPES, "").replace(/\r+$/, "");
  return plain.slice(plain.lastIndexOf("\r") + 1);
}

export function Console(props: { run: RunStatus }) {
  const [lines, setLines] = createSignal<readonly ConsoleLine[]>([]);
  const [before, setBefore] = createSignal<number | null>(null);
  const [ranks, setRanks] = createSignal<readonly number[]>([]);
  const [fault, setFault] = createSignal<unknown>(null);
  const [isAnswered, setIsAnswered] = createSignal(false);
  const [isFollowing, setIsFollowing] = createSignal(true);
  let screen!: HTMLDivElement;
  let controller = new AbortController();
  onCleanup(() => controller.abort());

  const rank = () => queryValue("rank");
  const until = () => queryValue("until");
  const find = () => queryValue("find").toLowerCase();
  const isLive = () => props.run.status === "RUNNING" && !isPast() && !until();

  async function ask(earlier: number | null): Promise<ConsoleAnswer | null> {
    controller.abort();
    controller = new AbortController();
    const { signal } = controller;
    try {
      const limit = earlier === null ? Math.min(LINES_MAX, Math.max(LINES, lines().length)) : LINES;
      const found = await consoleOf(props.run.run_id, { rank: rank(), until: until(), before: earlier, limit }, signal);
      setFault(null);
      setIsAnswered(true);
      setRanks((had) => [...new Set([...had, ...found.lines.map((line) => line.rank)])].sort((a, b) => a - b));
      return found;
    } catch (error) {
      if (!isAborted(error)) setFault(error);
      return null;
    }
  }

  /** Rows of lines that are shown already stay: what is new comes at the end. */
  function merged(had: readonly ConsoleLine[], got: readonly ConsoleLine[]): ConsoleLine[] {
    const isSame = (a: ConsoleLine, b: ConsoleLine) =>
      a.timestamp === b.timestamp && a.rank === b.rank && a.source === b.source && a.text === b.text;
    const [first] = got;
    const begin = first ? had.findIndex((line) => isSame(line, first)) : -1;
    if (begin < 0) return [...got];
    return got.map((line, at) => {
      const known = had[begin + at];
      return known && isSame(known, line) ? known : line;
    });
  }

  async function load(): Promise<void> {
    const found = await ask(null);
    if (!found) return;
    setLines((had) => merged(had, found.lines));
    setBefore(found.before);
    if (isFollowing()) screen.scrollTop = screen.scrollHeight;
  }

  async function loadEarlier(): Promise<void> {
    const found = await ask(before());
    if (!found) return;
    const fromEnd = screen.scrollHeight - screen.scrollTop;
    setLines((had) => [...found.lines, ...had]);
    setBefore(found.before);
    screen.scrollTop = screen.scrollHeight - fromEnd;
  }

  createEffect(
    on([() => props.run.run_id, rank, until, moment], () => {
      setIsFollowing(true);
      void load();
    }),
  );
  useFollow(
    (told) => told.run_id === props.run.run_id && nameOf(told) === "ConsoleLogged" && !until() && isFollowing(),
    load,
    AGAIN_MILLISECONDS,
  );

  const shown = createMemo(() => {
    const words = find();
    return words ? lines().filter((line) => line.text.toLowerCase().includes(words)) : lines();
  });
  const ends = createMemo(() => {
    const start = props.run.start_time;
    const last = lines().at(-1)?.timestamp ?? start;
    return [start, Math.max(props.run.end_time ?? 0, last, start + 1)] as const;
  });
  const sliderAt = () => {
    const [start, end] = ends();
    return until() ? ((Number(until()) - start) / (end - start)) * SLIDER_STEPS : SLIDER_STEPS;
  };
  let seeking: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(seeking));
  function seek(step: number): void {
    const [start, end] = ends();
    clearTimeout(seeking);
    const to = step >= SLIDER_STEPS ? "" : String(Math.round(start + ((end - start) * step) / SLIDER_STEPS));
    seeking = setTimeout(() => setQuery({ until: to }), 120);
  }

  return (
    <section aria-label="Console" class="console">
      <div class="bar">
        <select
          class="select"
          aria-label="Which process"
          value={rank()}
          onChange={(event) => setQuery({ rank: event.currentTarget.value })}
        >
          <option value="">All processes</option>
          <For each={ranks()}>
            {(each) => (
              <option value={String(each)} selected={String(each) === rank()}>
                {each === UNKNOWN_RANK ? "Rank not told" : `Rank ${each}`}
              </option>
            )}
          </For>
        </select>
        <input
          type="search"
          class="input"
          placeholder="Find in these lines"
          aria-label="Find in these lines"
          value={queryValue("find")}
          onInput={(event) => setQuery({ find: event.currentTarget.value })}
        />
        <label class="seek">
          <span class="faint">{until() ? `Until ${fullTime(Number(until()))}` : isLive() ? "Live" : "To the end"}</span>
          <input
            type="range"
            min="0"
            max={SLIDER_STEPS}
            value={sliderAt()}
            aria-label="Lines up to a moment"
            aria-valuetext={until() ? fullTime(Number(until())) : "now"}
            onInput={(event) => seek(Number(event.currentTarget.value))}
          />
        </label>
        <Show when={until()}>
          <Button onClick={() => setQuery({ until: "" })}>To the end</Button>
        </Show>
        <span class="faint">{count(shown().length, "line")}</span>
        <Button
          icon="download"
          onClick={() =>
            download(
              `${fileName(props.run.name)}-console.txt`,
              new Blob([shown().map((line) => `${line.text}\n`).join("")], { type: "text/plain" }),
            )
          }
        >
          Save
        </Button>
      </div>
      <Show when={fault()}>
        <Fault title="The console cannot be shown" error={fault()} onRetry={() => void load()} />
      </Show>
      <div
        ref={screen}
        class="screen"
        role="log"
        aria-label="What the run printed"
        tabindex="0"
        onScroll={() => {
          const isAtEnd = screen.scrollHeight - screen.scrollTop - screen.clientHeight < NEAR_END_PIXELS;
          // What was printed while somebody read further up.
          if (isAtEnd && !isFollowing() && isLive()) void load();
          setIsFollowing(isAtEnd);
        }}
      >
        <Show when={before() !== null}>
          <Button onClick={() => void loadEarlier()}>Earlier lines</Button>
        </Show>
        <For
          each={shown()}
          fallback={
            <p class="faint">
              {isAnswered()
                ? find()
                  ? "No line has these words."
                  : "Nothing printed. The trainer's client captures the console by itself."
                : "…"}
            </p>
          }
        >
          {(line) => (
            <p classList={{ stderr: line.source === "stderr" }}>
              <time title={fullTime(line.timestamp)}>{clock.format(line.timestamp)}</time>
              <span class="rank">{line.rank === UNKNOWN_RANK ? "" : line.rank}</span>
              <span class="text">{shownText(line.text)}</span>
            </p>
          )}
        </For>
      </div>
    </section>
  );
}
