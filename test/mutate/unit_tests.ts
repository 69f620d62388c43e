import { createVitest } from "vitest/node";
import type { Answer, Question } from "./judge.ts";

// Runs the tests without an engine of the folder it is started in, as often as it is asked to; told which files changed meanwhile.
const vitest = await createVitest(
  "test",
  // Nothing is kept of mutants: each is there for one question, in a folder that is no more afterwards.
  {
    ...{ watch: false, project: ["unit", "steps"], bail: 1, maxWorkers: 1, reporters: [{}] },
    experimental: { fsModuleCache: false },
  },
  { logLevel: "silent" },
);

process.on("message", async ({ changed, files }: Question) => {
  for (const file of changed) vitest.invalidateFile(file);
  const found = await vitest.globTestSpecifications([...files]);
  const { unhandledErrors } = await vitest.runTestSpecifications(found, false);
  const isFine =
    found.length > 0 && unhandledErrors.length === 0 && found.every((one) => one.testModule?.ok() === true);
  vitest.state.clearErrors();
  process.send?.({ passed: isFine } satisfies Answer);
});
