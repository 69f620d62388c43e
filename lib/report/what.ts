import { UserError } from "../errors.ts";
import { announce } from "../kinds/announce.ts";
import { currentEntry } from "../names/changelog.ts";
import type { ReleaseStage } from "../names/stage.ts";
import { bump, compareVersions, highest, majorMinor, parseVersion, type Version } from "../names/version.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { releasedVersions } from "../release/release_rules.ts";
import { renderTable } from "../text/table.ts";
import { type ChangedFile, changedFiles, type StageChange } from "./what_changed.ts";

/** Shows which of the files that changed since the last release need a new dev image, which a prod one alone, and the next versions. */
export function showWhat(
  facts: Facts<"log">,
  { list, version }: { readonly list?: string | undefined; readonly version?: Version | undefined },
  stages: readonly StageChange[],
): Step[] {
  const other = list ? "--list" : version ? "--version" : null;
  if (other !== null)
    throw new UserError(`--what and ${other} do not go together`, {
      why: "It is about what changed since the last release, and tells the next version.",
      fix: "Leave one of them out: i release_check --what",
    });
  const files = changedFiles(stages);
  const next = nextVersions(facts, stages, files);
  const since = Object.fromEntries(stages.map((one) => [one.stage, one.since?.version ?? null]));
  const none = stages.some((one) => one.since !== null) ? "no file changed" : "every file is new";
  const table = files.length === 0 ? none : renderTable(["file", "needs", "why"], files.map(rowOf));
  const text = [...stages.map(headOf), table, ...nextLines(facts, next)].join("\n");
  return [step("report", "Show which images the changes need", [announce({ text, data: { since, files, next } })])];
}

const headOf = ({ stage, since }: StageChange): string =>
  since ? `${stage} in use: ${since.version} of ${since.commit.slice(0, 12)}` : `no ${stage} image is released`;

const rowOf = ({ path, dev, prod }: ChangedFile): readonly string[] => {
  if (dev !== null) return [path, "dev and prod", `dev: ${dev}`];
  return prod === null ? [path, "none", "in no image"] : [path, "prod", `prod: ${prod}`];
};

type Next = Readonly<Partial<Record<ReleaseStage, Version>>>;

/** What is to be released next: prod stands on a dev of its own major.minor (design.md, "dev and prod versions"). */
function nextVersions(facts: Facts<"log">, stages: readonly StageChange[], files: readonly ChangedFile[]): Next {
  const of = (stage: ReleaseStage) => stages.find((one) => one.stage === stage);
  const [devStage, prodStage] = [of("dev"), of("prod")];
  const isDev = devStage !== undefined && (devStage.since === null || files.some(({ dev }) => dev !== null));
  const dev = isDev ? nextDev(facts) : null;
  const isProd = prodStage?.since && (isDev || files.some(({ prod }) => prod !== null));
  const below = dev ?? (devStage?.since ? parseVersion(devStage.since.version) : null);
  const prod = isProd && below ? nextProd(facts, below) : null;
  return { ...(dev ? { dev } : {}), ...(prod ? { prod } : {}) };
}

/** The changelog's newest entry where it is not released yet, else the next patch. */
function nextDev(facts: Facts<"log">): Version {
  const released = highest(releasedVersions({ ...facts, stage: "dev" }));
  const entry = currentEntry(facts.changelog, "dev")?.version;
  if (!released) return entry ?? parseVersion("1.0.0");
  return entry && compareVersions(entry, released) > 0 ? entry : bump(released, "patch");
}

/** The same of prod, among the versions that may stand on this dev. */
function nextProd(facts: Facts<"log">, dev: Version): Version {
  const isFitting = (one: Version) => majorMinor(one) === majorMinor(dev);
  const released = highest(releasedVersions({ ...facts, stage: "prod" }).filter(isFitting));
  const entry = highest(facts.changelog.map(({ version }) => version).filter(isFitting));
  const least = released ? bump(released, "patch") : dev;
  return highest([least, dev, ...(entry ? [entry] : [])]) ?? dev;
}

function nextLines({ changelog, config }: Facts, next: Next): readonly string[] {
  if (Object.keys(next).length === 0) return ["Next: nothing to release"];
  const isLater = config.release.changelogUpdate === "after_release";
  return Object.entries(next).flatMap(([stage, version]) => {
    const hasEntry = isLater || changelog.some((one) => one.version === version);
    const isProdOnly = stage === "prod" && next.dev !== version;
    const add = `  i changelog_add --version ${version}${isProdOnly ? " --prod" : ""} --message "what changed"`;
    return [
      `Next: ${stage} ${version}`,
      ...(hasEntry ? [] : [add]),
      `  i docker_release_${stage} --version ${version}`,
    ];
  });
}
