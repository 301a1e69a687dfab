/** One version of a registered model: where it came from, its stage, aliases, tags and files. */

import { createEffect, createResource, createSignal, lazy, Match, Show, Switch } from "solid-js";
import { type ModelVersion, modelVersion, recordOf, registry, STAGES } from "../api/registry";
import { Notes } from "../details/notes";
import { Tags } from "../details/tags";
import { isPast, type Leave, useFollow } from "../shell/past";
import { go, href, moment } from "../shell/router";
import { Ask } from "../widgets/ask";
import { Button } from "../widgets/button";
import { copy } from "../widgets/clipboard";
import { Fault } from "../widgets/fault";
import { fullTime } from "../widgets/format";
import { tell } from "../widgets/toast";
import { undoLast } from "./model";
import { Aliases, isOfRegistry, modelHref, Stage } from "./shared";

const ModelCard = lazy(async () => ({ default: (await import("../run/links")).ModelCard }));

export function VersionPage(props: { name: string; version: string }) {
  const [found, { refetch }] = createResource(
    () => [props.name, props.version, moment()] as const,
    ([name, version]) => modelVersion(name, version),
  );
  const leave = useFollow(isOfRegistry, refetch);
  createEffect(() => (document.title = `${props.name} v${props.version} · eventtrack`));
  return (
    <article class="page details">
      <Switch>
        <Match when={found.error}>
          <Fault
            title={`There ${isPast() ? "was" : "is"} no such version`}
            error={found.error}
            onRetry={() => void refetch()}
          />
          <p class="faint">
            If it was deleted, <a href={modelHref(props.name, "history")}>the model's history</a> can bring it back.
          </p>
        </Match>
        <Match when={found.latest}>{(version) => <Version version={version()} leave={leave} />}</Match>
      </Switch>
    </article>
  );
}

/** Where the files of a version are, as far as its source says so. */
function sourceOf(source: string): { modelId?: string; runId?: string; path?: string } {
  const model = /^models:\/(m-[^/]+)$/.exec(source);
  if (model) return { modelId: model[1]! };
  const run = /^runs:\/([^/]+)\/?(.*)$/.exec(source);
  if (run) return { runId: run[1]!, path: run[2]! };
  const proxied = /^mlflow-artifacts:\/(?:\/[^/]+)?\/?\d+\/([^/]+)\/artifacts\/?(.*)$/.exec(source);
  if (proxied) return { runId: proxied[1]!, path: proxied[2]! };
  const logged = /\/models\/(m-[^/]+)\/artifacts/.exec(source);
  return logged ? { modelId: logged[1]! } : {};
}

function Version(props: { version: ModelVersion; leave: Leave }) {
  const [asked, setAsked] = createSignal<"" | "promote" | "stage" | "delete">("");
  const name = () => props.version.name;
  const number = () => props.version.version;
  const source = () => sourceOf(props.version.source);
  const uri = () => `models:/${name()}/${number()}`;
  return (
    <>
      <header class="details-head">
        <h1>
          <a href={modelHref(name())}>{name()}</a> version {number()}
        </h1>
        <Aliases aliases={props.version.aliases} />
        <Stage stage={props.version.current_stage} />
        <span class="grow" />
        <Button icon="copy" onClick={() => void copy(uri(), "The address for load_model")}>{uri()}</Button>
        <Show when={!isPast()}>
          <Button icon="tag" onClick={() => setAsked("promote")}>Promote</Button>
          <Button icon="edit" onClick={() => setAsked("stage")}>Stage</Button>
          <Button icon="trash" look="danger" onClick={() => setAsked("delete")}>Delete</Button>
        </Show>
      </header>
      <div class="tab-body">
        <div class="overview">
          <div>
            <Notes
              title="Description"
              text={props.version.description ?? ""}
              onSave={(text) => registry.describeVersion(name(), number(), text)}
            />
            <Tags
              tags={recordOf(props.version.tags)}
              onSet={(key, value) => registry.setVersionTag(name(), number(), key, value)}
              onRemove={(key) => registry.deleteVersionTag(name(), number(), key)}
            />
          </div>
          <section aria-label="About the version">
            <h2>About</h2>
            <dl class="facts">
              <div><dt>Created</dt><dd>{fullTime(props.version.creation_timestamp)}</dd></div>
              <div><dt>Changed</dt><dd>{fullTime(props.version.last_updated_timestamp)}</dd></div>
              <div><dt>Status</dt><dd>{props.version.status.toLowerCase()}</dd></div>
              <Show when={props.version.run_id}>
                {(run) => (
                  <div><dt>Source run</dt><dd><a href={href(["runs", run()])}>{run()}</a></dd></div>
                )}
              </Show>
              <div>
                <dt>Source</dt>
                <dd>
                  <Show when={source().runId} fallback={<code>{props.version.source}</code>}>
                    {(run) => (
                      <a href={href(["runs", run(), "artifacts", ...source().path!.split("/").filter(Boolean)])}>
                        {props.version.source}
                      </a>
                    )}
                  </Show>
                </dd>
              </div>
            </dl>
          </section>
        </div>
        <Show when={source().modelId} keyed>
          {(id) => (
            <section aria-label="Logged model">
              <h2>Logged model</h2>
              <ModelCard modelId={id} what="the source of this version" />
            </section>
          )}
        </Show>
      </div>
      <Show when={asked() === "promote"}>
        <Ask
          title={`Promote version ${number()}`}
          action="Promote"
          fields={[
            { name: "alias", label: "Alias", value: "champion", isRequired: true, hint: "It moves here from another version." },
          ]}
          onClose={() => setAsked("")}
          onDone={async ({ alias }) => {
            await registry.setAlias(name(), alias!, number());
            tell(`@${alias} is version ${number()} now`, {
              title: "Undo",
              run: () => void undoLast(name(), "RegisteredModelAliasSet"),
            });
          }}
        />
      </Show>
      <Show when={asked() === "stage"}>
        <Ask
          title={`Stage of version ${number()}`}
          action="Move"
          fields={[
            { name: "stage", label: "Stage", value: props.version.current_stage, choices: STAGES },
            { name: "others", label: "Versions that are there", choices: ["Stay there", "Are archived"] },
          ]}
          onClose={() => setAsked("")}
          onDone={async ({ stage, others }) => {
            await registry.setStage(name(), number(), stage!, others === "Are archived");
            tell(`Version ${number()} is in ${stage}`);
          }}
        />
      </Show>
      <Show when={asked() === "delete"}>
        <Ask
          title={`Delete version ${number()} of ${name()}`}
          action="Delete"
          look="danger"
          fields={[]}
          onClose={() => setAsked("")}
          onDone={() =>
            props.leave(async () => {
              const [model, version] = [name(), number()];
              await registry.removeVersion(model, version);
              go(modelHref(model));
              tell(`Version ${version} is deleted`, {
                title: "Undo",
                run: () => void undoLast(model, "ModelVersionDeleted"),
              });
            })
          }
        >
          <p>Its tags and aliases go with it. Undo brings them back.</p>
        </Ask>
      </Show>
    </>
  );
}
