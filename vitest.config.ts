import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/bed/longest_first.ts";
import { quickTmp } from "./test/bed/quick_tmp.ts";

// The engine, its registries and docker's programs tidy their memory less often: an eighth of a run's processor time.
process.env["GOGC"] = "400";
// Two thousand workflows of a second or less: what bun would compile in them does not pay for itself.
process.env["BUN_JSC_useJIT"] = "0";
process.env["TMPDIR"] = quickTmp() ?? process.env["TMPDIR"] ?? "/tmp";
// Workflows say other things in CI: a test that is about that says so itself, and all others run there as they do here.
for (const name of ["CI", "GITHUB_ACTIONS"]) delete process.env[name];

/**
 * `unit` starts no program and opens no socket: pure rules, in seconds. `steps` runs plans and doors in this process, with a
 * real Git, registries and a docker program of its own. `real` starts an engine, registries, Git remotes and tmux; `alone` is
 * like it, for what has a time to keep.
 */
/** What ends a test that hangs: on a slow day a machine takes five times as long as on a good one for all that it does. */
const slowDay = 1_800_000;

export default defineConfig({
  test: {
    reporters: ["default", "./test/bed/verdict.ts"],
    retry: 0,
    // What a file becomes is kept by its content: projects share it, and the next run starts with it.
    experimental: { fsModuleCache: true },
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          setupFiles: ["test/unit/setup.ts"],
          testTimeout: 20_000,
          // A file leaves nothing behind for the next one, so that both can use what is loaded already.
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "steps",
          include: ["test/steps/**/*.test.ts"],
          setupFiles: ["test/unit/setup.ts"],
          testTimeout: 60_000,
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
          testTimeout: slowDay,
          hookTimeout: slowDay,
          fileParallelism: true,
          sequence: { groupOrder: 1 },
          maxWorkers: 4,
          pool: "forks",
        },
      },
      {
        test: {
          name: "alone",
          include: ["test/alone/**/*.test.ts"],
          globalSetup: ["test/bed/global_setup.ts"],
          testTimeout: slowDay,
          hookTimeout: slowDay,
          sequence: { groupOrder: 2 },
          maxWorkers: 1,
          pool: "forks",
        },
      },
    ],
  },
});
