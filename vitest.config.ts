import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/bed/longest_first.ts";

// The engine, its registries and docker's programs tidy their memory less often: an eighth of a run's processor time.
process.env["GOGC"] = "400";

/**
 * `unit` needs nothing but Node and takes seconds; `real` starts an engine, registries, Git remotes and tmux; `alone` is like
 * it, for what has a time to keep.
 */
export default defineConfig({
  test: {
    reporters: ["default", "./test/bed/verdict.ts"],
    retry: 0,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          testTimeout: 20_000,
          // A file leaves nothing behind for the next one, so that both can use what is loaded already.
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "real",
          include: ["test/real/**/*.test.ts"],
          globalSetup: ["test/bed/global_setup.ts"],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          fileParallelism: true,
          sequence: { groupOrder: 1 },
          maxWorkers: 3,
          pool: "forks",
        },
      },
      {
        test: {
          name: "alone",
          include: ["test/alone/**/*.test.ts"],
          globalSetup: ["test/bed/global_setup.ts"],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          sequence: { groupOrder: 2 },
          maxWorkers: 1,
          pool: "forks",
        },
      },
    ],
  },
});
