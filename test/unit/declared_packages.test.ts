import { describe, expect, it } from "vitest";
import { declaredPackages } from "../../lib/python/declared_packages.ts";

describe("what pyproject.toml asks for", () => {
  it.each<readonly [string, unknown, readonly unknown[]]>([
    [
      "poetry",
      { tool: { poetry: { dependencies: { python: "^3.11", Foo_Bar: "*", b: { version: "^1", extras: ["x"] } } } } },
      [
        ["foo-bar", "main", "*"],
        ["b", "main", "^1"],
      ],
    ],
    [
      "a folder and several constraints",
      { tool: { poetry: { dependencies: { a: { path: "../a" }, b: [{ version: "1" }] } } } },
      [
        ["a", "main", null],
        ["b", "main", null],
      ],
    ],
    [
      "groups of poetry, old and new",
      { tool: { poetry: { "dev-dependencies": { a: "1" }, group: { lint: { dependencies: { b: "2" } } } } } },
      [
        ["a", "dev", "1"],
        ["b", "lint", "2"],
      ],
    ],
    [
      "PEP 621",
      {
        project: {
          name: "own",
          dependencies: [
            "a",
            "b[x, y] >= 1, <2 ; python_version < '4'",
            "c @ https://x/c.whl",
            "d (>=2.0,<3.0)",
            "own[all]",
          ],
        },
      },
      [
        ["a", "main", null],
        ["b", "main", ">=1,<2"],
        ["c", "main", null],
        ["d", "main", ">=2.0,<3.0"],
      ],
    ],
    [
      "optional ones and the groups of PEP 735",
      {
        project: { "optional-dependencies": { web: ["a>1"] } },
        "dependency-groups": { dev: ["b", { "include-group": "x" }] },
      },
      [
        ["a", "web", ">1"],
        ["b", "dev", null],
      ],
    ],
    [
      "uv and pdm",
      { tool: { uv: { "dev-dependencies": ["a"] }, pdm: { "dev-dependencies": { t: ["b"] } } } },
      [
        ["a", "dev", null],
        ["b", "t", null],
      ],
    ],
    [
      "a name twice",
      { project: { dependencies: ["a>=1"] }, tool: { poetry: { dependencies: { a: "^1" } } } },
      [["a", "main", "^1"]],
    ],
    [
      "the project itself, by its name in poetry's table",
      { tool: { poetry: { name: "My_Own", dependencies: { "my-own": "*", a: "*" } } } },
      [["a", "main", "*"]],
    ],
    [
      "a line that is none",
      { project: { dependencies: [7, "", "  a-b.c_  ", "-x", "[x]", "b--"] } },
      [
        ["a-b-c", "main", null],
        ["b", "main", null],
      ],
    ],
    [
      "a project without a name",
      { project: { dependencies: ["undefined", "a_b_"] } },
      [
        ["undefined", "main", null],
        ["a-b", "main", null],
      ],
    ],
    [
      "what is no table",
      { project: "x", tool: { poetry: [{ dependencies: { a: "1" } }] }, "dependency-groups": null },
      [],
    ],
    ["a list that is none", { project: { dependencies: "a" }, tool: { uv: { "dev-dependencies": { a: 1 } } } }, []],
    ["nothing", {}, []],
  ])("%s", (_title, value, expected) => {
    expect(declaredPackages(value).map(({ name, group, constraint }) => [name, group, constraint])).toEqual(expected);
  });
});
