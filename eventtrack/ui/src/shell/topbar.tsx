/** The bar on top of every page: where one is, the way elsewhere, the connection, the theme. */

import { createMemo, For, Show } from "solid-js";
import iconUrl from "../icon.svg";
import { connection } from "../live/stream";
import { IconButton } from "../widgets/button";
import { Icon } from "../widgets/icon";
import { ExperimentPicker } from "./experiment-picker";
import { shown } from "./keys";
import { href, moment, setQuery } from "./router";
import { isDark, toggleTheme } from "./theme";

const SAID = {
  connecting: "Connecting to the event stream",
  live: "Live: changes appear as they happen",
  broken: "The connection is broken; it is tried again by itself",
};

const SHORT = { connecting: "…", live: "Live", broken: "Offline" };

export interface Crumb {
  title: string;
  href?: string;
}

interface TopbarProps {
  trail: readonly Crumb[];
  onSearch: () => void;
  onHelp: () => void;
  isTimeShown: boolean;
  onTime: () => void;
}

export function Topbar(props: TopbarProps) {
  const isPast = createMemo(() => moment() !== "");
  return (
    <header class="topbar">
      <a class="brand" href={href([])} aria-label="eventtrack: all runs">
        <img src={iconUrl} alt="" width="20" height="20" />
        <span>eventtrack</span>
      </a>
      <ExperimentPicker />
      <nav class="places" aria-label="Pages">
        <a class="button plain" href={href(["models"])}>Models</a>
      </nav>
      <nav class="trail" aria-label="Where you are">
        <For each={props.trail}>
          {(crumb) => (
            <>
              <span class="faint" aria-hidden="true">/</span>
              <Show when={crumb.href} fallback={<span aria-current="page">{crumb.title}</span>}>
                <a href={crumb.href}>{crumb.title}</a>
              </Show>
            </>
          )}
        </For>
      </nav>
      <Show when={isPast()}>
        <button type="button" class="past" onClick={() => setQuery({ at: "" }, true)}>
          As of {moment()} <span class="faint">back to now</span>
        </button>
      </Show>
      <button type="button" class="search-button" onClick={() => props.onSearch()}>
        <Icon name="search" />
        <span>Go to…</span>
        <kbd>{shown("mod+k")}</kbd>
      </button>
      <span class={`connection ${connection()}`} role="status" title={SAID[connection()]}>
        {SHORT[connection()]}
      </span>
      <IconButton
        icon="clock"
        label="Look at another time"
        aria-pressed={props.isTimeShown}
        onClick={() => props.onTime()}
      />
      <IconButton
        icon={isDark() ? "sun" : "moon"}
        label={isDark() ? "Light theme" : "Dark theme"}
        onClick={toggleTheme}
      />
      <IconButton icon="help" label="Keyboard shortcuts" onClick={() => props.onHelp()} />
    </header>
  );
}
