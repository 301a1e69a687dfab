/** In place of runs when there are none: what a newcomer does, or why nothing is here. */

import { createResource, Match, Switch } from "solid-js";
import { trackingUri } from "../api/client";
import { experiment } from "../api/experiments";
import { chosenExperiments } from "../shell/experiments";
import { href } from "../shell/router";
import { Button } from "../widgets/button";
import { copy } from "../widgets/clipboard";
import { Fault } from "../widgets/fault";

/** Nothing was logged yet; or there is no such experiment. */
export function NoRunsYet() {
  const only = () => (chosenExperiments().length === 1 ? chosenExperiments()[0] : undefined);
  const [found] = createResource(only, experiment);
  const lines = () => {
    const name = only() === undefined ? undefined : found.latest?.name;
    const isNamed = name !== undefined && name !== "Default";
    return [
      "import mlflow",
      `mlflow.set_tracking_uri("${trackingUri()}")`,
      ...(isNamed ? [`mlflow.set_experiment(${JSON.stringify(name)})`] : []),
    ].join("\n");
  };
  return (
    <Switch>
      <Match when={only() !== undefined && found.error}>
        <Fault title="There is no such experiment" error={found.error} />
        <p class="below">
          <a href={href([])}>All runs</a>
        </p>
      </Match>
      <Match when={true}>
        <section class="empty">
          <h2>No runs yet</h2>
          <p>Put these lines into a training script, and what it logs appears here as it happens:</p>
          <pre>
            <code>{lines()}</code>
          </pre>
          <Button icon="copy" onClick={() => void copy(lines(), "The lines")}>
            Copy
          </Button>
        </section>
      </Match>
    </Switch>
  );
}

/** There are runs, but not such ones. */
export function NothingFound(props: { onClear: () => void }) {
  return (
    <section class="empty">
      <h2>No run is like that</h2>
      <p>Nothing passes the filter and the choice of active or deleted runs.</p>
      <Button onClick={() => props.onClear()}>Show all active runs</Button>
    </section>
  );
}
