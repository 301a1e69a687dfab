/** The bar that goes through time: every page shows what was then, for `?at=` says when. */

import { createEffect, createMemo, createSignal, For, on, onCleanup, Show } from "solid-js";
import "../styles/time.css";
import { isAborted } from "../api/client";
import { type Moment, momentTold, runThen } from "../api/details";
import { isPast, useFollow } from "../shell/past";
import { moment, setQuery } from "../shell/router";
import { Button, IconButton } from "../widgets/button";
import { fullTime } from "../widgets/format";
import { tellError } from "../widgets/toast";
import { paced, Replay, SPEEDS } from "./replay";
import { besides, endsOf, type Stop, stopsFrom } from "./stops";

const SLIDING_MILLISECONDS = 120;
const HEAD_MILLISECONDS = 2_000;

interface TimeBarProps {
  /** The run whose page is shown, "" on other pages. */
  runId: string;
  onClose: () => void;
}

export function TimeBar(props: TimeBarProps) {
  const [told, setTold] = createSignal<Moment | null>(null);
  const [ends, setEnds] = createSignal<readonly [Stop, Stop] | null>(null);
  const [speed, setSpeed] = createSignal(10);
  let controller = new AbortController();
  onCleanup(() => controller.abort());

  const show = (position: number) => setQuery({ at: String(position) });
  const toNow = () => setQuery({ at: "" }, true);
  const replay = new Replay(
    speed,
    (position) => show(position),
    () => setQuery({ at: "" }),
  );

  async function ask(): Promise<void> {
    controller.abort();
    controller = new AbortController();
    const { signal } = controller;
    try {
      const found = await momentTold(moment(), signal);
      if (!signal.aborted) setTold(found);
    } catch (error) {
      if (isAborted(error)) return;
      tellError("This moment cannot be shown", error);
    }
  }
  let asked = Promise.resolve();
  const askAgain = () => (asked = ask());
  createEffect(on(moment, () => void askAgain()));
  // The end of the log moves while the present is shown.
  useFollow(() => true, askAgain, HEAD_MILLISECONDS);
  /** Until what was asked last is told: a question that is asked anew ends the one before it. */
  async function untilTold(): Promise<void> {
    for (let waited; waited !== asked; ) await (waited = asked);
  }

  async function askEnds(runId: string): Promise<void> {
    const head = told()?.head;
    if (head === undefined) return;
    try {
      const found = runId ? await endsOf(runId, head) : undefined;
      if (runId === props.runId) setEnds(found ?? null);
    } catch (error) {
      tellError("The run's events cannot be found", error);
    }
  }
  const head = createMemo(() => told()?.head ?? 0);
  createEffect(
    on([() => props.runId, head], ([runId]) => {
      if (!runId) setEnds(null);
      void askEnds(runId);
    }),
  );
  // Another run's events are others.
  createEffect(on(() => props.runId, () => replay.pause(), { defer: true }));

  const position = () => told()?.position ?? 0;
  const first = () => (props.runId ? (ends()?.[0].position ?? 1) : 1);
  const last = () => (props.runId ? (ends()?.[1].position ?? head()) : head());

  /** Where the address says we are: what was told of it may still be on its way. */
  async function here(): Promise<number> {
    if (/^\d+$/.test(moment())) return Number(moment());
    await untilTold();
    return isPast() ? position() : head() + 1;
  }

  async function step(by: 1 | -1): Promise<void> {
    try {
      if (!told()) await untilTold();
      const from = Math.min(await here(), head() + 1);
      if (!props.runId) return show(Math.min(head(), Math.max(1, from + by)));
      const found = await besides(props.runId, head(), from, by);
      if (found) show(found.position);
    } catch (error) {
      tellError("The next event cannot be found", error);
    }
  }

  // Each step goes on from where the one before it arrived, however fast they are asked for.
  let stepping = Promise.resolve();
  function queueStep(by: 1 | -1): void {
    replay.pause();
    stepping = stepping.then(() => step(by));
  }

  async function play(): Promise<void> {
    if (replay.isPlaying()) return replay.pause();
    try {
      const isAtEnd = !isPast() || position() >= last();
      const [run, stops] = await Promise.all([
        runThen(props.runId, String(head())),
        stopsFrom(props.runId, head(), isAtEnd ? 0 : position()),
      ]);
      replay.play(paced(stops, run.end_time ? run.end_time - run.start_time : 0));
    } catch (error) {
      tellError("The run cannot be replayed", error);
    }
  }

  let sliding: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(sliding));
  function slide(to: number): void {
    replay.pause();
    clearTimeout(sliding);
    sliding = setTimeout(() => show(to), SLIDING_MILLISECONDS);
  }

  function goTo(local: string): void {
    const time = new Date(local);
    if (Number.isNaN(time.getTime())) return;
    replay.pause();
    setQuery({ at: time.toISOString() }, true);
  }

  const at = () => {
    const found = told();
    return found?.recorded_at ? found.recorded_at / 1000 : null;
  };

  return (
    <section class="time-bar" classList={{ then: isPast() }} aria-label="Time">
      <IconButton icon="left" label="One event back" onClick={() => queueStep(-1)} />
      <IconButton icon="right" label="One event on" disabled={!isPast()} onClick={() => queueStep(1)} />
      <input
        type="range"
        min={first()}
        max={last()}
        value={position()}
        aria-label={props.runId ? "The run's events" : "All events"}
        aria-valuetext={`event ${position()} of ${head()}, ${fullTime(at())}`}
        onInput={(event) => slide(Number(event.currentTarget.value))}
      />
      <span class="time-said">
        <Show when={isPast()} fallback={<strong>Now</strong>}>
          <strong title={`event ${position()} of ${head()}`}>{fullTime(at())}</strong>
        </Show>
        <span class="clip faint" title={told()?.words ?? ""}>
          #{position()} {told()?.words ?? ""}
        </span>
      </span>
      <Show when={props.runId}>
        <Button icon={replay.isPlaying() ? "pause" : "play"} onClick={() => void play()}>
          {replay.isPlaying() ? "Pause" : "Replay"}
        </Button>
        <select
          class="select"
          aria-label="Speed"
          value={speed()}
          onChange={(event) => setSpeed(Number(event.currentTarget.value))}
        >
          <For each={SPEEDS}>
            {(each) => (
              <option value={each} selected={each === speed()}>
                {each}×
              </option>
            )}
          </For>
        </select>
      </Show>
      <input
        type="datetime-local"
        class="input"
        step="1"
        aria-label="Go to a time"
        onChange={(event) => goTo(event.currentTarget.value)}
      />
      <Show
        when={isPast()}
        fallback={<IconButton icon="close" label="Close the time bar" onClick={() => props.onClose()} />}
      >
        <Button look="primary" onClick={toNow}>Back to now</Button>
      </Show>
    </section>
  );
}
