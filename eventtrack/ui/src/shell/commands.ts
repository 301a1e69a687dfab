/** What the palette offers: the shell's own commands and those of the page that is shown. */

import { createSignal, onCleanup } from "solid-js";

export interface Command {
  title: string;
  /** Under which heading it stands. */
  section: string;
  hint?: string;
  run: () => void;
}

type Source = () => readonly Command[];

const [sources, setSources] = createSignal<readonly Source[]>([]);

/** Offer commands for as long as the calling component lives. */
export function useCommands(source: Source): void {
  setSources((before) => [...before, source]);
  onCleanup(() => setSources((before) => before.filter((each) => each !== source)));
}

export const commands = () => sources().flatMap((source) => source());

/** The commands whose title has every word that was typed, those that begin with it first. */
export function matching(all: readonly Command[], typed: string): Command[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const found = all.filter((each) => {
    const text = `${each.title} ${each.hint ?? ""}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const begins = (each: Command) => (each.title.toLowerCase().startsWith(words[0] ?? "") ? 0 : 1);
  return words.length ? found.sort((a, b) => begins(a) - begins(b)) : found;
}
