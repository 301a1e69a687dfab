/** What this browser remembers.  Nothing depends on it: it may be full, or switched off. */

const PREFIX = "eventtrack.";

export function remembered(name: string): string {
  try {
    return localStorage.getItem(PREFIX + name) ?? "";
  } catch {
    // Storage is switched off: there is nothing to remember.
    return "";
  }
}

export function remember(name: string, value: string): void {
  try {
    if (value) localStorage.setItem(PREFIX + name, value);
    else localStorage.removeItem(PREFIX + name);
  } catch {
    // Full or switched off: the choice then lasts as long as the page.
  }
}
