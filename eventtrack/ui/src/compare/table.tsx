/** Runs side by side: a column for each, a row for each field. */

import { createMemo, For, Show } from "solid-js";
import { colourOf } from "../charts/colours";
import { href } from "../shell/router";
import { IconButton } from "../widgets/button";
import { count } from "../widgets/format";
import { useFirst } from "../widgets/more";
import { differs, type Entry, type Field, titleOf } from "./compared";

const SECTIONS = ["About", "Params", "Metrics", "Tags"] as const;

interface ComparedTableProps {
  entries: readonly Entry[];
  fields: readonly Field[];
  areAllShown: boolean;
  onRemove: (id: string) => void;
}

export function ComparedTable(props: ComparedTableProps) {
  return (
    <div class="wide compared">
      <table class="sheet">
        <thead>
          <tr>
            <th scope="col">
              <span class="offscreen">Field</span>
            </th>
            <For each={props.entries}>
              {(entry) => (
                <th scope="col">
                  <span class="run-head">
                    <i class="swatch" style={{ background: colourOf(entry.id) }} />
                    <a
                      class="clip"
                      title={titleOf(entry)}
                      href={href(
                        ["experiments", entry.run.experiment_id, "runs", entry.runId],
                        entry.at ? { at: entry.at } : {},
                      )}
                    >
                      {titleOf(entry)}
                    </a>
                    <IconButton
                      icon="close"
                      label={`Leave out ${titleOf(entry)}`}
                      onClick={() => props.onRemove(entry.id)}
                    />
                  </span>
                </th>
              )}
            </For>
          </tr>
        </thead>
        <For each={SECTIONS}>{(section) => <SectionOf {...props} section={section} />}</For>
      </table>
    </div>
  );
}

function SectionOf(props: ComparedTableProps & { section: (typeof SECTIONS)[number] }) {
  const all = createMemo(() => props.fields.filter(({ section }) => section === props.section));
  const shown = createMemo(() =>
    props.areAllShown || props.entries.length < 2 ? all() : all().filter((field) => differs(field, props.entries)),
  );
  const { shown: first, More } = useFirst();
  const same = () => all().length - shown().length;
  return (
    <Show when={all().length}>
      <tbody aria-label={props.section}>
        <tr class="section">
          <th scope="colgroup" colspan={props.entries.length + 1}>
            {props.section}{" "}
            <span class="faint">
              {same() ? `${count(same(), "other")} the same` : ""}
            </span>
          </th>
        </tr>
        <For each={first(shown())}>
          {(field) => (
            <tr>
              <th scope="row">{field.title}</th>
              <For each={props.entries}>
                {(entry) => (
                  <td
                    classList={{
                      other: field.value(entry) !== field.value(props.entries[0]!),
                      absent: field.value(entry) === null,
                    }}
                    title={field.text(entry)}
                  >
                    {field.text(entry) || "–"}
                  </td>
                )}
              </For>
            </tr>
          )}
        </For>
        <Show when={first(shown()).length < shown().length}>
          <tr>
            <td>
              <More of={shown().length} />
            </td>
          </tr>
        </Show>
      </tbody>
    </Show>
  );
}
