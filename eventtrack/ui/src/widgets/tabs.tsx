/** The parts of a page, one of which is open.  Where there is no room for all, that one is in view. */

import { createEffect, For, Show } from "solid-js";

export interface Tab {
  title: string;
  isOpen: boolean;
  /** Where it is, or else what shows it. */
  href?: string;
  onPick?: () => void;
}

export function Tabs(props: { label: string; tabs: readonly Tab[] }) {
  let holder!: HTMLElement;
  const open = () => props.tabs.findIndex((each) => each.isOpen);
  createEffect(() => {
    holder.children[open()]?.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
  return (
    <nav ref={holder} class="tabs" aria-label={props.label}>
      <For each={props.tabs.map((_, at) => at)}>
        {(at) => {
          const tab = () => props.tabs[at]!;
          const current = () => (tab().isOpen ? "page" : undefined);
          return (
            <Show
              when={tab().href}
              fallback={
                <button type="button" aria-current={current()} onClick={() => tab().onPick?.()}>
                  {tab().title}
                </button>
              }
            >
              {(href) => (
                <a href={href()} aria-current={current()}>
                  {tab().title}
                </a>
              )}
            </Show>
          );
        }}
      </For>
    </nav>
  );
}
