import { basename, dirname } from "node:path";
import { channelsOf, newestTag } from "../config/release_settings.ts";
import { readRepoText } from "../doors/files.ts";
import { describeCommit } from "../doors/git_describe.ts";
import { UserError } from "../errors.ts";
import {
  branchTag,
  type DevVersion,
  devVersion,
  parseBranch,
  parsePrefix,
  prefixed,
  prefixedChannel,
} from "../names/dev_version.ts";
import { type Decision, decide, readEvent, type Trigger } from "../names/trigger.ts";
import type { Facts, Looked } from "../plan/facts.ts";
import { loadRegistryFacts } from "../run/needs.ts";
import { text } from "../run/options.ts";
import { lookForTests } from "../tests/look_gates.ts";

/** The branch that a commit is built for. */
export const branch = text<string>(
  "NAME",
  "Branch that the commit belongs to (default: the one that is checked out).",
  {
    onlyTyped: true,
    parse: parseBranch,
  },
);

/** The commit that a run was started for, so that it works on no other. */
export const commit = text<string>("HASH", "Refuse to work on any other commit.", {
  onlyTyped: true,
  parse: (value) => {
    if (/^[0-9a-f]{7,64}$/.test(value)) return value;
    throw new UserError(`--commit ${JSON.stringify(value)} is no commit`, {
      why: "A commit is named by the digits of its hash, seven at least.",
      fix: "Write it like --commit 0a1b2c3d4e5f",
    });
  },
});

/** What begins the tags of an image that lies beside others of its commit. */
export const prefix = text<string>(
  "WORD",
  "Begin the image's tags with this and a dash, as in rpi for --multi-arch linux/arm/v7.",
  { onlyTyped: true, parse: parsePrefix },
);

type Pinned = { readonly branch: string; readonly version: DevVersion; readonly follow: readonly string[] };

type Asked = {
  readonly branch: string | undefined;
  readonly commit?: string | undefined;
  readonly prefix?: string | undefined;
};

/** The version of the commit before any release that is tagged at it, and what follows its branch. */
async function pinBranch(facts: Facts, asked: Asked): Promise<Pinned> {
  const { place, config, git, env } = facts;
  const branch = asked.branch ?? git.branch;
  if (branch === null) throw onNoBranch();
  parseBranch(branch);
  assertAt(facts, asked.commit);
  const image = config.imageName;
  const { commit, shallow } = git;
  const described = await describeCommit(place, { commit, image, before: true }, env);
  const version = devVersion({ ...described, image, commit, shallow, dirty: false });
  const begin = asked.prefix ?? "";
  const channels = branch === newestTag ? [] : channelsOf(config, branch);
  return {
    branch,
    version: { ...version, tag: prefixed(version.tag, begin) },
    follow: [branchTag(branch, begin), ...channels.map((tag) => prefixedChannel(tag, begin, config.release.channels))],
  };
}

/** What release_branch has to know beside the usual: what its tags are now. */
export async function lookForBranch(
  facts: Facts,
  options: Asked & { readonly offline: boolean },
): Promise<Pinned & Pick<Looked, "registries" | "nested" | "services">> {
  const [pinned, tests] = await Promise.all([pinBranch(facts, options), lookForTests(facts, {})]);
  const registries = await loadRegistryFacts(facts, [pinned.version.tag, ...pinned.follow], options);
  return { ...pinned, ...tests, registries };
}

/** What an event asks for, read from GitHub Actions or, where nobody else says it, from what is checked out. */
export async function lookForTrigger(facts: Facts): Promise<Triggered> {
  const trigger = eventOf(facts) ?? { ...plainGit, ref: await checkedOut(facts), commit: facts.git.commit };
  const { imageName: image, release } = facts.config;
  const decision = decide(trigger, { image, channels: release.channels });
  if (decision.build === "nothing") return { trigger, decision, pinned: null };
  assertAt(facts, trigger.commit ?? undefined);
  const pinned = decision.build === "branch" ? await pinBranch(facts, decision) : null;
  return { trigger, decision, pinned };
}
export type Triggered = { readonly trigger: Trigger; readonly decision: Decision; readonly pinned: Pinned | null };

const plainGit = { event: "push", main: null, isDeleted: false, isFork: false };

function eventOf({ env }: Facts): Trigger | null {
  const { GITHUB_EVENT_PATH: path, GITHUB_EVENT_NAME: name = "", GITHUB_REF: ref = null } = env;
  if (!path) return null;
  const read = readEvent(name, readRepoText(dirname(path), basename(path)) ?? "");
  return read.ref === null ? { ...read, ref } : read;
}

/** The branch that is checked out, else the release tag of the commit. */
async function checkedOut({ git, place, config, env }: Facts): Promise<string | null> {
  if (git.branch !== null) return `refs/heads/${git.branch}`;
  const image = config.imageName;
  const { tag, distance } = await describeCommit(place, { commit: git.commit, image, before: false }, env);
  return tag !== null && distance === 0 ? `refs/tags/${tag}` : null;
}

function assertAt({ git }: Facts, wanted: string | undefined): void {
  if (wanted === undefined || git.commit.startsWith(wanted)) return;
  throw new UserError(`${git.commit.slice(0, 12)} is checked out, and not ${wanted.slice(0, 12)}`, {
    why: "A run works on the commit that it was started for, whatever was pushed since.",
    fix: `git checkout ${wanted}`,
  });
}

const onNoBranch = (): UserError =>
  new UserError("no branch is checked out here", {
    why: "The image of a branch is named after it, and a CI may check out the commit alone.",
    fix: "Name it: --branch NAME",
  });
