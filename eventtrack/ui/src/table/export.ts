/** The list of runs as CSV: all that the filter finds, with the columns that are shown. */

import { runsTable } from "../api/runs";
import { csv, download } from "../widgets/download";
import type { Progress } from "../widgets/toast";
import { titleOf, type TableColumn } from "./columns";
import type { ListQuestion } from "./runs-list";

const AT_A_TIME = 1000;
const FIXED = ["run_id", "name", "experiment_id", "status", "start_time", "end_time"] as const;

export async function exportCsv(
  question: ListQuestion,
  columns: readonly TableColumn[],
  say: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<number> {
  const rows: (string | number | null)[][] = [[...FIXED, ...columns.map(titleOf)]];
  let position: string | undefined;
  for (let offset = 0; ; offset += AT_A_TIME) {
    const asked = { ...question, offset, limit: AT_A_TIME, ...(position ? { position } : {}) };
    const answer = await runsTable(asked, signal);
    position = answer.position;
    for (const row of answer.rows) {
      const times = [row.start_time, row.end_time].map((each) => (each ? new Date(each).toISOString() : null));
      rows.push([row.run_id, row.name, row.experiment_id, row.status, ...times, ...row.cells]);
    }
    say([rows.length - 1, answer.total]);
    if (offset + AT_A_TIME >= answer.total || !answer.rows.length) break;
  }
  download("runs.csv", csv(rows));
  return rows.length - 1;
}
