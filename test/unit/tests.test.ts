import { describe, expect, it } from "vitest";
import { defaultSmoke, listNames, prodWays, runnerName, type TestList, testCommand } from "../../lib/model/tests.ts";

const plain: TestList = { command: null, mayBeEmpty: false, prod: null };
const own: TestList = { command: ["make", "check"], mayBeEmpty: false, prod: null };
const options = { ci: true, suite: "cmamp", report: "/r.xml", extra: [], stage: "dev", version: "1.2.0" };

describe("the pytest line of a list", () => {
  it.each([
    ["fast", "not slow and not superslow and not qa", ".", "5", "2"],
    ["slow", "slow and not superslow and not qa", ".", "30", "1"],
    ["superslow", "not slow and superslow and not qa", ".", "3600", "1"],
  ] as const)("%s has its marker, timeout and reruns", (name, marker, path, seconds, reruns) => {
    expect(testCommand(name, plain, options)).toEqual([
      ...["pytest", "-m", marker, path, "-o", "timeout_func_only=true", "--timeout", seconds, "--reruns", reruns],
      ...["--only-rerun", "Failed: Timeout", "--junit-xml=/r.xml", "-o", "junit_suite_name=cmamp"],
    ]);
  });

  it("qa runs the tests below test with stage and version of the image", () => {
    expect(testCommand("qa", plain, options).join(" ")).toBe(
      "pytest -m qa and not superslow test -o timeout_func_only=true --timeout 3600 --reruns 1 --only-rerun Failed: Timeout --image_stage dev --image_version 1.2.0 --junit-xml=/r.xml -o junit_suite_name=cmamp",
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

  it("runs the given words instead of all tests", () => {
    const words = testCommand("fast", plain, { ...options, extra: ["test/test_a.py", "-x"] });
    expect(words.slice(3, 6)).toEqual(["test/test_a.py", "-x", "-o"]);
  });
});

it("a configured command is taken as it is, the given words behind it", () => {
  expect(testCommand("fast", own, { ...options, extra: ["-k"] })).toEqual(["make", "check", "-k"]);
});

it("there are four lists, three ways to run one for prod, and a smoke test that any image has", () => {
  expect(listNames).toEqual(["fast", "slow", "superslow", "qa"]);
  expect(prodWays).toEqual(["in_image", "from_outside", "with_dev_packages"]);
  expect(defaultSmoke).toEqual(["uname", "-m"]);
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
