/** The first of many rows, and a button for more: a browser is slow with tens of thousands. */

import { createSignal, Show } from "solid-js";
import { Button } from "./button";

const ROWS = 500;

/** `shown` takes the first rows of a list, `More` stands below them while there are others. */
export function useFirst() {
  const [limit, setLimit] = createSignal(ROWS);
  return {
    shown: <T,>(all: readonly T[]): readonly T[] => (all.length > limit() ? all.slice(0, limit()) : all),
    More: (props: { of: number }) => (
      <Show when={props.of > limit()}>
        <Button onClick={() => setLimit(limit() * 4)}>
          {(props.of - limit()).toLocaleString("en")} more
        </Button>
      </Show>
    ),
  };
}
