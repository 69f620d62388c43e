import { describe, expect, it } from "vitest";
import { evidenceOf } from "../../lib/python/package_evidence.ts";
import { type Distribution, judgePackages, type Seen } from "../../lib/python/package_use.ts";
import { dist, seen } from "./factory.ts";

const at = (text = "") => ({ file: "x.py", line: 3, text });
const around = { roots: ["."], started: [] };
/** What names the first of some distributions. */
const why = (more: Partial<Seen>, one: Distribution = dist("a"), others: readonly Distribution[] = []): string[] =>
  evidenceOf(seen({ distributions: [one, ...others], ...more }), around)(one).map((found) => found.why);
const imports = (...names: readonly string[]) => ({ imports: [{ ...at(), names }] });

describe("a package is used", () => {
  it("for everything that names it, an import first, each with its place", () => {
    const one = dist("a", { scripts: ["run-a"] });
    const all = seen({
      distributions: [one],
      imports: [{ ...at("import a"), names: ["a"] }],
      words: [
        { file: "Makefile", line: 1, text: "python -m a.b", word: "a.b" },
        { file: "Makefile", line: 2, text: "run-a --x", word: "run-a" },
      ],
    });
    const find = evidenceOf(all, { roots: [], started: ["sh -c run-a", "pytest"] });
    expect(find(one)).toEqual([
      { why: "imported", file: "x.py", line: 3, text: "import a" },
      { why: "named", file: "Makefile", line: 1, text: "python -m a.b" },
      { why: "named", file: "Makefile", line: 2, text: "run-a --x" },
      { why: "Slipway runs it", file: null, line: null, text: "" },
    ]);
  });

  it.each<[string, Partial<Seen>, Distribution, readonly string[]]>([
    ["by a module below it", imports("a.b.c"), dist("a"), ["imported"]],
    ["by one of several names", imports("b", "a"), dist("b-a", { modules: ["b"] }), ["imported"]],
    ["by a name above it", imports("n"), dist("n-a", { modules: ["n.a"] }), ["imported"]],
    ["not by a name beside it", imports("n.b"), dist("n-a", { modules: ["n.a"] }), []],
    ["not by a name that goes on", imports("ab", "a_b"), dist("a"), []],
    ["by a name in another case where none is exact", imports("IPython.display"), dist("ipython"), ["imported"]],
    ["not by no name", imports(), dist("a"), []],
    ["not by the tests that it carries along", imports("tests.x"), dist("a", { modules: ["a", "tests"] }), []],
    [
      "by a name that only begins like tests",
      imports("tests_x"),
      dist("a", { modules: ["a", "tests_x"] }),
      ["imported"],
    ],
    ["by a name that only ends like tests", imports("mytests"), dist("a", { modules: ["a", "mytests"] }), ["imported"]],
    ["by its module in its own case", imports("MySQLdb.x"), dist("a", { modules: ["MySQLdb"] }), ["imported"]],
    ["by the second of two names", imports("n.b", "n.a.x"), dist("a", { modules: ["n.a"] }), ["imported"]],
    ["by a name above it beside another", imports("n.b", "n"), dist("a", { modules: ["n.a"] }), ["imported"]],
    ["for types of two", imports("g.q", "g.p"), dist("t", { modules: ["g-stubs.p"] }), ["types for an import"]],
    ["by tests where it has nothing else", imports("tests.x"), dist("a", { modules: ["tests"] }), ["imported"]],
    ["for types of an import", imports("yaml"), dist("t", { modules: ["yaml-stubs"] }), ["types for an import"]],
    ["for types of one below", imports("g.p.x"), dist("t", { modules: ["g-stubs.p"] }), ["types for an import"]],
    ["for types of one above", imports("g"), dist("t", { modules: ["g-stubs.p"] }), ["types for an import"]],
    ["not for types of another", imports("g.c"), dist("t", { modules: ["g-stubs.p"] }), []],
  ])("%s", (_how, more, one, expected) => {
    expect(why(more, one)).toEqual(expected);
  });

  it("by the deepest package that an import reaches", () => {
    const [deep, above] = [dist("n-a", { modules: ["n.a"] }), dist("n", { modules: ["n"] })];
    expect([why(imports("n.a.x"), deep, [above]), why(imports("n.a.x"), above, [deep])]).toEqual([
      ["imported"],
      ["imported"],
    ]);
    expect(why(imports("n"), deep, [above])).toEqual([]);
  });

  it("itself and for its types by one import", () => {
    const types = dist("types-a", { modules: ["a-stubs"] });
    expect([why(imports("a"), dist("a"), [types]), why(imports("a"), types, [dist("a")])]).toEqual([
      ["imported"],
      ["types for an import"],
    ]);
  });
});

describe("the repo's own module hides a package", () => {
  const one = dist("a");

  it.each([
    ["beside a script", "jobs/x.py", ["jobs/a.py"], [], true],
    ["beside a script, as a folder", "jobs/x.py", ["jobs/a/__init__.py"], [], true],
    ["beside a script deep inside", "jobs/deep/x.py", ["jobs/deep/a.py"], [], true],
    ["beside a script at the root", "x.py", ["a.py"], [], true],
    ["in a root", "jobs/x.py", ["src/a.py"], ["src"], true],
    ["in the root of the repo", "jobs/x.py", ["a.py"], ["."], true],
    ["not beside a module of a package", "jobs/x.py", ["jobs/a.py", "jobs/__init__.py"], [], false],
    ["not elsewhere", "jobs/x.py", ["a.py"], ["src"], false],
    ["not as a folder without __init__.py", "x.py", ["a/b.py"], ["."], false],
    ["not from itself", "a.py", ["a.py"], ["."], false],
    ["not from itself as a folder", "a/__init__.py", ["a/__init__.py"], ["."], false],
  ])("%s", (_where, file, files, roots, hides) => {
    const world = seen({ distributions: [one], imports: [{ ...at(), file, names: ["a.b"] }], files });
    expect(evidenceOf(world, { roots, started: [] })(one)).toHaveLength(hides ? 0 : 1);
  });
});

describe("a word of code names a package", () => {
  const one = dist("My_A", { modules: ["my.a", "tests"], scripts: ["run", "run-a"] });

  it.each([
    ["my-a", true],
    ["MY.A", true],
    ["my.a.b", true],
    ["run-a", true],
    ["my.ab", false],
    ["my", false],
    ["run-a.b", false],
    ["run-ab", false],
    ["tests", false],
  ])("%s: %s", (word, expected) => {
    expect(why({ words: [{ ...at(), word }] }, one)).toEqual(expected ? ["named"] : []);
  });

  it.each([
    ["run-a --fast", true],
    ["/venv/bin/run-a", true],
    ["run-ab", false],
  ])("and so does a program that Slipway runs, %s: %s", (text, expected) => {
    expect(evidenceOf(seen({ distributions: [one] }), { roots: [], started: [text] })(one).length).toBe(
      expected ? 1 : 0,
    );
  });
});

describe("a file shows that a package is used:", () => {
  it.each([
    ...["conftest.py", "pytest.ini", "test_*.py", "*_test.py"].map((file) => [file, "pytest"]),
    [".coveragerc", "coverage"],
    [".pre-commit-config.yaml", "pre-commit"],
    ["mypy.ini", "mypy"],
    [".mypy.ini", "mypy"],
    ["pyrightconfig.json", "pyright"],
    [".pylintrc", "pylint"],
    ["pylintrc", "pylint"],
    [".flake8", "flake8"],
    [".isort.cfg", "isort"],
    ["ruff.toml", "ruff"],
    [".ruff.toml", "ruff"],
    [".style.yapf", "yapf"],
    [".bandit", "bandit"],
    [".yamllint", "yamllint"],
    ["tox.ini", "tox"],
    ["noxfile.py", "nox"],
    ["mkdocs.yml", "mkdocs"],
    ["alembic.ini", "alembic"],
    ["dvc.yaml", "dvc"],
    ["dbt_project.yml", "dbt-core"],
    ...["ipykernel", "jupyter", "jupyterlab", "notebook"].map((name) => ["*.ipynb", name]),
  ])("%s for %s", (marker, name) => {
    const markers = [
      { file: "unknown", marker: "nobody.ini" },
      { file: `sub/${marker}`, marker },
    ];
    const one = dist(name.toUpperCase());
    expect(evidenceOf(seen({ distributions: [one], markers }), around)(one)).toEqual([
      { why: `sub/${marker} is for it`, file: `sub/${marker}`, line: 1, text: "" },
    ]);
    expect(why({ markers }, dist("other"))).toEqual([]);
  });
});

describe("nothing names a package, and yet it is used", () => {
  const judged = (own: Partial<Distribution>, ...others: readonly Distribution[]) =>
    judgePackages(
      { declared: [{ name: "own", group: "dev", constraint: null }], allowed: {}, ...around },
      seen({
        distributions: [dist("own", own), ...others],
        imports: [{ ...at(), names: ["host"] }],
      }),
    )[0];
  const place = { name: "own", group: "dev", state: "used", file: "x.py", line: 3 };
  const unused = { name: "own", group: "dev", state: "unused", file: null, line: null, why: "nothing names it" };

  it.each<[string, Partial<Distribution>, Partial<Distribution>, string]>([
    ["a plugin of its host's name", { groups: { host: ["x"] } }, {}, "plugin of Host (host)"],
    ["a plugin of its host's point", { groups: { "host.point": ["x"] } }, {}, "plugin of Host (host.point)"],
    ["a plugin of a point with a dash", { groups: { "HOST-x": ["x"] } }, {}, "plugin of Host (HOST-x)"],
    ["a plugin of its host's module", { groups: { m: [] } }, { modules: ["host", "M"] }, "plugin of Host (m)"],
    ["the second of its points", { groups: { no: [], host: [] } }, {}, "plugin of Host (host)"],
    ["a backend", {}, { requires: [{ name: "Own", extra: "fast" }] }, "optional backend of Host (extra fast)"],
    ["a name for others", { modules: [], requires: [{ name: "host", extra: null }] }, {}, "brings host, which is used"],
  ])("as %s", (_what, own, host, reason) => {
    expect(judged(own, dist("Host", { modules: ["host"], ...host }))).toEqual({ ...place, why: reason });
  });

  it.each([
    ["pytest11", "pytest"],
    ["apache_airflow_provider", "apache-airflow"],
  ])("as a plugin in %s of %s", (group, name) => {
    expect(judged({ groups: { [group]: [] } }, dist(name, { modules: ["host"] }))?.why).toBe(
      `plugin of ${name} (${group})`,
    );
  });

  it.each<[string, Partial<Distribution>, Partial<Distribution>]>([
    ["a plugin of what nobody uses", { groups: { other: [] } }, { name: "other", modules: ["o"] }],
    ["a plugin of another", { groups: { hostess: [] } }, {}],
    ["a plugin of a point that another has", { groups: { "x.host": [] } }, {}],
    ["a plugin of itself", { groups: { own: [] } }, {}],
    ["a name for what only an extra asks for", { modules: [], requires: [{ name: "host", extra: "x" }] }, {}],
    ["a name with a module", { requires: [{ name: "host", extra: null }] }, {}],
    ["a name with a program", { modules: [], scripts: ["x"], requires: [{ name: "host", extra: null }] }, {}],
    ["a name for nobody", { modules: [], requires: [{ name: "other", extra: null }] }, {}],
    ["a backend of another", {}, { requires: [{ name: "other", extra: "fast" }] }],
    ["a backend of what nobody uses", {}, { modules: ["o"], requires: [{ name: "own", extra: "fast" }] }],
  ])("but not as %s", (_what, own, host) => {
    expect(judged(own, dist("host", { modules: ["host"], ...host }))).toEqual(unused);
  });

  it.each([
    "dev",
    "tests",
    "testing",
    "docs-x",
    "lint_y",
    "typing",
    "bench2",
    "all",
    "complete",
    "pre-commit",
    "develop",
    "development",
  ])("nor as a backend of the extra %s, which is for work on the other", (extra) => {
    expect(judged({}, dist("host", { requires: [{ name: "own", extra }] }))).toEqual(unused);
  });

  it.each(["devices", "mydev", "tester", "allow", "redis"])("but as a backend of the extra %s", (extra) => {
    expect(judged({}, dist("host", { requires: [{ name: "own", extra }] }))?.state).toBe("used");
  });

  it("is told of what is brought anyway", () => {
    const needed = (extra: string | null) => dist("Host", { modules: ["host"], requires: [{ name: "OWN", extra }] });
    expect(judged({}, needed(null))).toEqual({ ...unused, why: "nothing names it; Host brings it anyway" });
    expect(judged({}, needed("dev"))).toEqual(unused);
    expect(judged({}, { ...needed(null), modules: ["o"] })).toEqual(unused);
  });
});
