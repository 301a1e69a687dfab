/** Questions to MLflow's endpoints about the moment that is shown, and changes by its other methods. */

import { moment } from "../shell/router";
import { ApiError, mlflowGet, type Params, urlOf } from "./client";

const MLFLOW = "api/2.0/mlflow/";

/** As mlflowGet, of the moment in the address, or of one that is given. */
export function mlflowThen<T>(name: string, params: Params, signal?: AbortSignal, at = moment()): Promise<T> {
  return mlflowGet<T>(name, { ...params, as_of: at }, signal);
}

/** MLflow's endpoints that want PATCH or DELETE. */
export async function mlflowSend<T>(method: "PATCH" | "DELETE", name: string, body: unknown): Promise<T> {
  const response = await fetch(urlOf(MLFLOW + name), {
    method,
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json" },
  });
  if (response.ok) return (await response.json()) as T;
  const text = await response.text();
  let message = text;
  let code = "";
  if (response.headers.get("Content-Type")?.startsWith("application/json")) {
    const told = JSON.parse(text) as { message?: string; error_code?: string };
    message = told.message ?? text;
    code = told.error_code ?? "";
  }
  throw new ApiError(message, response.status, code, "");
}
