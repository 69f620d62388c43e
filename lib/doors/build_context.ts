import { createHash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../model/errors.ts";

/** What BuildKit would be sent: the files, a hash over their names, modes and contents, and whether any is a link. */
export type BuildContext = {
  readonly files: number;
  readonly hash: string;
  /** First path parts of the files, and how many bytes lie below each. */
  readonly entries: readonly string[];
  readonly sizes: readonly { readonly path: string; readonly bytes: number }[];
  readonly hasLinks: boolean;
};

type Filter = { add: (text: string) => Filter; ignores: (path: string) => boolean };

/** Reads a build context the way BuildKit does, through its ignore file; links count with what they lead to, as `tar -h` would send it. */
export async function readContext(folder: string, ignoreText: string): Promise<BuildContext> {
  // Its types say `export default`, its code says `module.exports =`.
  const { default: dockerignore } = (await import("@balena/dockerignore")) as unknown as {
    default: (options: object) => Filter;
  };
  const filter = dockerignore({ ignorecase: false }).add(ignoreText);
  const lines = ignoreText.split("\n").map((line) => line.trim());
  const kept = lines.filter((line) => line.startsWith("!")).map((line) => line.slice(1).replace(/^\//, ""));
  // A folder that is ignored is entered only where an exception could lie in it.
  const enter = (path: string) =>
    !filter.ignores(path) ||
    kept.some(
      (rule) => rule.startsWith(`${path}/`) || rule.includes("*") || path.startsWith(rule.replace(/\/\*+$/, "")),
    );
  const state: Walk = { folder, hash: createHash("sha256"), sizes: new Map(), files: 0, hasLinks: false, seen: [] };
  walk(state, "", { enter, ignores: (path) => filter.ignores(path) });
  return {
    files: state.files,
    hash: state.hash.digest("hex"),
    entries: [...state.sizes.keys()].sort(),
    sizes: [...state.sizes].map(([path, bytes]) => ({ path, bytes })),
    hasLinks: state.hasLinks,
  };
}

type Walk = {
  folder: string;
  hash: ReturnType<typeof createHash>;
  sizes: Map<string, number>;
  files: number;
  hasLinks: boolean;
  seen: string[];
};
type Rules = { readonly enter: (path: string) => boolean; readonly ignores: (path: string) => boolean };

function walk(state: Walk, path: string, rules: Rules): void {
  for (const name of readdirSync(join(state.folder, path)).sort()) {
    const inner = path ? `${path}/${name}` : name;
    if (inner === ".git") continue;
    const full = join(state.folder, inner);
    const isLink = lstatSync(full).isSymbolicLink();
    if (isLink && !existsSync(full) && !rules.ignores(inner)) throw brokenLink(inner, readlinkSync(full));
    if (isLink && !existsSync(full)) continue;
    const stat = statSync(full);
    if (stat.isDirectory()) {
      if (!rules.enter(inner) || (isLink && rules.ignores(inner))) continue;
      if (isLink) enterLink(state, full, inner);
      walk(state, inner, rules);
      if (isLink) state.seen.pop();
    } else if (!rules.ignores(inner) && stat.isFile()) {
      state.files += 1;
      state.hasLinks ||= isLink;
      const first = inner.split("/")[0] ?? inner;
      state.sizes.set(first, (state.sizes.get(first) ?? 0) + stat.size);
      const content = createHash("sha256").update(readFileSync(full)).digest("hex");
      state.hash.update(`${inner}\0${stat.mode & 0o111 ? "x" : "-"}\0${content}\n`);
    }
  }
}

function enterLink(state: Walk, full: string, inner: string): void {
  const real = realpathSync(full);
  if (state.seen.includes(real)) throw brokenLink(inner, readlinkSync(full));
  state.seen.push(real);
  state.hasLinks = true;
}

const brokenLink = (path: string, target: string): UserError =>
  new UserError(`the link "${path}" of the build context leads to "${target}", which is not there or leads back`, {
    why: "Links are sent to the builder as what they lead to.",
    fix: `Mend or remove the link, or name it in the dockerignore file: ${path}`,
  });
