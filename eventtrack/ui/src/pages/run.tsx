/** The page of one run; it is fetched when the first run is opened. */

import { lazy } from "solid-js";

export const RunPage = lazy(async () => ({ default: (await import("../run/page")).RunPage }));
