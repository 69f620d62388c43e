import { createHash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { UserError } from "../errors.ts";
import { type IgnoreFile, parseIgnoreFile } from "../formats/dockerignore.ts";
import { insideRepo } from "./files.ts";
import { committedContent, type GitFiles, isBelow, isBlob, isContentOf } from "./git_files.ts";

/** What BuildKit would be sent: the files, a hash over their names, modes and contents, and whether any is a link. */
export type BuildContext = {
  readonly files: number;
  readonly hash: string;
  /** First path parts of the files, and how many bytes lie below each. */
  readonly entries: readonly string[];
  readonly sizes: readonly { readonly path: string; readonly bytes: number }[];
  readonly hasLinks: boolean;
  /** Files and links that are read, by their own paths: real but for the last part. */
  readonly read: ReadonlySet<string>;
  /** What lies there and is left out: files that Git ignores, and repos. */
  readonly leftOut: readonly string[];
  /** Files that are not as the commit has them, that it does not have, or that only it has. */
  readonly other: readonly OtherFile[];
};
export type OtherFile = {
  readonly path: string;
  /** The file itself, links followed. */
  readonly real: string;
  /** The commit has it but for the carriage return before each new line. */
  readonly lineEnds: boolean;
};

/**
 * Reads a build context the way BuildKit does, through its ignore file and without what Git ignores; links count with what
 * they lead to, as `tar -h` would send it, and may not leave the outermost repo. The folder and the root of that repo are real
 * paths; `beside` are files that decide about the build too.
 */
export function readContext(
  folder: string,
  {
    root,
    ignoreText,
    git,
    beside,
  }: {
    readonly root: string;
    readonly ignoreText: string;
    readonly git: GitFiles;
    readonly beside: readonly string[];
  },
): BuildContext {
  const rules = parseIgnoreFile(ignoreText);
  const state = newWalk({ folder, root }, git);
  walk(state, { path: "", real: folder }, rules);
  const read = new Set(state.compared);
  for (const path of beside) compareBeside(state, path);
  addMissing(state, rules);
  return {
    files: state.files,
    hash: state.hash.digest("hex"),
    entries: [...state.sizes.keys()].sort(),
    sizes: [...state.sizes].map(([path, bytes]) => ({ path, bytes })),
    hasLinks: state.hasLinks,
    read,
    leftOut: state.leftOut,
    other: [...state.other.values()],
  };
}

type Walk = {
  readonly folder: string;
  readonly root: string;
  readonly git: GitFiles;
  readonly hash: ReturnType<typeof createHash>;
  readonly sizes: Map<string, number>;
  files: number;
  hasLinks: boolean;
  readonly linked: string[];
  readonly leftOut: string[];
  /** What was compared with the commit, by its own path, real but for its last part. */
  readonly compared: Set<string>;
  readonly other: Map<string, OtherFile>;
};
/** A folder or file by its path in the context, and by the one it really has. */
type Spot = { readonly path: string; readonly real: string };

const newWalk = ({ folder, root }: Pick<Walk, "folder" | "root">, git: GitFiles): Walk => ({
  ...{ folder, root, git, hash: createHash("sha256"), sizes: new Map(), files: 0, hasLinks: false },
  ...{ linked: [], leftOut: [], compared: new Set(), other: new Map() },
});

function walk(state: Walk, at: Spot, rules: IgnoreFile): void {
  for (const name of readdirSync(join(state.folder, at.path)).sort()) {
    const inner = at.path ? `${at.path}/${name}` : name;
    const own = join(at.real, name);
    if (name === ".git" || state.git.ignored.has(own)) {
      if (rules.enters(inner)) state.leftOut.push(inner);
      continue;
    }
    const full = join(state.folder, inner);
    if (isNoText(full)) {
      if (rules.ignores(inner)) continue;
      throw noText(inner);
    }
    const isLink = lstatSync(full).isSymbolicLink();
    if (isLink && !existsSync(full) && !rules.ignores(inner)) throw brokenLink(inner, readlinkSync(full));
    if (isLink && !existsSync(full)) continue;
    if (isLink && !rules.ignores(inner)) insideRepo([state.root], relative(state.root, full));
    const stat = statSync(full);
    const spot = { path: inner, real: isLink ? realpathSync(full) : own };
    if (stat.isDirectory()) {
      if (!rules.enters(inner) || (isLink && rules.ignores(inner))) continue;
      if (isLink) enterLink(state, spot, own);
      walk(state, spot, rules);
      if (isLink) state.linked.pop();
    } else if (!rules.ignores(inner) && stat.isFile()) {
      state.files += 1;
      state.hasLinks ||= isLink;
      if (isLink) compareLink(state, inner, own);
      const first = inner.split("/")[0] ?? inner;
      state.sizes.set(first, (state.sizes.get(first) ?? 0) + stat.size);
      const isExecutable = (stat.mode & 0o111) !== 0;
      const content = compare(state, spot, { content: readFileSync(full), isExecutable });
      const hash = createHash("sha256").update(content).digest("hex");
      state.hash.update(`${inner}\0${isExecutable ? "x" : "-"}\0${hash}\n`);
    }
  }
}

/** A name whose bytes are no UTF-8 leads nowhere once it is text. */
const isNoText = (full: string): boolean =>
  full.includes("\uFFFD") && lstatSync(full, { throwIfNoEntry: false }) === undefined;

const noText = (path: string): UserError =>
  new UserError(`the name of "${path}" is no UTF-8`, {
    why: "Files are compared with the commit's by name, which is read as UTF-8; some builders refuse such a file, too.",
    fix: `Rename it, or leave it out by a pattern of the dockerignore file: ${path.replaceAll(/\uFFFD+/g, "*")}`,
  });

function enterLink(state: Walk, { path, real }: Spot, own: string): void {
  if (state.linked.includes(real)) throw brokenLink(path, readlinkSync(join(state.folder, path)));
  state.linked.push(real);
  state.hasLinks = true;
  compareLink(state, path, own);
}

type Read = { readonly content: Buffer; readonly isExecutable: boolean };

/** Notes a file that is not the commit's own; gives what counts as its content: where a checkout changed its line ends alone, the commit's. */
function compare({ git, compared, other }: Walk, { path, real }: Spot, { content, isExecutable }: Read): Buffer {
  const file = git.committed.get(real);
  compared.add(real);
  if (file && !file.isLink && file.executable === isExecutable && isContentOf(content, file)) return content;
  const unix = committedContent(content, file);
  const lineEnds = file?.executable === isExecutable && unix !== content;
  other.set(path, { path, real, lineEnds });
  return unix;
}

/** The same of where a link leads. */
function compareLink({ git, compared, other }: Walk, path: string, own: string): void {
  const file = git.committed.get(own);
  compared.add(own);
  if (!file?.isLink || !isBlob(readlinkSync(own, "buffer"), file.id))
    other.set(path, { path, real: own, lineEnds: false });
}

/** A file that the build reads but that is no part of the context, such as the Dockerfile: its line ends get into no image. */
function compareBeside(state: Walk, full: string): void {
  if (!existsSync(full)) return;
  const [path, real, stat] = [relative(state.folder, full), realpathSync(full), statSync(full)];
  if (state.compared.has(real)) return;
  compare(state, { path, real }, { content: readFileSync(full), isExecutable: (stat.mode & 0o111) !== 0 });
  if (state.other.get(path)?.lineEnds) state.other.delete(path);
}

/** What only the commit has: taken away behind Git's back, or never checked out. */
function addMissing({ folder, git, compared, other }: Walk, { enters, ignores }: IgnoreFile): void {
  // The ignore file is asked once for a folder: a commit may have a hundred thousand files below it.
  const entered = new Map<string, boolean>([[".", true]]);
  const isEntered = (path: string): boolean => {
    const known = entered.get(path);
    if (known !== undefined) return known;
    const is = isEntered(dirname(path)) && enters(path);
    entered.set(path, is);
    return is;
  };
  for (const real of git.committed.keys()) {
    if (compared.has(real) || !isBelow(folder, real)) continue;
    const path = real.slice(folder.length + 1);
    if (!isEntered(dirname(path)) || ignores(path)) continue;
    other.set(path, { path, real, lineEnds: false });
  }
}

const brokenLink = (path: string, target: string): UserError =>
  new UserError(`the link "${path}" of the build context leads to "${target}", which is not there or leads back`, {
    why: "Links are sent to the builder as what they lead to.",
    fix: `Fix or remove the link, or name it in the dockerignore file: ${path}`,
  });
