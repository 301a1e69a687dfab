/** The names of params, tags and metrics that runs have, kept by the event stream. */

import { createEffect, createResource, onCleanup } from "solid-js";
import { isPassing } from "../api/client";
import { knownColumns } from "../api/runs";
import type { Kind, KnownColumn } from "../api/types";
import { metricsOf, nameOf, useEvents, useReturn, type Told } from "../live/stream";
import { throttled } from "../live/throttle";
import { chosenExperiments } from "../shell/experiments";
import { moment } from "../shell/router";
import { idOf } from "./columns";

/** Names beyond these are found by typing their beginning. */
export const KNOWN_MAX = 2_000;
const AGAIN_MILLISECONDS = 2_000;

/** The names that an event brings. */
function namesOf(told: Told): [Kind, string][] {
  const keys = (name: string) => Object.keys((told.payload[name] ?? {}) as object);
  switch (nameOf(told)) {
    case "MetricsLogged":
      return Object.keys(metricsOf(told)).map((key) => ["metrics", key]);
    case "ParamsLogged":
      return keys("params").map((key) => ["params", key]);
    case "RunTagsSet":
    case "RunCreated":
      return keys("tags").map((key) => ["tags", key]);
    default:
      return [];
  }
}

/** Of the experiments in the address; undefined while they are asked for the first time. */
export function useKnown(): () => readonly KnownColumn[] | undefined {
  const [known, { refetch }] = createResource(
    () => `${chosenExperiments().join(",")} ${moment()}`,
    () => knownColumns(chosenExperiments(), { limit: KNOWN_MAX }),
  );
  const again = throttled(async () => void (await refetch()), AGAIN_MILLISECONDS);
  createEffect(() => {
    if (!isPassing(known.error)) return;
    const timer = setTimeout(again, AGAIN_MILLISECONDS);
    onCleanup(() => clearTimeout(timer));
  });
  useReturn(again);
  useEvents((told) => {
    const experiments = chosenExperiments();
    if (experiments.length && !experiments.includes(told.experiment_id ?? "")) return;
    const names = namesOf(told);
    const all = known.error ? undefined : known.latest;
    if (!names.length || !all || all.length >= KNOWN_MAX) return;
    const ids = new Set(all.map((each) => idOf(each.kind, each.key)));
    if (names.some(([kind, key]) => !ids.has(idOf(kind, key)))) again();
  });
  return () => (known.error ? [] : known.latest);
}

/** The metrics to draw; where there are very many, those whose names begin with what is looked for. */
export function useMetrics(known: () => readonly KnownColumn[] | undefined, find: () => string) {
  const [found] = createResource(
    () => ((known()?.length ?? 0) >= KNOWN_MAX ? find() : ""),
    (prefix) => (prefix ? knownColumns(chosenExperiments(), { prefix, kind: "metrics", limit: 500 }) : []),
  );
  return () => {
    const all = [...(known() ?? []), ...(found.error ? [] : (found.latest ?? []))];
    return [...new Set(all.filter((each) => each.kind === "metrics").map((each) => each.key))];
  };
}
