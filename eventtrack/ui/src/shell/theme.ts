/** Dark or light: as the system says until somebody chooses, and then remembered. */

import { createEffect, createRoot, createSignal } from "solid-js";
import { remember, remembered } from "./memory";

export type Theme = "system" | "light" | "dark";

const THEMES: readonly Theme[] = ["system", "light", "dark"];
const system = matchMedia("(prefers-color-scheme: dark)");
const [systemIsDark, setSystemIsDark] = createSignal(system.matches);
system.addEventListener("change", () => setSystemIsDark(system.matches));

const before = remembered("theme");
const [theme, setTheme] = createSignal<Theme>(THEMES.find((each) => each === before) ?? "system");

export { theme };

export const isDark = () => (theme() === "system" ? systemIsDark() : theme() === "dark");

export function chooseTheme(chosen: Theme): void {
  setTheme(chosen);
  remember("theme", chosen === "system" ? "" : chosen);
}

export function toggleTheme(): void {
  chooseTheme(isDark() ? "light" : "dark");
}

createRoot(() =>
  createEffect(() => {
    document.documentElement.dataset.theme = isDark() ? "dark" : "light";
  }),
);

/** A colour of the theme as the canvas takes it; reading it follows the theme. */
export function colour(name: string): string {
  isDark();
  const probe = document.createElement("i");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
