import { describe, expect, it } from "vitest";
import { type PackageUse, packageUseArgv } from "../../lib/packages/package_use.ts";
import { renderUses, renderVerdicts } from "../../lib/python/package_report.ts";
import type { Verdict } from "../../lib/python/package_use.ts";
import { seen } from "./factory.ts";

const verdict = (name: string, state: Verdict["state"], why = "nothing names it"): Verdict => ({
  ...{ name, group: "main", state, why, file: null, line: null },
});
const told = (verdicts: readonly Verdict[], allowed: Readonly<Record<string, string>> = {}, broken = seen().broken) =>
  renderVerdicts(verdicts, { declared: [], roots: [], started: [], allowed }, seen({ broken })).split("\n");

describe("what find_unused_packages says", () => {
  it("is each package that is not plainly used, the unused ones first, and the counts", () => {
    const verdicts = [
      verdict("used-one", "used", "imported"),
      verdict("kept", "allowed", "typed by hand"),
      verdict("gone", "unknown", "the image does not have it"),
      verdict("longer-name", "unused"),
      { ...verdict("b", "unused"), group: "lint" },
    ];
    expect(told(verdicts, { Kept: "typed by hand" })).toEqual([
      "unused   longer-name nothing names it (main)",
      "unused   b           nothing names it (lint)",
      "unknown  gone        the image does not have it (main)",
      "allowed  kept        typed by hand (main)",
      "5 packages: 1 used, 2 unused, 1 unknown, 1 allowed",
      "take them out of pyproject.toml, or say in repo_config.yaml why they stay: packages: {allow_unused: {NAME: reason}}",
    ]);
  });

  it("has no advice where nothing is unused", () => {
    expect(told([verdict("a", "used")])).toEqual(["1 packages: 1 used, 0 unused, 0 unknown, 0 allowed"]);
    expect(told([])).toEqual(["0 packages: 0 used, 0 unused, 0 unknown, 0 allowed"]);
  });

  it("names what the allow-list does not need, and the files that could not be read", () => {
    const allowed = { used: "x", Kept_One: "y", absent: "z" };
    const broken = [{ file: "x.py", line: 7, why: "invalid syntax" }];
    expect(told([verdict("used", "used"), verdict("kept-one", "allowed", "y")], allowed, broken)).toEqual([
      "x.py:7 could not be parsed: invalid syntax",
      "allowed  kept-one y (main)",
      'packages.allow_unused names "used", which is used or not asked for: take it out',
      'packages.allow_unused names "absent", which is used or not asked for: take it out',
      "2 packages: 1 used, 0 unused, 0 unknown, 1 allowed",
    ]);
  });
});

it("the places that use a package are told as grep does", () => {
  const use = (file: string, line: number, text: string) => ({ why: "imported", file, line, text });
  expect(renderUses("a", [use("x.py", 1, "  import a \n"), use("y.py", 2, "a")])).toBe("x.py:1:   import a\ny.py:2: a");
  expect(renderUses("a", [])).toBe('nothing uses "a"');
});

it("the container that reads packages has no network, writes nothing, and gets what to read as one word", () => {
  const action: PackageUse = {
    ...{ kind: "package_use", image: "i", user: "1000:1000", dirs: ["."], without: ["inner"], roots: ["src"] },
    ...{ started: [], declared: [], allowed: {}, where: null },
  };
  const argv = packageUseArgv(action, { image: "cmamp:dev", root: "/repo", inside: "/slip/inside" });
  expect(argv.slice(0, -1)).toEqual([
    ...["docker", "run", "--rm", "--pull", "never", "--network", "none", "--read-only"],
    ...["--user", "1000:1000", "--entrypoint", "python3", "--env", "PYTHONSAFEPATH="],
    ...["--mount", "type=bind,source=/repo,target=/app,readonly"],
    ...["--mount", "type=bind,source=/slip/inside,target=/slipway,readonly"],
    ...["--workdir", "/", "cmamp:dev", "-B", "/slipway/package_use.py"],
  ]);
  const asked = JSON.parse(argv.at(-1) ?? "") as { readonly markers: readonly string[] };
  expect(asked).toMatchObject({ root: "/app", dirs: ["."], without: ["inner"] });
  expect(asked.markers).toContain("conftest.py");
});
