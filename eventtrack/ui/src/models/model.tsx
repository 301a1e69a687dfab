/** One registered model: its versions, aliases, tags, description and history. */

import { createEffect, createMemo, createResource, createSignal, For, lazy, Match, Show, Switch } from "solid-js";
import { recordOf, type RegisteredModel, registeredModel, registry, versionsOf } from "../api/registry";
import { undo, historyOf } from "../api/details";
import { Notes } from "../details/notes";
import { Tags } from "../details/tags";
import { isPast, type Leave, useFollow } from "../shell/past";
import { go, href, moment, path } from "../shell/router";
import { Ask } from "../widgets/ask";
import { Button, IconButton } from "../widgets/button";
import { Fault } from "../widgets/fault";
import { fullTime, when } from "../widgets/format";
import { Tabs } from "../widgets/tabs";
import { tell, tellError } from "../widgets/toast";
import { Aliases, isOfRegistry, modelHref, Stage, versionHref } from "./shared";

const History = lazy(async () => ({ default: (await import("../history/history")).History }));

export const historyPath = (name: string) => `registered-models/${encodeURIComponent(name)}`;

/** Take back the last event of a type, after which a toast offers it. */
export async function undoLast(name: string, type: string): Promise<void> {
  try {
    const { events } = await historyOf(historyPath(name), { type, limit: 1 });
    if (events[0]) await undo(events[0].position, "");
  } catch (error) {
    tellError("Not undone", error);
  }
}

export function ModelPage(props: { name: string }) {
  const asked = () => [props.name, moment()] as const;
  const [model, { refetch }] = createResource(asked, ([name]) => registeredModel(name));
  const [versions, { refetch: refetchVersions }] = createResource(asked, ([name]) => versionsOf(name));
  const leave = useFollow(isOfRegistry, () => Promise.all([refetch(), refetchVersions()]));
  const isHistory = createMemo(() => path()[2] === "history");
  createEffect(() => (document.title = `${props.name} · model · eventtrack`));
  return (
    <article class="page details">
      <Switch>
        <Match when={model.error && !isHistory()}>
          <Fault
            title={`There ${isPast() ? "was" : "is"} no model of this name`}
            error={model.error}
            onRetry={() => void refetch()}
          />
          <p class="faint">
            If it was deleted or renamed, <a href={modelHref(props.name, "history")}>its history</a> can bring it back.
          </p>
        </Match>
        <Match when={model.error || model.latest}>
          <Head name={props.name} model={model.error ? undefined : model.latest} leave={leave} />
          <Tabs
            label="Parts of the model"
            tabs={[
              { title: "Versions", href: modelHref(props.name), isOpen: !isHistory() },
              { title: "History", href: modelHref(props.name, "history"), isOpen: isHistory() },
            ]}
          />
          <div class="tab-body">
            <Show
              when={isHistory()}
              fallback={
                <Show when={!model.error && model.latest}>
                  {(found) => (
                    <div class="overview">
                      <Versions model={found()} versions={versions.error ? [] : (versions.latest ?? [])} />
                      <About model={found()} />
                    </div>
                  )}
                </Show>
              }
            >
              <History
                of={historyPath(props.name)}
                concerns={isOfRegistry}
                hrefAt={(position) => href(["models", props.name], { at: String(position) })}
              />
            </Show>
          </div>
        </Match>
      </Switch>
    </article>
  );
}

function Head(props: { name: string; model: RegisteredModel | undefined; leave: Leave }) {
  const [isRenaming, setIsRenaming] = createSignal(false);
  const [isRemoving, setIsRemoving] = createSignal(false);
  return (
    <header class="details-head">
      <h1>{props.name}</h1>
      <Show when={props.model}>
        {(model) => (
          <span class="faint" title={fullTime(model().creation_timestamp)}>
            created {when(model().creation_timestamp)}
          </span>
        )}
      </Show>
      <span class="grow" />
      <Show when={props.model && !isPast()}>
        <Button icon="edit" onClick={() => setIsRenaming(true)}>Rename</Button>
        <Button icon="trash" look="danger" onClick={() => setIsRemoving(true)}>Delete</Button>
      </Show>
      <Show when={isRenaming()}>
        <Ask
          title="Rename the model"
          action="Rename"
          fields={[{ name: "name", label: "Name", value: props.name, isRequired: true }]}
          onClose={() => setIsRenaming(false)}
          onDone={({ name }) =>
            props.leave(async () => {
              await registry.rename(props.name, name!);
              tell(`Renamed to ${name}`);
              go(modelHref(name!));
            })
          }
        />
      </Show>
      <Show when={isRemoving()}>
        <Ask
          title={`Delete ${props.name}`}
          action="Delete"
          look="danger"
          fields={[]}
          onClose={() => setIsRemoving(false)}
          onDone={() =>
            props.leave(async () => {
              const name = props.name;
              await registry.remove(name);
              go(href(["models"]));
              tell(`${name} is deleted`, {
                title: "Undo",
                run: () => void undoLast(name, "RegisteredModelDeleted"),
              });
            })
          }
        >
          <p>Its versions, tags and aliases go with it. Undo brings all of them back.</p>
        </Ask>
      </Show>
    </header>
  );
}

function Versions(props: { model: RegisteredModel; versions: Awaited<ReturnType<typeof versionsOf>> }) {
  // A search of versions tells no aliases; their model has them.
  const aliasesOf = (version: string) =>
    props.model.aliases?.filter((each) => each.version === version).map(({ alias }) => alias);
  return (
    <section aria-label="Versions">
      <h2>Versions</h2>
      <div class="wide">
        <table class="sheet models">
          <thead>
            <tr>
              <th scope="col">Version</th>
              <th scope="col">Aliases and stage</th>
              <th scope="col">Run</th>
              <th scope="col">Description</th>
              <th scope="col">Created</th>
            </tr>
          </thead>
          <tbody>
            <For each={props.versions} fallback={<tr><td class="faint">None yet</td></tr>}>
              {(each) => (
                <tr>
                  <th scope="row">
                    <a href={versionHref(each.name, each.version)}>Version {each.version}</a>
                  </th>
                  <td>
                    <Aliases aliases={aliasesOf(each.version)} />
                    <Stage stage={each.current_stage} />
                  </td>
                  <td>
                    <Show when={each.run_id}>
                      {(run) => <a href={href(["runs", run()])}>{run().slice(0, 8)}</a>}
                    </Show>
                  </td>
                  <td class="faint">{each.description}</td>
                  <td title={fullTime(each.creation_timestamp)}>{when(each.creation_timestamp)}</td>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </div>
    </section>
  );
}

function About(props: { model: RegisteredModel }) {
  const [isAliasing, setIsAliasing] = createSignal(false);
  const name = () => props.model.name;

  async function removeAlias(alias: string, version: string): Promise<void> {
    try {
      await registry.deleteAlias(name(), alias);
      tell(`Alias ${alias} is removed`, {
        title: "Undo",
        run: () =>
          void registry.setAlias(name(), alias, version).catch((error: unknown) => tellError("Not undone", error)),
      });
    } catch (error) {
      tellError(`Alias ${alias} was not removed`, error);
    }
  }

  return (
    <div>
      <Notes
        title="Description"
        text={props.model.description ?? ""}
        onSave={(text) => registry.describe(name(), text)}
      />
      <section aria-label="Aliases">
        <div class="with-action">
          <h2>Aliases</h2>
          <Show when={!isPast()}>
            <Button icon="tag" onClick={() => setIsAliasing(true)}>Set</Button>
          </Show>
        </div>
        <table class="pairs">
          <tbody>
            <For each={props.model.aliases} fallback={<tr><td class="faint">None</td></tr>}>
              {({ alias, version }) => (
                <tr>
                  <th scope="row">@{alias}</th>
                  <td><a href={versionHref(name(), version)}>Version {version}</a></td>
                  <Show when={!isPast()}>
                    <td class="row-tools">
                      <IconButton
                        icon="trash"
                        label={`Remove alias ${alias}`}
                        onClick={() => void removeAlias(alias, version)}
                      />
                    </td>
                  </Show>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </section>
      <Tags
        tags={recordOf(props.model.tags)}
        onSet={(key, value) => registry.setTag(name(), key, value)}
        onRemove={(key) => registry.deleteTag(name(), key)}
      />
      <Show when={isAliasing()}>
        <Ask
          title="Let an alias name a version"
          action="Set"
          fields={[
            { name: "alias", label: "Alias", isRequired: true, hint: "An alias that is there moves." },
            { name: "version", label: "Version", isRequired: true },
          ]}
          onClose={() => setIsAliasing(false)}
          onDone={async ({ alias, version }) => void (await registry.setAlias(name(), alias!, version!))}
        />
      </Show>
    </div>
  );
}
