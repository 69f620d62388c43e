import { describe, expect, it } from "vitest";
import { type CoverageReport, coverageScript, reportFiles } from "../../lib/formats/coverage.ts";

const plain: CoverageReport = { data: ["/r/fast.coverage"], to: "/r/fast", root: "/repo", below: null, html: false };
const script = (more: Partial<CoverageReport> = {}) => coverageScript({ ...plain, ...more });
const calls = (text: string) => [...text.matchAll(/^python3 -m coverage (\w+)(.*)$/gm)].map(([, name]) => name);

describe("the report of a coverage", () => {
  it("joins what lists left and keeps it, and ends with what a person reads", () => {
    expect(calls(script())).toEqual(["combine", "xml", "report"]);
    expect(calls(script({ html: true }))).toEqual(["combine", "xml", "html", "report"]);
    expect(script()).toContain('combine --quiet --keep "$@"');
  });

  it("takes an earlier one away, whatever comes of its own", () => {
    expect(script().split("\n")[0]).toBe("rm -rf /r/fast.coverage.xml /r/fast.coverage_html");
  });

  it("is of a folder in each of its forms", () => {
    const lines = script({ below: "src/it's", html: true }).split("\n");
    const limited = lines.filter((line) => line.includes("'--include=src/it'\\''s/*'"));
    expect(limited.map((line) => /coverage (\w+)/.exec(line)?.[1])).toEqual(["xml", "html", "report"]);
  });

  it("keeps paths of this machine one word", () => {
    expect(script({ root: "/a & b/$(x)" })).toContain("/r/fast.coverage.xml '/a & b/$(x)' || exit");
  });

  it("is named after its run", () => {
    expect(reportFiles("x/fast_slow")).toEqual({
      xml: "x/fast_slow.coverage.xml",
      html: "x/fast_slow.coverage_html",
    });
  });
});
