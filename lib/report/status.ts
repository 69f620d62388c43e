import { listNames } from "../config/tests.ts";
import { announce } from "../kinds/announce.ts";
import { writeFile } from "../kinds/write_file.ts";
import { type Origin, type SignedEntry, versionOf } from "../names/log.ts";
import type { Facts } from "../plan/facts.ts";
import { type Action, type Step, step } from "../plan/plan.ts";
import type { StatusLook } from "../release/look_releases.ts";
import { renderTable } from "../text/table.ts";
import { someOf, withShortDigests } from "../text/units.ts";
import { oneLine } from "../text/visible.ts";
import { statusPage } from "./page/page.ts";
import { type Row, type Status, statusOf } from "./status_rows.ts";

type Options = {
  readonly html?: string | undefined;
  /** Whole digests, a line for each registry, in a terminal too. */
  readonly wide?: boolean;
};

/** Stage x version x registry x digest, from HEAD requests; drift between registries is exit code 1. With --html a page too. */
export function releaseStatus(known: Facts<"log" | "refs">, options: Options, seen: StatusLook): Step[] {
  const facts = { ...known, ...seen };
  const status = statusOf(facts);
  const isPage = options.html !== undefined;
  const told = isPage ? `\n${facts.output?.path ?? ""} is written` : "";
  const { rows, drift, isWell } = status;
  const { held } = facts.refs;
  const render = facts.terminal && options.wide !== true ? shortText : statusText;
  const text = [render(status), ...held.map(({ ref, says }) => `${ref} ${says}`)].join("\n");
  const report = step("report", "Show what every registry has", [
    announce({ text: `${text}${told}`, data: { rows, drift, held }, exitCode: isWell ? 0 : 1 }),
  ]);
  return isPage ? [pageStep(facts, status), report] : [report];
}

/** The page has no secret and is made to be shared, so it gets the mode that any file gets. */
function pageStep(facts: Facts<"log" | "refs"> & StatusLook, status: Status): Step {
  const path = facts.output?.path ?? "";
  return step("write_page", `Write the page to ${path}`, [writeFile({ path, content: statusPage(facts, status) })]);
}

/** What nobody should overlook in the table. */
const shouts: Readonly<Partial<Record<Row["state"], string>>> = { drift: "DRIFT ", gone: "GONE  " };

function statusText({ rows, verdict }: Status): string {
  const width = Math.max(...rows.map(({ registry }) => registry.length), 8);
  const table = rows.map(({ tag, registry, digest, state, note }) =>
    `${tag.padEnd(14)} ${registry.padEnd(width)} ${(digest ?? "-").padEnd(71)} ${shouts[state] ?? ""}${note}`.trimEnd(),
  );
  return [...table, verdict].join("\n");
}

/** The same for a terminal: registries that have the same are one line. */
function shortText({ rows, verdict }: Status): string {
  const lines = new Map<string, { readonly row: Row; readonly registries: string[] }>();
  for (const row of rows) {
    const key = [row.tag, row.digest, row.state, row.note].join("\n");
    const line = lines.get(key) ?? { row, registries: [] };
    lines.set(key, { row, registries: [...line.registries, row.registry] });
  }
  const cells = [...lines.values()].map(({ row: { tag, digest, state, note }, registries }) => [
    ...[tag, digest === null ? "-" : withShortDigests(digest), registries.join(" ")],
    `${shouts[state] ?? ""}${note}`,
  ]);
  return [renderTable(["tag", "digest", "registries", ""], cells), verdict].join("\n");
}

/** The log of an image, oldest first: releases, flips, rollbacks, passes and skips with who and when. */
export function releaseHistory(
  facts: Facts<"log">,
  options: { readonly all: boolean; readonly passes: boolean; readonly flaky: boolean },
): Step[] {
  if (options.flaky) return [step("report", "Show flaky tests", [flakyLists(facts)])];
  const isShown = ({ type }: SignedEntry) =>
    options.all || (options.passes && type === "pass") || !["pass", "confirm", "announcing"].includes(type);
  const shown = facts.log.filter(isShown);
  const text =
    shown.length > 0 ? shown.map(historyLine).join("\n") : `nothing of ${facts.config.imageName} has been released yet`;
  return [step("report", "Show what happened", [announce({ text, data: shown })])];
}

/** How often each test list was flaky, beside how often it passed at once. */
function flakyLists({ log, config }: Facts<"log">): Action {
  const runs = log.flatMap((one) => (one.type === "pass" || one.type === "flaky" ? [one] : []));
  const rows = listNames.flatMap((list) => {
    const own = runs.filter((one) => one.list === list);
    const flaky = own.filter(({ type }) => type === "flaky");
    const last = flaky.at(-1);
    return last
      ? [{ list, flaky: flaky.length, passed: own.length - flaky.length, last: last.at, commit: last.commit }]
      : [];
  });
  const cells = rows.map(({ list, flaky, passed, last, commit }) => [
    ...[list, String(flaky), String(passed), last.slice(0, 10), commit.slice(0, 12)],
  ]);
  const text =
    cells.length > 0
      ? renderTable(["LIST", "FLAKY", "PASSED", "LAST", "COMMIT"], cells)
      : `no test list of ${config.imageName} was flaky`;
  return announce({ text, data: rows });
}

/** Where an entry says that it comes from. */
const where = ({ host, ci }: SignedEntry): string => (ci ? `CI run ${ci}` : `on ${host}`);

/** One line, whatever people wrote into their reasons. */
const historyLine = (entry: SignedEntry): string => oneLine(told(entry), 2000);

const originText = (made: Origin | undefined): string =>
  made === undefined || made.at === "" ? "" : `, made ${made.at.slice(0, 10)}${made.by === "" ? "" : ` by ${made.by}`}`;

function told(entry: SignedEntry): string {
  const head = `${entry.at.slice(0, 19).replace("T", " ")} ${entry.by.padEnd(10)} ${versionOf(entry).padEnd(8)}`;
  switch (entry.type) {
    case "release":
      return `${head} ${entry.adopted ? "adopted" : "released"} ${entry.stage} ${String(entry.digest)} ${entry.adopted ? "in" : "to"} ${entry.registries.join(", ")}${originText(entry.adopted)}`;
    case "branch":
      return `${head} released ${entry.tag} of branch ${entry.branch}: ${String(entry.digest)} to ${entry.registries.join(", ")}`;
    case "prune":
      return `${head} removed ${entry.tags.length} tags from ${entry.registries.join(", ")}: ${someOf(entry.tags)}`;
    case "tagged":
      return `${head} adopted ${entry.stage} by its Git tag alone, of commit ${entry.commit.slice(0, 12)}${originText(entry.adopted)}`;
    case "flip":
      return `${head} ${entry.tag} -> ${String(entry.to)} (${entry.why}${entry.reason ? `: ${entry.reason}` : ""}) in ${entry.registries.join(", ")}`;
    case "skip":
      return `${head} ${entry.list} tests SKIPPED: ${entry.why}`;
    case "pass":
      return `${head} ${entry.list} tests passed on ${entry.commit.slice(0, 12)} in ${String(entry.digest)}, ${where(entry)}`;
    case "flaky":
      return `${head} ${entry.list} tests were FLAKY on ${entry.commit.slice(0, 12)} in ${String(entry.digest)}: failed ${entry.failed === 1 ? "once" : `${entry.failed} times`}, then passed, ${where(entry)}`;
    case "announcing":
      return `${head} ${entry.withdrawn ? "could not announce" : "began to announce"} ${entry.stage} in ${entry.channel}`;
    case "announce":
      return `${head} announced ${entry.stage} in ${entry.channel}`;
    case "deployment":
      return `${head} ${entry.environment}: service ${entry.service} of ${entry.cluster} runs ${String(entry.digest)}`;
    case "confirm":
      return `${head} confirmed of ${entry.stage}: ${entry.line}`;
    case "repair":
      return `${head} mended the log: ${entry.why}`;
    case "newer":
      return `${head} ${entry.is}, of a newer Slipway: ${entry.text}`;
  }
}
