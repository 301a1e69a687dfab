/** What may be done with the runs that are chosen. */

import { createMemo, createSignal, Show } from "solid-js";
import { deleteRun, deleteTag, renameRun, restoreRun, setTag } from "../api/runs";
import { go, href, moment } from "../shell/router";
import { Button } from "../widgets/button";
import { Dialog } from "../widgets/dialog";
import { count } from "../widgets/format";
import { tell, tellError, working } from "../widgets/toast";
import type { Run } from "./runs-list";
import type { Selection } from "./selection";

interface ChosenBarProps {
  selection: Selection;
  /** A chosen run as far as the table has it. */
  runOf: (id: string) => Run | undefined;
}

/** Requests that are on their way at once. */
const AT_ONCE = 8;

/**
 * Do something to each, and return those that it was done to.  The first refusal is told, the others
 * go on; when it is stopped, what was done stays done.
 */
async function each(ids: readonly string[], act: (id: string) => Promise<unknown>): Promise<string[]> {
  const left = [...ids];
  const done: string[] = [];
  const refusals: unknown[] = [];
  await working(`Changing ${count(ids.length, "run")}`, async (say, signal) => {
    async function work(): Promise<void> {
      while (left.length && !signal.aborted) {
        const id = left.shift()!;
        try {
          await act(id);
          done.push(id);
        } catch (error) {
          refusals.push(error);
        }
        say([done.length + refusals.length, ids.length]);
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  });
  if (refusals.length) tellError(`${count(refusals.length, "run")} could not be changed`, refusals[0]);
  return done;
}

export function ChosenBar(props: ChosenBarProps) {
  const [asked, setAsked] = createSignal<"rename" | "tag" | "">("");
  const ids = createMemo(() => [...props.selection.ids()]);
  const known = createMemo(() => ids().flatMap((id) => props.runOf(id) ?? []));
  const isDeleted = () => known().length > 0 && known().every((run) => run.lifecycle_stage === "deleted");

  async function remove(): Promise<void> {
    const done = await each(ids(), deleteRun);
    props.selection.remove(done);
    if (done.length) {
      tell(`${count(done.length, "run")} deleted`, { title: "Undo", run: () => void restore(done) });
    }
  }

  async function restore(some: readonly string[]): Promise<void> {
    const done = await each(some, restoreRun);
    if (done.length) tell(`${count(done.length, "run")} restored`);
  }

  return (
    <div class="chosen-bar" role="toolbar" aria-label="Chosen runs">
      <strong>{count(ids().length, "run")} chosen</strong>
      <Show when={ids().length > 1}>
        <Button icon="compare" onClick={() => go(href(["compare"], { runs: ids().join(",") }))}>
          Compare
        </Button>
      </Show>
      <Show when={!moment()}>
        <Show when={ids().length === 1}>
          <Button icon="edit" onClick={() => setAsked("rename")}>Rename</Button>
        </Show>
        <Button icon="tag" onClick={() => setAsked("tag")}>Tag</Button>
        <Show
          when={isDeleted()}
          fallback={<Button icon="trash" look="danger" onClick={() => void remove()}>Delete</Button>}
        >
          <Button icon="restore" onClick={() => void restore(ids())}>Restore</Button>
        </Show>
      </Show>
      <Button icon="close" onClick={() => props.selection.clear()}>Clear</Button>
      <Show when={asked() === "rename"}>
        <Rename
          name={known()[0]?.name ?? ""}
          onClose={() => setAsked("")}
          onRename={async (name) => {
            if ((await each(ids(), (id) => renameRun(id, name))).length) tell(`Renamed to ${name}`);
          }}
        />
      </Show>
      <Show when={asked() === "tag"}>
        <Tag
          runs={ids().length}
          onClose={() => setAsked("")}
          onTag={async (key, value) => {
            const done = await each(ids(), (id) => (value ? setTag(id, key, value) : deleteTag(id, key)));
            if (done.length) tell(`${count(done.length, "run")} ${value ? "tagged" : "untagged"}`);
          }}
        />
      </Show>
    </div>
  );
}

function Rename(props: { name: string; onClose: () => void; onRename: (name: string) => Promise<void> }) {
  const [name, setName] = createSignal(props.name);
  return (
    <Dialog title="Rename the run" onClose={props.onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          props.onClose();
          if (name().trim() && name() !== props.name) void props.onRename(name().trim());
        }}
      >
        <label class="field">
          <span>Name</span>
          <input class="input" autofocus value={name()} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <footer class="dialog-foot">
          <Button look="primary" type="submit">Rename</Button>
        </footer>
      </form>
    </Dialog>
  );
}

interface TagProps {
  runs: number;
  onClose: () => void;
  onTag: (key: string, value: string) => Promise<void>;
}

function Tag(props: TagProps) {
  const [key, setKey] = createSignal("");
  const [value, setValue] = createSignal("");
  return (
    <Dialog title={`Tag ${count(props.runs, "run")}`} onClose={props.onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!key().trim()) return;
          props.onClose();
          void props.onTag(key().trim(), value());
        }}
      >
        <label class="field">
          <span>Key</span>
          <input class="input" autofocus required value={key()} onInput={(event) => setKey(event.currentTarget.value)} />
        </label>
        <label class="field">
          <span>Value; empty takes the tag away</span>
          <input class="input" value={value()} onInput={(event) => setValue(event.currentTarget.value)} />
        </label>
        <footer class="dialog-foot">
          <Button look="primary" type="submit">Tag</Button>
        </footer>
      </form>
    </Dialog>
  );
}
