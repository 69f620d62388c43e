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
  const failed = found.flatMap(({ moduleId, testModule }) => {
    if (testModule?.ok() === true) return [];
    const tests = [...(testModule?.children.allTests("failed") ?? [])].map(({ fullName }) => fullName);
    return [`${moduleId}: ${tests.join("; ") || "it could not be run"}`];
  });
  const others = [...unhandledErrors.map(String), ...(found.length === 0 ? ["no test was found"] : [])];
  vitest.state.clearErrors();
  process.send?.({ failed: [...failed, ...others] } satisfies Answer);
});
