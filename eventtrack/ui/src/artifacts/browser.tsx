/** Files as a tree on the left and the chosen one on the right. */

import { createEffect, createResource, createSignal, For, on, onMount, Show } from "solid-js";
import type { ArtifactFile, ArtifactSource } from "../api/artifacts";
import { Fault } from "../widgets/fault";
import { Icon } from "../widgets/icon";
import { nameOfPath, sizeOf } from "./kinds";
import { Preview } from "./preview";

interface BrowserProps {
  source: ArtifactSource;
  /** The chosen file or folder, "" for none. */
  path: string;
  hrefOf: (path: string) => string;
  /** Rises when the lists may be others. */
  version: number;
}

export function Browser(props: BrowserProps) {
  const [chosen, setChosen] = createSignal<ArtifactFile | null>(null);
  createEffect(on(() => props.path, (path) => chosen()?.path !== path && setChosen(null)));
  return (
    <div class="artifacts">
      <nav class="tree" aria-label="Files">
        <Folder {...props} of="" level={1} onFound={setChosen} />
      </nav>
      <Show when={chosen()} fallback={<p class="faint">Choose a file to look at it.</p>}>
        {(file) => <Preview source={props.source} file={file()} />}
      </Show>
    </div>
  );
}

interface FolderProps extends BrowserProps {
  of: string;
  level: number;
  onFound: (file: ArtifactFile) => void;
}

function Folder(props: FolderProps) {
  const [files, { refetch }] = createResource(
    () => [props.source, props.of, props.version] as const,
    ([source, of]) => source.list(of),
  );
  const found = () => (files.error ? [] : (files.latest ?? []));
  const byPath = () => new Map(found().map((file) => [file.path, file]));
  createEffect(() => {
    const file = byPath().get(props.path);
    if (file && !file.is_dir) props.onFound(file);
  });
  const paths = () =>
    found()
      .toSorted((a, b) => Number(b.is_dir) - Number(a.is_dir) || a.path.localeCompare(b.path, undefined, { numeric: true }))
      .map((file) => file.path);
  return (
    <>
      <Show when={files.error}>
        <Fault title="The files cannot be listed" error={files.error} onRetry={() => void refetch()} />
      </Show>
      <ul>
        <For each={paths()} fallback={<li class="faint">{files.loading ? "…" : files.error ? "" : "No files"}</li>}>
          {(path) => (
            <Show when={byPath().get(path)}>
              {(file) => (
                <Show when={file().is_dir} fallback={<File {...props} file={file()} />}>
                  <Subfolder {...props} of={path} level={props.level + 1} />
                </Show>
              )}
            </Show>
          )}
        </For>
      </ul>
    </>
  );
}

function Subfolder(props: FolderProps) {
  const isOnWay = () => props.path === props.of || props.path.startsWith(`${props.of}/`);
  const [isOpen, setIsOpen] = createSignal(isOnWay());
  createEffect(on(isOnWay, (is) => is && setIsOpen(true)));
  return (
    <li>
      <button type="button" class="folder" aria-expanded={isOpen()} onClick={() => setIsOpen(!isOpen())}>
        <Icon name={isOpen() ? "down" : "right"} />
        {nameOfPath(props.of)}
      </button>
      <Show when={isOpen()}>
        <Folder {...props} />
      </Show>
    </li>
  );
}

function File(props: FolderProps & { file: ArtifactFile }) {
  let link!: HTMLAnchorElement;
  const isShown = () => props.file.path === props.path;
  // An address may name a file far down the tree.
  onMount(() => createEffect(() => isShown() && link.scrollIntoView({ block: "nearest" })));
  return (
    <li>
      <a
        ref={link}
        class="file"
        href={props.hrefOf(props.file.path)}
        aria-current={isShown() ? "true" : undefined}
      >
        <span class="clip">{nameOfPath(props.file.path)}</span>
        <span class="faint">{props.file.file_size === undefined ? "" : sizeOf(props.file.file_size)}</span>
      </a>
    </li>
  );
}
