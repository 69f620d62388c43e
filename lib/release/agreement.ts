import { UserError } from "../errors.ts";
import { releaseTag, targetPlaces, versionTag } from "../names/names.ts";
import { type Release, releasesOf } from "../names/releases.ts";
import { bump, type Version } from "../names/version.ts";
import type { AllFacts, Facts } from "../plan/facts.ts";
import { quote } from "../plan/render_plan.ts";

type Known = Pick<AllFacts, "log" | "stage">;

/** The release of a version as the log has it. */
const recordOf = ({ log, stage }: Known, version: Version): Release | undefined =>
  releasesOf(log, stage).find((one) => one.version === version);

const recorded = ({ by, at }: Release): string => `${by} recorded it at ${at}`;

/** Refuses a version that a registry has as another image than the log. */
export function assertAsLogged(facts: Facts<"registries" | "log">, version: Version): void {
  const record = recordOf(facts, version);
  if (!record) return;
  const tag = versionTag(facts, version);
  for (const { registry, repository } of targetPlaces(facts)) {
    const state = facts.registries[registry]?.[tag];
    if (state?.state !== "found" || state.digest === record.digest) continue;
    throw new UserError(`${tag} is ${state.digest} in ${registry}, and ${record.digest} in the log`, {
      why: `A version always names the same image. ${recorded(record)}, so the tag in ${registry} was moved since, without Slipway.`,
      fix: `Point it back: skopeo copy --all --preserve-digests docker://${repository}@${record.digest} docker://${repository}:${tag}`,
      kind: "drift",
    });
  }
}

/** Refuses a version that was released and that no registry has any more. */
export function assertNotRemoved(facts: Facts<"registries" | "log">, version: Version): void {
  const record = recordOf(facts, version);
  const tag = versionTag(facts, version);
  const states = facts.targets.map(({ name }) => facts.registries[name]?.[tag]?.state);
  if (!record || states.some((state) => state !== "absent")) return;
  const [first] = targetPlaces(facts);
  throw new UserError(
    `${tag} was released, and is no longer in any of ${facts.targets.map(({ name }) => name).join(", ")}`,
    {
      why: `${recorded(record)} as ${record.digest}; a rule of retention, or a person, has removed it since.`,
      fix: `Take ${facts.stage}-* out of such rules, and push it from an engine that has it: docker push ${first?.repository}:${tag}; or release the next one: add its entry and --version ${bump(version, "patch")}`,
      kind: "registry_not_found",
    },
  );
}

/** Refuses to release a version again as another image than the log's; `names` are the digests this one is known by. */
export function assertSameImage(facts: Facts<"log">, version: Version, names: readonly string[]): void {
  const record = recordOf(facts, version);
  if (!record || names.includes(record.digest)) return;
  const tag = versionTag(facts, version);
  const targets = facts.targets.map(({ name }) => name);
  const all = [...new Set([...record.registries, ...targets])].join(",");
  const here = names[0] ? `this image is ${names[0]}` : `${targets.join(", ")} and the engine have no such image`;
  throw new UserError(`${tag} is ${record.digest} in the log, and ${here}`, {
    why: `A version always names the same image. ${recorded(record)}, and a new build may be another.`,
    fix: `Copy it from where it is: i release_mirror --stage ${facts.stage} --version ${version} --target-registries ${all}; or release the next one: add its entry and --version ${bump(version, "patch")}`,
    kind: "drift",
  });
}

/**
 * Refuses a Git tag that does not name the commit which was tested: the log's, or the one that is checked out. `isTested`
 * tells of another one whether the log has the passes of all gates for it.
 */
export function assertTagAgrees(facts: Facts<"log">, version: Version, isTested: (commit: string) => boolean): void {
  const tag = releaseTag(facts, version);
  const [named, local] = [facts.remoteTags[tag], facts.git.tags[tag]];
  const { remote, commit } = facts.git;
  const record = recordOf(facts, version);
  if (record && (named ?? commit) !== record.commit) throw otherThanLog(facts, { tag, named, record });
  if (named && local && named !== local)
    throw disagree(
      `the Git tag ${tag} names ${short(local)} here, and ${short(named)} on ${remote?.name ?? "its remote"}`,
      {
        fix: `Take the one that all have, git fetch --force ${quote(remote?.name ?? "origin")} tag ${tag}, and run the same command again`,
      },
    );
  if (named && !record && named !== commit && !isTested(named))
    throw disagree(
      `the Git tag ${tag} names ${short(named)}, of which the log has no passes, and this is ${short(commit)}`,
      {
        fix: `Release it from there: ${remote ? `git fetch ${quote(remote.name)} tag ${tag} && ` : ""}git checkout ${tag}; or release the next one: add its entry and --version ${bump(version, "patch")}`,
      },
    );
}

type Other = { readonly tag: string; readonly named: string | undefined; readonly record: Release };

function otherThanLog({ git: { remote } }: Facts, { tag, named, record }: Other): UserError {
  const push = remote ? ` && git push --force ${quote(remote.name)} refs/tags/${tag}` : "";
  const what = named ? `names ${short(named)}` : "is not there";
  return disagree(`the Git tag ${tag} ${what}, and the log has its release from ${short(record.commit)}`, {
    because: `${recorded(record)}. `,
    fix: `Put it back: git tag --force --annotate ${tag} ${record.commit} --message 'Release ${tag}'${push}`,
  });
}

const disagree = (
  what: string,
  { because = "", fix }: { readonly because?: string; readonly fix: string },
): UserError =>
  new UserError(what, {
    why: `${because}A release tag names the commit that was tested, and never moves.`,
    fix,
    kind: "drift",
  });

const short = (commit: string): string => commit.slice(0, 12);
