import { writeFileSync } from "node:fs";
import type { Reporter, TestCase, TestModule, TestSuite, Vitest } from "vitest/node";

/**
 * Says at the end of a run what `.ci/run` goes by: a test that was skipped has failed, and so has one that could not run
 * because its file or its suite could not be set up. The last line is `N passed, N failed`; $SLIPWAY_VERDICT gets both.
 */
export default class Verdict implements Reporter {
  /** `-t NAME` leaves the tests out that are not named so. */
  private isWhole = true;

  onInit({ config }: Vitest): void {
    this.isWhole = config.testNamePattern === undefined;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const tests = modules
      .flatMap((one) => [...one.children.allTests()])
      .filter((one) => this.isWhole || one.result().state !== "skipped" || errorAround(one) !== undefined);
    const passed = tests.filter((one) => one.result().state === "passed").length;
    const notRun = tests.filter((one) => one.result().state !== "passed" && causeOf(one) !== null);
    // A file that could not be read has no tests that could be counted.
    const broken = modules.filter((one) => one.errors().length > 0 && [...one.children.allTests()].length === 0);
    const failed = tests.length - passed + broken.length + unhandled.length;
    const lines = [...rowsOf(notRun), ...broken.map((one) => `could not be loaded: ${one.relativeModuleId}`)];
    process.stdout.write(`\n${[...lines, `${passed} passed, ${failed} failed`].join("\n")}\n`);
    const file = process.env["SLIPWAY_VERDICT"];
    if (file) writeFileSync(file, JSON.stringify({ passed, failed }));
    if (failed > 0) process.exitCode = 1;
  }
}

/** Tests that did not run, by what kept them from it. */
function rowsOf(tests: readonly TestCase[]): readonly string[] {
  const byCause = new Map<string, TestCase[]>();
  for (const test of tests) {
    const cause = causeOf(test) ?? "";
    byCause.set(cause, [...(byCause.get(cause) ?? []), test]);
  }
  return [...byCause].flatMap(([cause, held]) => [
    `${cause}, so ${held.length} tests did not run:`,
    ...held.map((test) => `  ${test.module.relativeModuleId} > ${test.fullName}`),
  ]);
}

function causeOf(test: TestCase): string | null {
  const { state, errors } = test.result();
  if (state !== "failed") return errorAround(test) ?? "they are marked to be skipped";
  // A test that asked for a part of the bed itself, and did not come further.
  const [said = ""] = (errors?.[0]?.message ?? "").split("\n");
  return said.startsWith("the bed has no ") ? said : null;
}

/** What failed around a test: the nearest suite whose hook threw; undefined where none did. */
function errorAround(test: TestCase): string | undefined {
  for (let around: TestSuite | TestModule = test.parent; ; around = around.parent) {
    const [error] = around.errors();
    if (error) return error.message.split("\n")[0];
    if (around.type === "module") return undefined;
  }
}
