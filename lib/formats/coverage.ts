import { quote } from "../plan/render_plan.ts";

/** A report of coverage.py as it is made in a container, in which the outermost repo lies on /app; all paths are its own. */
export type CoverageReport = {
  /** Data of test lists; one that a list did not leave is passed over. */
  readonly data: readonly string[];
  /** What the joined data, the XML and the HTML are named after. */
  readonly to: string;
  /** What is on /app, as this machine calls it. */
  readonly root: string;
  /** Only files below this folder, relative to where it starts. */
  readonly below: string | null;
  readonly html: boolean;
};

/** The files of a report. */
export const reportFiles = (to: string) => ({ xml: `${to}.coverage.xml`, html: `${to}.coverage_html` });

/** Where a list leaves its data. */
export const dataOf = (folder: string, list: string): string => `${folder}/${list}.coverage`;

/** Writes the folder that an XML report starts from as this machine calls it. */
const hostPaths = [
  "import sys",
  "from xml.sax.saxutils import escape",
  "path, root = sys.argv[1:]",
  "text = open(path, encoding='utf-8').read()",
  "for end in ('/', '</source>'):",
  "    text = text.replace('<source>/app' + end, '<source>' + escape(root) + end)",
  "open(path, 'w', encoding='utf-8').write(text)",
].join("\n");

/** Shell text that joins the data and reports: XML and HTML in files, and what a person reads at last; all are made whatever one says. */
export function coverageScript({ data, to, root, below, html }: CoverageReport): string {
  const { xml, html: folder } = reportFiles(to);
  const of = ["--ignore-errors", ...(below === null ? [] : [`--include=${below}/*`])].map(quote).join(" ");
  return [
    // What an earlier run reported is none of this one's.
    `rm -rf ${quote(xml)} ${quote(folder)}`,
    "set --",
    `for file in ${data.map(quote).join(" ")}; do [ ! -f "$file" ] || set -- "$@" "$file"; done`,
    '[ "$#" -gt 0 ] || { echo "no test list left data of its coverage" >&2; exit 1; }',
    `export COVERAGE_FILE=${quote(`${to}.coverage_joined`)}`,
    'python3 -m coverage combine --quiet --keep "$@" || exit',
    "code=0",
    `python3 -m coverage xml --quiet ${of} -o ${quote(xml)} || code=$?`,
    `[ ! -f ${quote(xml)} ] || python3 -c ${quote(hostPaths)} ${quote(xml)} ${quote(root)} || exit`,
    ...(html ? [`python3 -m coverage html --quiet ${of} -d ${quote(folder)} || code=$?`] : []),
    `python3 -m coverage report --show-missing --sort=cover ${of} || code=$?`,
    'exit "$code"',
  ].join("\n");
}
