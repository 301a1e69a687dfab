/** The first cell of a run's row: chosen or not, its colour, its name, whether it changed. */

import { Show } from "solid-js";
import { colourOf } from "../charts/colours";
import { href } from "../shell/router";
import type { Run } from "./runs-list";
import { isUnread, markSeen } from "./seen";

interface RunNameProps {
  run: Run | undefined;
  isChosen: boolean;
  onChoose: (far: boolean) => void;
}

export const runHref = (run: Pick<Run, "experiment_id" | "run_id">) =>
  href(["experiments", run.experiment_id, "runs", run.run_id]);

export function RunName(props: RunNameProps) {
  return (
    <Show when={props.run}>
      {(run) => (
        <>
          <input
            type="checkbox"
            aria-label={`Choose ${run().name}`}
            checked={props.isChosen}
            onClick={(event) => props.onChoose(event.shiftKey)}
          />
          <i class="swatch" style={{ background: colourOf(run().run_id) }} />
          <a
            class="clip"
            classList={{ gone: run().lifecycle_stage === "deleted" }}
            href={runHref(run())}
            title={run().name}
            onClick={() => markSeen(run().run_id, run().changed)}
          >
            {run().name || run().run_id}
          </a>
          <Show when={isUnread(run().run_id, run().changed)}>
            <span class="unread" role="img" aria-label="changed since you last looked" title="Changed since you last looked" />
          </Show>
        </>
      )}
    </Show>
  );
}
