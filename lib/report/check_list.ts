import { UserError } from "../errors.ts";
import { announce } from "../kinds/announce.ts";
import { byHand } from "../kinds/by_hand.ts";
import { record } from "../kinds/record.ts";
import { currentEntry } from "../names/changelog.ts";
import { releaseInUse, reportVersion } from "../names/releases.ts";
import type { ReleaseStage } from "../names/stage.ts";
import type { Version } from "../names/version.ts";
import type { Facts, RegistryFacts } from "../plan/facts.ts";
import { type Action, type Step, step } from "../plan/plan.ts";
import { afterRelease } from "./check_list/after.ts";
import { beforeRelease } from "./check_list/before.ts";
import type { Checked, CheckList, Subject } from "./check_list/line.ts";
import { showWhat } from "./what.ts";
import type { StageChange } from "./what_changed.ts";

export type CheckOptions = {
  readonly stage: ReleaseStage;
  readonly version?: Version | undefined;
  readonly list?: "pre" | "post" | undefined;
};

/** What registries have; or, where that is asked for, what changed since the last release. */
type CheckLook = { readonly registries: RegistryFacts } | { readonly changes: readonly StageChange[] };

const lists = { pre: beforeRelease, post: afterRelease } as const;
const titles = { pre: "Pre-release check-list", post: "Post-release check-list" } as const;

/**
 * The documents' check-list (design.md, "From the documents") for a version: before its
 * release the one, afterwards the other. What a machine can see is looked at; the rest a person confirms, once.
 */
export function releaseCheck(known: Facts<"engine" | "log">, options: CheckOptions, seen: CheckLook): Step[] {
  if ("changes" in seen) return showWhat(known, options, seen.changes);
  const facts = { ...known, registries: seen.registries };
  const { stage } = options;
  const version =
    options.version ??
    currentEntry(facts.changelog, stage)?.version ??
    reportVersion(facts, stage) ??
    nothingToCheck(facts);
  const release = releaseInUse(facts.log, stage, version);
  const which = options.list ?? (release ? "post" : "pre");
  const { checked, byHand } = lists[which]({ facts, stage, version, release });
  const hand = byHand.map((line) => ({ ...line, by: confirmedBy(facts, { stage, version, line: line.id }) }));
  const wrong = checked.filter(({ ok }) => !ok).length;
  const text = [
    `${titles[which]} of ${facts.config.imageName} ${stage} ${version}:`,
    ...checked.map(shown),
    ...hand.flatMap(({ text, by }) => (by ? [`ok       ${text}, ${by}`] : [])),
  ].join("\n");
  const lines = checked.map(({ ok, ...line }) => ({ ...line, state: ok ? "ok" : "wrong" }));
  const open = hand.map(({ by, ...line }) => ({ ...line, state: by ? "confirmed" : "open", value: by ?? "" }));
  const data = { list: which, stage, version, checked: lines, byHand: open };
  const report = step("report", `Look at the ${titles[which].toLowerCase()}`, [
    announce({ text, data, exitCode: wrong > 0 ? 1 : 0 }),
  ]);
  return [report, ...hand.map((line) => confirm(facts, { stage, version, release }, line))];
}

const shown = ({ ok, text, value, fix }: Checked): string =>
  `${ok ? "ok      " : "WRONG   "} ${text}: ${value}${ok ? "" : `\n         fix: ${fix}`}`;

type Line = CheckList["byHand"][number] & { readonly by: string | null };

/** A line that only a person knows about; what they confirm is recorded, so that nobody is asked again. */
function confirm(facts: Facts, { stage, version, release }: Omit<Subject, "facts">, line: Line): Step {
  const digest = release?.digest ?? null;
  const entry = { type: "confirm", stage, version, digest, line: line.id } as const;
  const actions: Action[] = [byHand({ text: line.text }), record({ image: facts.config.imageName, entry })];
  return step(line.id, line.text, actions, { skip: line.by });
}

type Key = { readonly stage: ReleaseStage; readonly version: Version; readonly line: string };

function confirmedBy({ log }: Facts<"log">, { stage, version, line }: Key): string | null {
  const entry = log.findLast(
    (one) => one.type === "confirm" && one.stage === stage && one.version === version && one.line === line,
  );
  return entry ? `confirmed by ${entry.by} on ${entry.at.slice(0, 10)}` : null;
}

const nothingToCheck = (facts: Facts): never => {
  throw new UserError(`${facts.config.imageName} has no version yet`, {
    why: "A check-list is of one version, and changelog.txt has no entry.",
    fix: "Add the first one: i changelog_add --message 'First version'",
  });
};
