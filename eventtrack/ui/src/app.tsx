/** The shell around the pages, and which page an address shows. */

import { createEffect, createMemo, createSignal, ErrorBoundary, lazy, Match, Show, Switch } from "solid-js";
import { Elsewhere, elsewhereTrail } from "./pages/elsewhere";
import { RunPage } from "./pages/run";
import { RunsPage } from "./pages/runs";
import { useCommands } from "./shell/commands";
import { chosenExperiments, experimentName, useExperiments } from "./shell/experiments";
import { Help } from "./shell/help";
import { useShortcuts } from "./shell/keys";
import { Palette } from "./shell/palette";
import { isPast } from "./shell/past";
import { go, href, path, setQuery } from "./shell/router";
import { chooseTheme, toggleTheme } from "./shell/theme";
import { type Crumb, Topbar } from "./shell/topbar";
import { useEvents } from "./live/stream";
import { Fault } from "./widgets/fault";
import { Toasts } from "./widgets/toast";

const TimeBar = lazy(async () => ({ default: (await import("./time/bar")).TimeBar }));

/** The run of the address: #/runs/ID, or #/experiments/ID/runs/ID as the mlflow client prints it. */
function runOf(path: readonly string[]): string {
  if (path[0] === "runs" && path.length >= 2) return path[1]!;
  if (path[0] === "experiments" && path[2] === "runs" && path.length >= 4) return path[3]!;
  return "";
}

export function App() {
  const [isPaletteOpen, setIsPaletteOpen] = createSignal(false);
  const [isTimeOpen, setIsTimeOpen] = createSignal(false);
  const isTimeShown = () => isTimeOpen() || isPast();
  const [isHelpOpen, setIsHelpOpen] = createSignal(false);
  useExperiments();
  useEvents(() => undefined);

  /** Closed, the bar shows the present again. */
  function toggleTime(): void {
    const isOpen = !isTimeShown();
    setIsTimeOpen(isOpen);
    if (!isOpen && isPast()) setQuery({ at: "" }, true);
  }

  useShortcuts(
    { key: "mod+k", title: "Go to a command, an experiment or a run", always: true, run: () => setIsPaletteOpen(true) },
    { key: "?", title: "Keyboard shortcuts", run: () => setIsHelpOpen(true) },
    { key: "d", title: "Dark or light", run: toggleTheme },
    { key: "t", title: "Look at another time", run: toggleTime },
  );
  useCommands(() => [
    { title: "All runs", section: "Pages", run: () => go(href([])) },
    { title: "Models", section: "Pages", run: () => go(href(["models"])) },
    { title: "Look at another time", section: "Pages", run: () => setIsTimeOpen(true) },
    { title: "Keyboard shortcuts", section: "Help", run: () => setIsHelpOpen(true) },
    { title: "Dark theme", section: "Appearance", run: () => chooseTheme("dark") },
    { title: "Light theme", section: "Appearance", run: () => chooseTheme("light") },
    { title: "Theme as the system has it", section: "Appearance", run: () => chooseTheme("system") },
  ]);

  const run = createMemo(() => runOf(path()));
  const isRuns = () => {
    const [first, , third] = path();
    return first === undefined || (first === "experiments" && third === undefined);
  };
  const trail = createMemo<Crumb[]>(() => run() ? [{ title: `run ${run().slice(0, 8)}` }] : elsewhereTrail());
  createEffect(() => {
    const ids = chosenExperiments();
    const place = ids.length ? ids.map(experimentName).join(", ") : "all runs";
    // The other pages say their titles themselves.
    if (isRuns()) document.title = `${place} · eventtrack`;
  });

  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the page
      </a>
      <Topbar
        trail={trail()}
        onSearch={() => setIsPaletteOpen(true)}
        onHelp={() => setIsHelpOpen(true)}
        isTimeShown={isTimeShown()}
        onTime={toggleTime}
      />
      <Show when={isTimeShown()}>
        <TimeBar runId={run()} onClose={() => setIsTimeOpen(false)} />
      </Show>
      <main id="main" tabindex="-1">
        <ErrorBoundary
          fallback={(error, reset) => (
            <Fault title="This page failed to draw itself" error={error} onRetry={reset} />
          )}
        >
          <Switch fallback={<Elsewhere />}>
            <Match when={run()} keyed>
              {(id) => <RunPage runId={id} />}
            </Match>
            <Match when={isRuns()}>
              <RunsPage />
            </Match>
          </Switch>
        </ErrorBoundary>
      </main>
      <Toasts />
      <Show when={isPaletteOpen()}>
        <Palette onClose={() => setIsPaletteOpen(false)} />
      </Show>
      <Show when={isHelpOpen()}>
        <Help onClose={() => setIsHelpOpen(false)} />
      </Show>
    </>
  );
}

/** The address belongs to the router, so the link's own way is not gone. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
