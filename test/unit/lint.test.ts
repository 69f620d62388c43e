import { describe, expect, it } from "vitest";
import { configReader } from "../../lib/config/config_reader.ts";
import { isNamedBy, isOfOthers, parseLint } from "../../lib/config/lint.ts";
import { reachesOf } from "../../lib/plan/plan.ts";
import { lint, lintGate } from "../../lib/tests/lint.ts";
import type { LintLook } from "../../lib/tests/look_lint.ts";
import { config, engine, facts, ids, refusal } from "./factory.ts";

const parse = (lint: unknown) =>
  parseLint(configReader({ file: "repo_config.yaml", value: { lint }, lineOf: (path) => path.length }));
const python = { names: ["*.py"], check: [["ruff", "check"]] };

describe("lint: of repo_config.yaml", () => {
  it("names an image, and commands for each kind of files", () => {
    const fix = [
      ["ruff", "check", "--fix"],
      ["ruff", "format", 3],
    ];
    expect(parse({ image: "dev", entrypoint: false, files: { python: { ...python, fix } } })).toEqual({
      image: { stage: "dev" },
      entrypoint: false,
      linters: [
        {
          name: "python",
          files: ["*.py"],
          fix: [
            ["ruff", "check", "--fix"],
            ["ruff", "format", "3"],
          ],
          check: [["ruff", "check"]],
        },
      ],
    });
  });

  it.each([
    [undefined, null],
    ["dev_tools", null],
    ["local", { stage: "local" }],
    ["ghcr.io/team/linters:1.2", { reference: "ghcr.io/team/linters:1.2" }],
  ])("takes for image %s %j", (image, expected) => {
    expect(parse(image === undefined ? undefined : { image })).toEqual({
      ...{ image: expected, entrypoint: true, linters: [] },
    });
  });

  it.each<[unknown, string]>([
    [{ imag: "dev" }, "repo_config.yaml:2 lint.imag is not a known key"],
    [{ image: "devtools" }, 'repo_config.yaml:2 lint.image is "devtools", no image'],
    [{ image: "--rm/x" }, 'repo_config.yaml:2 lint.image is "--rm/x", no image'],
    [{ files: { py: { check: [["a"]] } } }, "repo_config.yaml:4 lint.files.py.names is missing"],
    [{ files: { py: { names: ["*.py"] } } }, "repo_config.yaml:4 lint.files.py.check is missing"],
    [{ files: { py: { ...python, names: ["../*.py"] } } }, 'repo_config.yaml:4 lint.files.py.names has "../*.py"'],
    [{ files: { py: { ...python, fix: ["ruff"] } } }, "repo_config.yaml:4 lint.files.py.fix is no list of commands"],
    [{ files: { py: { ...python, fix: [[]] } } }, "repo_config.yaml:4 lint.files.py.fix is no list of commands"],
    [{ files: { py: { ...python, fix: "ruff" } } }, "repo_config.yaml:4 lint.files.py.fix is no list of commands"],
    [{ files: { py: { ...python, argv: [] } } }, "repo_config.yaml:4 lint.files.py.argv is not a known key"],
  ])("is refused as %j", (lint, said) => {
    expect(refusal(() => parse(lint)).message).toBe(said);
  });
});

describe("a pattern", () => {
  it.each<[string, string, boolean]>([
    ["*.py", "a.py", true],
    ["*.py", "in/a b.py", true],
    ["*.py", "in\n/-a\n.py", true],
    ["*.py", "a.pyc", false],
    ["*.py", "apy", false],
    ["a?.py", "in/ab.py", true],
    ["src/*.py", "src/a.py", true],
    ["src/*.py", "src/in/a.py", false],
    ["src/*.py", "in/src/a.py", false],
    ["src/**", "src/in/a.py", true],
    ["**/in/*.py", "in/a.py", true],
    ["**/in/*.py", "src/in/a.py", true],
    ["[a].py", "a.py", false],
    ["[a].py", "[a].py", true],
    ["Makefile", "in/Makefile", true],
  ])("%j names %j: %s", (pattern, path, expected) => {
    expect(isNamedBy(pattern, path)).toBe(expected);
  });
});

const reference = "ghcr.io/team/linters:1";
const look = (more: Partial<LintLook> = {}): LintLook => ({
  ...{ files: ["a.py", "b.md"], leftOut: [], engine: engine() },
  settings: {
    image: { reference },
    entrypoint: true,
    linters: [{ name: "py", files: ["*.py"], fix: [], check: [["x"]] }],
  },
  image: { reference, ofOthers: true },
  ...more,
});
const typed = { files: [], all: true, branch: false, check: true };

describe("linters", () => {
  it.each([
    ["that no engine answers", { up: false, why: "no socket" }, "no Docker engine answers"],
    ["which plugin docker lacks", { plugins: ["buildx"] }, "docker has no compose plugin"],
  ])("say before they start %s", (_, more, said) => {
    const seen = look({ engine: engine(more) });
    expect(refusal(() => lint(facts(), typed, seen)).message).toBe(said);
    expect(refusal(() => lintGate(facts(), seen, null)).message).toBe(said);
  });

  it("that have no file need no engine", () => {
    const seen = look({ files: ["b.md"], engine: engine({ up: false, why: "no socket" }) });
    expect(ids(lint(facts(), typed, seen))).toEqual(["tell"]);
    expect(lintGate(facts(), seen, null)).toMatchObject([{ id: "run_lint", skip: "no file to lint" }]);
  });

  it("reach an image of others only where it is one", () => {
    const reach = (seen: LintLook) => [...reachesOf({ steps: lint(facts(), typed, seen) })].sort();
    expect(reach(look())).toEqual(["container", "lint"]);
    expect(reach(look({ image: { reference, ofOthers: false } }))).toEqual(["container"]);
  });
});

it.each([
  ["127.0.0.1:5001/cmamp:dev", false],
  ["127.0.0.1:5002/cmamp@sha256:0", false],
  ["127.0.0.1:5001/dev_tools:prod", false],
  ["127.0.0.1:5001/cmamp2:dev", true],
  ["127.0.0.1:5001/cmamp/x:dev", true],
  ["ghcr.io/other/cmamp:dev", true],
  ["cmamp:dev", true],
])("the image %s is of others: %s", (image, expected) => {
  expect(isOfOthers(config(), image)).toBe(expected);
});
