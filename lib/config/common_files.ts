import { createHash } from "node:crypto";
import { posix } from "node:path";
import { isVisible } from "../text/visible.ts";
import type { ConfigReader, Keys } from "./config_reader.ts";

/** The files that several repos share, as `common_files:` of their source lists them; a folder stands for all files in it. */
export type CommonList = {
  readonly copy: readonly string[];
  /** Links into the source where it lies in the repo, copies elsewhere. */
  readonly link: readonly string[];
};

/** The keys of `common_files`. */
export const commonFilesKeys = {
  copy: { is: "words", about: "Files and folders that other repos have as copies." },
  link: { is: "words", about: "Those that they have as links, where this repo lies in theirs." },
} as const satisfies Keys;

/** Reads `common_files:`. */
export function parseCommonFiles(read: ConfigReader): CommonList {
  const section = "common_files";
  const own = read.section([section], commonFilesKeys);
  const paths = (key: keyof typeof commonFilesKeys) =>
    (own[key] ?? []).map((text) => {
      const path = text.replace(/(?<=[^/])\/$/, "");
      if (isCommonPath(path)) return path;
      const fix = "Write paths below the top of the repo, like conftest.py or .github/workflows";
      return read.fail([section, key], `has ${JSON.stringify(text)}`, fix);
    });
  const list = { copy: paths("copy"), link: paths("link") };
  const all = [...list.copy, ...list.link];
  for (const [index, path] of all.entries()) {
    const other = all.find((one, at) => at !== index && `${path}/`.startsWith(`${one}/`));
    if (other !== undefined)
      read.fail(
        [section],
        `has ${JSON.stringify(path)} and ${JSON.stringify(other)}`,
        "Name each path once, and none within another",
      );
  }
  return list;
}

/** Whether a path stays in a repo and out of its Git dir, on file systems too that fold letters; nothing in it is hidden. */
export const isCommonPath = (path: string): boolean =>
  isVisible(path) && !/[\t\n\\\p{Cs}\ufffd]/u.test(path) && path.split("/").every(isPlainPart);

const isPlainPart = (part: string): boolean =>
  !["", ".", ".."].includes(part) &&
  ![".git", "git~1"].includes(
    part
      .replaceAll(/\p{Cf}/gu, "")
      .replace(/[. ]+$/, "")
      .toLowerCase(),
  );

/** A file by what Git would call its content; `committed`: the commit that is checked out has it there just so. */
export type FileEntry = {
  readonly is: "file";
  readonly id: string;
  readonly bytes: Buffer;
  readonly executable: boolean;
  readonly committed: boolean;
};
export type LinkEntry = { readonly is: "link"; readonly text: string; readonly committed: boolean };
/** What lies at a path of a repo, no link followed. */
export type Entry =
  | FileEntry
  | LinkEntry
  /** A link stands in the place of a folder above it. */
  | { readonly is: "behind"; readonly at: string; readonly link: LinkEntry }
  | { readonly is: "folder" }
  | { readonly is: "other"; readonly what: string };

/** One line that two entries share only if they are the same file or link. */
export const stateOf = (entry: Entry | null): string => {
  if (entry === null) return "nothing";
  if (entry.is === "file") return `${entry.executable ? "100755" : "100644"} ${entry.id}`;
  return entry.is === "link" ? `120000 ${entry.text}` : entry.is;
};

/** A repo's entries by their path: those that are listed, and in listed folders all that Git does not ignore. */
export type Side = {
  readonly entries: ReadonlyMap<string, Entry>;
  /** The listed paths that are folders. */
  readonly folders: readonly string[];
  /** Where the commit that is checked out has a content, by its id. */
  readonly committed: ReadonlyMap<string, readonly string[]>;
};

/** What a path of a repo has to be. */
export type Wanted = Pick<FileEntry, "is" | "id" | "bytes" | "executable"> | Pick<LinkEntry, "is" | "text">;

export type Drift = {
  readonly path: string;
  readonly kind: "missing" | "changed" | "line ends" | "mode" | "link" | "renamed" | "extra" | "in the way";
  /** What of it the kind does not say. */
  readonly note: string;
  /** Null for what the source does not have. */
  readonly wanted: Wanted | null;
  readonly entry: Entry | null;
  /** The path that has the content of a renamed one, and whether it lies in a listed folder. */
  readonly from?: { readonly path: string; readonly entry: Entry | null };
  /** Files that have to be where a link stands in the place of their folder. */
  readonly below?: readonly { readonly path: string; readonly wanted: Wanted }[];
};

/**
 * What the entries of a repo have to be; `inside` is where the source lies in it, null where that is elsewhere or all are to be
 * copies.
 */
export function wantedIn({ link }: CommonList, source: Side, inside: string | null): ReadonlyMap<string, Wanted> {
  const wanted = new Map<string, Wanted>();
  const isLinked = (path: string) => inside !== null && link.some((one) => `${path}/`.startsWith(`${one}/`));
  for (const [path, entry] of source.entries)
    if (!isLinked(path) && (entry.is === "file" || entry.is === "link")) wanted.set(path, entry);
  if (inside !== null)
    for (const path of link)
      wanted.set(path, { is: "link", text: posix.relative(posix.dirname(path), posix.join(inside, path)) });
  return wanted;
}

/** All that differs in a repo from what it has to be, by path. */
export function driftsOf(wanted: ReadonlyMap<string, Wanted>, source: Side, target: Side): readonly Drift[] {
  const drifts = [...wanted].flatMap(([path, one]) => driftAt(path, one, target.entries.get(path) ?? null));
  const isLinked = (path: string) => drifts.some((drift) => path.startsWith(`${drift.path}/`));
  const extras = [...target.entries].flatMap(([path, entry]): Drift[] =>
    wanted.has(path) || isLinked(path) || entry.is === "behind" || isKept(path) || !isInFolder(path, source.folders)
      ? []
      : [{ path, kind: "extra", note: "", wanted: null, entry }],
  );
  const all = withRenames(foldersLinked(drifts), extras, { wanted, source, target });
  return all.sort((one, other) => (one.path < other.path ? -1 : 1));
}

const isInFolder = (path: string, folders: readonly string[]): boolean =>
  folders.some((folder) => path.startsWith(`${folder}/`));

function driftAt(path: string, wanted: Wanted, entry: Entry | null): Drift[] {
  const drift = (kind: Drift["kind"], note = ""): Drift[] => [{ path, kind, note, wanted, entry }];
  if (entry === null) return drift("missing");
  if (entry.is === "folder") return drift("in the way", "is a folder");
  if (entry.is === "other") return drift("in the way", entry.what);
  if (entry.is === "behind") return drift("link", `leads to ${entry.link.text}`);
  if (entry.is === "link" && wanted.is === "link" && entry.text === wanted.text) return [];
  if (entry.is === "link") return drift("link", `leads to ${entry.text}`);
  if (wanted.is === "link") return drift("link", "is no link");
  const isSame = entry.id === wanted.id;
  if (isSame && entry.executable === wanted.executable) return [];
  if (isSame) return drift("mode", wanted.executable ? "cannot be run" : "can be run");
  return drift(withUnixEnds(entry.bytes).equals(withUnixEnds(wanted.bytes)) ? "line ends" : "changed");
}

const withUnixEnds = (bytes: Buffer): Buffer =>
  Buffer.from(bytes.toString("latin1").replaceAll("\r\n", "\n"), "latin1");

/** Of files behind one link the link is told, once. */
function foldersLinked(drifts: readonly Drift[]): readonly Drift[] {
  const links = new Map<string, Drift>();
  const others: Drift[] = [];
  for (const drift of drifts) {
    const { entry, path, wanted } = drift;
    if (entry?.is !== "behind" || wanted === null) {
      others.push(drift);
      continue;
    }
    const { at, link } = entry;
    const below = [...(links.get(at)?.below ?? []), { path, wanted }];
    links.set(at, { path: at, kind: "link", note: drift.note, wanted: null, entry: link, below });
  }
  return [...others, ...links.values()];
}

type Compared = { readonly wanted: ReadonlyMap<string, Wanted>; readonly source: Side; readonly target: Side };

/** A file that is missing and lies under another name was renamed; each is so once. */
function withRenames(drifts: readonly Drift[], extras: readonly Drift[], compared: Compared): Drift[] {
  const taken = new Set<string>();
  const told = drifts.map((drift): Drift => {
    const { wanted, kind } = drift;
    if (kind !== "missing" || wanted?.is !== "file" || wanted.bytes.length === 0) return drift;
    const extra = extras.find(({ path, entry }) => entry?.is === "file" && entry.id === wanted.id && !taken.has(path));
    const path = extra?.path ?? strayName(wanted.id, compared, taken);
    if (path === undefined) return drift;
    taken.add(path);
    return { ...drift, kind: "renamed", note: `is ${path} there`, from: { path, entry: extra?.entry ?? null } };
  });
  return [...told, ...extras.filter(({ path }) => !taken.has(path))];
}

/** Where a repo has a content under a name that is not listed, and that it is no name of in the source. */
const strayName = (id: string, { wanted, source, target }: Compared, taken: ReadonlySet<string>): string | undefined =>
  target.committed
    .get(id)
    ?.find((path) => !wanted.has(path) && !taken.has(path) && !source.committed.get(id)?.includes(path));

/** The name beside a file under which its content is kept; the same content has the same name. */
export const keptName = (path: string, state: string): string =>
  `${path}.kept.${createHash("sha256").update(state).digest("hex").slice(0, 9)}`;
const isKept = (path: string): boolean => /\.kept\.[0-9a-f]{9}$/.test(path);
