/** What a run read and made: datasets and logged models. */

import { createMemo, createResource, createSignal, For, Show } from "solid-js";
import { ofModel } from "../api/artifacts";
import { type Dataset, linksOf, type LoggedModel, loggedModel } from "../api/details";
import { Browser } from "../artifacts/browser";
import { isPast, useFollow } from "../shell/past";
import { href, hrefWith, moment, queryValue } from "../shell/router";
import { Fault } from "../widgets/fault";
import { Button } from "../widgets/button";
import { fullTime, number } from "../widgets/format";

export function Links(props: { runId: string; experimentId: string }) {
  const [links, { refetch }] = createResource(() => [props.runId, moment()] as const, ([id]) => linksOf(id));
  useFollow((told) => told.run_id === props.runId && /Inputs|Outputs/.test(told.type), refetch);
  const found = () => (links.error ? undefined : links.latest);
  const made = () => found()?.outputs.model_outputs ?? [];
  const read = () => found()?.inputs.model_inputs ?? [];
  return (
    <>
      <Show when={links.error}>
        <Fault title="Its data and models cannot be shown" error={links.error} onRetry={() => void refetch()} />
      </Show>
      <section aria-label="Datasets">
        <h2>Datasets</h2>
        <For each={found()?.inputs.dataset_inputs} fallback={<p class="faint">None. mlflow.log_input() tells what a run read.</p>}>
          {({ dataset, tags }) => (
            <DatasetCard
              dataset={dataset}
              context={tags?.find(({ key }) => key === "mlflow.data.context")?.value ?? ""}
              experimentId={props.experimentId}
            />
          )}
        </For>
      </section>
      <section aria-label="Logged models">
        <h2>Logged models</h2>
        <For each={made()} fallback={<p class="faint">{read().length ? "" : "None."}</p>}>
          {(each) => <ModelCard modelId={each.model_id} what={`made at step ${each.step ?? 0}`} />}
        </For>
        <For each={read()}>{(each) => <ModelCard modelId={each.model_id} what="read" />}</For>
      </section>
    </>
  );
}

function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    // Clients may write any text there.
    return json;
  }
}

function DatasetCard(props: { dataset: Dataset; context: string; experimentId: string }) {
  return (
    <details class="card">
      <summary>
        <strong>{props.dataset.name}</strong> <code>{props.dataset.digest}</code>{" "}
        <span class="faint">
          {props.context} {props.dataset.source_type}
        </span>
      </summary>
      <dl class="facts">
        <div>
          <dt>Source</dt>
          <dd><pre>{pretty(props.dataset.source)}</pre></dd>
        </div>
        <Show when={props.dataset.schema}>
          {(schema) => <div><dt>Schema</dt><dd><pre>{pretty(schema())}</pre></dd></div>}
        </Show>
        <Show when={props.dataset.profile}>
          {(profile) => <div><dt>Profile</dt><dd><pre>{pretty(profile())}</pre></dd></div>}
        </Show>
      </dl>
      <a href={href(["experiments", props.experimentId], { q: `dataset.digest = '${props.dataset.digest.replaceAll("'", "''")}'` })}>
        Runs of the experiment that read it
      </a>
    </details>
  );
}

export function ModelCard(props: { modelId: string; what: string; isOpen?: boolean }) {
  const [model] = createResource(() => [props.modelId, moment()] as const, ([id]) => loggedModel(id));
  return (
    <article class="card">
      <Show when={model.error}>
        <p class="problem">
          <code>{props.modelId}</code>: it was deleted, or is of another moment.
        </p>
      </Show>
      <Show when={!model.error && model.latest}>{(found) => <Model model={found()} what={props.what} isOpen={props.isOpen ?? false} />}</Show>
    </article>
  );
}

function Model(props: { model: LoggedModel; what: string; isOpen: boolean }) {
  const [isOpen, setIsOpen] = createSignal(props.isOpen || queryValue("model") === props.model.info.model_id);
  const source = createMemo(() => ofModel(props.model.info.model_id));
  const path = () => (isOpen() && queryValue("model") === props.model.info.model_id ? queryValue("file") : "");
  return (
    <>
      <p>
        <strong>{props.model.info.name}</strong>{" "}
        <a href={href(["experiments", props.model.info.experiment_id, "models", props.model.info.model_id])}>
          <code>{props.model.info.model_id}</code>
        </a>{" "}
        <span class="faint">
          {props.what}, {props.model.info.model_type} {props.model.info.status.replace("LOGGED_MODEL_", "").toLowerCase()},{" "}
          {fullTime(props.model.info.creation_timestamp_ms)}
        </span>
      </p>
      <Show when={props.model.info.source_run_id}>
        {(run) => <p>From <a href={href(["runs", run()])}>run {run()}</a></p>}
      </Show>
      <Show when={props.model.data.params?.length || props.model.data.metrics?.length}>
        <table class="pairs">
          <tbody>
            <For each={props.model.data.params}>
              {({ key, value }) => <tr><th scope="row">{key}</th><td>{value}</td></tr>}
            </For>
            <For each={props.model.data.metrics}>
              {({ key, value }) => <tr><th scope="row">{key}</th><td>{number(value)}</td></tr>}
            </For>
          </tbody>
        </table>
      </Show>
      <Button aria-expanded={isOpen()} onClick={() => setIsOpen(!isOpen())}>Files</Button>
      <Show when={isOpen()}>
        <Show when={isPast()}>
          <p class="faint">Files are shown as they are now.</p>
        </Show>
        <Browser
          source={source()}
          path={path()}
          hrefOf={(file) => hrefWith({ model: props.model.info.model_id, file })}
          version={0}
        />
      </Show>
    </>
  );
}
