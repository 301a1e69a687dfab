/** The request for charts. */

import { postForBytes } from "../api/client";
import { unpack, type Charted, type ChartsQuestion } from "./wire";

export async function askCharts(question: ChartsQuestion, signal?: AbortSignal): Promise<Charted> {
  return unpack(await postForBytes("charts", question, signal), question.keys[0] ?? "");
}
