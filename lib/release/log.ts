import { announce } from "../kinds/announce.ts";
import type { LoggedEntry } from "../names/log.ts";
import { lostEntries, repairEntry, type Survey } from "../names/log_repair.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { repairLog } from "./repair_log.ts";

/** Whether the log is whole; with --repair what it lost is put back on top of it, and nothing that anybody has is dropped. */
export function releaseLog(facts: Facts, options: { readonly repair: boolean }, survey: Survey): Step[] {
  const { fault, entries, ref, tip, parents } = survey;
  const data = { fault, entries: entries.length };
  if (fault === null) {
    const text = `the log of ${facts.config.imageName} is whole: ${entries.length} entries in ${ref}`;
    return [step("report", "Report the state of the log", [announce({ text, data })])];
  }
  const missing = missingEntries(survey, fault);
  const next = options.repair ? [] : ["put it together again with: i release_log --repair"];
  const text = [fault, ...toldOf(survey, missing), ...next].join("\n");
  const report = step("report", "Report the state of the log", [
    announce({ text, data, exitCode: options.repair ? 0 : 1 }),
  ]);
  if (!options.repair) return [report];
  const action = repairLog({ ref, from: tip, parents, entries: missing });
  return [step("repair", `Put the log of ${facts.config.imageName} together again`, [action]), report];
}

function missingEntries(survey: Survey, fault: string): LoggedEntry[] {
  const { entries, lost, standing } = survey;
  return [repairEntry(fault, survey.void), ...lostEntries(entries, lost, standing)];
}

/** What a repair brings back, and what it cannot. */
function toldOf(survey: Survey, missing: readonly LoggedEntry[]): string[] {
  const { entries, lost } = survey;
  const releases = missing.flatMap((entry) =>
    entry.type === "release"
      ? [`release of ${entry.stage} ${entry.version}: from its Git tag and ${entry.registries.join(", ")}`]
      : [],
  );
  const moves = missing.flatMap((entry) =>
    entry.type === "flip" ? [`${entry.tag} is ${entry.version}: ${entry.why}`] : [],
  );
  const open = lost.flatMap(({ tag, digest }) =>
    digest === null ? [`LOST ${tag}: no registry has its image, or not the same one`] : [],
  );
  return [
    `${entries.length} entries are in the log or remembered in this clone`,
    ...releases,
    ...moves,
    ...(survey.void.length > 0
      ? [`passed over: what nobody can read in ${survey.void.map((one) => one.slice(0, 12)).join(", ")}`]
      : []),
    ...open,
  ];
}

/** The question before a repair; null where there is none to do. */
export const asksRepair = (_facts: Facts, options: { readonly repair: boolean }, survey: Survey): string | null =>
  options.repair && survey.fault !== null
    ? `Put together ${survey.ref} again? It lost what this clone or the registries have.`
    : null;
