/** A run's status as a dot and a word; a run that runs but was silent for too long is lost. */

import type { Status as Value } from "../api/types";

const WORDS: Record<string, string> = {
  RUNNING: "Running",
  SCHEDULED: "Scheduled",
  FINISHED: "Finished",
  FAILED: "Failed",
  KILLED: "Killed",
  LOST: "Lost",
};

export function Status(props: { status: Value; lost?: boolean }) {
  const shown = () => (props.lost && props.status === "RUNNING" ? "LOST" : props.status);
  return (
    <span
      class={`status ${shown().toLowerCase()}`}
      title={shown() === "LOST" ? "Not heard of for longer than its lease; anything it logs revives it" : undefined}
    >
      {WORDS[shown()] ?? shown()}
    </span>
  );
}
