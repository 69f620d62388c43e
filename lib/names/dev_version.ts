import { createHash } from "node:crypto";
import { UserError } from "../errors.ts";
import { isFreeTag } from "./image.ts";
import { imageTag } from "./stage.ts";
import { bump, isVersion, type Version } from "./version.ts";

/** Where a commit stands in its history: the release tag nearest behind it, null for none, and the commits since. */
export type Described = { readonly tag: string | null; readonly distance: number };
export type CommitState = Described & {
  readonly image: string;
  readonly commit: string;
  readonly dirty: boolean;
  readonly shallow: boolean;
};
/** The version of one commit, as each world spells it. */
export type DevVersion = {
  /** The release that the commit is; null for one between releases. */
  readonly release: Version | null;
  /** `1.2.4.dev5` (PEP 440, "Developmental releases"). */
  readonly pep440: string;
  /** `1.2.4-dev.5` (semver.org, item 9). */
  readonly semver: string;
  /** `1.2.4-dev.5.g<12 digits of the commit>`: the image's tag, which no other commit has. */
  readonly tag: string;
  /** What follows either version to name the commit: `+g<12 digits of the commit>`. */
  readonly local: string;
};

/** The version in a release tag: `<image>-X.Y.Z` of one image, `X.Y.Z` or `vX.Y.Z` of all in the repo; undefined for another tag. */
export function taggedVersion(tag: string, image: string): Version | undefined {
  const text = tag.startsWith(`${image}-`) ? tag.slice(image.length + 1) : tag.replace(/^v/, "");
  return isVersion(text) ? text : undefined;
}

/**
 * The version of a commit: its release's, else the next patch and the commits since, as setuptools_scm counts them
 * (guess-next-dev; `0.1` before the first release). A tree that differs from its release stands at 0 commits after it.
 */
export function devVersion({ image, tag, distance, commit, dirty, shallow }: CommitState): DevVersion {
  if (shallow) throw isShallow();
  const hash = `g${commit.slice(0, 12)}`;
  const mark = dirty ? ".dirty" : "";
  const last = tag === null ? undefined : taggedVersion(tag, image);
  if (last && distance === 0 && !dirty)
    return { release: last, pep440: last, semver: last, tag: imageTag("dev", "", last), local: "" };
  const next = last ? bump(last, "patch") : "0.1";
  const semver = `${last ? next : "0.1.0"}-dev.${distance}`;
  return {
    release: null,
    pep440: `${next}.dev${distance}`,
    semver,
    tag: `${semver}.${hash}${mark}`,
    local: `+${hash}${mark}`,
  };
}

const isShallow = (): UserError =>
  new UserError("this clone is shallow: it lacks the commits behind some", {
    why: "A version between releases counts the commits since the last one, and here they end too early.",
    fix: "git fetch --unshallow --tags; in GitHub Actions set fetch-depth: 0 for actions/checkout",
  });

/**
 * The tag that follows a branch: what of its name a tag may hold, and twelve digits of the whole name's hash, which keep two
 * branches apart and every other tag free (design.md, "Names").
 */
export function branchTag(branch: string, prefix = ""): string {
  const hash = createHash("sha256").update(branch).digest("hex").slice(0, 12);
  const slug = branch
    .slice(0, 1024)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 100)
    .replaceAll(/^-+|-+$/g, "");
  return prefixed(`${slug || "branch"}-${hash}`, prefix);
}

/** The tag of an image that lies beside others of its commit or branch, as `rpi-` for another architecture; without a prefix the tag. */
export const prefixed = (tag: string, prefix: string): string => (prefix === "" ? tag : `${prefix}-${tag}`);

/** A channel's tag behind a prefix; throws where no tag is as long, or where it is a channel's own (config, `release.channels`). */
export function prefixedChannel(
  channel: string,
  prefix: string,
  channels: Readonly<Record<string, readonly string[]>>,
): string {
  const tag = prefixed(channel, prefix);
  const isTaken = prefix !== "" && Object.values(channels).flat().includes(tag);
  if (isFreeTag(tag) && !isTaken) return tag;
  throw new UserError(`--prefix ${prefix} makes the tag "${tag}" of the channel "${channel}"`, {
    why: isTaken
      ? "release.channels has that tag too, and it would be two images."
      : "A tag has at most 128 characters.",
    fix: "Use another prefix, or give the channel another tag in repo_config.yaml",
  });
}

/** The prefix in the tag of a commit, which begins with a digit without one. */
export const prefixOf = (tag: string): string => /^([a-z][a-z0-9]*)-\d/.exec(tag)?.[1] ?? "";

/** Text to a prefix that leaves room for any branch's tag; throws on one that begins the tags of releases, people or channels. */
export function parsePrefix(text: string): string {
  const isWord = /^[a-z][a-z0-9]{0,11}$/.test(text);
  if (isWord && isFreeTag(`${text}-x`) && !["latest", "develop", "edge"].includes(text)) return text;
  throw new UserError(`--prefix ${JSON.stringify(text)} begins no tag of a branch`, {
    why: isWord
      ? "What begins with it is a release, somebody's own image, or what follows one."
      : "It is one word of at most twelve small letters and digits, so that the tag of any branch fits behind it.",
    fix: "Name the architecture, as in --prefix rpi",
  });
}

/** A branch as it is typed or as CI names it, by the rules that Git has for one (git-check-ref-format(1)). */
export function parseBranch(text: string): string {
  const wrong = /^[-/.]|[\s\p{C}~^:?*[\\]|\.\.|\/[/.]|@\{|[/.]$|\.lock(\/|$)|^@?$/u;
  if (!wrong.test(text) && Buffer.byteLength(text) <= 255) return text;
  throw new UserError(`${JSON.stringify(text)} is not the name of a branch`, {
    why: "Git has no branch with blanks, controls or any of ~^:?*[\\ in its name, and none that starts with a dash.",
    fix: "Write it like --branch feature/doodad",
  });
}
