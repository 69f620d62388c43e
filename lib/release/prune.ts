import { isAws } from "../container/ecr_login.ts";
import { announce } from "../kinds/announce.ts";
import { record } from "../kinds/record.ts";
import { repositoryOf } from "../names/address.ts";
import type { PrunedImages } from "../names/log.ts";
import { firstTarget } from "../names/names.ts";
import { judgePrune, type Pruned, type PruneLook } from "../names/prune.ts";
import type { Facts } from "../plan/facts.ts";
import { type Group, group, type Step, step } from "../plan/plan.ts";
import { renderTable } from "../text/table.ts";
import { withShortDigests } from "../text/units.ts";
import { removeImages } from "./remove_images.ts";

type Known = Facts<"log">;
type Options = { readonly olderThan: number };

const judge = ({ log, config }: Known, { olderThan }: Options, seen: PruneLook): Pruned =>
  judgePrune(log, { keep: config.release.keep, days: olderThan }, seen);

/** Removes images of branches that are gone and those that are old, and nothing that anything else stands on. */
export function prune(facts: Known, options: Options, seen: PruneLook): (Step | Group)[] {
  const pruned = judge(facts, options, seen);
  const { imageName: image } = facts.config;
  firstTarget(facts);
  const removals = Object.entries(pruned.removals).filter(([, ones]) => ones.length > 0);
  const all = removals.flatMap(([, ones]) => ones);
  const entry = {
    type: "prune",
    tags: [...new Set(all.flatMap(({ tags }) => tags))].sort(),
    digests: [...new Set(all.map(({ digest }) => digest))],
    registries: removals.map(([name]) => name),
  } as const;
  const heeded = seen.held.map(({ ref }) => ref);
  const skip = all.length === 0 ? "nothing to remove" : isRecorded(facts.log, entry) ? "the log has it" : null;
  const steps = facts.targets.flatMap((registry) => {
    const ones = pruned.removals[registry.name] ?? [];
    const place = { registry: registry.name, repository: repositoryOf(registry, image).reference };
    const more = isAws(facts, registry) ? ({ isAws: true } as const) : {};
    const title = `Remove ${countOf(ones.length, "image")} from ${registry.name}`;
    const id = `remove_${registry.name.replaceAll(/[^A-Za-z0-9]+/g, "_").toLowerCase()}`;
    const action = removeImages({ place, removals: ones, heeded, ...more });
    return [step(id, title, [action], { skip: ones.length === 0 ? "nothing to remove" : null })];
  });
  return [
    step("record", `Record the removal of ${countOf(entry.tags.length, "tag")}`, [record({ image, entry })], { skip }),
    group("remove", "Remove the images from every registry", steps, { atOnce: steps.length, onFailure: "go_on" }),
    step("tell", "Report what was removed", [announce({ text: tableOf(pruned), data: { tags: pruned.verdicts } })]),
  ];
}

/** The table and the question; none where nothing goes. */
export function asksPrune(facts: Known, options: Options, seen: PruneLook): string | null {
  const pruned = judge(facts, options, seen);
  const count = new Set(Object.values(pruned.removals).flatMap((ones) => ones.map(({ digest }) => digest))).size;
  if (count === 0) return null;
  const where = facts.targets.map(({ name }) => name).join(", ");
  return `${tableOf(pruned)}\nRemove ${countOf(count, "image")} of ${facts.config.imageName} from ${where}? This cannot be undone.`;
}

/** Whether a run that was ended has recorded all of this, and no image got one of the tags since. */
function isRecorded(log: Known["log"], { tags, digests, registries }: Omit<PrunedImages, "type">): boolean {
  const last = log.findLastIndex((one) => one.type === "prune");
  const before = log[last];
  return (
    before?.type === "prune" &&
    tags.every((tag) => before.tags.includes(tag)) &&
    digests.every((digest) => before.digests.includes(digest)) &&
    registries.every((name) => before.registries.includes(name)) &&
    !log.slice(last).some((one) => one.type === "branch" && [one.tag, ...one.follow].some((tag) => tags.includes(tag)))
  );
}

const countOf = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** Each tag that could go, once for all registries that agree on it; those that stay last. */
function tableOf({ verdicts }: Pruned): string {
  const rows = new Map<string, { readonly cells: readonly string[]; readonly registries: string[] }>();
  for (const { registry, tag, digest, goes, why } of [...verdicts].sort((a, b) => Number(b.goes) - Number(a.goes))) {
    const cells = [tag, withShortDigests(digest), goes ? "goes" : "stays", why];
    const key = JSON.stringify(cells);
    const row = rows.get(key) ?? { cells, registries: [] };
    rows.set(key, { cells, registries: [...row.registries, registry] });
  }
  if (rows.size === 0) return "no branch image, local image or candidate to remove";
  const lines = [...rows.values()].map(({ cells: [tag = "", digest = "", goes = "", why = ""], registries }) => [
    ...[tag, digest, registries.join(" "), goes, why],
  ]);
  return renderTable(["tag", "digest", "registries", "", "why"], lines);
}
