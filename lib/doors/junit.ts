import { posix } from "node:path";
import { DOMParser, type Document, type Element, XMLSerializer } from "../../node_modules/@xmldom/xmldom/lib/index.js";

/** One test list of one dir: its report as its container wrote it, null where it left none. */
export type ListReport = {
  /** Relative to the outermost Git root. */
  readonly dir: string;
  readonly list: string;
  readonly passed: boolean;
  readonly seconds: number;
  /** Why it did not pass, "" where it did. */
  readonly why: string;
  readonly xml: string | null;
};
export type Counts = Readonly<Record<(typeof counted)[number], number>>;

const counted = ["tests", "failures", "errors", "skipped"] as const;

/**
 * Joins reports (JUnit XML, as pytest and Jenkins have it) into one, in which every list stands: its suites named after its dir
 * and list, its files as they lie in the repo. A list without a report that says how it ended is a suite of one test. Gives
 * the counts of each report too, null where there is none.
 */
export function joinReports(reports: readonly ListReport[]): {
  readonly xml: string;
  readonly counts: readonly (Counts | null)[];
} {
  const document = new DOMParser().parseFromString("<testsuites/>", "text/xml");
  const all = document.documentElement as Element;
  const counts = reports.map((report) => {
    const suites = suitesIn(report.xml ?? "").map((suite) => named(suite, report));
    const found = suites.length > 0 ? total(suites) : null;
    const saysHow = found !== null && (report.passed || found.failures + found.errors > 0);
    for (const suite of saysHow ? suites : [...suites, ownSuite(document, report)])
      all.appendChild(document.importNode(suite, true));
    return found;
  });
  const whole = total(Array.from(all.childNodes) as Element[]);
  for (const name of counted) all.setAttribute(name, String(whole[name]));
  return {
    xml: `<?xml version="1.0" encoding="utf-8"?>\n${new XMLSerializer().serializeToString(document)}\n`,
    counts,
  };
}

/** The suites of a report; none where it is no report: whatever a container wrote is no reason to end. */
function suitesIn(xml: string): readonly Element[] {
  // A document type may have entities that grow without end, and no report has one.
  if (xml.trim() === "" || /<!DOCTYPE/i.test(xml)) return [];
  try {
    const parser = new DOMParser({
      onError: (_, message) => {
        throw new Error(message);
      },
    });
    const root = parser.parseFromString(xml, "text/xml").documentElement;
    if (root?.tagName === "testsuite") return [root];
    if (root?.tagName !== "testsuites") return [];
    return (Array.from(root.childNodes) as Element[]).filter((node) => node.nodeName === "testsuite");
  } catch {
    return [];
  }
}

/** A suite with its dir and list in front of its name, and its files as they lie in the repo instead of on /app. */
function named(suite: Element, { dir, list }: ListReport): Element {
  suite.setAttribute("name", [dir, list, suite.getAttribute("name")].filter(Boolean).join(" "));
  for (const test of suite.getElementsByTagName("testcase")) {
    const file = test.getAttribute("file");
    if (file) test.setAttribute("file", posix.relative("/app", posix.resolve("/app", dir, file)));
  }
  return suite;
}

/** What stands for a list whose report does not say how it ended. */
function ownSuite(document: Document, { dir, list, passed, seconds, why }: ListReport): Element {
  const suite = document.createElement("testsuite");
  const test = document.createElement("testcase");
  for (const node of [suite, test]) {
    node.setAttribute("name", `${dir} ${list}`);
    node.setAttribute("time", seconds.toFixed(3));
  }
  test.setAttribute("classname", dir);
  suite.setAttribute("tests", "1");
  suite.setAttribute("errors", passed ? "0" : "1");
  if (!passed) {
    const error = document.createElement("error");
    error.setAttribute("message", why);
    test.appendChild(error);
  }
  suite.appendChild(test);
  return suite;
}

function total(suites: readonly Element[]): Counts {
  const of = (name: string) =>
    suites.reduce((sum, suite) => sum + (Number.parseInt(suite.getAttribute(name) ?? "", 10) || 0), 0);
  return { tests: of("tests"), failures: of("failures"), errors: of("errors"), skipped: of("skipped") };
}
