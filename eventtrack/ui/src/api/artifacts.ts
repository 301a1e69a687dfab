/** Files of a run, a logged model or a model version: lists of them, and where their bytes are. */

import { ApiError, nativeUrl, urlOf } from "./client";
import { mlflowThen } from "./past";

export interface ArtifactFile {
  path: string;
  is_dir: boolean;
  file_size?: number;
}

/** Whose files. */
export interface ArtifactSource {
  list: (path: string, signal?: AbortSignal) => Promise<ArtifactFile[]>;
  url: (path: string) => string;
}

const listed = async (name: string, params: Record<string, string>, signal?: AbortSignal) =>
  (await mlflowThen<{ files?: ArtifactFile[] }>(name, params, signal)).files ?? [];

export const ofRun = (runId: string): ArtifactSource => ({
  list: (path, signal) => listed("artifacts/list", { run_id: runId, path }, signal),
  url: (path) => urlOf("get-artifact", { run_uuid: runId, path }),
});

export const ofModel = (modelId: string): ArtifactSource => {
  const of = `logged-models/${encodeURIComponent(modelId)}/artifacts`;
  return {
    list: (path, signal) => listed(`${of}/directories`, { artifact_directory_path: path }, signal),
    url: (path) => urlOf(`ajax-api/2.0/mlflow/${of}/files`, { artifact_file_path: path }),
  };
};

/** The page that shows what was logged as HTML, on an origin of its own. */
export const frameUrl = () => new URL("../../../preview-frame", nativeUrl("")).href;

export interface Beginning {
  bytes: Uint8Array<ArrayBuffer>;
  /** Of the whole file. */
  size: number;
  isWhole: boolean;
}

/** The first bytes of a file, at most so many. */
export async function beginning(url: string, bytesMax: number, signal: AbortSignal): Promise<Beginning> {
  const response = await fetch(url, { signal, headers: { Range: `bytes=0-${bytesMax - 1}` } });
  // An empty file has no first byte.
  if (response.status === 416) return { bytes: new Uint8Array(), size: 0, isWhole: true };
  if (!response.ok) {
    const text = await response.text();
    throw new ApiError(text.slice(0, 300), response.status, "", "It may have been deleted or replaced meanwhile.");
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  const size = Number(response.headers.get("Content-Range")?.split("/")[1] ?? bytes.length);
  return { bytes, size, isWhole: bytes.length >= size };
}
