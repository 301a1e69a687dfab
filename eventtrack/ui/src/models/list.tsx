/** All registered models, found by a part of their name or by a filter. */

import { createEffect, createSignal, For, on, onCleanup, Show } from "solid-js";
import { isAborted } from "../api/client";
import { type RegisteredModel, searchModels } from "../api/registry";
import { useShortcuts } from "../shell/keys";
import { useFollow } from "../shell/past";
import { moment, queryValue, setQuery } from "../shell/router";
import { Button } from "../widgets/button";
import { Fault } from "../widgets/fault";
import { fullTime, when } from "../widgets/format";
import { Aliases, isOfRegistry, modelHref, Stage, versionHref } from "./shared";

const TYPING_MILLISECONDS = 200;

export function ModelList() {
  const [models, setModels] = createSignal<readonly RegisteredModel[]>([]);
  const [next, setNext] = createSignal("");
  const [fault, setFault] = createSignal<unknown>(null);
  const [isAnswered, setIsAnswered] = createSignal(false);
  let input!: HTMLInputElement;
  let asked = 0;

  async function load(token: string): Promise<void> {
    const mine = ++asked;
    try {
      const page = await searchModels(queryValue("find"), token);
      if (mine !== asked) return;
      setModels((had) => [...(token ? had : []), ...(page.registered_models ?? [])]);
      setNext(page.next_page_token ?? "");
      setFault(null);
      setIsAnswered(true);
    } catch (error) {
      if (mine === asked && !isAborted(error)) setFault(error);
    }
  }

  createEffect(on([() => queryValue("find"), moment], () => void load("")));
  useFollow(isOfRegistry, () => load(""));
  useShortcuts({ key: "/", title: "Find models", run: () => input.focus() });
  createEffect(() => (document.title = "Models · eventtrack"));
  let typing: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(typing));
  function find(text: string): void {
    clearTimeout(typing);
    typing = setTimeout(() => setQuery({ find: text }), TYPING_MILLISECONDS);
  }

  return (
    <article class="page details">
      <header class="details-head">
        <h1>Models</h1>
        <input
          ref={input}
          type="search"
          class="input wide-input"
          placeholder="Part of a name, or a filter: tags.team = 'vision'"
          aria-label="Find models"
          value={queryValue("find")}
          onInput={(event) => find(event.currentTarget.value)}
        />
      </header>
      <Show when={fault()}>
        <Fault title="The models cannot be listed" error={fault()} onRetry={() => void load("")} />
      </Show>
      <Show when={!fault() && isAnswered() && !models().length}>
        <Empty isFound={!queryValue("find")} />
      </Show>
      <div class="wide">
        <table class="sheet models">
          <Show when={models().length}>
            <thead>
              <tr>
                <th scope="col">Model</th>
                <th scope="col">Versions</th>
                <th scope="col">Description</th>
                <th scope="col">Changed</th>
              </tr>
            </thead>
          </Show>
          <tbody>
            <For each={models()}>{(model) => <Row model={model} />}</For>
          </tbody>
        </table>
      </div>
      <Show when={next()}>
        {(token) => <Button onClick={() => void load(token())}>More models</Button>}
      </Show>
    </article>
  );
}

function Row(props: { model: RegisteredModel }) {
  return (
    <tr>
      <th scope="row">
        <a href={modelHref(props.model.name)}>{props.model.name}</a>
      </th>
      <td>
        <For each={props.model.latest_versions}>
          {(each) => (
            <a class="version" href={versionHref(each.name, each.version)}>
              v{each.version} <Stage stage={each.current_stage} />
            </a>
          )}
        </For>
        <Aliases aliases={props.model.aliases?.map(({ alias, version }) => `${alias} v${version}`)} />
      </td>
      <td class="faint">{props.model.description}</td>
      <td title={fullTime(props.model.last_updated_timestamp)}>{when(props.model.last_updated_timestamp)}</td>
    </tr>
  );
}

function Empty(props: { isFound: boolean }) {
  return (
    <section class="empty">
      <Show when={props.isFound} fallback={<h2>No model is like this</h2>}>
        <h2>No models yet</h2>
        <p>Register one that a run has logged, and it appears here as it happens:</p>
        <pre>
          <code>mlflow.register_model("models:/m-…", "my-model")</code>
        </pre>
      </Show>
    </section>
  );
}
