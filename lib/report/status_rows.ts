import { lastOf } from "../names/log.ts";
import { isBehindByChoice, wantedDigest } from "../names/releases.ts";
import type { AllFacts, TagState } from "../plan/facts.ts";

/** What one tag is in one registry: the cell of the table registry x tag x digest. */
export type Row = {
  readonly tag: string;
  readonly registry: string;
  readonly required: boolean;
  readonly digest: string | null;
  readonly state: "ok" | "drift" | "gone" | "behind" | "absent" | "silent";
  readonly note: string;
};
/** All cells, the tags whose required registries differ, and the verdict in a sentence. */
export type Status = {
  readonly rows: readonly Row[];
  readonly drift: readonly string[];
  readonly verdict: string;
  readonly isWell: boolean;
};

type Known = Pick<AllFacts, "config" | "log" | "registries">;

/** Stage x version x registry x digest, as registries and log say it. */
export function statusOf(facts: Known): Status {
  const tags = [...new Set(Object.values(facts.registries).flatMap((row) => Object.keys(row)))].sort();
  const found = tags.flatMap((tag) => rowsOf(facts, tag));
  const drift = tags.filter((tag) => found.some((row) => row.tag === tag && row.state === "drift"));
  const gone = tags.filter((tag) => found.some((row) => row.tag === tag && row.state === "gone"));
  const isSilent = found.some(({ state }) => state === "silent");
  return {
    rows: found,
    drift,
    verdict:
      drift.length > 0
        ? `drift: ${drift.join(", ")}; fix it with: ${mends(drift)}`
        : gone.length > 0
          ? `no registry has ${gone.join(", ")}, which the log says was released; push what an engine still has, e.g. i docker_push_dev, or release the next version`
          : isSilent
            ? "some registries do not answer"
            : "all registries agree",
    isWell: drift.length === 0 && gone.length === 0 && !isSilent,
  };
}

/** The lines that bring registries up, by the stage of the tags. */
const mends = (tags: readonly string[]): string =>
  [
    ...(tags.some((tag) => tag.startsWith("dev")) ? ["i release_mirror"] : []),
    ...(tags.some((tag) => tag.startsWith("prod")) ? ["i release_mirror --stage prod"] : []),
  ].join(", ");

/** Required registries that answer must show one digest; one without the tag differs from one with it. */
function rowsOf(facts: Known, tag: string): Row[] {
  const rows = facts.config.registries
    .filter(({ name }) => facts.registries[name])
    .map(({ name, required }) => toRow(facts, { tag, registry: name, required }));
  const speaking = rows.filter(({ state }) => state === "ok" || state === "absent").filter(({ required }) => required);
  const wanted = wantedDigest(facts.log, tag);
  // The tag of a version never moves: where all were moved alike, all are wrong.
  const isMoved =
    tag.includes("-") && wanted !== undefined && speaking.some(({ digest }) => digest !== null && digest !== wanted);
  // What was released is somewhere, unless nobody of whom one could know it answers.
  if (
    wanted !== undefined &&
    speaking.length > 0 &&
    rows.every(({ digest, state }) => digest === null && state !== "silent")
  )
    return rows.map((row) => ({ ...row, state: "gone", note: "absent" }));
  if (new Set(speaking.map(({ digest }) => digest)).size <= 1 && !isMoved) return rows;
  // Where the log knows what is right, only what differs from it is wrong.
  return rows.map((row) => (speaking.includes(row) && row.digest !== wanted ? { ...row, state: "drift" } : row));
}

type Cell = { readonly tag: string; readonly registry: string; readonly required: boolean };

function toRow(facts: Known, cell: Cell): Row {
  const { tag, registry, required } = cell;
  const found: TagState = facts.registries[registry]?.[tag] ?? { state: "absent" };
  if (found.state === "unknown")
    return { ...cell, digest: null, state: "silent", note: `does not answer: ${found.why}` };
  const digest = found.state === "found" ? found.digest : null;
  const version = digest ? lastOf(facts.log, digest)?.version : undefined;
  const is = version ? `is ${version}${byRollback(facts, tag, digest)}` : "";
  const wanted = wantedDigest(facts.log, tag);
  const lags = required
    ? isBehindByChoice(facts.log, { tag, registry, digest })
    : digest === null || (wanted !== undefined && digest !== wanted);
  if (lags)
    return {
      ...cell,
      digest,
      state: "behind",
      note: ["behind by choice", is].filter((word) => word !== "").join(", "),
    };
  return digest ? { ...cell, digest, state: "ok", note: is } : { ...cell, digest, state: "absent", note: "absent" };
}

/** Who took the tag back to what it is now; nothing where it went forward. */
function byRollback({ log }: Known, tag: string, digest: string | null): string {
  const last = log.findLast((entry) => entry.type === "flip" && entry.tag === tag);
  return last?.type === "flip" && last.why === "rollback" && last.to === digest ? `, rolled back by ${last.by}` : "";
}
