import { UserError } from "../errors.ts";
import { type Described, taggedVersion } from "../names/dev_version.ts";
import type { Place } from "../plan/facts.ts";
import { type Git, gitIn } from "./git.ts";

type Behind = {
  readonly commit: string;
  readonly image: string;
  /** Tags of the commit itself do not count. */
  readonly before: boolean;
};

type Env = Readonly<Record<string, string | undefined>>;

/** The release tag that is nearest behind a commit, as git-describe(1) finds it, and how many commits lie between. */
export async function describeCommit(place: Place, behind: Behind, env: Env): Promise<Described> {
  for (let turn = 0; turn < 5; turn += 1) {
    const described = await describe(gitIn(place.owner, env), behind);
    if (described) return described;
  }
  throw new UserError(`the tag behind ${behind.commit.slice(0, 12)} has another name in itself than in the repo`, {
    why: "Git describes a commit by the name that an annotated tag was made with, and by that it is no release here.",
    fix: `See which: git describe --tags --long ${behind.commit}; and make it anew under its name`,
    kind: "git",
  });
}

/** The same; null where a tag came or went while Git was asked. */
async function describe(git: Git, { commit, image, before }: Behind): Promise<Described | null> {
  const format = "--format=%(refname:strip=2) %(objectname) %(*objectname)";
  const listed = await git(["for-each-ref", format, `--merged=${commit}`, "refs/tags/"]);
  const tags = listed.split("\n").map((line) => {
    const [tag = "", object = "", peeled] = line.split(" ");
    const isOwn = (peeled || object) === commit;
    return { tag, isRelease: taggedVersion(tag, image) !== undefined && !(before && isOwn) };
  });
  if (!tags.some(({ isRelease }) => isRelease))
    return { tag: null, distance: Number(await git(["rev-list", "--count", commit])) };
  const starts = [`${image}-`, "", "v"];
  const mayMatch = (tag: string) =>
    starts.some((start) => tag.startsWith(start) && /^\d/.test(tag.slice(start.length)));
  const others = tags.filter(({ tag, isRelease }) => !isRelease && mayMatch(tag));
  const said = await git([
    ...["describe", "--tags", "--long", "--abbrev=40", ...starts.map((start) => `--match=${start}[0-9]*`)],
    ...[...others.map(({ tag }) => `--exclude=${tag}`), commit],
  ]);
  const [, tag = null, distance = ""] = /^(.*)-(\d+)-g[0-9a-f]+$/.exec(said) ?? [];
  const isKnown = tags.some((one) => one.tag === tag && one.isRelease);
  return isKnown ? { tag, distance: Number(distance) } : null;
}
