/** The pages besides the runs and the run, each fetched when it is opened first. */

import { lazy, Match, Switch } from "solid-js";
import { href, path } from "../shell/router";
import type { Crumb } from "../shell/topbar";
import { NotFound } from "./not-found";

const ModelsPage = lazy(async () => ({ default: (await import("../models/page")).ModelsPage }));
const LoggedModelPage = lazy(async () => ({ default: (await import("../models/logged")).LoggedModelPage }));
const ComparePage = lazy(async () => ({ default: (await import("../compare/page")).ComparePage }));

export function Elsewhere() {
  return (
    <Switch fallback={<NotFound />}>
      <Match when={path()[0] === "models"}>
        <ModelsPage />
      </Match>
      <Match when={path()[0] === "experiments" && path()[2] === "models" && path()[3]}>
        <LoggedModelPage />
      </Match>
      <Match when={path()[0] === "compare"}>
        <ComparePage />
      </Match>
    </Switch>
  );
}

/** The way to the page, for the bar on top. */
export function elsewhereTrail(): Crumb[] {
  const [page, name, kind, version] = path();
  if (page === "experiments" && kind === "models" && version) return [{ title: `model ${version.slice(0, 10)}` }];
  if (page === "compare") return [{ title: "compare" }];
  // The registry's own list stands before the trail.
  if (page !== "models" || !name) return [];
  if (kind !== "versions" || !version) return [{ title: name }];
  return [{ title: name, href: href(["models", name]) }, { title: `version ${version}` }];
}
