/**
 * Short messages in the corner: what was done, with undo where there is one; what failed, and why;
 * how far long work is.
 */

import { createSignal, For, Show, type Accessor } from "solid-js";
import { adviceOf, isAborted, messageOf } from "../api/client";
import { IconButton } from "./button";

interface Toast {
  id: number;
  text: string;
  advice?: string;
  isError: boolean;
  action?: { title: string; run: () => void };
  progress?: Accessor<Progress>;
}

/** How many are done, of how many; 0 of 0 while that is not known. */
export type Progress = readonly [done: number, total: number];

const SHOWN_MILLISECONDS = 8_000;
/** Work that is done sooner is not worth telling of. */
const LONG_MILLISECONDS = 400;

let next = 0;
const [toasts, setToasts] = createSignal<readonly Toast[]>([]);

const dismiss = (id: number) => setToasts((before) => before.filter((each) => each.id !== id));

function add(toast: Omit<Toast, "id">): number {
  const id = next++;
  setToasts((before) => [...before.slice(-3), { ...toast, id }]);
  // An error stays until it was read, and work until it is done.
  if (!toast.isError && !toast.progress) setTimeout(() => dismiss(id), SHOWN_MILLISECONDS);
  return id;
}

/** Do something that may take long: it says how far it is, and ends early when the signal says so. */
export async function working<T>(
  what: string,
  work: (say: (progress: Progress) => void, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const [progress, setProgress] = createSignal<Progress>([0, 0]);
  const controller = new AbortController();
  let shown: number | undefined;
  const timer = setTimeout(() => {
    const action = { title: "Stop", run: () => controller.abort() };
    shown = add({ text: what, isError: false, action, progress });
  }, LONG_MILLISECONDS);
  try {
    return await work(setProgress, controller.signal);
  } finally {
    clearTimeout(timer);
    if (shown !== undefined) dismiss(shown);
  }
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
              <Show when={toast.progress}>{(progress) => <Bar progress={progress()()} what={toast.text} />}</Show>
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
            <Show when={!toast.progress}>
              <IconButton icon="close" label="Dismiss" onClick={() => dismiss(toast.id)} />
            </Show>
          </div>
        )}
      </For>
    </div>
  );
}

function Bar(props: { progress: Progress; what: string }) {
  const total = () => props.progress[1];
  return (
    <p class="faint">
      <Show when={total()} fallback={<progress aria-label={props.what} />}>
        <progress aria-label={props.what} value={props.progress[0]} max={total()} />{" "}
        {/* Not read aloud with every step: the bar can be asked. */}
        <span aria-hidden="true">{props.progress.map((each) => each.toLocaleString("en")).join(" of ")}</span>
      </Show>
    </p>
  );
}
