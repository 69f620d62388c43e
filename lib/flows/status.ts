import type { Facts, TagState } from "../model/facts.ts";
import type { SignedEntry } from "../model/log.ts";
import { type Step, step } from "../model/plan.ts";

type Row = {
  readonly tag: string;
  readonly registry: string;
  readonly required: boolean;
  readonly digest: string | null;
  readonly note: string;
};

/** Stage x version x registry x digest, from HEAD requests; drift between registries is exit code 1. */
export function releaseStatus(facts: Facts): Step[] {
  const tags = [...new Set(Object.values(facts.registries).flatMap((row) => Object.keys(row)))].sort();
  const rows = tags.flatMap((tag) =>
    facts.config.registries.map(({ name, required }) => toRow(facts, { tag, name, required })),
  );
  const drift = tags.filter((tag) => isDrift(rows.filter((row) => row.tag === tag)));
  const silent = rows.filter(({ note }) => note.startsWith("does not answer"));
  const width = Math.max(...rows.map(({ registry }) => registry.length), 8);
  const table = rows.map((row) =>
    `${row.tag.padEnd(14)} ${row.registry.padEnd(width)} ${(row.digest ?? "-").padEnd(71)} ${drift.includes(row.tag) ? "DRIFT " : ""}${row.note}`.trimEnd(),
  );
  const verdict =
    drift.length > 0
      ? `drift: ${drift.join(", ")}; mend it with: i release_mirror`
      : silent.length > 0
        ? "some registries do not answer"
        : "all registries agree";
  const bad = drift.length > 0 || silent.length > 0;
  return [
    step("report", "Tell what every registry has", [
      { kind: "announce", text: [...table, verdict].join("\n"), data: { rows, drift }, exitCode: bad ? 1 : 0 },
    ]),
  ];
}

type Cell = { readonly tag: string; readonly name: string; readonly required: boolean };

function toRow(facts: Facts, { tag, name, required }: Cell): Row {
  const state: TagState = facts.registries[name]?.[tag] ?? { state: "absent" };
  const digest = state.state === "found" ? state.digest : null;
  const version = facts.log.findLast(
    (entry) =>
      (entry.type === "flip" ? entry.to : entry.type === "release" ? entry.digest : null) === digest && digest !== null,
  );
  const note =
    state.state === "unknown"
      ? `does not answer: ${state.why}`
      : state.state === "absent"
        ? required
          ? "absent"
          : "behind by choice"
        : version
          ? `is ${version.type === "flip" || version.type === "release" ? version.version : ""}`
          : "";
  return { tag, registry: name, required, digest, note };
}

/** Required registries that answer must show one digest; one without the tag differs from one with it. */
function isDrift(rows: readonly Row[]): boolean {
  const speaking = rows.filter(({ required, note }) => required && !note.startsWith("does not answer"));
  return new Set(speaking.map(({ digest }) => digest)).size > 1;
}

/** The log of an image, oldest first: releases, flips, rollbacks, passes and skips with who and when. */
export function releaseHistory(facts: Facts, options: { readonly all: boolean }): Step[] {
  const shown = facts.log.filter(({ type }) => options.all || type !== "pass");
  const text =
    shown.length > 0 ? shown.map(historyLine).join("\n") : `nothing was released of ${facts.config.imageName} yet`;
  return [step("report", "Tell what happened", [{ kind: "announce", text, data: shown }])];
}

function historyLine(entry: SignedEntry): string {
  const head = `${entry.at.slice(0, 19).replace("T", " ")} ${entry.by.padEnd(10)} ${entry.version.padEnd(8)}`;
  if (entry.type === "release")
    return `${head} released ${entry.stage} ${String(entry.digest)} to ${entry.registries.join(", ")}`;
  if (entry.type === "flip")
    return `${head} ${entry.tag} -> ${String(entry.to)} (${entry.why}${entry.reason ? `: ${entry.reason}` : ""}) in ${entry.registries.join(", ")}`;
  if (entry.type === "skip") return `${head} ${entry.list} tests SKIPPED: ${entry.why}`;
  if (entry.type === "deployment")
    return `${head} ${entry.environment}: service ${entry.service} of ${entry.cluster} runs ${String(entry.digest)}`;
  return `${head} ${entry.list} tests passed on ${entry.commit.slice(0, 12)}`;
}
