/** Charts of several runs: one for each metric, in sections by the first part of their names. */

import { createMemo, createSignal, For, Show } from "solid-js";
import { Button } from "../widgets/button";
import { Icon } from "../widgets/icon";
import { ChartCard, type ChartedRun } from "./card";
import { ChartControls } from "./controls";
import type { ChartedGroup } from "./fold";
import { chartState } from "./state";

const SECTION_CHARTS = 24;
/** With a metric for each layer of a network there may be thousands of sections. */
const SECTIONS = 30;
const PINNED = "pinned";
const UNNAMED = "charts";
/** What was looked for stands together, whatever sections it is from. */
const FOUND = "found";

interface PaneProps {
  metrics: readonly string[];
  runs: readonly ChartedRun[];
  groups: readonly ChartedGroup[];
  /** The run, or group, that is pointed at: here or in the table. */
  highlighted: string;
  onHighlight: (id: string) => void;
  /** Whose charts these are, in words. */
  about: string;
}

interface Section {
  title: string;
  metrics: string[];
}

export function sectionsOf(metrics: readonly string[], find: string, pinned: readonly string[]): Section[] {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  const found = metrics.filter((each) => words.every((word) => each.toLowerCase().includes(word)));
  const sections = new Map<string, string[]>();
  for (const each of found) {
    const slash = each.indexOf("/");
    const own = slash > 0 ? each.slice(0, slash) : UNNAMED;
    const title = words.length ? FOUND : pinned.includes(each) ? PINNED : own;
    sections.set(title, [...(sections.get(title) ?? []), each]);
  }
  // System metrics are looked at last, what was pinned first.
  const rank = (title: string) =>
    title === PINNED ? 0 : title === UNNAMED ? 1 : title === "system" ? 3 : 2;
  return [...sections]
    .map(([title, some]) => ({ title, metrics: some.sort() }))
    .sort((a, b) => rank(a.title) - rank(b.title) || a.title.localeCompare(b.title));
}

export function ChartsPane(props: PaneProps) {
  const [limit, setLimit] = createSignal(SECTIONS);
  const sections = createMemo(() => sectionsOf(props.metrics, chartState.find(), chartState.pinned()));
  // Sections stay as they are while metrics come to them.
  const titles = createMemo(() =>
    sections()
      .slice(0, limit())
      .map((each) => each.title)
      .join("\0"),
  );
  return (
    <section class="charts" aria-label="Charts">
      <ChartControls metrics={props.metrics} />
      <p class="faint charts-about">{props.about}</p>
      <div class="charts-body">
        <For each={titles().split("\0").filter(Boolean)}>
          {(title) => (
            <SectionOf
              title={title}
              metrics={sections().find((each) => each.title === title)?.metrics ?? []}
              runs={props.runs}
              groups={props.groups}
              highlighted={props.highlighted}
              onHighlight={props.onHighlight}
            />
          )}
        </For>
        <Show when={sections().length > limit()}>
          <Button onClick={() => setLimit(limit() + SECTIONS)}>
            {sections().length - limit()} more sections
          </Button>
        </Show>
        <Show when={!sections().length}>
          <p class="faint nothing">
            {props.metrics.length ? "No metric has these words in its name." : "No metrics yet."}
          </p>
        </Show>
      </div>
    </section>
  );
}

interface SectionProps extends Section {
  runs: readonly ChartedRun[];
  groups: readonly ChartedGroup[];
  highlighted: string;
  onHighlight: (runId: string) => void;
}

function SectionOf(props: SectionProps) {
  const [limit, setLimit] = createSignal(SECTION_CHARTS);
  const isOpen = () => !chartState.closed().includes(props.title);
  return (
    <section class="chart-section">
      <h2>
        <button
          type="button"
          class="section-title"
          aria-expanded={isOpen()}
          onClick={() => chartState.toggleClosed(props.title)}
        >
          <Icon name={isOpen() ? "down" : "right"} />
          {props.title}
          <span class="faint">{props.metrics.length}</span>
        </button>
      </h2>
      <Show when={isOpen()}>
        <div class="chart-grid">
          <For each={props.metrics.slice(0, limit())}>
            {(metric) => (
              <ChartCard
                metric={metric}
                section={props.title}
                runs={props.runs}
                groups={props.groups}
                highlighted={props.highlighted}
                onHighlight={props.onHighlight}
              />
            )}
          </For>
        </div>
        <Show when={props.metrics.length > limit()}>
          <Button onClick={() => setLimit(limit() + SECTION_CHARTS)}>
            {props.metrics.length - limit()} more charts
          </Button>
        </Show>
      </Show>
    </section>
  );
}
