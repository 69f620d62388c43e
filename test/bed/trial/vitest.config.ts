import { defineConfig } from "vitest/config";

/** A suite of one test for each part of the bed, with the real suite's set-up and verdict: what a bad day does to it is tested. */
export default defineConfig({
  test: {
    root: new URL(".", import.meta.url).pathname,
    reporters: ["default", "../verdict.ts"],
    include: ["*.test.ts"],
    globalSetup: ["../global_setup.ts"],
    testTimeout: 900_000,
    hookTimeout: 900_000,
    retry: 0,
    maxWorkers: 2,
  },
});
