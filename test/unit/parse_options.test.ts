import { describe, expect, it } from "vitest";
import { list, type OptionSet, pick, universal, vocabulary } from "../../lib/run/options.ts";
import { kebab, parseOptions, typedAgain } from "../../lib/run/parse_options.ts";
import { refusal } from "./factory.ts";

const all: OptionSet = { ...vocabulary, ...universal };
const parse = (argv: readonly string[], env: Readonly<Record<string, string>> = {}) => parseOptions(all, argv, env);
const values = (...argv: readonly string[]) => parse(argv).values;

describe("an option that takes bare words", () => {
  const named: OptionSet = { ...all, images: list("A B", "Two images.", { positional: true }) };
  it.each([
    [
      ["a", "b"],
      ["a", "b"],
    ],
    [
      ["a", "--json", "b"],
      ["a", "b"],
    ],
    [
      ["--images", "a,b"],
      ["a", "b"],
    ],
    [
      ["--images", "a", "b"],
      ["a", "b"],
    ],
    [[], []],
  ])("%j", (argv, images) => {
    expect(parseOptions(named, argv, {}).values["images"]).toEqual(images);
  });
});

it("what is typed again leaves out what it is told to, and keeps words", () => {
  const argv = ["-v", "1.2.0", "--dry-run", "--no-cache", "--", "-x", "--json"];
  expect(typedAgain(all, argv, ["dryRun"])).toEqual(["--version=1.2.0", "--no-cache", "--", "-x", "--json"]);
});

describe("one thing, one option, aliases for the rest", () => {
  it.each([
    [["--version", "1.2.0"], { version: "1.2.0" }],
    [["--version=1.2.0"], { version: "1.2.0" }],
    [["-v", "1.2.0"], { version: "1.2.0" }],
    [["--tag-name", "1.2.0"], { version: "1.2.0" }],
    [["--version", "FROM_CHANGELOG"], { version: undefined }],
    [["--stage", "prod"], { stage: "prod" }],
    [["-s", "local"], { stage: "local" }],
    [["--target-registries", "ecr,ghcr"], { targetRegistries: ["ecr", "ghcr"] }],
    [["--target", "ecr"], { targetRegistries: ["ecr"] }],
    [["--target-registry", "ecr"], { targetRegistries: ["ecr"] }],
    [["--target", "ecr", "--target-registry", "a, b,"], { targetRegistries: ["ecr", "a", "b"] }],
    [["--poetry-mode", "no_update"], { poetryMode: "no_update" }],
    [["--update-poetry"], { poetryMode: "update" }],
    [["--refresh-only-poetry"], { poetryMode: "refresh" }],
    [["--no-cache"], { cache: false }],
    [["--cache"], { cache: true }],
    [["--skip-tests"], { skipTests: true }],
    [["--no-qa-tests"], { qaTests: false }],
    [["--superslow-tests"], { superslowTests: true }],
    [["--no-run-end-to-end-tests"], { runEndToEndTests: false }],
    [["--no-push-to-repo"], { pushToRepo: false }],
    [["--build-arg", "A=1", "--build-arg", "B=2"], { buildArg: ["A=1", "B=2"] }],
    [["--message", "One, two", "-m", "three"], { message: ["One, two", "three"] }],
    [["-m", "- dash"], { message: ["- dash"] }],
    [["--message", "-x is gone"], { message: ["-x is gone"] }],
    [["--cmd", "a | b && c"], { cmd: "a | b && c" }],
    [["-c", "ls"], { cmd: "ls" }],
    [["--pytest-opts", "a.py,-x"], { pytestOpts: ["a.py", "-x"] }],
    [["--pytest-opts", "a.py, -x"], { pytestOpts: ["a.py", "-x"] }],
    [["--pytest-opts", "a.py -k b"], { pytestOpts: ["a.py", "-k", "b"] }],
    [["-p", `a.py -k "b or c" -m 'not slow'`], { pytestOpts: ["a.py", "-k", "b or c", "-m", "not slow"] }],
    [["-p", `"say \\"hi\\" \\n" \\'`], { pytestOpts: ['say "hi" \\n', "'"] }],
    [["-p", "test_a.py::test[1,2] -x"], { pytestOpts: ["test_a.py::test[1,2]", "-x"] }],
    [["-p", "a.py -x", "-p", "b.py"], { pytestOpts: ["a.py", "-x", "b.py"] }],
    [["--cmd=-x"], { cmd: "-x" }],
    [["-n", "-y"], { dryRun: true, yes: true }],
    [["-ny"], { dryRun: true, yes: true }],
    [["--dry-run", "--json", "--offline", "--quiet"], { dryRun: true, json: true, offline: true, quiet: true }],
    [["--from", "push_dev"], { from: "push_dev" }],
    [["-h"], { help: true }],
    [["--version", "1.0.0", "--version", "1.1.0"], { version: "1.1.0" }],
  ])("%j", (argv, expected) => {
    expect(values(...argv)).toMatchObject(expected);
    // What is typed again for another run, by one name each, means the same.
    expect(values(...typedAgain(all, argv, []))).toEqual(values(...argv));
  });

  it("has its default where nothing is given", () => {
    expect(values()).toMatchObject({
      version: undefined,
      stage: "dev",
      cache: true,
      qaTests: true,
      runEndToEndTests: true,
      pushToRepo: true,
      skipTests: false,
      dryRun: false,
      yes: false,
      targetRegistries: [],
    });
  });

  it("has no spelling of another", () => {
    const words = Object.entries(all).flatMap(([name, { short, aliases = [], meanings = {} }]) => [
      kebab(name),
      ...(short ? [short] : []),
      ...aliases,
      ...Object.keys(meanings),
    ]);
    expect(words.filter((word, index) => words.indexOf(word) !== index)).toEqual([]);
  });

  it.each(Object.entries(all))("--%s says in one sentence what happens", (_name, { help }) => {
    expect(help).toMatch(/^[A-Z](?:[^.]|\.(?! ))*[^.]\.$/);
  });
});

describe("words after --", () => {
  it("belong to the container, options among them too", () => {
    expect(parse(["-n", "--", "ls", "--version", "-n"]).words).toEqual(["ls", "--version", "-n"]);
  });

  it("are none without it", () => {
    expect(parse(["-n"]).words).toEqual([]);
  });
});

describe("a wrong word is refused", () => {
  it.each([
    [["--versoin", "1.2.0"], '"--versoin" is not an option of this workflow', "Did you mean --version?"],
    [["--target-registrys", "a"], '"--target-registrys" is not an option', "Did you mean --target-registry?"],
    [["--no-caches"], '"--no-caches" is not an option', "Did you mean --no-cache?"],
    [["--no-skip-tests"], '"--no-skip-tests" is not an option', "Did you mean --skip-tests?"],
    [["-x"], '"-x" is not an option', "See --help"],
    [["1.2.0"], '"1.2.0" is not an option', "--help"],
    [["--version"], "--version has no value", "Write --version X.Y.Z"],
    [["-v"], "-v has no value", "Write -v X.Y.Z"],
    [["--target-registry", ","], "--target-registry has no value", "Write --target-registry"],
    [["--target-registry="], "--target-registry has no value", "Write --target-registry"],
    [["--version", "--dry-run"], "--version has no value", "Write --version X.Y.Z"],
    [["--build-arg", "INDEX=https://ada:s3cret@x.org"], "the build argument INDEX holds a secret", "--secret INDEX"],
    [
      ["--build-arg", "A=1,MY_PASSWORD=s3cret"],
      "the build argument MY_PASSWORD holds a secret",
      "--secret MY_PASSWORD",
    ],
    [["--secret", "A=s3cret"], "--secret takes names of variables, not values", "--secret PIP_INDEX_URL"],
    [["--build-arg", "-n"], "--build-arg has no value", "NAME=VALUE"],
    [["--message", "-dash"], "--message has no value", "one that starts with a dash: --message=-dash"],
    [["-m", "-dash"], "-m has no value", "one that starts with a dash: -m-dash"],
    [["--dry-run=yes"], '--dry-run takes no value, but got "yes"', "Write --dry-run"],
    [["--version", "1.2"], '"1.2" is not a version', "--version 1.2.0"],
    [["--version="], '"" is not a version', "--version 1.0.0"],
    [["--stage", "test"], '"test" is not a stage', "--stage dev"],
    [["--poetry-mode", "renew"], '--poetry-mode "renew" is not known', "--poetry-mode update"],
    [["--bump", "tiny"], '--bump "tiny" is not known', "--bump major"],
  ])("%j", (argv, what, fix) => {
    expect(refusal(() => parse(argv))).toMatchObject({
      message: expect.stringContaining(what),
      fix: expect.stringContaining(fix),
      exitCode: 2,
    });
  });

  it("because it is an option of another workflow", () => {
    expect(refusal(() => parseOptions(pick("version"), ["--stage", "dev"], {})).message).toContain("--stage");
  });
});

describe("SLIPWAY_<OPTION>", () => {
  it.each([
    ["SLIPWAY_STAGE", "prod", { stage: "prod" }],
    ["SLIPWAY_POETRY_MODE", "refresh", { poetryMode: "refresh" }],
    ["SLIPWAY_TARGET_REGISTRIES", "ecr,ghcr", { targetRegistries: ["ecr", "ghcr"] }],
    ["SLIPWAY_CACHE", "false", { cache: false }],
    ["SLIPWAY_DRY_RUN", "true", { dryRun: true }],
    ["SLIPWAY_DIR", "sub", { dir: "sub" }],
  ])("%s=%s gives the value", (name, text, expected) => {
    expect(parse([], { [name]: text }).values).toMatchObject(expected);
  });

  it("is told as the value's origin", () => {
    expect(parse([], { SLIPWAY_STAGE: "prod" }).origins).toEqual({ stage: "SLIPWAY_STAGE" });
  });

  it("yields to what is typed", () => {
    expect(parse(["-s", "local"], { SLIPWAY_STAGE: "prod" })).toMatchObject({
      values: { stage: "local" },
      origins: {},
    });
  });

  it("is nothing when it is empty", () => {
    expect(parse([], { SLIPWAY_STAGE: "" }).values).toMatchObject({ stage: "dev" });
  });

  it("is checked as if it were typed", () => {
    expect(refusal(() => parse([], { SLIPWAY_STAGE: "test" })).message).toContain('"test" is not a stage');
  });

  it.each([
    ["SLIPWAY_VERSION", "9.9.9"],
    ["SLIPWAY_FROM", "push_dev"],
    ["SLIPWAY_CMD", "rm -rf /"],
    ["SLIPWAY_BREAK_LOCK", "true"],
    ["SLIPWAY_SKIP_TESTS", "true"],
    ["SLIPWAY_QA_TESTS", "false"],
    ["SLIPWAY_SUPERSLOW_TESTS", "true"],
    ["SLIPWAY_RUN_END_TO_END_TESTS", "false"],
    ["SLIPWAY_YES", "true"],
  ])("%s is not read", (name, text) => {
    expect(parse([], { [name]: text })).toEqual(parse([]));
  });
});
