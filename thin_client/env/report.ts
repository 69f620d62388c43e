import { join, relative } from "node:path";
import type { CloneState } from "./clone.ts";
import type { Hooks } from "./hooks.ts";
import type { Found } from "./tools.ts";

/** What build.ts found and did, as `--json` prints it. */
export type Report = {
  readonly slipway: 1;
  readonly root: string;
  readonly env: { readonly dir: string; readonly state: "built" | "there" | "missing" };
  /** How this clone's node_modules stands to the env afterwards. */
  readonly clone: CloneState;
  readonly commands: { readonly dir: string; readonly names: readonly string[] };
  /** Where they were asked for. */
  readonly hooks?: Hooks;
  readonly tools: readonly Found[];
  readonly source: string;
};

const envText = { built: "built now", there: "was there", missing: "not built" };
const cloneText = {
  linked: "node_modules links to it",
  installed: "node_modules is npm's own install, fits the lock file, and is left alone",
  unfit: "node_modules is npm's own install and does not fit the lock file",
  stale: "node_modules links to another env",
  missing: "node_modules is not there",
};
const hooksText = { installed: "installed now", there: "were there", removed: "removed", missing: "not there" };

/** The table of tools, the state of the env, and at the end the line to type next. */
export function renderReport(report: Report, cwd: string): string {
  const rows = report.tools.map((row) => [
    row.name,
    row.version ?? "missing",
    row.version ? (row.path ?? "") : `install: ${row.install}`,
  ]);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const table = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const here = relative(cwd, report.source);
  const path = here.startsWith("..") ? report.source : here;
  const ready = report.env.state !== "missing" && (report.clone === "linked" || report.clone === "installed");
  return [
    ...table,
    "",
    `env      ${report.env.dir} (${envText[report.env.state]})`,
    `clone    ${cloneText[report.clone]}`,
    `commands ${report.commands.names.length} in ${report.commands.dir}`,
    ...(report.hooks ? hooksLines(report.hooks) : []),
    "",
    ready ? `source ${path}` : join(report.root, "thin_client", "build"),
    "",
  ].join("\n");
}

const hooksLines = ({ dir, state, others }: Hooks): readonly string[] => [
  `hooks    ${dir} (${hooksText[state]}${others.length > 0 ? `; not Slipway's: ${others.join(", ")}` : ""})`,
];
