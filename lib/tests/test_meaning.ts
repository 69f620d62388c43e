import type { ListChoice, ListName } from "../config/tests.ts";
import type { Command } from "../kinds/command.ts";
import type { Facts } from "../plan/facts.ts";
import { bytes } from "../text/units.ts";

/** The line by which pytest, vitest, jest, go, cargo or TAP name a test that failed. */
export const failedTest =
  "^ *(?:(?:FAILED|ERROR|FAIL) +\\S.*|[✕✗×] \\S.*|--- FAIL: .*|test \\S+ \\.\\.\\. FAILED|not ok .*)$";

/** pytest's exit code 5: nothing was collected, which is a pass only where the config says so. */
const nothingCollected = (list: ListName, mayBeEmpty: boolean): NonNullable<Command["meaning"]> => ({
  "5": {
    why: `No tests were collected, and ${list} tests that do not exist cannot pass.`,
    fix: `Add a test, or set tests: {${list}: {may_be_empty: true}} in repo_config.yaml`,
    ...(mayBeEmpty ? { passes: true as const } : {}),
  },
});

/** pytest's exit code 4: words that it does not take, as those of a plugin that the image lacks. */
const lacksPlugin = ({ coverage, nThreads }: ListChoice): NonNullable<Command["meaning"]> =>
  coverage || nThreads
    ? {
        "4": {
          why: "pytest did not take its words: --cov is of pytest-cov, and -n of pytest-xdist.",
          fix: `Add the plugin to the image, i package_add ${coverage ? "pytest-cov" : "pytest-xdist"}, or leave out ${coverage ? "--coverage" : "--n-threads"}`,
        },
      }
    : {};

/** What ends with SIGKILL where memory is limited has most often reached the limit. */
const killed = ({ testMemory }: Facts["config"]): NonNullable<Command["meaning"]> =>
  testMemory === null
    ? {}
    : {
        "137": {
          why: `It was killed, as the engine does with what wants more than the ${bytes(testMemory)} of tests.memory.`,
          fix: "Give it more: tests: {memory: 8g} in repo_config.yaml",
        },
      };

/** The exit codes of a list that are a result of their own. */
export const meaningOf = (
  { config }: Facts,
  { list, choice }: { readonly list: ListName; readonly choice: ListChoice },
): NonNullable<Command["meaning"]> => ({
  ...nothingCollected(list, config.tests[list].mayBeEmpty),
  ...killed(config),
  ...lacksPlugin(choice),
});
