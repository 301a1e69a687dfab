/** One run, as tabs: what it is, what it logged, what happened to it. */

import { createEffect, createMemo, createResource, createSignal, lazy, Match, on, Show, Switch } from "solid-js";
import "../styles/details.css";
import { runThen } from "../api/details";
import { deleteRun, renameRun, restoreRun } from "../api/runs";
import type { RunStatus } from "../api/types";
import { useCommands } from "../shell/commands";
import { useShortcuts } from "../shell/keys";
import { isPast, useFollow } from "../shell/past";
import { go, href, moment, path } from "../shell/router";
import { Ask } from "../widgets/ask";
import { Button, IconButton } from "../widgets/button";
import { copy } from "../widgets/clipboard";
import { Fault } from "../widgets/fault";
import { duration, fullTime } from "../widgets/format";
import { Status } from "../widgets/status";
import { Tabs } from "../widgets/tabs";
import { tell, tellError } from "../widgets/toast";
import { Overview } from "./overview";
import { Params } from "./params";
import { TABS, tabOf, type TabId } from "./tabs";

const Metrics = lazy(async () => ({ default: (await import("./metrics")).Metrics }));
const Charts = lazy(async () => ({ default: (await import("./charts")).Charts }));
const Console = lazy(async () => ({ default: (await import("./console")).Console }));
const RunArtifacts = lazy(async () => ({ default: (await import("./artifacts")).RunArtifacts }));
const Links = lazy(async () => ({ default: (await import("./links")).Links }));
const History = lazy(async () => ({ default: (await import("../history/history")).History }));

/** Where a run's page is; the rest of the path says which tab, and what in it. */
export function runPath(run: Pick<RunStatus, "run_id" | "experiment_id">, ...rest: string[]): string[] {
  return ["experiments", run.experiment_id, "runs", run.run_id, ...rest];
}

export function RunPage(props: { runId: string }) {
  const [run, { refetch }] = createResource(() => [props.runId, moment()] as const, ([id]) => runThen(id));
  useFollow((told) => told.run_id === props.runId, refetch);
  return (
    <Switch>
      <Match when={run.error}>
        <Fault
          title={isPast() ? "There was no such run at this moment" : "This run cannot be shown"}
          error={run.error}
          onRetry={() => void refetch()}
        />
      </Match>
      <Match when={run.latest}>{(found) => <Run run={found()} />}</Match>
    </Switch>
  );
}

function Run(props: { run: RunStatus }) {
  const rest = createMemo(() => path().slice(path().indexOf(props.run.run_id) + 1));
  const tab = createMemo(() => tabOf(rest()[0]));
  const id = () => props.run.run_id;
  const to = (tab: TabId, ...more: string[]) =>
    href(runPath(props.run, ...(tab === "overview" ? [] : [tab, ...more])));
  createEffect(
    on([tab, () => props.run.name], ([at, name]) => {
      const title = TABS.find((each) => each.id === at)!.title;
      document.title = `${name} · ${title} · eventtrack`;
    }),
  );
  const step = (by: number) => {
    const at = TABS.findIndex((each) => each.id === tab());
    go(to(TABS[(at + by + TABS.length) % TABS.length]!.id));
  };
  useShortcuts(
    { key: "]", title: "The next tab of the run", run: () => step(1) },
    { key: "[", title: "The tab before", run: () => step(-1) },
  );
  useCommands(() =>
    TABS.map(({ id, title }) => ({ title: `${title} of the run`, section: "This run", run: () => go(to(id)) })),
  );
  return (
    <article class="page details">
      <Head run={props.run} />
      <Tabs
        label="Parts of the run"
        tabs={TABS.map(({ id, title }) => ({ title, href: to(id), isOpen: tab() === id }))}
      />
      <div class="tab-body">
        <Switch>
          <Match when={tab() === "overview"}>
            <Overview run={props.run} />
          </Match>
          <Match when={tab() === "params"}>
            <Params run={props.run} />
          </Match>
          <Match when={tab() === "metrics"}>
            <Metrics runId={id()} />
          </Match>
          <Match when={tab() === "charts"}>
            <Charts run={props.run} isSystem={false} />
          </Match>
          <Match when={tab() === "system"}>
            <Charts run={props.run} isSystem />
          </Match>
          <Match when={tab() === "console"}>
            <Console run={props.run} />
          </Match>
          <Match when={tab() === "artifacts"}>
            <RunArtifacts
              runId={id()}
              path={rest().slice(1).join("/")}
              hrefOf={(path) => to("artifacts", ...path.split("/").filter(Boolean))}
            />
          </Match>
          <Match when={tab() === "links"}>
            <Links runId={id()} experimentId={props.run.experiment_id} />
          </Match>
          <Match when={tab() === "history"}>
            <History
              of={`runs/${encodeURIComponent(id())}`}
              concerns={(told) => told.run_id === id()}
              hrefAt={(position) => href(runPath(props.run), { at: String(position) })}
              hrefCompare={(position) => href(["compare"], { runs: `${id()}@${position},${id()}`, at: "" })}
            />
          </Match>
        </Switch>
      </div>
    </article>
  );
}

function Head(props: { run: RunStatus }) {
  const [isRenaming, setIsRenaming] = createSignal(false);
  const isDeleted = () => props.run.lifecycle_stage === "deleted";

  async function change(what: string, act: () => Promise<unknown>, back?: () => Promise<unknown>) {
    try {
      await act();
      if (back) tell(what, { title: "Undo", run: () => void change("Undone", back) });
      else tell(what);
    } catch (error) {
      tellError("The run could not be changed", error);
    }
  }

  return (
    <header class="details-head">
      <h1 classList={{ gone: isDeleted() }}>{props.run.name || props.run.run_id}</h1>
      <Status status={props.run.status} lost={props.run.lost} />
      <Show when={isDeleted()}>
        <span class="problem">deleted</span>
      </Show>
      <span class="faint" title={fullTime(props.run.start_time)}>
        {props.run.end_time ? `ran ${duration(props.run.end_time - props.run.start_time)}` : `started ${fullTime(props.run.start_time)}`}
      </span>
      <span class="grow" />
      <IconButton icon="copy" label="Copy the run's id" onClick={() => void copy(props.run.run_id, "The run's id")} />
      <Button icon="compare" onClick={() => go(href(["compare"], { runs: props.run.run_id }))}>Compare</Button>
      <Show when={!isPast()}>
        <Button icon="edit" onClick={() => setIsRenaming(true)}>Rename</Button>
        <Show
          when={isDeleted()}
          fallback={
            <Button
              icon="trash"
              look="danger"
              onClick={() =>
                void change("The run is deleted", () => deleteRun(props.run.run_id), () => restoreRun(props.run.run_id))
              }
            >
              Delete
            </Button>
          }
        >
          <Button
            icon="restore"
            onClick={() => void change("The run is restored", () => restoreRun(props.run.run_id))}
          >
            Restore
          </Button>
        </Show>
      </Show>
      <Show when={isRenaming()}>
        <Ask
          title="Rename the run"
          action="Rename"
          fields={[{ name: "name", label: "Name", value: props.run.name, isRequired: true }]}
          onClose={() => setIsRenaming(false)}
          onDone={async ({ name }) => {
            const before = props.run.name;
            await renameRun(props.run.run_id, name!);
            tell(`Renamed to ${name}`, {
              title: "Undo",
              run: () => void change("Undone", () => renameRun(props.run.run_id, before)),
            });
          }}
        />
      </Show>
    </header>
  );
}
