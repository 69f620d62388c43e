import { posix } from "node:path";
import type { loadPython } from "../doors/python_files.ts";
import { announce } from "../kinds/announce.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { type ImportCycle, importCycles } from "../python/import_cycles.ts";
import { oneLine } from "../text/visible.ts";

type Seen = Awaited<ReturnType<typeof loadPython>>;

/** Which Python files import each other in a circle, each circle with its lines; exit code 1 when there is one. */
export function detectCycles({ place: { dir } }: Facts, { files, leftOut }: Seen): Step[] {
  const cycles = importCycles(files, [dir, posix.join(dir, "src"), ".", "src"]);
  const text = [
    ...cycles.map(shownCycle),
    ...leftOut.map(({ path, why }) => `${shownPath(path)} ${why}, and is left out`),
    `${files.length} Python file${files.length === 1 ? "" : "s"}, ${cycles.length === 0 ? "no import cycle" : `${cycles.length} import cycle${cycles.length === 1 ? "" : "s"}`}`,
    ...(cycles.length > 0
      ? ["fix: import inside the function that needs it, or move what both need to a third module"]
      : []),
  ].join("\n");
  return [
    step("report", "Look for import cycles", [
      announce({ text, data: { files: files.length, cycles, leftOut }, exitCode: cycles.length > 0 ? 1 : 0 }),
    ]),
  ];
}

const shownPath = (path: string): string => oneLine(path, Number.POSITIVE_INFINITY);

const shownCycle = (cycle: ImportCycle): string =>
  ["cycle:", ...cycle.map(({ from, line, to }) => `  ${shownPath(from)}:${line} imports ${shownPath(to)}`)].join("\n");
