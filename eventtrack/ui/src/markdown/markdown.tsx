/** A text in markdown; as it was written until the parser is there. */

import { createEffect, on } from "solid-js";

export function Markdown(props: { text: string }) {
  let holder!: HTMLDivElement;
  createEffect(
    on(
      () => props.text,
      (text) => {
        const plain = document.createElement("pre");
        plain.textContent = text;
        holder.replaceChildren(plain);
        void import("./sanitize").then(({ sanitized }) => {
          if (text === props.text) holder.replaceChildren(sanitized(text));
        });
      },
    ),
  );
  return <div ref={holder} class="markdown" />;
}
