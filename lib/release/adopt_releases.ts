import { announce } from "../kinds/announce.ts";
import { record } from "../kinds/record.ts";
import { isCommit } from "../names/image.ts";
import type { LogEntry, Released, SignedEntry } from "../names/log.ts";
import { movesTo } from "../names/log_repair.ts";
import { releasesOf } from "../names/releases.ts";
import { gitTag, imageTag, type ReleaseStage } from "../names/stage.ts";
import { compareVersions, isVersion, majorMinor, type Version } from "../names/version.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { renderTable } from "../text/table.ts";
import { withShortDigests } from "../text/units.ts";
import type { TaggedImage } from "./look_images.ts";
import type { Past } from "./look_past.ts";

type Known = Facts<"log">;

/** A release that Git or a registry tells of and the log does not. */
type Candidate = {
  readonly stage: ReleaseStage;
  readonly version: Version;
  readonly gitTag: string;
  /** Null where Git has no tag of it. */
  readonly commit: string | null;
  /** Its digests, each with the registries that have it. */
  readonly images: ReadonlyMap<string, { readonly registries: readonly string[]; readonly image: TaggedImage }>;
};

/** Brings releases that were made without Slipway into the log, with what Git tags and registries say of them; nothing moves. */
export function adoptReleases(facts: Known, _options: object, past: Past): Step[] {
  const entries = entriesFor(facts, past);
  const image = facts.config.imageName;
  const skip = entries.length === 0 ? "the log already has everything that Git and the registries show" : null;
  const title = `Record ${entries.length === 1 ? "1 entry" : `${entries.length} entries`}`;
  const text = [tableOf(facts, past), ...onlyWritten(facts, past)].join("\n");
  return [
    step(
      "record",
      title,
      entries.map((entry) => record({ image, entry })),
      { skip },
    ),
    step("tell", "Report what was found", [announce({ text, data: { adopted: entries } })]),
  ];
}

/** The question before the log gets what it will always have. */
export function asksAdoptReleases(facts: Known, _options: object, past: Past): string | null {
  const count = entriesFor(facts, past).filter(({ type }) => type !== "flip").length;
  return count === 0
    ? null
    : `Record ${count === 1 ? "1 release" : `${count} releases`} of ${facts.config.imageName} made without Slipway?`;
}

function entriesFor(facts: Known, past: Past): LogEntry[] {
  const found = candidates(facts, past);
  const of = (stage: ReleaseStage, log: readonly (SignedEntry | LogEntry)[]) =>
    found.filter((one) => one.stage === stage).flatMap((one) => entryOf(one, past, log));
  const dev = of("dev", facts.log);
  const entries = [...dev, ...of("prod", [...facts.log, ...dev])];
  const how = { id: "adopt", reason: "found so when the release was adopted" };
  const moves = (["dev", "prod"] as const).flatMap((stage) => {
    const digests = Object.entries(past.registries).flatMap(([name, tags]) => {
      const mutable = tags.find(({ tag }) => tag === stage);
      return mutable ? [[name, mutable.digest]] : [];
    });
    return movesTo({ stage, digests: Object.fromEntries(digests) }, [...facts.log, ...entries], how);
  });
  return [...entries, ...moves];
}

/** What the log does not have, dev before prod, the lowest version first. */
function candidates({ log, config, git, remoteTags }: Known, { registries }: Past): Candidate[] {
  const commits: Readonly<Record<string, string>> = { ...git.tags, ...remoteTags };
  return (["dev", "prod"] as const).flatMap((stage) => {
    const inGit = gitTag(config.imageName, stage, "" as Version);
    const versions = [
      ...Object.keys(commits).map((tag) => (tag.startsWith(inGit) ? tag.slice(inGit.length) : "")),
      ...Object.values(registries).flatMap((tags) => tags.map(({ tag }) => tag.replace(new RegExp(`^${stage}-`), ""))),
    ];
    const isLogged = new Set(
      log.flatMap((one) =>
        (one.type === "release" || one.type === "tagged") && one.stage === stage ? [one.version] : [],
      ),
    );
    return [...new Set(versions)]
      .filter(isVersion)
      .filter((version) => !isLogged.has(version))
      .sort(compareVersions)
      .map((version) => {
        const tag = gitTag(config.imageName, stage, version);
        return {
          stage,
          version,
          gitTag: tag,
          commit: commits[tag] ?? null,
          images: imagesOf(registries, stage, version),
        };
      });
  });
}

function imagesOf(registries: Past["registries"], stage: ReleaseStage, version: Version): Candidate["images"] {
  const images = new Map<string, { registries: string[]; image: TaggedImage }>();
  for (const [registry, tags] of Object.entries(registries)) {
    const image = tags.find(({ tag }) => tag === imageTag(stage, "", version));
    if (!image) continue;
    const known = images.get(image.digest);
    if (known) known.registries.push(registry);
    else images.set(image.digest, { registries: [registry], image });
  }
  return images;
}

/** The release, a mention of it where Git alone knows it, or nothing where registries do not agree which image it is. */
function entryOf(one: Candidate, past: Past, log: readonly (SignedEntry | LogEntry)[]): LogEntry[] {
  const { stage, version, commit } = one;
  const [first, ...others] = [...one.images.values()];
  const tagged = past.tags[one.gitTag];
  if (!first) {
    const adopted = tagged ?? { at: "", by: "" };
    return commit === null ? [] : [{ type: "tagged", stage, version, commit, adopted }];
  }
  if (others.length > 0) return [];
  const { image, registries } = first;
  const base = stage === "prod" ? baseOf(image, version, { log, past }) : null;
  return [
    {
      ...{ type: "release", stage, version, digest: image.digest },
      commit: commit ?? commitOf(image),
      ...(base ? { base } : {}),
      registries,
      adopted: tagged ?? { at: dayOf(image), by: "" },
    },
  ];
}

/** What an image says of itself anybody can have written: a log that it does not fit into nobody could read any more. */
function commitOf({ labels }: TaggedImage): string {
  const revision = labels["org.opencontainers.image.revision"] ?? "";
  return isCommit(revision) ? revision : "";
}

/** RFC 3339, as the OCI image spec has it ("Image Configuration", created). */
const dayOf = ({ created }: TaggedImage): string =>
  /^\d{4}-\d\d-\d\dT[\d:.]{8,20}(Z|[+-]\d\d:\d\d)$/.test(created) ? created : "";

type Around = { readonly log: readonly (SignedEntry | LogEntry)[]; readonly past: Past };

/** The dev release below a prod image: the one that its label names, else the one whose layers it begins with. */
function baseOf({ labels, layers }: TaggedImage, version: Version, { log, past }: Around): Released["base"] | null {
  const signed = log.map((entry) => ({ at: "", by: "", host: "", ...entry }));
  const all = releasesOf(signed, "dev").map((release) => {
    const tags = Object.values(past.registries).flat();
    // Of a mutable tag the config was not read.
    const own = tags.find((one) => one.digest === release.digest && one.layers.length > 0)?.layers ?? [];
    const isBelow = own.length > 0 && own.length <= layers.length && own.every((layer, at) => layer === layers[at]);
    return { release, depth: isBelow ? own.length : 0, isNear: majorMinor(release.version) === majorMinor(version) };
  });
  const named = all.filter(({ release }) => release.digest === labels["org.opencontainers.image.base.digest"]);
  const below = all.filter(({ depth }) => depth > 0 && depth === Math.max(...all.map((one) => one.depth)));
  const chosen = (named.length > 0 ? named : below).sort(
    (a, b) => Number(a.isNear) - Number(b.isNear) || compareVersions(a.release.version, b.release.version),
  );
  const found = chosen.at(-1)?.release;
  return found ? { version: found.version, digest: found.digest } : null;
}

/** Each release that was found: where it is known from, and what became of it. */
function tableOf(facts: Known, past: Past): string {
  const entries = entriesFor(facts, past);
  const rows = candidates(facts, past).map((one) => {
    const entry = entries.find(
      (entry) =>
        entry.type !== "flip" && "stage" in entry && entry.stage === one.stage && entry.version === one.version,
    );
    const digests = [...one.images.keys()];
    const from = [
      ...(one.commit === null ? [] : ["Git"]),
      ...[...one.images.values()].flatMap((row) => row.registries),
    ];
    const said =
      entry?.type === "release"
        ? `${entry.base ? `on dev ${entry.base.version}` : ""}`
        : entry
          ? "known by its Git tag alone"
          : "LEFT OUT: registries have different images; i release_status --version shows them";
    return [`${one.stage}-${one.version}`, withShortDigests(digests.join(" ")) || "-", from.join(" "), said];
  });
  const moves = entries.flatMap((entry) =>
    entry.type === "flip"
      ? [`${entry.tag} is ${entry.version}${entry.why === "rollback" ? ", below a higher one" : ""}`]
      : [],
  );
  if (rows.length === 0 && moves.length === 0) return `the log of ${facts.config.imageName} has every release`;
  return [renderTable(["release", "digest", "known from", ""], rows), ...moves].join("\n");
}

/** What the changelog alone speaks of. */
function onlyWritten(facts: Known, past: Past): string[] {
  const known = new Set([
    ...candidates(facts, past).map(({ version }) => version),
    ...facts.log.flatMap((one) => (one.type === "release" || one.type === "tagged" ? [one.version] : [])),
  ]);
  const others = facts.changelog.map(({ version }) => version).filter((version) => !known.has(version));
  return others.length === 0 ? [] : [`only changelog.txt mentions ${others.join(", ")}`];
}
