/** The tabs of a run's page.  The names that MLflow's UI has in its addresses open the same. */

export const TABS = [
  { id: "overview", title: "Overview" },
  { id: "params", title: "Params" },
  { id: "metrics", title: "Metrics" },
  { id: "charts", title: "Charts" },
  { id: "system", title: "System" },
  { id: "console", title: "Console" },
  { id: "artifacts", title: "Artifacts" },
  { id: "links", title: "Data & models" },
  { id: "history", title: "History" },
] as const;

export type TabId = (typeof TABS)[number]["id"];

const AS_MLFLOW: Record<string, TabId> = {
  "model-metrics": "charts",
  "system-metrics": "system",
  artifactPath: "artifacts",
};

export function tabOf(segment: string | undefined): TabId {
  if (!segment) return "overview";
  return TABS.find(({ id }) => id === segment)?.id ?? AS_MLFLOW[segment] ?? "overview";
}
