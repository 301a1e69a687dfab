/** The files of a run. */

import { createMemo, createSignal, Show } from "solid-js";
import { ofRun } from "../api/artifacts";
import { Browser } from "../artifacts/browser";
import { nameOf } from "../live/stream";
import { isPast, useFollow } from "../shell/past";

interface RunArtifactsProps {
  runId: string;
  path: string;
  hrefOf: (path: string) => string;
}

export function RunArtifacts(props: RunArtifactsProps) {
  const [version, setVersion] = createSignal(0);
  const source = createMemo(() => ofRun(props.runId));
  useFollow(
    (told) => told.run_id === props.runId && nameOf(told).startsWith("Artifact"),
    () => void setVersion(version() + 1),
    1_000,
  );
  return (
    <section aria-label="Artifacts">
      <Show when={isPast()}>
        <p class="faint">Files are shown as they are now: of their bytes no earlier ones are kept.</p>
      </Show>
      <Browser source={source()} path={props.path} hrefOf={props.hrefOf} version={version()} />
    </section>
  );
}
