/** One file as one looks at it; what cannot be shown is offered for download. */

import { createEffect, createSignal, on, onCleanup, Match, Show, Switch } from "solid-js";
import { type ArtifactFile, type ArtifactSource, type Beginning, beginning } from "../api/artifacts";
import { isAborted } from "../api/client";
import { Markdown } from "../markdown/markdown";
import { Button } from "../widgets/button";
import { copy } from "../widgets/clipboard";
import { Fault } from "../widgets/fault";
import { Icon } from "../widgets/icon";
import { Frame } from "./frame";
import { type FileKind, kindOf, nameOfPath, sizeOf, textOf } from "./kinds";
import { TableView } from "./table";
import { parseSeparated, type Table, tableOf } from "./tables";

const TEXT_BYTES_MAX = 1 << 20;
/** What is of no use when it is cut. */
const WHOLE_BYTES_MAX = 24 << 20;

interface PreviewProps {
  source: ArtifactSource;
  file: ArtifactFile;
}

/** A file ready to be shown. */
type Shown =
  | { as: "text" | "markdown" | "html"; text: string }
  | { as: "table"; table: Table }
  | { as: "nothing"; why: string };

async function prepared(kind: FileKind, path: string, found: Beginning): Promise<Shown> {
  const text = textOf(found.bytes, found.isWhole);
  if (text === null) return { as: "nothing", why: "The file is no text." };
  if (!found.isWhole && (kind === "notebook" || kind === "html")) {
    return { as: "nothing", why: `The file is larger than ${sizeOf(WHOLE_BYTES_MAX)}.` };
  }
  if (kind === "markdown" || kind === "html") return { as: kind, text };
  if (kind === "table") return { as: "table", table: parseSeparated(text, path.endsWith("tsv") ? "\t" : ",") };
  try {
    if (kind === "notebook") return { as: "html", text: (await import("./notebook")).notebookHtml(text) };
    if (kind === "json") {
      const document: unknown = JSON.parse(text);
      const table = tableOf(document);
      return table ? { as: "table", table } : { as: "text", text: JSON.stringify(document, null, 2) };
    }
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    // Not what its name says, or cut: its text is still worth reading.
  }
  return { as: "text", text };
}

export function Preview(props: PreviewProps) {
  const kind = () => kindOf(props.file.path);
  const name = () => nameOfPath(props.file.path);
  const url = () => props.source.url(props.file.path);
  const isMedia = () => ["image", "audio", "video"].includes(kind());
  const [shown, setShown] = createSignal<Shown | null>(null);
  const [found, setFound] = createSignal<Beginning | null>(null);
  const [fault, setFault] = createSignal<unknown>(null);
  const [isSource, setIsSource] = createSignal(false);
  let controller = new AbortController();
  onCleanup(() => controller.abort());

  async function load(): Promise<void> {
    controller.abort();
    controller = new AbortController();
    const { signal } = controller;
    const bytesMax = ["json", "notebook", "html"].includes(kind()) ? WHOLE_BYTES_MAX : TEXT_BYTES_MAX;
    try {
      const bytes = await beginning(url(), bytesMax, signal);
      const ready = await prepared(kind(), props.file.path, bytes);
      if (signal.aborted) return;
      setFound(bytes);
      setShown(ready);
      setFault(null);
    } catch (error) {
      if (!isAborted(error)) setFault(error);
    }
  }

  createEffect(
    on([() => props.file.path, () => props.file.file_size, () => props.source], () => {
      setShown(null);
      setFound(null);
      setFault(null);
      setIsSource(false);
      if (!isMedia()) void load();
    }),
  );
  const sourceText = () => {
    const bytes = found();
    return (bytes && textOf(bytes.bytes.subarray(0, TEXT_BYTES_MAX), false)) ?? "";
  };
  const hasSource = () => ["html", "markdown", "table"].includes(shown()?.as ?? "");
  const as = <K extends Shown["as"]>(kind: K) => {
    const ready = shown();
    return ready?.as === kind && !isSource() ? (ready as Shown & { as: K }) : null;
  };

  return (
    <section class="preview" aria-label={`Preview of ${name()}`}>
      <header class="bar">
        <h2 class="clip" title={props.file.path}>{name()}</h2>
        <span class="faint">{props.file.file_size === undefined ? "empty" : sizeOf(props.file.file_size)}</span>
        <span class="grow" />
        <Show when={hasSource()}>
          <Button aria-pressed={isSource()} onClick={() => setIsSource(!isSource())}>Source</Button>
        </Show>
        <Button icon="copy" onClick={() => void copy(props.file.path, "The path")}>Path</Button>
        <a class="button plain" href={url()} download={name()}>
          <Icon name="download" />
          Download
        </a>
      </header>
      <Show when={fault()}>
        <Fault title="The file cannot be shown" error={fault()} onRetry={() => void load()} />
      </Show>
      <Switch>
        <Match when={kind() === "image"}>
          <div class="picture">
            <img src={url()} alt={name()} />
          </div>
        </Match>
        <Match when={kind() === "audio"}>
          <audio controls preload="metadata" src={url()} />
        </Match>
        <Match when={kind() === "video"}>
          <video controls preload="metadata" src={url()} />
        </Match>
        <Match when={isSource()}>
          <pre class="source">{sourceText()}</pre>
        </Match>
        <Match when={as("text")}>
          {(ready) => (
            <>
              <Show when={found() && !found()!.isWhole}>
                <p class="faint">The first {sizeOf(found()!.bytes.length)}; download the file for all of it.</p>
              </Show>
              <pre class="source">{ready().text.slice(0, TEXT_BYTES_MAX)}</pre>
            </>
          )}
        </Match>
        <Match when={as("markdown")}>{(ready) => <Markdown text={ready().text} />}</Match>
        <Match when={as("html")}>
          {(ready) => (
            <Show when={ready().text} keyed>
              {(html) => <Frame html={html} title={name()} />}
            </Show>
          )}
        </Match>
        <Match when={as("table")}>
          {(ready) => (
            <TableView
              table={ready().table}
              isCut={!(found()?.isWhole ?? true)}
              imageUrl={(path) => props.source.url(path)}
            />
          )}
        </Match>
        <Match when={as("nothing")}>
          {(ready) => <p class="faint">{ready().why} Download it to look at it.</p>}
        </Match>
      </Switch>
    </section>
  );
}
