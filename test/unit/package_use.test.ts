import { describe, expect, it } from "vitest";
import { findUnused } from "../../lib/flows/packages.ts";
import { type Distribution, judgePackages, type Seen } from "../../lib/model/package_use.ts";
import { config, engine, facts, localImage, refusal } from "./factory.ts";

const dist = (name: string, more: Partial<Distribution> = {}): Distribution => ({
  ...{ name, version: "1.0", modules: [name], scripts: [], groups: {}, requires: [] },
  ...more,
});
const seen = (more: Partial<Seen>): Seen => ({
  ...{
    python: "3.11",
    distributions: [dist("a")],
    files: [],
    imports: [],
    names: [],
    lines: [],
    sections: [],
    markers: [],
    broken: [],
  },
  ...more,
});
const imports = (file: string, ...names: readonly string[]) => [{ file, line: 1, text: "", names }];
const state = (more: Partial<Seen>, roots: readonly string[] = [".", "src"]) =>
  judgePackages(
    { declared: [{ name: "a", group: "main", constraint: null }], allowed: {}, roots, started: [] },
    seen(more),
  )[0]?.state;

describe("an import", () => {
  it.each<readonly [string, Partial<Seen>, string]>([
    ["of the package", { imports: imports("x.py", "a.b") }, "used"],
    ["of a longer name", { imports: imports("x.py", "ab") }, "unused"],
    ["hidden by a module at the root", { imports: imports("x.py", "a"), files: ["a.py"] }, "unused"],
    ["hidden by a package in src", { imports: imports("x.py", "a"), files: ["src/a/__init__.py"] }, "unused"],
    ["not hidden by a package elsewhere", { imports: imports("x.py", "a"), files: ["lib/a/__init__.py"] }, "used"],
    [
      "of a script, hidden by the module beside it",
      { imports: imports("jobs/x.py", "a"), files: ["jobs/a.py", "jobs/x.py"] },
      "unused",
    ],
    [
      "of a package's module, not hidden by the one beside it",
      { imports: imports("jobs/x.py", "a"), files: ["jobs/a.py", "jobs/__init__.py"] },
      "used",
    ],
    ["of a file by itself", { imports: imports("a.py", "a"), files: ["a.py"] }, "used"],
    [
      "of the namespace alone may be any below it",
      {
        imports: imports("x.py", "n"),
        distributions: [dist("a", { modules: ["n.a"] }), dist("b", { modules: ["n.b"] })],
      },
      "used",
    ],
    [
      "of another below the namespace",
      {
        imports: imports("x.py", "n.b"),
        distributions: [dist("a", { modules: ["n.a"] }), dist("b", { modules: ["n.b"] })],
      },
      "unused",
    ],
    [
      "that two packages bring",
      {
        imports: imports("x.py", "cv"),
        distributions: [dist("a", { modules: ["cv"] }), dist("b", { modules: ["cv"] })],
      },
      "used",
    ],
  ])("%s", (_title, more, expected) => {
    expect(state(more)).toBe(expected);
  });
});

describe("find_unused_packages", () => {
  const world = (value: unknown) =>
    facts({
      engine: engine({ images: [localImage("127.0.0.1:5001/cmamp:dev")] }),
      packages: {
        nested: ["inner"],
        pyproject: { folder: "devops/docker_build", text: "", value, lock: null, pipList: null },
      },
      config: config({
        packages: { allow_unused: { ipdb: "typed by hand" } },
        tests: { fast: { command: ["make", "fast"] } },
      }),
    });
  const options = { stage: "dev" as const, also: [] };

  it("reads the runnable dir without those below it, and knows what Slipway runs and what may stay", () => {
    expect(findUnused(world({ project: { dependencies: ["a"] } }), options).at(-1)?.do).toMatchObject([
      {
        kind: "package_use",
        dirs: ["."],
        without: ["inner"],
        roots: [".", "src"],
        started: ["make fast", "pytest", "pytest", "pytest"],
        declared: [{ name: "a" }],
        allowed: { ipdb: "typed by hand" },
        where: null,
      },
    ]);
  });

  it("needs a pyproject.toml, but not to tell where a package is used", () => {
    expect(refusal(() => findUnused(facts(), options)).message).toBe('there is no pyproject.toml in "."');
    const there = facts({ engine: engine({ images: [localImage("127.0.0.1:5001/cmamp:dev")] }) });
    expect(findUnused(there, { ...options, where: "dill" }).at(-1)?.do[0]).toMatchObject({ where: "dill" });
  });

  it("wants a reason for what may stay", () => {
    expect(refusal(() => config({ packages: { allow_unused: { ipdb: "" } } })).message).toContain("has no reason");
  });
});
