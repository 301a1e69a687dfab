/** What the pages of the registry share: who follows it, links, aliases and stages as labels. */

import { For, Show } from "solid-js";
import type { Told } from "../live/stream";
import { href } from "../shell/router";

/** Is the event of the model registry? */
export const isOfRegistry = (told: Told) => /^(RegisteredModel|ModelVersion)/.test(told.type);

export const modelHref = (name: string, ...rest: string[]) => href(["models", name, ...rest]);

export const versionHref = (name: string, version: string) => modelHref(name, "versions", version);

export function Aliases(props: { aliases: readonly string[] | undefined }) {
  return <For each={props.aliases}>{(alias) => <span class="label">@{alias}</span>}</For>;
}

export function Stage(props: { stage: string }) {
  return (
    <Show when={props.stage && props.stage !== "None"}>
      <span class="label stage">{props.stage}</span>
    </Show>
  );
}
