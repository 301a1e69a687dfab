/** Keyboard shortcuts: pages add theirs while they are shown, and the help lists what there is. */

import { createSignal, onCleanup } from "solid-js";

export interface Shortcut {
  /** As in "?", "/", "g r" is not offered: one key, with "mod+" for Ctrl or Command. */
  key: string;
  title: string;
  run: () => void;
  /** Also while a text is being typed. */
  always?: boolean;
}

const [shortcuts, setShortcuts] = createSignal<readonly Shortcut[]>([]);
export { shortcuts };

export const IS_MAC = /Mac|iP(hone|ad)/.test(navigator.platform);

/** Add shortcuts for as long as the calling component lives. */
export function useShortcuts(...added: Shortcut[]): void {
  setShortcuts((before) => [...before, ...added]);
  onCleanup(() => setShortcuts((before) => before.filter((each) => !added.includes(each))));
}

export function shown(key: string): string {
  return key.replace("mod+", IS_MAC ? "⌘" : "Ctrl ").replace(/(^| |⌘)[a-z]$/, (one) => one.toUpperCase());
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  const modified = event.ctrlKey || event.metaKey;
  const key = (modified ? "mod+" : "") + (event.key.length === 1 ? event.key.toLowerCase() : event.key);
  // The last one added is of the innermost page.
  const found = shortcuts().findLast((each) => each.key === key);
  if (!found || (isTyping(event.target) && !found.always)) return;
  if (document.querySelector("dialog[open]") && !found.always) return;
  event.preventDefault();
  found.run();
});
