/** A modal dialog on the browser's own: it keeps the focus, closes by Escape and gives focus back. */

import { onMount, type JSX } from "solid-js";
import { IconButton } from "./button";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: JSX.Element;
  class?: string;
  /** Without a visible heading, for a palette. */
  bare?: boolean;
}

export function Dialog(props: DialogProps) {
  let element!: HTMLDialogElement;
  onMount(() => element.showModal());
  return (
    <dialog
      ref={element}
      class={`dialog ${props.class ?? ""}`}
      aria-label={props.title}
      onClose={() => props.onClose()}
      onClick={(event) => event.target === element && element.close()}
    >
      <div class="dialog-body">
        {!props.bare && (
          <header class="dialog-head">
            <h2>{props.title}</h2>
            <IconButton icon="close" label="Close" onClick={() => element.close()} />
          </header>
        )}
        {props.children}
      </div>
    </dialog>
  );
}
