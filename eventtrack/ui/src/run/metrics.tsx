/** Every metric of a run in a table: last, least and greatest value, steps, points. */

import { createMemo, createResource, createSignal, For, Show } from "solid-js";
import { retractPoints, seriesOf, type SeriesInfo } from "../api/details";
import { nameOf } from "../live/stream";
import { isPast, useFollow } from "../shell/past";
import { moment, queryValue, setQuery } from "../shell/router";
import { Ask } from "../widgets/ask";
import { Button, IconButton } from "../widgets/button";
import { csv, download, fileName } from "../widgets/download";
import { Fault } from "../widgets/fault";
import { count, number } from "../widgets/format";
import { useFirst } from "../widgets/more";
import { tell } from "../widgets/toast";

type By = "key" | "last" | "min" | "max" | "points" | "last_step";

const COLUMNS: readonly { by: By; title: string }[] = [
  { by: "key", title: "Metric" },
  { by: "last", title: "Last" },
  { by: "min", title: "Min" },
  { by: "max", title: "Max" },
  { by: "last_step", title: "Last step" },
  { by: "points", title: "Points" },
];

/** A NaN is null on the wire; here it is told apart from a metric without values. */
const cell = (value: SeriesInfo["last"]) => (value === null ? "NaN" : number(value));

const DESCENDING = "-";

export function Metrics(props: { runId: string }) {
  const [all, { refetch }] = createResource(() => [props.runId, moment()] as const, ([id]) => seriesOf(id));
  const { shown, More } = useFirst();
  const [retracted, setRetracted] = createSignal("");
  useFollow(
    (told) => told.run_id === props.runId && /^(Metrics|Points|Undone)/.test(nameOf(told)),
    refetch,
  );
  const order = () => queryValue("sort") || "key";
  const by = () => order().replace(/^-/, "") as By;
  const isDescending = () => order().startsWith(DESCENDING);
  const byKey = createMemo(() => new Map((all.error ? [] : (all.latest ?? [])).map((each) => [each.key, each])));
  const keys = createMemo(() => {
    const words = queryValue("find").toLowerCase().split(/\s+/).filter(Boolean);
    const found = [...byKey().values()].filter(({ key }) => words.every((word) => key.toLowerCase().includes(word)));
    const sign = isDescending() ? -1 : 1;
    const text = (each: SeriesInfo) => each.key;
    found.sort((a, b) => {
      if (by() === "key") return sign * text(a).localeCompare(text(b), undefined, { numeric: true });
      return sign * (Number(a[by()] ?? NaN) - Number(b[by()] ?? NaN)) || text(a).localeCompare(text(b));
    });
    return found.map(text);
  });

  function sort(next: By): void {
    setQuery({ sort: by() === next && !isDescending() ? DESCENDING + next : next === "key" ? "" : next });
  }

  function exported(): void {
    const rows = keys().map((key) => {
      const { last, min, max, last_step, points } = byKey().get(key)!;
      return [key, last, min, max, last_step, points];
    });
    download(`${fileName(props.runId)}-metrics.csv`, csv([COLUMNS.map(({ title }) => title), ...rows]));
  }

  return (
    <section aria-label="Metrics">
      <div class="bar">
        <input
          type="search"
          class="input"
          placeholder="Find metrics"
          aria-label="Find metrics"
          value={queryValue("find")}
          onInput={(event) => setQuery({ find: event.currentTarget.value })}
        />
        <span class="faint">{count(keys().length, "metric")}</span>
        <Button icon="download" onClick={exported}>CSV</Button>
      </div>
      <Show when={all.error}>
        <Fault title="The metrics cannot be shown" error={all.error} onRetry={() => void refetch()} />
      </Show>
      <div class="wide">
        <table class="sheet">
          <thead>
            <tr>
              <For each={COLUMNS}>
                {(column) => (
                  <th
                    scope="col"
                    aria-sort={by() === column.by ? (isDescending() ? "descending" : "ascending") : undefined}
                  >
                    <button type="button" onClick={() => sort(column.by)}>
                      {column.title}
                      {by() === column.by ? (isDescending() ? " ↓" : " ↑") : ""}
                    </button>
                  </th>
                )}
              </For>
              <th class="row-tools"><span class="offscreen">Tools</span></th>
            </tr>
          </thead>
          <tbody>
            <For each={shown(keys())} fallback={<tr><td class="faint">{all.loading ? "…" : "None"}</td></tr>}>
              {(key) => (
                <Show when={byKey().get(key)}>
                  {(each) => (
                    <tr>
                      <th scope="row">{key}</th>
                      <td>{cell(each().last)}</td>
                      <td>{cell(each().min)}</td>
                      <td>{cell(each().max)}</td>
                      <td>{each().last_step}</td>
                      <td>
                        {each().points.toLocaleString("en")}
                        <Show when={each().nans}>
                          <span class="problem"> {count(each().nans, "NaN")}</span>
                        </Show>
                      </td>
                      <td class="row-tools">
                        <Show when={!isPast()}>
                          <IconButton icon="trash" label={`Retract points of ${key}`} onClick={() => setRetracted(key)} />
                        </Show>
                      </td>
                    </tr>
                  )}
                </Show>
              )}
            </For>
          </tbody>
        </table>
      </div>
      <More of={keys().length} />
      <Show when={retracted()}>
        {(key) => (
          <Ask
            title={`Retract points of ${key()}`}
            action="Retract"
            look="danger"
            fields={[
              { name: "first", label: "First step", hint: "Nothing: from the first on" },
              { name: "last", label: "Last step", hint: "Nothing: up to the last" },
              { name: "reason", label: "Reason" },
            ]}
            onClose={() => setRetracted("")}
            onDone={async ({ first, last, reason }) => {
              const step = (text = "") => (text.trim() ? Number(text) : undefined);
              const asked = { key: key(), first_step: step(first), last_step: step(last), reason: reason ?? "" };
              const { points } = await retractPoints(props.runId, asked);
              tell(`${count(points, "point")} hidden; the history can bring them back`);
            }}
          >
            <p class="faint">The points are hidden, not lost: undo it in the run's history.</p>
          </Ask>
        )}
      </Show>
    </section>
  );
}
