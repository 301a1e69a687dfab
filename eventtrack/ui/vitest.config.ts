import { defineConfig } from "vitest/config";

/** Tests of what needs no browser; pages are tested in Chromium, by tests/ui of the repository. */
export default defineConfig({ test: { environment: "node", include: ["tests/**/*.test.ts"] } });
