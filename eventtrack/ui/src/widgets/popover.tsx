/**
 * A button that opens a panel below itself; Escape or a click elsewhere closes it.  The panel is the
 * page's child, so that nothing which scrolls or clips stands in its way.
 */

import { createEffect, createSignal, createUniqueId, onCleanup, Show, type JSX } from "solid-js";
import { Portal } from "solid-js/web";
import { Icon, type IconName } from "./icon";

interface PopoverProps {
  label: JSX.Element;
  icon?: IconName;
  /** Says what the panel is; the button's name too, when its label is none. */
  title: string;
  class?: string;
  align?: "start" | "end";
  children: (close: () => void) => JSX.Element;
}

export function Popover(props: PopoverProps) {
  const [isOpen, setIsOpen] = createSignal(false);
  const id = createUniqueId();
  let button!: HTMLButtonElement;
  let panel: HTMLDivElement | undefined;

  function close(): void {
    const hadFocus = panel?.contains(document.activeElement);
    setIsOpen(false);
    if (hadFocus) button.focus();
  }

  function place(): void {
    if (!panel) return;
    const of = button.getBoundingClientRect();
    const width = panel.offsetWidth;
    const left = props.align === "end" ? of.right - width : of.left;
    panel.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
    panel.style.top = `${of.bottom + 4}px`;
    panel.style.maxHeight = `${Math.max(160, innerHeight - of.bottom - 16)}px`;
  }

  createEffect(() => {
    if (!isOpen()) return;
    place();
    panel?.querySelector<HTMLElement>("input, button, [tabindex]")?.focus();
    const outside = (event: PointerEvent) => {
      const target = event.target as Node;
      if (!panel?.contains(target) && !button.contains(target)) setIsOpen(false);
    };
    addEventListener("pointerdown", outside, true);
    addEventListener("resize", place);
    onCleanup(() => {
      removeEventListener("pointerdown", outside, true);
      removeEventListener("resize", place);
    });
  });

  return (
    <>
      <button
        ref={button}
        type="button"
        class={`button plain ${props.class ?? ""}`}
        title={props.title}
        aria-haspopup="dialog"
        aria-expanded={isOpen()}
        aria-controls={id}
        onClick={() => setIsOpen(!isOpen())}
      >
        {props.icon && <Icon name={props.icon} />}
        {props.label}
        <Icon name="down" />
      </button>
      <Show when={isOpen()}>
        <Portal>
        <div
          ref={(element) => (panel = element)}
          id={id}
          class="popover"
          role="dialog"
          aria-label={props.title}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            event.stopPropagation();
            event.preventDefault();
            close();
          }}
        >
          {props.children(close)}
        </div>
        </Portal>
      </Show>
    </>
  );
}
