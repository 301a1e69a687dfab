/** What a run is: its state, where it came from, its notes and tags. */

import { Show, type JSX } from "solid-js";
import { deleteTag, setTag } from "../api/runs";
import type { RunStatus } from "../api/types";
import { Notes } from "../details/notes";
import { Tags } from "../details/tags";
import { experimentName } from "../shell/experiments";
import { href } from "../shell/router";
import { duration, fullTime, when } from "../widgets/format";
import { Status } from "../widgets/status";

const NOTE = "mlflow.note.content";
const COMMIT_SHOWN = 10;

export function Overview(props: { run: RunStatus }) {
  const tag = (key: string) => props.run.tags[key] ?? "";
  async function saveNote(text: string): Promise<void> {
    if (text) await setTag(props.run.run_id, NOTE, text);
    else if (tag(NOTE)) await deleteTag(props.run.run_id, NOTE);
  }
  const host = () =>
    [tag("eventtrack.host"), tag("eventtrack.platform"), tag("eventtrack.python")].filter(Boolean).join(" · ");
  return (
    <div class="overview">
      <div>
        <Notes title="Notes" text={tag(NOTE)} onSave={saveNote} />
        <Tags
          tags={props.run.tags}
          onSet={(key, value) => setTag(props.run.run_id, key, value)}
          onRemove={(key) => deleteTag(props.run.run_id, key)}
        />
      </div>
      <section aria-label="About the run">
        <h2>About</h2>
        <dl class="facts">
          <Fact title="Status">
            <Status status={props.run.status} lost={props.run.lost} />
            <Show when={props.run.lost}>
              <p class="faint">
                Last heard of {when(props.run.heard_at)}; its lease is {props.run.lease_seconds} s. Anything it
                logs brings it back.
              </p>
            </Show>
          </Fact>
          <Fact title="Experiment">
            <a href={href(["experiments", props.run.experiment_id])}>{experimentName(props.run.experiment_id)}</a>
          </Fact>
          <Fact title="Started">{fullTime(props.run.start_time)}</Fact>
          <Fact title="Ended">{fullTime(props.run.end_time)}</Fact>
          <Show when={props.run.end_time}>
            {(end) => <Fact title="Duration">{duration(end() - props.run.start_time)}</Fact>}
          </Show>
          <Fact title="User" when={tag("mlflow.user")}>{tag("mlflow.user")}</Fact>
          <Fact title="Source" when={tag("mlflow.source.name")}>
            <span class="mono">{tag("mlflow.source.name")}</span>{" "}
            <span class="faint">{tag("mlflow.source.type").toLowerCase()}</span>
          </Fact>
          <Fact title="Command" when={tag("eventtrack.command")}>
            <code>{tag("eventtrack.command")}</code>
          </Fact>
          <Show when={tag("mlflow.source.git.commit")}>
            {(commit) => (
              <Fact title="Git">
                <code title={commit()}>{commit().slice(0, COMMIT_SHOWN)}</code> {tag("mlflow.source.git.branch")}
                <Show when={tag("mlflow.source.git.dirty") === "true"}>
                  <span class="problem"> with changes that were not committed</span>
                </Show>
                <p class="faint">{tag("mlflow.source.git.repoURL")}</p>
              </Fact>
            )}
          </Show>
          <Fact title="Host" when={host()}>{host()}</Fact>
          <Show when={tag("mlflow.parentRunId")}>
            {(parent) => (
              <Fact title="Parent run">
                <a href={href(["runs", parent()])}>{parent()}</a>
              </Fact>
            )}
          </Show>
          <Fact title="Run ID">
            <code>{props.run.run_id}</code>
          </Fact>
          <Fact title="Artifacts">
            <code>{props.run.artifact_uri}</code>
          </Fact>
        </dl>
      </section>
    </div>
  );
}

/** One line of the facts; it is left out where there is nothing to say. */
function Fact(props: { title: string; when?: string; children: JSX.Element }) {
  return (
    <Show when={props.when !== ""}>
      <div>
        <dt>{props.title}</dt>
        <dd>{props.children}</dd>
      </div>
    </Show>
  );
}
