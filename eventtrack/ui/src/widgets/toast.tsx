/** Short messages in the corner: what was done, with undo where there is one; what failed, and why. */

import { createSignal, For } from "solid-js";
import { adviceOf, isAborted, messageOf } from "../api/client";
import { IconButton } from "./button";

interface Toast {
  id: number;
  text: string;
  advice?: string;
  isError: boolean;
  action?: { title: string; run: () => void };
}

const SHOWN_MILLISECONDS = 8_000;

let next = 0;
const [toasts, setToasts] = createSignal<readonly Toast[]>([]);

const dismiss = (id: number) => setToasts((before) => before.filter((each) => each.id !== id));

function add(toast: Omit<Toast, "id">): void {
  const id = next++;
  setToasts((before) => [...before.slice(-3), { ...toast, id }]);
  // An error stays until it was read.
  if (!toast.isError) setTimeout(() => dismiss(id), SHOWN_MILLISECONDS);
}

export function tell(text: string, action?: Toast["action"]): void {
  add(action ? { text, isError: false, action } : { text, isError: false });
}

/** Say that something failed, what happened, and what to do. */
export function tellError(what: string, error: unknown): void {
  if (isAborted(error)) return;
  add({ text: `${what}: ${messageOf(error)}`, advice: adviceOf(error), isError: true });
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      <For each={toasts()}>
        {(toast) => (
          <div class="toast" classList={{ error: toast.isError }} role={toast.isError ? "alert" : undefined}>
            <div>
              <p>{toast.text}</p>
              {toast.advice && <p class="faint">{toast.advice}</p>}
            </div>
            {toast.action && (
              <button
                type="button"
                class="button plain"
                onClick={() => {
                  dismiss(toast.id);
                  toast.action?.run();
                }}
              >
                {toast.action.title}
              </button>
            )}
            <IconButton icon="close" label="Dismiss" onClick={() => dismiss(toast.id)} />
          </div>
        )}
      </For>
    </div>
  );
}
