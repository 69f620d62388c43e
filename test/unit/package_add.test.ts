import { describe, expect, it } from "vitest";
import { addPackage, buildWithPackage } from "../../lib/packages/package_add.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { parseWish, withPackage } from "../../lib/python/pyproject_edit.ts";
import { changelog, config, engine, facts, git, ids, inputs, localImage, refusal } from "./factory.ts";

describe("NAME[@CONSTRAINT]", () => {
  it.each([
    ["foo", "foo", [], null],
    ["Foo.Bar_baz", "Foo.Bar_baz", [], null],
    ["foo@^1.2", "foo", [], "^1.2"],
    ["foo@>=1,<2", "foo", [], ">=1,<2"],
    ["foo>=1,<2", "foo", [], ">=1,<2"],
    ["foo==1.0", "foo", [], "==1.0"],
    ["uvicorn[standard, x]@0.2", "uvicorn", ["standard", "x"], "0.2"],
  ])("%s", (text, name, extras, constraint) => {
    expect(parseWish(text)).toEqual({ name, extras, constraint });
  });

  it.each(["", "-x", "a b", 'foo@1"\nx = "', "foo@", "foo@$(id)", "../foo", "foo@1\n2"])("%j is refused", (text) => {
    expect(refusal(() => parseWish(text)).message).toContain("names no package");
  });
});

const poetry =
  '[tool.poetry]\nname = "x"\n\n[tool.poetry.dependencies]\npython = "^3.11"\nfoo = "1"  # pinned\n\n[build-system]\n';
describe("pyproject.toml with one package more", () => {
  it.each<readonly [string, string, string, string, string]>([
    ["at the end of poetry's table", poetry, "bar", "main", poetry.replace("# pinned\n", '# pinned\nbar = "*"\n')],
    ["in the place of the one there", poetry, "Foo@2", "main", poetry.replace('foo = "1"  # pinned', 'Foo = "2"')],
    [
      "with extras",
      poetry,
      "bar[a,b]@^1",
      "main",
      poetry.replace("# pinned\n", '# pinned\nbar = {version = "^1", extras = ["a", "b"]}\n'),
    ],
    [
      "in a group that is not there yet",
      poetry,
      "bar",
      "lint",
      `${poetry}\n[tool.poetry.group.lint.dependencies]\nbar = "*"\n`,
    ],
    [
      "in a list of [project]",
      '[project]\ndependencies = [\n    "a>=1"\n]\n',
      "b@>=2",
      "main",
      '[project]\ndependencies = [\n    "a>=1",\n    "b>=2",\n]\n',
    ],
    [
      "in a list of one line",
      '[project]\ndependencies = ["a[x]"]\n',
      "b",
      "main",
      '[project]\ndependencies = ["a[x]", "b"]\n',
    ],
    ["in an empty list", "[project]\ndependencies = []\n", "b@1.0", "main", '[project]\ndependencies = ["b==1.0"]\n'],
    [
      "in the place of the item there",
      '[project]\ndependencies = [\n    "a>=1",\n]\n',
      "A@>=2",
      "main",
      '[project]\ndependencies = [\n    "A>=2",\n]\n',
    ],
  ])("%s", (_title, text, wish, group, expected) => {
    expect(withPackage(text, parseWish(wish), group)).toBe(expected);
  });

  it("is refused where PEP 508 knows no such constraint, and where there is no place for it", () => {
    expect(refusal(() => withPackage("[project]\ndependencies = []\n", parseWish("b@^1"), "main")).message).toContain(
      "cannot stand",
    );
    expect(refusal(() => withPackage("[build-system]\n", parseWish("b"), "main")).message).toContain(
      "has no [tool.poetry.dependencies]",
    );
  });
});

const image = "127.0.0.1:5001/cmamp";
const world = (more: Partial<AllFacts> = {}) =>
  facts({
    changelogText: "# cmamp-1.2.0\n- 2025-01-02\n- Change\n",
    changelog: changelog("1.2.0"),
    inputs: inputs({ dockerfileText: "ARG POETRY_MODE" }),
    engine: engine({
      images: [
        localImage(`${image}:local-gp-1.1.0`),
        localImage(`${image}:local-gp-1.2.0`),
        localImage(`${image}:dev`),
      ],
    }),
    ...more,
  });
const packages = (lock: string | null) => ({
  nested: [],
  pyproject: {
    folder: "devops/docker_build",
    text: poetry,
    value: { tool: { poetry: { dependencies: { foo: "1" } } } },
    lock,
    pipList: null,
  },
});
const options = { name: ["foo"], bump: "patch" as const };
const locked = '[[package]]\nname = "foo"\nversion = "1"\n';

describe("package_add", () => {
  it.each<readonly [string, string | null, string, readonly string[]]>([
    ["asked for and locked: nothing", locked, "foo", []],
    ["the same constraint: nothing", locked, "foo@1", []],
    ["another constraint", locked, "foo@2", ["add_to_pyproject", "resolve", "bring_lock_back", "compare"]],
    ["not locked yet", "", "foo", ["add_to_pyproject", "resolve", "bring_lock_back", "compare"]],
    ["not asked for", locked, "bar", ["add_to_pyproject", "resolve", "bring_lock_back", "compare"]],
  ])("has before the image: %s", (_title, lock, name, expected) => {
    expect(ids(addPackage(world(), { ...options, name: [name] }, packages(lock)))).toEqual(expected);
  });

  it("compares with the newest local image, else the released one, else not at all", () => {
    const compared = (...tags: readonly string[]) =>
      addPackage(
        world({ engine: engine({ images: tags.map((tag) => localImage(`${image}:${tag}`)) }) }),
        options,
        packages(null),
      ).find(({ id }) => id === "compare");
    expect(compared("local-gp-1.9.0", "local-gp-1.10.0", "dev")?.do[0]).toMatchObject({
      before: `${image}:local-gp-1.10.0`,
    });
    expect(compared("dev")?.do[0]).toMatchObject({ before: `${image}:dev` });
    expect(compared()?.skip).toBe("the engine has no earlier image of it");
  });

  it.each<readonly [string, Partial<AllFacts>, unknown]>([
    ["in the newest entry until it is released", {}, "# cmamp-1.2.0\n- 2025-01-02\n- Change\n- Add package foo\n"],
    [
      "in a new one afterwards",
      { git: git({ tags: { "cmamp-1.2.0": "a" } }) },
      "# cmamp-1.2.1\n- 2025-01-02\n- Add package foo\n\n# cmamp-1.2.0\n- 2025-01-02\n- Change\n",
    ],
  ])("is told of %s", (_title, more, content) => {
    expect(buildWithPackage(world(more), options, packages(locked)).at(-1)?.do).toMatchObject([
      { path: "changelog.txt", content },
    ]);
  });

  it("leaves the entry to the release where it is written afterwards", () => {
    const after = world({ config: config({ release: { changelog_update: "after_release" } }) });
    expect(buildWithPackage(after, options, packages(locked)).at(-1)?.skip).toContain("after_release");
  });

  it.each([
    [[], "0 packages were named"],
    [["a", "b"], "2 packages were named"],
  ])("%j is refused", (name, what) => {
    expect(refusal(() => addPackage(world(), { ...options, name }, packages(null))).message).toContain(what);
  });
});
