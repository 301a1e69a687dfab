/** One logged model: what it is, its files, what happened to it. */

import { createEffect, createMemo, createSignal, lazy, Show } from "solid-js";
import "../styles/details.css";
import { isPast } from "../shell/past";
import { href, path } from "../shell/router";
import { IconButton } from "../widgets/button";
import { copy } from "../widgets/clipboard";
import { Tabs } from "../widgets/tabs";
import { ModelCard } from "../run/links";

const History = lazy(async () => ({ default: (await import("../history/history")).History }));

export function LoggedModelPage() {
  const id = createMemo(() => path()[3] ?? "");
  const [isHistory, setIsHistory] = createSignal(false);
  createEffect(() => (document.title = `${id()} · eventtrack`));
  return (
    <article class="page details">
      <header class="details-head">
        <h1>Logged model {id()}</h1>
        <IconButton icon="copy" label="Copy its address" onClick={() => void copy(`models:/${id()}`, "The address for load_model")} />
      </header>
      <Tabs
        label="Parts of the model"
        tabs={[
          { title: "Model", isOpen: !isHistory(), onPick: () => setIsHistory(false) },
          { title: "History", isOpen: isHistory(), onPick: () => setIsHistory(true) },
        ]}
      />
      <div class="tab-body">
        <Show when={id()} keyed>
          {(model) => (
            <Show when={isHistory()} fallback={<ModelCard modelId={model} what={isPast() ? "as it was" : "as it is"} isOpen />}>
              <History
                of={`logged-models/${encodeURIComponent(model)}`}
                concerns={(told) => told.stream === `logged-model/${model}`}
                hrefAt={(position) => href(["experiments", path()[1] ?? "", "models", model], { at: String(position) })}
              />
            </Show>
          )}
        </Show>
      </div>
    </article>
  );
}
