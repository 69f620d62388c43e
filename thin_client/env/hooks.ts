import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { readRepoText } from "../../lib/doors/files.ts";
import { UserError } from "../../lib/errors.ts";
import { withoutForeign } from "../../lib/names/caller_variables.ts";

/** What `--hooks` and `--no-hooks` came to, for the Git repo of the current dir. */
export type Hooks = {
  readonly dir: string;
  readonly state: "installed" | "there" | "removed" | "missing";
  /** Hooks of others: kept beside ours, which run them first, or in place of ours. */
  readonly others: readonly string[];
};

/** Git calls both before a commit: the second where a merge makes one by itself (githooks(5)). */
const names = ["pre-commit", "pre-merge-commit"] as const;

/** What the answer to the offer is kept as, for this clone. */
const answer = "slipway.hooks";

type Offer = {
  readonly cwd: string;
  readonly say: (line: string) => void;
  /** Null where nobody is there to answer. */
  readonly mayInstall: (question: string) => Promise<boolean | null>;
  readonly mayKeep: Wish["mayKeep"];
};

/** Installs the hooks where `enable_git_commit_hook` of repo_config.yaml asks for them and a person agrees; a no is kept. */
export async function offerHooks(root: string, { cwd, say, mayInstall, mayKeep }: Offer): Promise<Hooks | undefined> {
  if (!isAsked(cwd) || tryGit(cwd, "config", "--type=bool", answer) === "false") return undefined;
  try {
    const found = await setHooks(root, { wanted: true, check: true, cwd, mayKeep });
    if (found.state === "there") return found;
    const may = await mayInstall(
      "repo_config.yaml asks for Git hooks, which look at each commit. Install them in this clone?",
    );
    if (may === true) return await setHooks(root, { wanted: true, check: false, cwd, mayKeep });
    if (may === false) ask(cwd, "config", answer, "false");
    say(`repo_config.yaml asks for Git hooks; they are not installed. Install them: thin_client/build --hooks`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    say(`repo_config.yaml asks for Git hooks; they are not installed: ${error.message}. ${error.fix}`);
  }
  return undefined;
}

/** Whether the config at the top of the repo of a dir asks for hooks; no package is there yet that reads YAML. */
function isAsked(cwd: string): boolean {
  const top = tryGit(cwd, "rev-parse", "--show-toplevel");
  const line = /^[ \t]+enable_git_commit_hook:[ \t]*["']?(?:true|1)["']?[ \t]*(?:#.*)?$/im;
  try {
    return top !== null && line.test(readRepoText(top, "repo_config.yaml") ?? "");
  } catch (error) {
    // What is no file, or leads out of the repo, is told of where the config is used.
    if (error instanceof UserError) return false;
    throw error;
  }
}

type Wish = {
  readonly wanted: boolean;
  /** Whether to look only. */
  readonly check: boolean;
  readonly cwd: string;
  readonly mayKeep: (question: string) => Promise<boolean>;
};

/** Installs or removes the hooks; one that is not Slipway's is moved aside only after a yes, and comes back with the removal. */
export async function setHooks(root: string, { wanted, check, cwd, mayKeep }: Wish): Promise<Hooks> {
  const dir = hooksDir(cwd);
  const text = signed(readFileSync(join(root, "thin_client", "hooks", "pre-commit"), "utf8"));
  const kinds = names.map((name) => ({ name, kind: kindOf(join(dir, name), text) }));
  const foreign = kinds.filter(({ kind }) => kind === "other").map(({ name }) => name);
  const told = (state: Hooks["state"], others: readonly string[]): Hooks => ({ dir, state, others });
  const asides = () => names.filter((name) => lookAt(aside(dir, name))).map((name) => `${name}.own`);
  const are = kinds.every(({ kind }) => kind === "same") ? "there" : "missing";
  if (check) return told(are, [...asides(), ...foreign]);
  if (isAsked(cwd)) ask(cwd, "config", answer, String(wanted));
  if (!wanted) {
    const ours = kinds.filter(({ kind }) => kind === "same" || kind === "older");
    for (const { name } of ours) remove(dir, name);
    return told(ours.length > 0 ? "removed" : "missing", foreign);
  }
  if (are === "there") return told(are, asides());
  if (foreign.length > 0) await assertMayKeep(dir, foreign, mayKeep);
  mkdirSync(dir, { recursive: true });
  for (const name of foreign) renameSync(join(dir, name), aside(dir, name));
  for (const { name, kind } of kinds) if (kind !== "same") write(join(dir, name), text);
  return told("installed", asides());
}

/** Where Git looks for the hooks of the repo of a dir; throws where that is a folder of other repos, or of the work tree. */
function hooksDir(cwd: string): string {
  const own = join(resolve(cwd, ask(cwd, "rev-parse", "--git-common-dir")), "hooks");
  ask(cwd, "rev-parse", "--show-toplevel");
  const used = resolve(cwd, ask(cwd, "rev-parse", "--git-path", "hooks"));
  if (used === own || !relative(dirname(own), used).startsWith("..")) return used;
  throw new UserError(`core.hooksPath says that Git looks for hooks in ${used}`, {
    why: "What is there is for other repos too, or belongs to files of this one; Slipway writes hooks for this clone alone.",
    fix: `Have Git look in the clone's own folder, without those hooks: git config core.hooksPath '${own.replaceAll("'", "'\\''")}'`,
  });
}

function git(cwd: string, words: readonly string[]) {
  const env = { ...withoutForeign(process.env), LC_ALL: "C" };
  const { status, stdout, stderr, error } = spawnSync("git", words, { cwd, env, encoding: "utf8" });
  return { said: status === 0 ? stdout.replace(/\n$/, "") : null, stderr, error };
}

const tryGit = (cwd: string, ...words: readonly string[]): string | null => git(cwd, words).said;

function ask(cwd: string, ...words: readonly string[]): string {
  const { said, stderr, error } = git(cwd, words);
  if (error) throw error;
  if (said !== null) return said;
  throw new UserError(`${cwd} is in no work tree of Git`, {
    why: `Hooks belong to a repo. Git says: ${stderr.trim().split("\n")[0]}`,
    fix: "cd to the repo whose commits are meant, and run the same command there.",
  });
}

const signature = /^# Slipway's hook ([0-9a-f]{16}), by `thin_client\/build --hooks`; `--no-hooks` takes it away\.\n/m;
const hash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);

/** The text with a second line that says whose it is, and that nobody has changed it since. */
function signed(text: string): string {
  const [first, ...rest] = text.split("\n");
  const line = `# Slipway's hook ${hash(text)}, by \`thin_client/build --hooks\`; \`--no-hooks\` takes it away.`;
  return [first, line, ...rest].join("\n");
}

/** What a hook is: this one, an older one of Slipway's, another's (or one that somebody has changed), or none. */
function kindOf(path: string, text: string): "same" | "older" | "other" | "none" {
  const found = lookAt(path);
  if (!found) return "none";
  if (!found.isFile()) return "other";
  const there = readFileSync(path, "utf8");
  if (there === text && (found.mode & 0o111) !== 0) return "same";
  const by = signature.exec(there);
  return by && hash(there.replace(signature, "")) === by[1] ? "older" : "other";
}

const lookAt = (path: string) => lstatSync(path, { throwIfNoEntry: false });
const aside = (dir: string, name: string): string => join(dir, `${name}.own`);

async function assertMayKeep(dir: string, foreign: readonly string[], mayKeep: Wish["mayKeep"]): Promise<void> {
  const [taken] = foreign.filter((name) => lookAt(aside(dir, name)));
  if (taken !== undefined)
    throw new UserError(`${join(dir, taken)} is not Slipway's, and ${taken}.own beside it is taken`, {
      why: "A hook of others is kept under that name, and nothing is overwritten.",
      fix: `Join the two, or remove one of them, and run the same command again: ls -l '${dir}'`,
    });
  const kept = foreign.map((name) => `${name}.own`).join(" and ");
  if (await mayKeep(`${foreign.join(" and ")} in ${dir} is not Slipway's. Keep it as ${kept}, and run it first?`))
    return;
  throw new UserError(`${foreign.join(" and ")} in ${dir} is not Slipway's`, {
    why: "A hook of others is not replaced unasked.",
    fix: `thin_client/build --hooks --yes keeps it as ${kept}, and Slipway's hook runs it first.`,
  });
}

/** Writes a hook beside its place first, so that a commit meanwhile finds the old one or the new one. */
function write(path: string, text: string): void {
  const made = `${path}.${process.pid}`;
  writeFileSync(made, text, { mode: 0o755 });
  renameSync(made, path);
}

/** Removes a hook of Slipway's; the one that was kept beside it takes its place. */
function remove(dir: string, name: string): void {
  if (lookAt(aside(dir, name))) renameSync(aside(dir, name), join(dir, name));
  else rmSync(join(dir, name));
}
