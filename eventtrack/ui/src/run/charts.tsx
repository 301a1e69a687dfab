/** A run's charts: of its own metrics, or of the machine it ran on. */

import { createMemo, createResource } from "solid-js";
import { seriesOf } from "../api/details";
import type { RunStatus } from "../api/types";
import { ChartsPane } from "../charts/pane";
import { useFollow } from "../shell/past";
import { metricsOf, nameOf } from "../live/stream";
import { moment } from "../shell/router";
import { count } from "../widgets/format";

const SYSTEM = "system/";

export function Charts(props: { run: RunStatus; isSystem: boolean }) {
  const [all, { refetch }] = createResource(
    () => [props.run.run_id, moment()] as const,
    ([id]) => seriesOf(id),
  );
  const known = createMemo(() => new Set((all.error ? [] : (all.latest ?? [])).map((each) => each.key)));
  // The charts follow their metrics themselves; here only new names count.
  useFollow(
    (told) =>
      told.run_id === props.run.run_id &&
      nameOf(told) === "MetricsLogged" &&
      Object.keys(metricsOf(told)).some((key) => !known().has(key)),
    refetch,
  );
  const text = createMemo(() =>
    JSON.stringify([...known()].filter((key) => key.startsWith(SYSTEM) === props.isSystem)),
  );
  const metrics = createMemo(() => JSON.parse(text()) as string[]);
  const runId = createMemo(() => props.run.run_id);
  const runs = createMemo(() => [{ run_id: runId(), name: props.run.name }]);
  return (
    <div class="tab-charts">
      <ChartsPane
        metrics={metrics()}
        runs={runs()}
        groups={[]}
        highlighted=""
        onHighlight={() => undefined}
        about={
          props.isSystem && !metrics().length && !all.loading
            ? "No system metrics: the trainer's client captures them by itself, mlflow.enable_system_metrics_logging() does too"
            : count(metrics().length, props.isSystem ? "metric of the machine" : "metric", props.isSystem ? "metrics of the machine" : "metrics")
        }
      />
    </div>
  );
}
