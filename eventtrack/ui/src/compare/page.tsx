/** Runs compared: in a table, as parallel coordinates, as dots, as charts; also a run with its past. */

import { createEffect, createMemo, createResource, createSignal, For, Match, Show, Switch } from "solid-js";
import "../styles/details.css";
import "../styles/compare.css";
import { adviceOf, messageOf } from "../api/client";
import { ChartsPane } from "../charts/pane";
import { useFollow } from "../shell/past";
import { href, moment, queryValue, setQuery } from "../shell/router";
import { Ask } from "../widgets/ask";
import { Button } from "../widgets/button";
import { count } from "../widgets/format";
import { Popover } from "../widgets/popover";
import { Tabs } from "../widgets/tabs";
import { COMPARED_MAX, differs, type Entry, type Field, fieldsOf, idsOf, loadAll, type Of, splitId } from "./compared";
import { Parallel } from "./parallel";
import { Scatter } from "./scatter";
import { ComparedTable } from "./table";

const VIEWS = [
  { id: "", title: "Side by side" },
  { id: "parallel", title: "Parallel coordinates" },
  { id: "scatter", title: "Scatter" },
  { id: "charts", title: "Charts" },
] as const;

const AXES_USUAL = 6;

export function ComparePage() {
  const ids = createMemo(() => idsOf(queryValue("runs")), [], {
    equals: (a, b) => a.join(",") === b.join(","),
  });
  const [loaded, { refetch }] = createResource(() => [ids(), moment()] as const, ([ids]) => loadAll(ids));
  useFollow((told) => ids().some((id) => splitId(id).runId === told.run_id && !splitId(id).at), refetch, 1_000);
  const entries = () => loaded.latest?.entries ?? [];
  const of = () => (["min", "max"].includes(queryValue("of")) ? queryValue("of") : "last") as Of;
  const fields = createMemo(() => fieldsOf(entries(), of()));
  const view = () => queryValue("view");
  const [isEarlier, setIsEarlier] = createSignal(false);
  createEffect(() => (document.title = `Compare ${count(ids().length, "run")} · eventtrack`));

  const setIds = (next: readonly string[]) => setQuery({ runs: next.join(",") }, true);

  return (
    <article class="page details">
      <header class="details-head">
        <h1>Compare {count(ids().length, "run")}</h1>
        <Show when={loaded.loading}>
          <span class="faint">…</span>
        </Show>
        <span class="grow" />
        <Show when={ids().length === 1}>
          <Button icon="restore" onClick={() => setIsEarlier(true)}>With an earlier time</Button>
        </Show>
      </header>
      <Tabs
        label="How to compare"
        tabs={VIEWS.map(({ id, title }) => ({
          title,
          isOpen: view() === id,
          onPick: () => setQuery({ view: id }, true),
        }))}
      />
      <div class="tab-body">
        <For each={loaded.latest?.faults}>
          {({ id, error }) => (
            <p class="problem" role="alert">
              Run {id} is left out: {messageOf(error)} {adviceOf(error)}
            </p>
          )}
        </For>
        <Show when={ids().length} fallback={<Nothing />}>
          <Show when={entries().length}>
            <Switch>
              <Match when={view() === "parallel"}>
                <ParallelView entries={entries()} fields={fields()} />
              </Match>
              <Match when={view() === "scatter"}>
                <ScatterView entries={entries()} fields={fields()} />
              </Match>
              <Match when={view() === "charts"}>
                <ChartsView entries={entries()} />
              </Match>
              <Match when={true}>
                <TableControls of={of()} />
                <ComparedTable
                  entries={entries()}
                  fields={fields()}
                  areAllShown={queryValue("show") === "all"}
                  onRemove={(id) => setIds(ids().filter((each) => each !== id))}
                />
              </Match>
            </Switch>
          </Show>
        </Show>
      </div>
      <Show when={isEarlier()}>
        <Ask
          title="The run and itself at an earlier time"
          action="Compare"
          fields={[
            {
              name: "at",
              label: "Earlier",
              isRequired: true,
              hint: "A time such as 2026-11-23T18:00:00Z, or an event's number from the history",
            },
          ]}
          onClose={() => setIsEarlier(false)}
          onDone={async ({ at }) => {
            const { runId } = splitId(ids()[0]!);
            const earlier = `${runId}@${at!.trim()}`;
            const { faults } = await loadAll([earlier]);
            if (faults[0]) throw faults[0].error;
            setIds([earlier, ids()[0]!]);
          }}
        />
      </Show>
    </article>
  );
}

function Nothing() {
  return (
    <section class="empty">
      <h2>Nothing to compare</h2>
      <p>
        Choose runs in <a href={href([])}>the table</a>, up to {COMPARED_MAX}, and press Compare.
      </p>
    </section>
  );
}

function TableControls(props: { of: Of }) {
  return (
    <div class="bar">
      <label>
        <input
          type="checkbox"
          checked={queryValue("show") !== "all"}
          onChange={(event) => setQuery({ show: event.currentTarget.checked ? "" : "all" })}
        />
        Only what differs
      </label>
      <label>
        <span class="faint">Metrics by</span>
        <select
          class="select"
          aria-label="Which value of the metrics"
          value={props.of}
          onChange={(event) => setQuery({ of: event.currentTarget.value === "last" ? "" : event.currentTarget.value })}
        >
          <option value="last">last value</option>
          <option value="min">least value</option>
          <option value="max">greatest value</option>
        </select>
      </label>
    </div>
  );
}

interface ViewProps {
  entries: readonly Entry[];
  fields: readonly Field[];
}

/** What can be put on an axis. */
const placed = (props: ViewProps) =>
  props.fields.filter(({ section }) => section === "Params" || section === "Metrics");

const encoded = (ids: readonly string[]) => ids.map(encodeURIComponent).join(",");

function ParallelView(props: ViewProps) {
  const all = createMemo(() => placed(props));
  const usual = createMemo(() => {
    const differing = all().filter((field) => differs(field, props.entries));
    const params = differing.filter(({ section }) => section === "Params").slice(0, AXES_USUAL - 2);
    return [...params, ...differing.filter(({ section }) => section === "Metrics").slice(0, AXES_USUAL - params.length)];
  });
  const chosen = createMemo(() => {
    const ids = queryValue("axes").split(",").filter(Boolean).map(decodeURIComponent);
    const found = ids.flatMap((id) => all().find((field) => field.id === id) ?? []);
    return found.length ? found : usual();
  });
  function toggle(field: Field): void {
    const now = chosen().map(({ id }) => id);
    const next = now.includes(field.id) ? now.filter((id) => id !== field.id) : [...now, field.id];
    setQuery({ axes: encoded(next) });
  }
  return (
    <>
      <div class="bar">
        <Popover label="Axes" icon="columns" title="Choose the axes">
          {() => (
            <ul class="list">
              <For each={all()}>
                {(field) => (
                  <li>
                    <label class="choice">
                      {field.title}
                      <input
                        type="checkbox"
                        checked={chosen().some(({ id }) => id === field.id)}
                        onChange={() => toggle(field)}
                      />
                    </label>
                  </li>
                )}
              </For>
            </ul>
          )}
        </Popover>
      </div>
      <Show when={chosen().length} fallback={<p class="faint">The runs differ in no param and no metric.</p>}>
        <Parallel entries={props.entries} fields={chosen()} />
      </Show>
    </>
  );
}

function ScatterView(props: ViewProps) {
  const all = createMemo(() => placed(props));
  const differing = createMemo(() => all().filter((field) => differs(field, props.entries)));
  const find = (id: string) => all().find((field) => field.id === id);
  const first = (section: Field["section"]) =>
    differing().find((field) => field.section === section) ?? all().find((field) => field.section === section);
  const x = () => find(queryValue("sx")) ?? first("Params") ?? all()[0];
  const y = () => find(queryValue("sy")) ?? first("Metrics") ?? all()[0];
  const choice = (name: string, label: string, now: () => Field | undefined) => (
    <label>
      <span class="faint">{label}</span>
      <select
        class="select"
        aria-label={label}
        value={now()?.id}
        onChange={(event) => setQuery({ [name]: event.currentTarget.value })}
      >
        <For each={all()}>
          {(field) => (
            <option value={field.id} selected={field.id === now()?.id}>
              {field.title}
            </option>
          )}
        </For>
      </select>
    </label>
  );
  return (
    <Show when={x() && y()} fallback={<p class="faint">The runs have no params and no metrics.</p>}>
      <div class="bar">
        {choice("sx", "Across", x)}
        {choice("sy", "Up", y)}
      </div>
      <Scatter entries={props.entries} x={x()!} y={y()!} />
    </Show>
  );
}

function ChartsView(props: { entries: readonly Entry[] }) {
  const [highlighted, setHighlighted] = createSignal("");
  const text = createMemo(() => {
    const metrics = new Set(props.entries.flatMap(({ metrics }) => [...metrics.keys()]));
    const runs = new Map(props.entries.map(({ runId, run }) => [runId, run.name]));
    return JSON.stringify({
      metrics: [...metrics],
      runs: [...runs].map(([run_id, name]) => ({ run_id, name })),
    });
  });
  const shown = createMemo(() => JSON.parse(text()) as { metrics: string[]; runs: { run_id: string; name: string }[] });
  return (
    <div class="tab-charts">
      <ChartsPane
        metrics={shown().metrics}
        runs={shown().runs}
        groups={[]}
        highlighted={highlighted()}
        onHighlight={setHighlighted}
        about={`${count(shown().runs.length, "run")} compared`}
      />
    </div>
  );
}
