/**
 * Requests to the server.  Paths are relative to the page, so that the UI also works below a path
 * (a reverse proxy's, or /as-of/MOMENT/ where everything is as it was then).
 */

import { moment } from "../shell/router";

const HOME = new URL("./", document.baseURI.split("#")[0]);
const NATIVE = "api/eventtrack/1/";
const MLFLOW = "api/2.0/mlflow/";

export type Params = Record<string, string | number | readonly string[] | null | undefined>;

/** A refusal, or no answer at all: what happened, and what to do about it. */
export class ApiError extends Error {
  override name = "ApiError";
  constructor(
    message: string,
    /** 0 when the server did not answer. */
    readonly status: number,
    readonly code: string,
    readonly advice: string,
    /** Where in a filter the mistake is, counted from 0. */
    readonly at: number | null = null,
  ) {
    super(message);
  }
}

/** Was this request given up because its answer is no longer wanted? */
export function isAborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

export function urlOf(path: string, params: Params = {}): string {
  const url = new URL(path, HOME);
  for (const [name, value] of Object.entries(params)) {
    if (value === null || value === undefined || value === "") continue;
    if (typeof value === "object") for (const each of value) url.searchParams.append(name, each);
    else url.searchParams.set(name, String(value));
  }
  const at = moment();
  if (at && !url.searchParams.has("as_of") && path.startsWith(NATIVE) && !path.startsWith(`${NATIVE}events`)) {
    url.searchParams.set("as_of", at);
  }
  return url.href;
}

export const nativeUrl = (path: string, params?: Params) => urlOf(NATIVE + path, params);

/** The tracking URI that a training script names to log here. */
export const trackingUri = () => HOME.href.replace(/\/$/, "");

export function get<T>(path: string, params?: Params, signal?: AbortSignal): Promise<T> {
  return json<T>("GET", nativeUrl(path, params), undefined, signal);
}

export function post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  return json<T>("POST", nativeUrl(path), body, signal);
}

export function send<T>(method: string, path: string, body?: unknown): Promise<T> {
  return json<T>(method, nativeUrl(path), body);
}

/** One of MLflow's own endpoints, which change things; the past refuses them. */
export function mlflow<T>(name: string, body: unknown): Promise<T> {
  return json<T>("POST", urlOf(MLFLOW + name), body);
}

export function mlflowGet<T>(name: string, params: Params, signal?: AbortSignal): Promise<T> {
  return json<T>("GET", urlOf(MLFLOW + name, params), undefined, signal);
}

/** A question whose answer is packed columns. */
export async function postForBytes(
  path: string,
  body: unknown,
  signal?: AbortSignal,
): Promise<ArrayBuffer> {
  return (await answerTo("POST", nativeUrl(path), body, signal)).arrayBuffer();
}

async function json<T>(
  method: string,
  url: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<T> {
  return (await (await answerTo(method, url, body, signal)).json()) as T;
}

async function answerTo(
  method: string,
  url: string,
  body: unknown,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const request: RequestInit = { method };
  if (signal) request.signal = signal;
  if (body !== undefined) {
    request.body = JSON.stringify(body);
    request.headers = { "Content-Type": "application/json" };
  }
  let response: Response;
  try {
    response = await fetch(url, request);
  } catch (error) {
    if (isAborted(error)) throw error;
    throw new ApiError(
      "The server does not answer.",
      0,
      "NO_ANSWER",
      `Check that it runs at ${trackingUri()} and that this machine reaches it. The page goes on by itself when it is back.`,
    );
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

async function refusal(response: Response): Promise<ApiError> {
  const text = await response.text();
  let message = text.slice(0, 500) || `The server answered with status ${response.status}.`;
  let code = "";
  let at: number | null = null;
  if (response.headers.get("Content-Type")?.startsWith("application/json")) {
    const told = JSON.parse(text) as { message?: string; error_code?: string; at?: number };
    message = told.message ?? message;
    code = told.error_code ?? "";
    at = typeof told.at === "number" ? told.at : null;
  }
  return new ApiError(message, response.status, code, adviceFor(response.status), at);
}

function adviceFor(status: number): string {
  if (status === 403) return "The server does not allow this: see the message for which option does.";
  if (status === 404) return "It may have been erased, be on another server, or the address may be mistyped.";
  if (status === 429) return "The server is busy. Try again in a moment.";
  if (status === 503) return "The page tries again by itself.";
  if (status >= 500) return "The server's own log has the cause. Nothing that was acknowledged is lost.";
  return "";
}

/** Is the server there, but not ready to answer this yet? */
export const isPassing = (error: unknown) =>
  error instanceof ApiError && (error.status === 503 || error.status === 429);

/** What to tell a person of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function adviceOf(error: unknown): string {
  return error instanceof ApiError ? error.advice : "";
}
