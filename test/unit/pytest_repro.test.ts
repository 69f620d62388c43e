import { describe, expect, it } from "vitest";
import { failedIn, type ReproMode, stacktracesIn, targetsOf } from "../../lib/formats/pytest_output.ts";

const ids = (text: string) => failedIn(text).ids;

describe("what failed is read", () => {
  it("from pytest's cache, each once and in order", () => {
    expect(ids('{"b.py::T::t": true, "a.py": true, "a.py::t[x y]": true}')).toEqual([
      "a.py",
      "a.py::t[x y]",
      "b.py::T::t",
    ]);
    expect(failedIn("{}")).toEqual({ ids: [], leftOut: 0 });
  });

  it.each<[string, string, readonly string[]]>([
    ["the summary", "FAILED a/test_a.py::T::test_b - assert 1 == 2", ["a/test_a.py::T::test_b"]],
    ["a test without a class", "FAILED a.py::test_b", ["a.py::test_b"]],
    ["a file that could not be read", "ERROR test/test_a.py - ImportError: no module", ["test/test_a.py"]],
    ["a parameter with blanks", "FAILED a.py::test_b[x - y::z] - assert 1", ["a.py::test_b[x - y::z]"]],
    ["verbose lines", "a.py::T::t FAILED      [ 50%]\nb.py::u PASSED [100%]", ["a.py::T::t"]],
    ["both, which name one test", "a.py::t FAILED [ 9%]\nFAILED a.py::t - x", ["a.py::t"]],
    ["a CI's lines", "Run tests  2022-02-19T16:53:07.11Z FAILED a.py::T::t - Na...", ["a.py::T::t"]],
    [
      "colours and Windows' line ends",
      "\u001b[31mFAILED\u001b[0m a.py::\u001b[1mT::t\u001b[0m - x\r\n",
      ["a.py::T::t"],
    ],
    ["no word of a test's own output", "the step FAILED a lot\nFAILED: 3\n1 failed, 2 passed", []],
    ["nothing of what passed, was skipped or may fail", "XFAIL a.py::t\nSKIPPED [1] a.py:3: why\nPASSED a.py::u", []],
  ])("from a log: %s", (_what, log, wanted) => {
    expect(ids(log)).toEqual(wanted);
  });

  it("without what is no name of a test: an option, a line more, what steers a terminal", () => {
    const text = JSON.stringify({ "a.py": true, "--pdb": true, "a.py\nrm -rf /": true, "\u001b]0;x": true, " ": true });
    expect(failedIn(text)).toEqual({ ids: ["a.py"], leftOut: 4 });
  });

  it("from JSON that is no cache as from a log", () => {
    expect(ids("[1]")).toEqual([]);
  });
});

describe("what is run again", () => {
  const failed = ["a.py", "b.py::T::t[x::y]", "b.py::T::u", "b.py::V", "c.py::f", "c.py::g[1]", "d.py::T::Inner::t"];
  it.each<[ReproMode, readonly string[]]>([
    ["tests", failed],
    ["classes", ["b.py::T", "b.py::V", "c.py::f", "c.py::g[1]", "d.py::T"]],
    ["files", ["a.py", "b.py", "c.py", "d.py"]],
  ])("%s", (mode, wanted) => {
    expect(targetsOf(failed, mode)).toEqual(wanted);
  });
});

describe("why tests failed", () => {
  const log = [
    "===== test session starts =====",
    "a.py F",
    "===== ERRORS =====",
    "___ ERROR collecting b.py ___",
    "ImportError",
    "===== FAILURES =====",
    "\u001b[31m___ T.t ___\u001b[0m",
    "E  assert 1 == 2",
    "===== short test summary info =====",
    "FAILED a.py::T::t",
  ].join("\n");

  it("is what a log shows of errors and failures", () => {
    expect(stacktracesIn(log)).toBe("___ ERROR collecting b.py ___\nImportError\n___ T.t ___\nE  assert 1 == 2");
  });

  it("is nothing in a log without them, nor in the cache", () => {
    expect([stacktracesIn("FAILED a.py::t"), stacktracesIn('{"a.py": true}')]).toEqual([null, null]);
  });
});
