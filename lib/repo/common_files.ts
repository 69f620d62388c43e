import { posix } from "node:path";
import { type Drift, type Entry, keptName, stateOf, type Wanted } from "../config/common_files.ts";
import { UserError } from "../errors.ts";
import { announce } from "../kinds/announce.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { quote } from "../plan/render_plan.ts";
import { decodeExact } from "../text/exact_text.ts";
import { lineDiff } from "../text/line_diff.ts";
import { renderTable } from "../text/table.ts";
import { oneLine, visible } from "../text/visible.ts";
import type { CommonLook } from "./look_common_files.ts";
import { type SyncFile, syncFile } from "./sync_file.ts";

export type SyncOptions = {
  readonly check: boolean;
  readonly diff: boolean;
  readonly back: boolean;
  readonly delete: boolean;
  readonly keep: boolean;
};

/** What is done about one drift, in words and as actions; `lost` is what no commit would have of it. */
type Answer = { readonly says: string; readonly actions: readonly SyncFile[]; readonly lost: string | null };
type Row = Answer & { readonly repo: string; readonly drift: Drift };

/** Makes the common files of each repo what the source has, or the source's what a repo has; with `check` it only shows what differs. */
export function syncCommonFiles(_facts: Facts, options: SyncOptions, seen: CommonLook): Step[] {
  const rows = rowsOf(options, seen);
  const text = [...shownDrifts(rows, options, seen), ...nextLines(rows, options, seen)].join("\n");
  const data = rows.map(({ repo, drift: { path, kind, note }, says }) => ({
    repo,
    path,
    drift: kind,
    note,
    becomes: says,
  }));
  const isLeft = options.check ? rows.length > 0 : rows.some(({ drift }) => drift.kind === "in the way");
  const report = step("report", options.check ? "Show what differs" : "Report what was done", [
    announce({ text, data, exitCode: isLeft ? 1 : 0 }),
  ]);
  if (options.check) return [report];
  assertNothingLost(rows);
  const steps = seen.repos.map(({ repo }, index) => {
    const actions = rows.filter((row) => row.repo === repo).flatMap((row) => row.actions);
    const [from, to] = options.back ? [repo, seen.source] : [seen.source, repo];
    const skip = actions.length === 0 ? "nothing to copy" : null;
    return step(`sync_${index + 1}`, oneLine(`Copy common files of ${from} to ${to}`), actions, { skip });
  });
  return [...steps, report];
}

/** All that differs and what would be done about it, and the question; none where nothing is. */
export function asksSync(_facts: Facts, options: SyncOptions, seen: CommonLook): string | null {
  const rows = rowsOf(options, seen);
  const actions = rows.flatMap((row) => row.actions);
  if (options.check || actions.length === 0) return null;
  const repos = options.back ? [seen.source] : [...new Set(actions.map(({ repo }) => repo))];
  const question = `Do this in ${repos.map((repo) => oneLine(repo)).join(", ")}?`;
  return [...shownDrifts(rows, options, seen), question].join("\n");
}

const rowsOf = (options: SyncOptions, seen: CommonLook): readonly Row[] =>
  seen.repos.flatMap(({ repo, drifts }) =>
    drifts.map((drift) => ({
      ...{ repo, drift },
      ...(options.back ? backTo : intoRepo)(seen, repo, drift, options),
    })),
  );

const nothingTo = (says: string): Answer => ({ says, actions: [], lost: null });

type Replacing = {
  readonly entry: Entry | null;
  /** What the other side has there. */
  readonly known: Entry | null;
  readonly becomes: SyncFile["becomes"];
  readonly says: string;
};

/** Replaces what lies at a path of a repo; what of it is in no commit is kept beside it, or lost. */
function replaced(
  at: { readonly repo: string; readonly path: string },
  { entry, known, becomes, says }: Replacing,
  keep: boolean,
): Answer {
  const was = stateOf(entry);
  const put = syncFile({ ...at, was, becomes });
  const isOnBoth = entry?.is === "file" && known?.is === "file" && entry.id === known.id;
  const isSafe = entry === null || isOnBoth || ("committed" in entry && entry.committed);
  if (isSafe) return { says, actions: [put], lost: null };
  const kept = keptName(at.path, was);
  const keeps = syncFile({ repo: at.repo, path: kept, was: "nothing", becomes: { copyOf: at, state: was } });
  return keep
    ? { says: `${says}, the old one kept as ${kept}`, actions: [keeps, put], lost: null }
    : { says, actions: [put], lost: posix.join(at.repo, at.path) };
}

/** Makes a path of a repo what the source has there. */
function intoRepo({ source, entries }: CommonLook, repo: string, drift: Drift, options: SyncOptions): Answer {
  const { path, kind, wanted, entry, below = [], from } = drift;
  const becomesAt = (at: string, one: Wanted): SyncFile["becomes"] =>
    one.is === "link"
      ? { link: one.text }
      : { copyOf: { repo: source, path: at }, state: stateOf({ ...one, committed: false }) };
  if (kind === "in the way") return nothingTo("left: move it away first");
  if (below.length > 0) {
    const replacing = { entry, known: null, becomes: "nothing", says: "made a folder" } as const;
    const link = replaced({ repo, path }, replacing, options.keep);
    const puts = below.map((one) =>
      syncFile({ repo, path: one.path, was: "nothing", becomes: becomesAt(one.path, one.wanted) }),
    );
    return { ...link, actions: [...link.actions, ...puts] };
  }
  if (wanted === null) return options.delete ? removed(repo, path, entry) : nothingTo("left: --delete removes it");
  const becomes = becomesAt(path, wanted);
  const says = "link" in Object(becomes) ? "linked" : "copied";
  const answer = replaced({ repo, path }, { entry, known: entries.get(path) ?? null, becomes, says }, options.keep);
  if (!from?.entry || !options.delete) return answer;
  const old = removed(repo, from.path, from.entry);
  return { ...answer, says: `${answer.says}, ${from.path} ${old.says}`, actions: [...answer.actions, ...old.actions] };
}

/** Removes what a commit has. */
const removed = (repo: string, path: string, entry: Entry | null): Answer =>
  entry !== null && "committed" in entry && entry.committed
    ? { says: "removed", actions: [syncFile({ repo, path, was: stateOf(entry), becomes: "nothing" })], lost: null }
    : nothingTo("left: no commit has it");

/** Makes a path of the source what a repo has there. */
function backTo({ source, entries }: CommonLook, repo: string, drift: Drift, options: SyncOptions): Answer {
  const { path, kind, entry } = drift;
  const known = entries.get(path) ?? null;
  if (entry?.is !== "file" || kind === "in the way")
    return nothingTo(entry === null ? "left: it is missing there" : "left: it is no file there");
  const becomes = { copyOf: { repo, path }, state: stateOf(entry) };
  if (stateOf(known) === becomes.state) return nothingTo("left: the source has the same");
  return replaced({ repo: source, path }, { entry: known, known: entry, becomes, says: "copied back" }, options.keep);
}

function assertNothingLost(rows: readonly Row[]): void {
  const lost = rows.flatMap((row) => (row.lost === null ? [] : [oneLine(row.lost)]));
  if (lost.length === 0) return;
  const shown = [...lost.slice(0, 10), ...(lost.length > 10 ? [`${lost.length - 10} more`] : [])].join(", ");
  throw new UserError(`what no commit has would be overwritten: ${shown}`, {
    why: "A changed copy is never lost, and what is in no commit could not be brought back.",
    fix: "Commit it there; or keep each beside the new file with --keep; --check --diff shows what differs",
    kind: "dirty",
  });
}

function shownDrifts(rows: readonly Row[], options: SyncOptions, seen: CommonLook): readonly string[] {
  const head = ["repo", "path", "drift", "note", ...(options.check ? [] : ["becomes"])];
  const cells = rows.map(({ repo, drift: { path, kind, note }, says }) => [repo, path, kind, note, says]);
  const table = rows.length === 0 ? ["nothing differs"] : [renderTable(head, cells)];
  const diffs = options.diff ? rows.flatMap(({ repo, drift }) => shownDiff(repo, drift, options.back)) : [];
  return [...table, ...diffs, ...seen.leftOut];
}

/** As many bytes of two texts are compared line by line, which takes time and room by the product of their lines. */
const mostCompared = 200_000;

function shownDiff(repo: string, { path, kind, wanted, entry }: Drift, isBack: boolean): readonly string[] {
  if (kind !== "changed" || wanted?.is !== "file" || entry?.is !== "file") return [];
  const [before, after] = isBack ? [wanted.bytes, entry.bytes] : [entry.bytes, wanted.bytes];
  const head = `${oneLine(posix.join(repo, path))}:`;
  if (before.includes(0) || after.includes(0)) return [head, "  it is no text"];
  if (before.length + after.length > mostCompared) return [head, `  ${before.length} bytes, then ${after.length}`];
  return [head, ...lineDiff(decodeExact(before), decodeExact(after)).map((line) => `  ${visible(line)}`)];
}

/** Where to look at what was done. */
function nextLines(rows: readonly Row[], { check, back }: SyncOptions, { source }: CommonLook): readonly string[] {
  const changed = rows.filter(({ actions }) => actions.length > 0).map(({ repo }) => (back ? source : repo));
  return check ? [] : [...new Set(changed)].map((repo) => `Next: git -C ${quote(repo)} diff, and commit it`);
}
