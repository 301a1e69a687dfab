/** The model registry: all models, one of them, one of its versions. */

import { createMemo, Match, Switch } from "solid-js";
import "../styles/details.css";
import { path } from "../shell/router";
import { ModelList } from "./list";
import { ModelPage } from "./model";
import { VersionPage } from "./version";

export function ModelsPage() {
  const name = createMemo(() => path()[1] ?? "");
  const version = createMemo(() => (path()[2] === "versions" ? (path()[3] ?? "") : ""));
  return (
    <Switch fallback={<ModelList />}>
      <Match when={version()}>
        <VersionPage name={name()} version={version()} />
      </Match>
      <Match when={name()} keyed>
        {(name) => <ModelPage name={name} />}
      </Match>
    </Switch>
  );
}
