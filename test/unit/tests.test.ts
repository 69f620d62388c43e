import { describe, expect, it } from "vitest";
import {
  allowedInTree,
  choiceWords,
  defaultSmoke,
  isPytest,
  isWhole,
  type ListChoice,
  listNames,
  nestedDirs,
  prodWays,
  runnerName,
  submodulesBelow,
  type TestList,
  testCommand,
} from "../../lib/config/tests.ts";
import { config, facts, refusal } from "./factory.ts";

const plain: TestList = { command: null, mayBeEmpty: false, entrypoint: true, prod: null };
const own: TestList = { command: ["make", "check"], mayBeEmpty: false, entrypoint: true, prod: null };
const options = {
  ci: true,
  suite: "cmamp",
  report: "/r.xml",
  cache: "/c",
  choice: { pytestOpts: [] },
  without: [],
  stage: "dev",
  version: "1.2.0",
};

describe("the pytest line of a list", () => {
  it.each([
    ["fast", "not slow and not superslow and not qa", "5", "2"],
    ["slow", "slow and not superslow and not qa", "30", "1"],
    ["superslow", "not slow and superslow and not qa", "3600", "1"],
  ] as const)(
    "%s has its marker, timeout and reruns, and takes the paths that pytest is configured with",
    (name, marker, seconds, reruns) => {
      expect(testCommand(name, plain, options)).toEqual([
        ...["pytest", "-m", marker, "-o", "timeout_func_only=true", "--timeout", seconds, "--reruns", reruns],
        ...[
          "--only-rerun",
          "Failed: Timeout",
          "-o",
          "cache_dir=/c",
          "--junit-xml=/r.xml",
          "-o",
          "junit_suite_name=cmamp",
        ],
      ]);
    },
  );

  it("qa runs the tests below test with stage and version of the image", () => {
    expect(testCommand("qa", plain, options).join(" ")).toBe(
      "pytest -m qa and not superslow test -o timeout_func_only=true --timeout 3600 --reruns 1 --only-rerun Failed: Timeout -o cache_dir=/c --image_stage dev --image_version 1.2.0 --junit-xml=/r.xml -o junit_suite_name=cmamp",
    );
  });

  it("qa names no version where the mutable tag is meant", () => {
    expect(testCommand("qa", plain, { ...options, version: null })).not.toContain("--image_version");
  });

  it.each(["fast", "slow", "superslow"] as const)("%s knows nothing of the image", (name) => {
    expect(testCommand(name, plain, options)).not.toContain("--image_stage");
  });

  it("has ten times as long outside CI", () => {
    expect(testCommand("fast", plain, { ...options, ci: false })).toContain("50");
  });

  it("leaves out the dirs that have tests of their own", () => {
    const words = testCommand("fast", plain, { ...options, without: ["helpers/slipway", "inner"] });
    expect(words.slice(3, 6)).toEqual(["--ignore=helpers/slipway", "--ignore=inner", "-o"]);
  });

  it("runs the given words instead of all tests", () => {
    const words = testCommand("fast", plain, { ...options, choice: { pytestOpts: ["-x"], words: ["test/test_a.py"] } });
    expect(words.slice(3, 6)).toEqual(["-x", "test/test_a.py", "-o"]);
  });
});

describe("the dirs below a runnable dir that have tests of their own", () => {
  const repo = ["repo_config.yaml", "a/repo_config.yaml", "a/b/repo_config.yaml", "ab/repo_config.yaml"];
  const slipway = "sub/slipway/thin_client/template/repo_config.yaml";
  it.each<[string, string, readonly string[], string | null, readonly string[]]>([
    ["other runnable dirs", ".", repo, null, ["a", "ab"]],
    ["those below it alone", "a", repo, null, ["b"]],
    ["none of its own", "a/b", repo, null, []],
    ["all of a clone of Slipway in a submodule", ".", [slipway], null, ["sub/slipway"]],
    ["and of the one that runs, which Git may ignore", ".", ["repo_config.yaml"], "tools/slipway", ["tools/slipway"]],
    ["not of one that lies elsewhere", "a", [slipway], "tools/slipway", []],
    ["none where the repo is Slipway's", ".", ["thin_client/template/repo_config.yaml"], null, []],
    ["none where it is the template", "thin_client/template", ["thin_client/template/repo_config.yaml"], null, []],
  ])("are %s", (_which, dir, configs, own, wanted) => {
    expect(nestedDirs(dir, configs, own)).toEqual(wanted);
  });
});

it("a configured command is taken as it is, the given words behind it", () => {
  expect(testCommand("fast", own, { ...options, choice: { pytestOpts: ["-k"] } })).toEqual(["make", "check", "-k"]);
});

describe("beside the files of its commit a tree that is tested may hold", () => {
  const allowed = allowedInTree({
    config: config({ tests: { mount: ["data"] } }),
    place: { ...facts().place, dir: "sub" },
  });
  const withRunner = allowedInTree({
    config: config({ tests: { fast: { command: ["make"] } } }),
    place: facts().place,
  });

  it.each<[string, boolean, boolean]>([
    ["what tests.mount names", allowed("sub/data"), true],
    ["what lies in it", allowed("sub/data/deep/x.bin"), true],
    ["no other path that begins alike", allowed("sub/database"), false],
    ["not the same path of another dir", allowed("data/x.bin"), false],
    ["what Python keeps, which our containers do not read", allowed("src/__pycache__/a.pyc"), true],
    ["no compiled code elsewhere", allowed("src/a.pyc"), false],
    ["what pytest keeps, which ours keeps elsewhere", allowed(".pytest_cache/v/lastfailed"), true],
    ["nothing of pytest where another program runs tests", withRunner(".pytest_cache/v/lastfailed"), false],
    ["no module that Git ignores", allowed("sub/ignored.py"), false],
  ])("%s", (_what, is, wanted) => {
    expect(is).toBe(wanted);
  });
});

it("there are four lists, three ways to run one for prod, and a smoke test that any image has", () => {
  expect(listNames).toEqual(["fast", "slow", "superslow", "qa"]);
  expect(prodWays).toEqual(["in_image", "from_outside", "with_dev_packages"]);
  expect(defaultSmoke).toEqual(["uname", "-m"]);
});

describe("what is chosen beside a list", () => {
  const choice = (more: Partial<ListChoice>): ListChoice => ({ pytestOpts: [], ...more });
  const words = (more: Partial<ListChoice>, list: TestList = plain) =>
    testCommand("fast", list, { ...options, choice: choice(more), without: ["inner"] }).join(" ");
  const python = (...command: readonly string[]): TestList => ({ ...own, command });

  it.each<[string, Partial<ListChoice>, string]>([
    ["processes", { nThreads: "auto" }, " -n auto --junit-xml="],
    [
      "its coverage, whose report is made of all lists",
      { coverage: true },
      " --cov=. --cov-branch --cov-report= --junit",
    ],
    ["only its names", { collectOnly: true }, "cache_dir=/c --collect-only"],
    [
      "tests with all of these markers and none of those",
      { runOnlyTestList: ["a", "b"], skipTestList: ["c", "d"] },
      "-m a and b and not c and not d and not slow and not superslow and not qa --ignore",
    ],
    [
      "the words that were typed, those after -- last",
      { pytestOpts: ["-x"], words: ["a.py"] },
      " -x a.py --ignore=inner",
    ],
  ])("pytest is told %s", (_what, more, wanted) => {
    expect(words(more)).toContain(wanted);
  });

  it("a run of no test leaves the report of the last one alone", () => {
    expect(words({ collectOnly: true })).not.toContain("junit");
  });

  it("a command that is pytest is told its options, with dirs to leave out only where those were chosen", () => {
    const mine = python("python3", "-m", "pytest");
    const told = words({ nThreads: "2", coverage: true, skipSubmodules: true, words: ["a.py"] }, mine);
    expect(told).toBe("python3 -m pytest --ignore=inner --cov=. --cov-branch --cov-report= -n 2 a.py");
    expect(words({}, mine)).toBe("python3 -m pytest");
  });

  it.each<[string, Partial<ListChoice>]>([
    ["--n-threads", { nThreads: "2" }],
    ["--coverage", { coverage: true }],
    ["--collect-only", { collectOnly: true }],
    ["--skip-submodules", { skipSubmodules: true }],
    ["--run-only-test-list", { runOnlyTestList: ["a"] }],
    ["--skip-test-list", { skipTestList: ["a"] }],
  ])("%s is refused by name where another program runs the list", (name, more) => {
    expect(() => words(more)).not.toThrow();
    expect(refusal(() => words(more, own)).message).toBe(`the fast tests do not take ${name}: they are 'make check'`);
  });

  it("markers are refused by a command of pytest too: its -m is its own", () => {
    const { message, fix } = refusal(() => words({ skipTestList: ["a"] }, python("pytest", "-m", "unit")));
    expect(message).toBe("the fast tests do not take --skip-test-list: they are 'pytest -m unit'");
    expect(fix).toBe("Pass its own words: i run_fast_tests -- -m MARKERS");
  });

  it("coverage of tests that are only collected is refused", () => {
    expect(refusal(() => words({ coverage: true, collectOnly: true })).message).toBe(
      "--coverage and --collect-only exclude each other",
    );
  });

  it.each<[string, Partial<ListChoice>, boolean]>([
    ["nothing", {}, true],
    ["how fast it runs", { nThreads: "auto" }, true],
    ["its coverage", { coverage: true }, true],
    ["no test", { collectOnly: true }, false],
    ["no submodules", { skipSubmodules: true }, false],
    ["a marker", { runOnlyTestList: ["a"] }, false],
    ["no marker", { skipTestList: ["a"] }, false],
    ["an option of pytest", { pytestOpts: ["-x"] }, false],
    ["a file", { words: ["a.py"] }, false],
  ])("the list is whole where the choice is %s: %j is %s", (_what, more, whole) => {
    expect(isWhole(choice(more))).toBe(whole);
  });

  it("is typed again for another dir as it was, what is the command's own behind --", () => {
    const all = { nThreads: "2", coverage: true, collectOnly: true, skipSubmodules: true };
    const more = { runOnlyTestList: ["a", "b"], skipTestList: ["c"], pytestOpts: ["-x"], words: ["a b.py"] };
    expect(choiceWords({ ...all, ...more })).toEqual([
      ...["--n-threads", "2", "--coverage", "--collect-only", "--skip-submodules"],
      ...["--run-only-test-list", "a,b", "--skip-test-list", "c", "--", "-x", "a b.py"],
    ]);
    expect(choiceWords(choice({}))).toEqual([]);
  });

  it.each<[readonly string[] | null, boolean]>([
    [null, true],
    [["pytest", "-x"], true],
    [["/venv/bin/pytest"], true],
    [["python3.11", "-m", "pytest"], true],
    [["python", "-m", "unittest"], false],
    [["npm", "test"], false],
    [["sh", "-c", "pytest"], false],
    [["mypytest"], false],
  ])("%j is pytest: %s", (command, is) => {
    expect(isPytest(command)).toBe(is);
  });

  it("submodules are those below the dir", () => {
    expect(submodulesBelow("a", ["a/sub", "ab/sub", "b", "a"])).toEqual(["sub"]);
    expect(submodulesBelow(".", ["sub", "a/sub"])).toEqual(["sub", "a/sub"]);
  });
});

describe("the name of a runner in a record", () => {
  it("is the configured command", () => {
    expect(runnerName("fast", own)).toBe("make check");
  });

  it("tells the lists apart", () => {
    expect(new Set(listNames.map((name) => runnerName(name, plain))).size).toBe(listNames.length);
  });

  it("names the marker, so that a changed choice of tests is another runner", () => {
    expect(runnerName("fast", plain)).toBe('pytest -m "not slow and not superslow and not qa"');
  });
});
