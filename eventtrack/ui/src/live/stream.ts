/**
 * The server's events as they happen: one EventSource for the whole page.  The browser comes back
 * by itself after a broken connection, with the position it has; where it gives up, because a proxy
 * answered in the server's place, we come back.
 */

import { createSignal, onCleanup } from "solid-js";
import { nativeUrl } from "../api/client";
import { moment } from "../shell/router";

export interface MetricTold {
  points: number;
  step: number;
  timestamp: number;
  /** null for NaN. */
  value: number | string | null;
}

/** An event as the stream tells it. */
export interface Told {
  position: number;
  stream: string;
  /** Microseconds since 1970. */
  recorded_at: number;
  actor: string;
  type: string;
  run_id: string | null;
  experiment_id: string | null;
  payload: Record<string, unknown>;
}

/** The event's name without the version of its shape. */
export const nameOf = (told: Told) => told.type.split("/")[0] ?? told.type;

export const metricsOf = (told: Told) => (told.payload.metrics ?? {}) as Record<string, MetricTold>;

export type Connection = "connecting" | "live" | "broken";

/** What pages show.  Console lines and artifacts are asked for by the pages that show them. */
const NAMES = [
  "ExperimentCreated ExperimentRenamed ExperimentTagSet ExperimentTagDeleted ExperimentDeleted",
  "ExperimentRestored ExperimentErased ExperimentImported",
  "RunCreated RunUpdated RunRenamed RunTagsSet RunTagDeleted ParamsLogged RunDeleted RunRestored",
  "RunLost RunErased RunReopened ParamCorrected PointsRetracted PointsReinstated MetricsLogged",
  "ConsoleLogged ArtifactStored ArtifactsDeleted RunInputsLogged RunOutputsLogged Undone",
  "LoggedModelCreated LoggedModelFinalized LoggedModelParamsLogged LoggedModelTagsSet",
  "SavedViewCreated SavedViewUpdated SavedViewDeleted",
  "LoggedModelTagDeleted LoggedModelDeleted LoggedModelRestored LoggedModelErased",
  "RegisteredModelCreated RegisteredModelRenamed RegisteredModelDescribed RegisteredModelDeleted",
  "RegisteredModelRestored RegisteredModelTagSet RegisteredModelTagDeleted RegisteredModelAliasSet",
  "RegisteredModelAliasDeleted ModelVersionCreated ModelVersionDescribed ModelVersionStaged",
  "ModelVersionDeleted ModelVersionRestored ModelVersionTagSet ModelVersionTagDeleted",
].flatMap((line) => line.split(" "));

const AGAIN_MILLISECONDS = 2_000;
/** A server that has no stream, such as one of a moment of the past, is not asked all day. */
const AGAIN_MILLISECONDS_MAX = 60_000;
/** A browser has six connections to a server; tabs that nobody looks at must not hold them. */
const HIDDEN_MILLISECONDS = 10_000;

const followers = new Set<(told: Told) => void>();
const returns = new Set<() => void>();
const [connection, setConnection] = createSignal<Connection>("connecting");

/** The last position that arrived. */
let position = "";
let source: EventSource | undefined;
let pause = AGAIN_MILLISECONDS;

export { connection };

/** Hear of every event, unless the past is shown, for as long as the calling component lives. */
export function useEvents(follower: (told: Told) => void): void {
  followers.add(follower);
  onCleanup(() => followers.delete(follower));
  open();
}

/** Hear when the connection is back after it was broken: what failed meanwhile may be tried. */
export function useReturn(follower: () => void): void {
  returns.add(follower);
  onCleanup(() => returns.delete(follower));
}

function take(message: MessageEvent<string>): void {
  position = message.lastEventId || position;
  const told = JSON.parse(message.data) as Told;
  // The past does not change, whatever happens meanwhile.
  if (moment()) return;
  for (const follower of [...followers]) follower(told);
}

function open(): void {
  if (source) return;
  const opened = new EventSource(nativeUrl("events", { after: position }));
  source = opened;
  for (const name of NAMES) opened.addEventListener(name, take);
  let hasOpened = false;
  opened.onopen = () => {
    hasOpened = true;
    pause = AGAIN_MILLISECONDS;
    const wasBroken = connection() === "broken";
    setConnection("live");
    if (wasBroken) for (const follower of [...returns]) follower();
  };
  opened.onerror = () => {
    setConnection("broken");
    if (opened.readyState !== EventSource.CLOSED) return;
    if (source === opened) source = undefined;
    // Refused outright: an older log may have been put back, which ends before our position.
    if (!hasOpened) position = "";
    setTimeout(() => document.hidden || open(), pause);
    pause = Math.min(2 * pause, AGAIN_MILLISECONDS_MAX);
  };
}

function close(): void {
  source?.close();
  source = undefined;
}

/** Somebody looks again: from the log's head on, with everything that is shown asked for anew. */
function reopen(): void {
  if (source || !followers.size) return;
  position = "";
  setConnection("broken");
  open();
}

let hiding: ReturnType<typeof setTimeout> | undefined;
function followVisibility(): void {
  clearTimeout(hiding);
  if (document.hidden) hiding = setTimeout(close, HIDDEN_MILLISECONDS);
  else reopen();
}
document.addEventListener("visibilitychange", followVisibility);
// A tab may be opened in the background.
followVisibility();
// A page that the browser keeps for going back must not hold a connection either.
addEventListener("pagehide", close);
addEventListener("pageshow", (event) => event.persisted && reopen());
