import { describe, expect, it } from "vitest";
import { findUnused } from "../../lib/packages/packages.ts";
import { judgePackages, type Seen, usesOf } from "../../lib/python/package_use.ts";
import { config, dist, engine, facts, localImage, refusal, seen } from "./factory.ts";

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

describe("the verdict on a declared package", () => {
  const asked = { roots: ["."], started: [], allowed: { My_Own: "typed by hand", used: "no need" } };
  const judged = (name: string, more: Partial<Seen> = {}) =>
    judgePackages({ ...asked, declared: [{ name, group: "lint", constraint: "^1" }] }, seen(more));
  const nowhere = { file: null, line: null };

  it.each<[string, string, Partial<Seen>, object]>([
    [
      "is its first use",
      "a",
      { imports: imports("x.py", "a") },
      { state: "used", why: "imported", file: "x.py", line: 1 },
    ],
    ["is that nobody names it", "a", {}, { state: "unused", why: "nothing names it", ...nowhere }],
    ["is the reason why it may stay", "my-own", {}, { state: "allowed", why: "typed by hand", ...nowhere }],
    [
      "is that nobody names it where its module has another name",
      "py-x",
      { distributions: [dist("Py_X", { modules: ["x"] }), dist("b")], imports: imports("x.py", "py_x") },
      { state: "unused", why: "nothing names it", ...nowhere },
    ],
    ["is that the image lacks it", "gone", {}, { state: "unknown", why: "the image does not have it", ...nowhere }],
    [
      "is its use although the image lacks it",
      "gone-away",
      { imports: imports("x.py", "gone_away.x") },
      { state: "used", why: "imported", file: "x.py", line: 1 },
    ],
    [
      "is its use as a namespace although the image lacks it",
      "gone-away",
      { imports: imports("x.py", "gone.away") },
      { state: "used", why: "imported", file: "x.py", line: 1 },
    ],
    [
      "is its program although the image lacks it",
      "gone",
      { words: [{ file: "Makefile", line: 4, text: "gone x", word: "gone" }] },
      { state: "used", why: "named", file: "Makefile", line: 4 },
    ],
    [
      "is its use although it may stay",
      "used",
      { distributions: [dist("Used", { modules: ["a"] })], imports: imports("x.py", "a") },
      { state: "used", why: "imported", file: "x.py", line: 1 },
    ],
  ])("%s", (_what, name, more, expected) => {
    expect(judged(name, more)).toEqual([{ name, group: "lint", ...expected }]);
  });

  it("is given for each, in their order", () => {
    const declared = ["b", "a"].map((name) => ({ name, group: "main", constraint: null }));
    const found = seen({ distributions: [dist("a"), dist("b")], imports: imports("x.py", "b") });
    expect(judgePackages({ ...asked, declared }, found).map(({ name, state }) => [name, state])).toEqual([
      ["b", "used"],
      ["a", "unused"],
    ]);
  });
});

describe("the places that use a name", () => {
  const world = seen({
    distributions: [dist("My_A", { modules: ["ma", "mb"], scripts: ["pytest"] }), dist("b")],
    imports: [
      { file: "y.py", line: 2, text: "import ma", names: ["ma"] },
      { file: "x.py", line: 1, text: "import gone.x", names: ["gone.x"] },
      { file: "x.py", line: 2, text: "import b", names: ["b"] },
    ],
    words: [
      { file: "y.py", line: 2, text: "python -m ma.x", word: "ma.x" },
      { file: "y.py", line: 3, text: "python -m ma.x", word: "ma.x" },
      { file: "z.py", line: 2, text: "python -m ma.x", word: "ma.x" },
    ],
  });
  const places = (name: string) =>
    usesOf(name, world, { roots: [], started: ["pytest"] }).map(({ file, line }) => `${file}:${line}`);

  it.each([
    ["my-a", ["y.py:2", "y.py:3", "z.py:2"]],
    ["ma", ["y.py:2", "y.py:3", "z.py:2"]],
    ["mb.x", ["y.py:2", "y.py:3", "z.py:2"]],
    ["b", ["x.py:2"]],
    ["gone", ["x.py:1"]],
    ["gone.x", ["x.py:1"]],
    ["absent", []],
  ])("%s are %j, each once and imports first", (name, expected) => {
    expect(places(name)).toEqual(expected);
  });
});

describe("find_unused_packages", () => {
  const world = facts({
    engine: engine({ images: [localImage("127.0.0.1:5001/cmamp:dev")] }),
    config: config({
      packages: { allow_unused: { ipdb: "typed by hand" } },
      tests: { fast: { command: ["make", "fast"] } },
    }),
  });
  const none = { nested: [], pyproject: null };
  const options = { stage: "dev" as const, also: [] };

  it("reads the runnable dir without those below it, and knows what Slipway runs and what may stay", () => {
    const value = { project: { dependencies: ["a"] } };
    const pyproject = { folder: "devops/docker_build", text: "", value, lock: null, pipList: null };
    expect(findUnused(world, options, { nested: ["inner"], pyproject }).at(-1)?.do).toMatchObject([
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
    expect(refusal(() => findUnused(facts(), options, none)).message).toBe('there is no pyproject.toml in "."');
    const there = facts({ engine: engine({ images: [localImage("127.0.0.1:5001/cmamp:dev")] }) });
    expect(findUnused(there, { ...options, where: "dill" }, none).at(-1)?.do[0]).toMatchObject({ where: "dill" });
  });

  it("wants a reason for what may stay", () => {
    expect(refusal(() => config({ packages: { allow_unused: { ipdb: "" } } })).message).toContain("has no reason");
  });
});
