import { afterAll, describe, expect, it } from "vitest";
import { UserError } from "../../lib/errors.ts";
import { changelogs, configs, options } from "./bad_input.ts";

const told: string[] = [];
afterAll(() => void process.stdout.write(`${told.join("\n")}\n`));

describe.each([
  ["changelog.txt", changelogs],
  ["repo_config.yaml", configs],
  ["the command line", options],
] as const)("%s", (where, cases) => {
  it.each(cases)("with %s is refused with what, why and the way out", async (what, says, read) => {
    const error = await Promise.resolve()
      .then(read)
      .catch((thrown: unknown) => thrown);
    if (!(error instanceof UserError)) throw new Error(`not refused: ${String(error)}`);
    expect(error.message).toMatch(says);
    expect([error.exitCode, error.why.length > 10, error.fix.length > 3], error.why + error.fix).toEqual([
      2,
      true,
      true,
    ]);
    told.push(`${where.padEnd(18)}${what.padEnd(38)}${error.message.replaceAll("\n", "\\n").slice(0, 70)}`);
  });
});
