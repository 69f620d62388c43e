import { join, posix } from "node:path";
import {
  type CommonList,
  type Drift,
  driftsOf,
  type Entry,
  isCommonPath,
  parseCommonFiles,
  type Side,
  wantedIn,
} from "../config/common_files.ts";
import { configReader } from "../config/config_reader.ts";
import { loadSide } from "../doors/common_files.ts";
import { exists, isFolder, realPath } from "../doors/files.ts";
import { loadConfigSource } from "../doors/settings.ts";
import { UserError } from "../errors.ts";
import type { Facts, Place } from "../plan/facts.ts";
import { oneLine } from "../text/visible.ts";

export type CommonOptions = {
  readonly repos: readonly string[];
  readonly source: string | undefined;
  readonly copies: boolean;
  readonly back: boolean;
};

/** What differs in a repo from the common files of the source. */
export type RepoDrifts = { readonly repo: string; readonly drifts: readonly Drift[] };
export type CommonLook = {
  /** As all paths of repos: relative to the outermost Git root, or absolute. */
  readonly source: string;
  /** What the source has at each path. */
  readonly entries: ReadonlyMap<string, Entry>;
  readonly repos: readonly RepoDrifts[];
  /** What is listed and cannot be common, with the reason. */
  readonly leftOut: readonly string[];
};

/** Reads the list of the source, and compares the repos with it. */
export async function lookForCommonFiles({ place, env }: Facts, options: CommonOptions): Promise<CommonLook> {
  const source = options.source === undefined ? place.owner : repoAt(place, options.source);
  const list = parseCommonFiles(configReader(await loadConfigSource({ root: source, dir: "." })));
  const shown = (root: string) => posix.relative(place.root, root) || ".";
  if (list.copy.length + list.link.length === 0) throw noList(shown(source));
  const loaded = await loadSide(source, [...list.copy, ...list.link], env);
  const side = { ...loaded, entries: new Map(loaded.entries) };
  const leftOut = [...dropUnfit(list, side, shown(source)), ...oddIn(loaded.odd, shown(source))];
  const compared = rootsOf(place, source, options).map(async (root) => {
    const inside = posix.relative(root, source);
    const wanted = wantedIn(list, side, options.copies || inside.startsWith("..") ? null : inside);
    const paths = [...new Set([...list.copy, ...list.link, ...wanted.keys()])];
    const { odd, ...target } = await loadSide(root, paths, env);
    return { repo: shown(root), drifts: driftsOf(wanted, side, target), odd: oddIn(odd, shown(root)) };
  });
  const repos = await Promise.all(compared);
  return {
    source: shown(source),
    entries: side.entries,
    repos: repos.map(({ repo, drifts }) => ({ repo, drifts })),
    leftOut: [...leftOut, ...repos.flatMap(({ odd }) => odd)],
  };
}

/** The top of a Git repo that was typed from where the person stands. */
function repoAt({ root, cwd }: Place, typed: string): string {
  const full = posix.resolve(root, cwd, typed);
  if (isFolder(full) && exists(join(full, ".git"))) return realPath(full);
  throw new UserError(`${JSON.stringify(typed)} is not the top of a Git repo`, {
    why: "Common files are kept in repos, whose commits are what nothing is lost from.",
    fix: "Name the folder that has .git in it, as it is called from where you stand",
  });
}

function rootsOf(place: Place, source: string, { repos, source: typed, back }: CommonOptions): readonly string[] {
  const roots = [...new Set(repos.map((repo) => repoAt(place, repo)))];
  const all = roots.length === 0 && typed !== undefined ? [place.owner] : roots;
  if (all.length === 0)
    throw new UserError("no repo is named", {
      why: "This repo is the source, whose files are compared with those of others.",
      fix: "Name them: i sync_common_files ../amp ../cmamp; or the source: i sync_common_files --source helpers_root",
    });
  if (all.includes(source))
    throw new UserError(`${JSON.stringify(posix.relative(place.root, source) || ".")} is the source itself`, {
      why: "Files of other repos are compared with its.",
      fix: "Name other repos, or another one with --source",
    });
  if (back && all.length > 1)
    throw new UserError(`--back takes the files of one repo, not of ${all.length}`, {
      why: "Which of several contents the source gets would be chance.",
      fix: "Name one: i sync_common_files ../amp --back",
    });
  return all;
}

const noList = (source: string): UserError =>
  new UserError(`repo_config.yaml of ${JSON.stringify(source)} lists no common files`, {
    why: "common_files: of the source says which files repos share.",
    fix: "Add it: common_files: {copy: [.gitleaksignore], link: [conftest.py]}",
    kind: "config",
  });

/** Takes out what lies in a listed folder and cannot be common, and refuses it where it is listed itself. */
function dropUnfit({ copy, link }: CommonList, side: { entries: Map<string, Entry> } & Side, shown: string): string[] {
  const listed = [...copy, ...link];
  const gone = listed.find((path) => !side.entries.has(path));
  if (gone !== undefined) throw unfit(gone, "is not there", shown);
  return [...side.entries].flatMap(([path, entry]) => {
    const why = side.folders.includes(path) ? null : whyUnfit(path, entry);
    if (why === null) return [];
    if (listed.includes(path)) throw unfit(path, why, shown);
    side.entries.delete(path);
    return [`${oneLine(posix.join(shown, path))} ${why}, and is left out`];
  });
}

const unfit = (path: string, why: string, source: string): UserError =>
  new UserError(`${JSON.stringify(posix.join(source, path))} ${why}, and common_files: lists it`, {
    why: "Each path of the list is a file or a folder of the source itself.",
    fix: "Correct the list in repo_config.yaml of the source",
    kind: "config",
  });

function whyUnfit(path: string, entry: Entry): string | null {
  if (entry.is === "behind") return `lies behind the link ${JSON.stringify(entry.at)}`;
  if (entry.is === "other") return entry.what;
  if (entry.is === "folder") return "is a folder";
  if (entry.is === "file") return null;
  const leads = posix.join(posix.dirname(path), entry.text);
  return !entry.text.startsWith("/") && isCommonPath(leads) ? null : "is a link out of the repo";
}

const oddIn = (paths: readonly string[], shown: string): readonly string[] =>
  paths.map((path) => `${JSON.stringify(oneLine(posix.join(shown, path)))} has no plain name, and is left out`);
