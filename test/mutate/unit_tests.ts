import { createVitest } from "vitest/node";
import type { Answer, Question } from "./judge.ts";

// Runs the unit tests of the folder it is started in, as often as it is asked to; told which files changed meanwhile.
const vitest = await createVitest(
  "test",
  { watch: false, project: ["unit"], bail: 1, maxWorkers: 1, reporters: [{}] },
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
