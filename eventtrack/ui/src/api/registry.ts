/** The model registry by MLflow's endpoints. */

import { mlflow } from "./client";
import { mlflowSend, mlflowThen } from "./past";

export interface KeyValue {
  key: string;
  value: string;
}

export interface ModelVersion {
  name: string;
  version: string;
  creation_timestamp: number;
  last_updated_timestamp: number;
  current_stage: string;
  source: string;
  run_id: string;
  status: string;
  run_link: string;
  description?: string;
  tags?: KeyValue[];
  aliases?: string[];
}

export interface RegisteredModel {
  name: string;
  creation_timestamp: number;
  last_updated_timestamp: number;
  description?: string;
  latest_versions?: ModelVersion[];
  tags?: KeyValue[];
  aliases?: { alias: string; version: string }[];
}

export const STAGES = ["None", "Staging", "Production", "Archived"] as const;

/** A text as the filter language quotes it. */
const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

export interface ModelsPage {
  registered_models?: RegisteredModel[];
  next_page_token?: string;
}

/** find: a part of the name, or a filter such as tags.team = 'vision'. */
export function searchModels(find: string, token: string): Promise<ModelsPage> {
  const text = find.trim();
  const isFilter = /[=<>]|\s(i?like|in)\s/i.test(text);
  const filter = !text || isFilter ? text : `name ILIKE ${quoted(`%${text}%`)}`;
  return mlflowThen<ModelsPage>("registered-models/search", { filter, max_results: 100, page_token: token });
}

export const registeredModel = async (name: string) =>
  (await mlflowThen<{ registered_model: RegisteredModel }>("registered-models/get", { name })).registered_model;

export const versionsOf = async (name: string) =>
  (
    await mlflowThen<{ model_versions?: ModelVersion[] }>("model-versions/search", {
      filter: `name = ${quoted(name)}`,
      order_by: ["version_number DESC"],
      max_results: 10_000,
    })
  ).model_versions ?? [];

export const modelVersion = async (name: string, version: string) =>
  (await mlflowThen<{ model_version: ModelVersion }>("model-versions/get", { name, version })).model_version;

export const registry = {
  describe: (name: string, description: string) =>
    mlflowSend("PATCH", "registered-models/update", { name, description }),
  rename: (name: string, new_name: string) => mlflow("registered-models/rename", { name, new_name }),
  remove: (name: string) => mlflowSend("DELETE", "registered-models/delete", { name }),
  setTag: (name: string, key: string, value: string) => mlflow("registered-models/set-tag", { name, key, value }),
  deleteTag: (name: string, key: string) => mlflowSend("DELETE", "registered-models/delete-tag", { name, key }),
  setAlias: (name: string, alias: string, version: string) =>
    mlflow("registered-models/alias", { name, alias, version }),
  deleteAlias: (name: string, alias: string) => mlflowSend("DELETE", "registered-models/alias", { name, alias }),
  describeVersion: (name: string, version: string, description: string) =>
    mlflowSend("PATCH", "model-versions/update", { name, version, description }),
  setStage: (name: string, version: string, stage: string, archive_existing_versions: boolean) =>
    mlflow("model-versions/transition-stage", { name, version, stage, archive_existing_versions }),
  removeVersion: (name: string, version: string) => mlflowSend("DELETE", "model-versions/delete", { name, version }),
  setVersionTag: (name: string, version: string, key: string, value: string) =>
    mlflow("model-versions/set-tag", { name, version, key, value }),
  deleteVersionTag: (name: string, version: string, key: string) =>
    mlflowSend("DELETE", "model-versions/delete-tag", { name, version, key }),
};

/** Tags as a record. */
export const recordOf = (tags: readonly KeyValue[] | undefined) =>
  Object.fromEntries((tags ?? []).map(({ key, value }) => [key, value]));
