import { type Described, taggedVersion } from "../model/dev_version.ts";
import type { Place } from "../model/facts.ts";
import { gitIn } from "./git.ts";

type Behind = {
  readonly commit: string;
  readonly image: string;
  /** Tags of the commit itself do not count. */
  readonly before: boolean;
};

/** The release tag that is nearest behind a commit, as git-describe(1) finds it, and how many commits lie between. */
export async function describeCommit(
  place: Place,
  { commit, image, before }: Behind,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Described> {
  const git = gitIn(place.owner, env);
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
  return { tag, distance: Number(distance) };
}
