/** The experiments, asked for once and then kept by the event stream. */

import { createEffect, createSignal, on } from "solid-js";
import { allExperiments } from "../api/experiments";
import type { Experiment } from "../api/types";
import { nameOf, useEvents, useReturn } from "../live/stream";
import { throttled } from "../live/throttle";
import { moment, path } from "./router";

const AGAIN_MILLISECONDS = 1_000;

const [experiments, setExperiments] = createSignal<readonly Experiment[]>([]);
const [isLoaded, setIsLoaded] = createSignal(false);
const [fault, setFault] = createSignal<unknown>(null);

export { experiments, isLoaded as experimentsAreLoaded, fault as experimentsFault };

export const experimentName = (id: string) =>
  experiments().find((each) => each.experiment_id === id)?.name ?? `experiment ${id}`;

/** The experiments in the address: [] for all of them. */
export function chosenExperiments(): readonly string[] {
  const [page, ids] = path();
  return page === "experiments" && ids ? ids.split(",").filter(Boolean) : [];
}

async function load(): Promise<void> {
  try {
    setExperiments(await allExperiments());
    setIsLoaded(true);
    setFault(null);
  } catch (error) {
    setFault(error);
  }
}

/** Load the experiments and follow them; for the app, once. */
export function useExperiments(): void {
  const again = throttled(load, AGAIN_MILLISECONDS);
  useEvents((told) => {
    if (nameOf(told).startsWith("Experiment")) again();
  });
  useReturn(again);
  createEffect(on(moment, again));
}
