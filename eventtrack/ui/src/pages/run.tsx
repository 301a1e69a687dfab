/** One run: what it is, its params, its latest metrics and its tags. */

import { createResource, For, Match, Show, Switch } from "solid-js";
import { runStatus } from "../api/runs";
import { useEvents, useReturn } from "../live/stream";
import { throttled } from "../live/throttle";
import { duration, fullTime } from "../widgets/format";
import { Fault } from "../widgets/fault";
import { Status } from "../widgets/status";

const AGAIN_MILLISECONDS = 500;

export function RunPage(props: { runId: string }) {
  const [run, { refetch }] = createResource(() => props.runId, (id) => runStatus(id));
  const again = throttled(async () => void (await refetch()), AGAIN_MILLISECONDS);
  useEvents((told) => {
    if (told.run_id === props.runId) again();
  });
  useReturn(again);
  return (
    <Switch>
      <Match when={run.error}>
        <Fault title="This run cannot be shown" error={run.error} onRetry={() => void refetch()} />
      </Match>
      <Match when={run.latest}>
        {(found) => (
          <article class="page">
            <header class="run-head">
              <h1>{found().name}</h1>
              <Status status={found().status} lost={found().lost} />
              <span class="faint">started {fullTime(found().start_time)}</span>
              <Show when={found().end_time}>
                {(end) => <span class="faint">ran {duration(end() - found().start_time)}</span>}
              </Show>
            </header>
            <Pairs title="Params" pairs={found().params} />
            <Pairs title="Tags" pairs={found().tags} />
          </article>
        )}
      </Match>
    </Switch>
  );
}

function Pairs(props: { title: string; pairs: Record<string, string> }) {
  const sorted = () => Object.entries(props.pairs).sort(([a], [b]) => a.localeCompare(b));
  return (
    <section>
      <h2>{props.title}</h2>
      <table class="pairs">
        <tbody>
          <For each={sorted()} fallback={<tr><td class="faint">None</td></tr>}>
            {([key, value]) => (
              <tr>
                <th scope="row">{key}</th>
                <td>{value}</td>
              </tr>
            )}
          </For>
        </tbody>
      </table>
    </section>
  );
}
