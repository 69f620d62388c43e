import { UserError } from "../errors.ts";
import { announce } from "../kinds/announce.ts";
import { type RecordEntry, record } from "../kinds/record.ts";
import { verifyDigest } from "../kinds/verify_digest.ts";
import { claimRef } from "../names/claim.ts";
import { isAnnouncementOpen } from "../names/log.ts";
import { targetPlaces } from "../names/names.ts";
import { lastFlip, type Release, releaseInUse, rolledBack } from "../names/releases.ts";
import { gitTag, imageTag, type ReleaseStage } from "../names/stage.ts";
import type { Version } from "../names/version.ts";
import type { AllFacts, Facts, RegistryFacts } from "../plan/facts.ts";
import { type Place, type Step, step } from "../plan/plan.ts";
import { returnClaim, takeClaim } from "../release/claim.ts";
import { slackText } from "../text/message.ts";
import { changesOf } from "./changes.ts";
import { type PostMessage, postMessage } from "./post_message.ts";
import { type Row, statusOf } from "./status_rows.ts";

export type AnnounceOptions = {
  readonly stage: ReleaseStage;
  readonly version?: Version | undefined;
  /** A person saw that the message of a run that was ended is in the channel. */
  readonly posted?: boolean | undefined;
  /** A person saw that it is not. */
  readonly postAgain?: boolean | undefined;
};

/** Slack cuts longer messages; whoever wants all reads the changelog. */
const mostLines = 30;

/** Tells the team once that a version is released: the changelog's text, and the digests that every registry shows. */
export function announceRelease(known: Facts<"log">, options: AnnounceOptions, registries: RegistryFacts): Step[] {
  const facts = { ...known, registries };
  const release = released(facts, options);
  assertSeen(facts, release, options);
  assertAnnounceable(facts, release);
  const { stage, version, digest } = release;
  const name = facts.config.imageName;
  const tag = imageTag(stage, "", version);
  const places = placesWith(facts, tag);
  const before = announcement(facts, release);
  const skip = before ? `already announced by ${before.by} on ${before.at.slice(0, 10)}` : null;
  const ref = claimRef(facts.config.release.refPrefix, gitTag(name, stage, version));
  const title = `Claim ${version}, so that it is announced once`;
  const text = `${name} ${tag} is ${skip ?? "announced in Slack"}`;
  return [
    // Also where it is announced: a run that ended after that left its claim.
    step("claim", title, [takeClaim({ ref })]),
    step("verify", `Read ${tag} back`, [verifyDigest({ tag, digest, places })], { skip }),
    options.posted
      ? step("announce", `Record that ${tag} is announced`, [recorded(facts, release)], { skip })
      : step("announce", `Announce ${tag} in Slack`, [post(facts, release, places, options)], { skip }),
    step("release_claim", "Release the claim", [returnClaim({ ref })]),
    step("tell", "Report that it is announced", [announce({ text, data: { tag, digest } })]),
  ];
}

/** The registries that show the tag as the log has it; those that are behind by choice are not told of. */
function placesWith(facts: Facts<"registries" | "log">, tag: string): Place[] {
  const { rows } = statusOf(facts);
  const has = ({ registry }: Place) =>
    rows.some((row) => row.registry === registry && row.tag === tag && row.state === "ok");
  return targetPlaces({ ...facts, targets: facts.config.registries }).filter(has);
}

const entryOf = ({ stage, version, digest }: Release) =>
  ({ type: "announce", stage, version, digest, channel: "slack" }) as const;

const recorded = (facts: Facts, release: Release): RecordEntry =>
  record({
    image: facts.config.imageName,
    entry: entryOf(release),
  });

const post = (
  facts: Facts<"log">,
  release: Release,
  places: readonly Place[],
  { postAgain }: AnnounceOptions,
): PostMessage =>
  postMessage({
    variable: facts.config.notify.slack,
    image: facts.config.imageName,
    text: message(
      facts,
      release,
      places.map(({ repository }) => repository),
    ),
    entry: entryOf(release),
    ...(postAgain ? { again: true } : {}),
  });

/** The question before the team is told, where nobody typed the version. */
export function asksAnnounce(facts: Facts<"log">, options: AnnounceOptions): string | null {
  const release = releaseInUse(facts.log, options.stage, options.version);
  if (options.version || !release || announcement(facts, release)) return null;
  return `Announce ${facts.config.imageName} ${options.stage} ${release.version} in Slack?`;
}

/** The entry that says that a release was announced. */
export const announcement = ({ log }: Pick<AllFacts, "log">, { stage, version }: Pick<Release, "stage" | "version">) =>
  log.findLast((entry) => entry.type === "announce" && entry.stage === stage && entry.version === version);

function released(facts: Facts<"log">, { stage, version }: AnnounceOptions): Release {
  const release = releaseInUse(facts.log, stage, version);
  if (release) return release;
  const what = version
    ? `${facts.config.imageName} ${version} is not released as ${stage}`
    : `nothing of ${facts.config.imageName} is released as ${stage}`;
  throw new UserError(what, {
    why: "Only what can be pulled is announced, and the log has no such release.",
    fix: `Release it: i docker_release_${stage}${version ? ` --version ${version}` : ""}`,
  });
}

/** What a person saw in the channel is one of two things, and is asked for only where a message was left open. */
function assertSeen({ log, config }: Facts<"log">, release: Release, { posted, postAgain }: AnnounceOptions): void {
  if (!posted && !postAgain) return;
  const { stage, version } = release;
  const asked = `i release_announce --stage ${stage} --version ${version}`;
  if (posted && postAgain)
    throw new UserError("--posted and --post-again were both given", {
      why: "The message either is in the channel or is not.",
      fix: `Check the channel, then run ${asked} with the one that applies`,
    });
  if (isAnnouncementOpen(log, release) || announcement({ log }, release)) return;
  throw new UserError(`no message about ${config.imageName} ${stage} ${version} was left open`, {
    why: "A person checks the channel only if a run ended between posting and recording.",
    fix: `Announce it: ${asked}`,
  });
}

/** Every registry that was released to has to answer with the digest of the log, and nobody took the version back. */
function assertAnnounceable(facts: Facts<"registries" | "log">, { stage, version, digest }: Release): void {
  const back = rolledBack(facts.log, stage, version);
  if (back)
    throw new UserError(`${version} was rolled back to ${back.version} by ${back.by} on ${back.at.slice(0, 10)}`, {
      why: `${back.reason ? `They said: ${back.reason}. ` : ""}Users would be told to pull a version that was rolled back.`,
      fix: `Announce the next version when it is released: i docker_release_${stage}`,
    });
  const tag = imageTag(stage, "", version);
  const wrong = statusOf(facts).rows.find((row) => isWrong(row, tag, digest));
  if (!wrong) return;
  const { registry, state, note } = wrong;
  throw new UserError(
    `${tag} in ${registry} is ${wrong.digest ?? (state === "silent" ? "not known" : "absent")}, not ${digest}`,
    {
      why: `${/^absent|^$/.test(note) ? "" : `It ${note}. `}A release is announced when every registry shows its digest.`,
      fix:
        state === "silent"
          ? "Try again when it answers"
          : `Check it: i release_status; fix it: i release_mirror --stage ${stage} --version ${version}`,
      kind: state === "silent" ? "unreachable" : "drift",
    },
  );
}

const isWrong = (row: Row, tag: string, digest: string): boolean =>
  row.tag === tag && row.state !== "behind" && row.digest !== digest;

/** The original's message: what is released, what changed, one line each; then where it is, by digest, and how to get it. */
function message(
  facts: Facts<"log">,
  { stage, version, digest, at }: Release,
  repositories: readonly string[],
): string {
  const lines = changesOf(facts, stage, version);
  const shown = lines.slice(0, mostLines).map((line) => `- ${slackText(line)}`);
  const rest = lines.length > mostLines ? [`- and ${lines.length - mostLines} more, see changelog.txt`] : [];
  const current = lastFlip(facts.log, stage)?.version;
  return [
    ":rocket: *The new image has been released:*",
    `*${gitTag(facts.config.imageName, stage, version)}* (${at.slice(0, 10)})`,
    ...shown,
    ...rest,
    "",
    `Verified as \`${digest}\` in`,
    ...repositories.map((repository) => `- \`${repository}:${imageTag(stage, "", version)}\``),
    current === undefined || current === version
      ? `Get it with \`i docker_pull${stage === "dev" ? "" : ` --stage ${stage}`}\``
      : `\`${stage}\` stays ${current}; get this one with \`i docker_pull --stage ${stage} --version ${version}\``,
  ].join("\n");
}
