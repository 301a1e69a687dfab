/** What went wrong where something should be: what happened, what to do, and trying again. */

import { Show } from "solid-js";
import { adviceOf, messageOf } from "../api/client";
import { Button } from "./button";

export function Fault(props: { title: string; error: unknown; onRetry?: () => void }) {
  return (
    <section class="fault" role="alert">
      <h2>{props.title}</h2>
      <p>{messageOf(props.error)}</p>
      <Show when={adviceOf(props.error)}>
        <p class="faint">{adviceOf(props.error)}</p>
      </Show>
      <Show when={props.onRetry}>
        <Button onClick={() => props.onRetry?.()}>Try again</Button>
      </Show>
    </section>
  );
}
