/** What a run is: its state, where it came from, its notes and tags. */

import { createMemo, createSignal, For, Show, type JSX } from "solid-js";
import { deleteTag, setTag } from "../api/runs";
import type { RunStatus } from "../api/types";
import { Markdown } from "../markdown/markdown";
import { experimentName } from "../shell/experiments";
import { isPast } from "../shell/past";
import { href } from "../shell/router";
import { Ask } from "../widgets/ask";
import { Button, IconButton } from "../widgets/button";
import { duration, fullTime, when } from "../widgets/format";
import { Status } from "../widgets/status";
import { tell, tellError } from "../widgets/toast";

const NOTE = "mlflow.note.content";
const COMMIT_SHOWN = 10;

export function Overview(props: { run: RunStatus }) {
  const tag = (key: string) => props.run.tags[key] ?? "";
  return (
    <div class="overview">
      <div>
        <Notes run={props.run} />
        <Tags run={props.run} />
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
          <Fact title="User">{tag("mlflow.user")}</Fact>
          <Fact title="Source">
            <span class="mono">{tag("mlflow.source.name")}</span>{" "}
            <span class="faint">{tag("mlflow.source.type").toLowerCase()}</span>
          </Fact>
          <Fact title="Command">
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
          <Fact title="Host">
            {[tag("eventtrack.host"), tag("eventtrack.platform"), tag("eventtrack.python")].filter(Boolean).join(" · ")}
          </Fact>
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
function Fact(props: { title: string; children: JSX.Element }) {
  let value!: HTMLElement;
  const isEmpty = () => value && !value.textContent?.trim();
  return (
    <div ref={(row) => queueMicrotask(() => (row.hidden = Boolean(isEmpty())))}>
      <dt>{props.title}</dt>
      <dd ref={value}>{props.children}</dd>
    </div>
  );
}

function Notes(props: { run: RunStatus }) {
  const [isEditing, setIsEditing] = createSignal(false);
  const note = () => props.run.tags[NOTE] ?? "";
  return (
    <section aria-label="Notes">
      <h2 class="with-action">
        Notes
        <Show when={!isPast()}>
          <IconButton icon="edit" label="Edit the notes" onClick={() => setIsEditing(true)} />
        </Show>
      </h2>
      <Show when={note()} fallback={<p class="faint">None yet. Markdown is welcome.</p>}>
        <Markdown text={note()} />
      </Show>
      <Show when={isEditing()}>
        <Ask
          title="Notes of the run"
          action="Save"
          fields={[{ name: "note", label: "Markdown", value: note(), isLong: true }]}
          onClose={() => setIsEditing(false)}
          onDone={async ({ note: text }) => {
            if (text) await setTag(props.run.run_id, NOTE, text);
            else if (note()) await deleteTag(props.run.run_id, NOTE);
            tell("The notes are saved; earlier ones are in the history");
          }}
        />
      </Show>
    </section>
  );
}

function Tags(props: { run: RunStatus }) {
  const [edited, setEdited] = createSignal<string | null>(null);
  const [areAllShown, setAreAllShown] = createSignal(false);
  const keys = createMemo(() =>
    Object.keys(props.run.tags)
      .filter((key) => areAllShown() || !/^(mlflow|eventtrack)\./.test(key))
      .sort((a, b) => a.localeCompare(b)),
  );

  async function remove(key: string): Promise<void> {
    const before = props.run.tags[key]!;
    try {
      await deleteTag(props.run.run_id, key);
      tell(`Tag ${key} is removed`, {
        title: "Undo",
        run: () => void setTag(props.run.run_id, key, before).catch((error) => tellError("Not undone", error)),
      });
    } catch (error) {
      tellError(`Tag ${key} was not removed`, error);
    }
  }

  return (
    <section aria-label="Tags">
      <h2 class="with-action">
        Tags
        <Show when={!isPast()}>
          <Button icon="tag" onClick={() => setEdited("")}>Add</Button>
        </Show>
        <Button aria-pressed={areAllShown()} onClick={() => setAreAllShown(!areAllShown())}>
          Those of the clients
        </Button>
      </h2>
      <table class="pairs">
        <tbody>
          <For each={keys()} fallback={<tr><td class="faint">None</td></tr>}>
            {(key) => (
              <tr>
                <th scope="row">{key}</th>
                <td>{props.run.tags[key]}</td>
                <Show when={!isPast()}>
                  <td class="row-tools">
                    <IconButton icon="edit" label={`Edit tag ${key}`} onClick={() => setEdited(key)} />
                    <IconButton icon="trash" label={`Remove tag ${key}`} onClick={() => void remove(key)} />
                  </td>
                </Show>
              </tr>
            )}
          </For>
        </tbody>
      </table>
      <Show when={edited() !== null}>
        <Ask
          title={edited() ? `Tag ${edited()}` : "Add a tag"}
          action="Save"
          fields={[
            ...(edited() ? [] : [{ name: "key", label: "Key", isRequired: true }]),
            { name: "value", label: "Value", value: edited() ? (props.run.tags[edited()!] ?? "") : "" },
          ]}
          onClose={() => setEdited(null)}
          onDone={async ({ key, value }) => void (await setTag(props.run.run_id, edited() || key!, value!))}
        />
      </Show>
    </section>
  );
}
