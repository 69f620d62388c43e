/** A row of `git config --list --show-scope`: where it is set, its key, its value. */
export type Setting = { readonly scope: string; readonly key: string; readonly value: string };
/** A setting, wherever it is set. */
export type Value = Pick<Setting, "key" | "value">;
/** Who wrote and who committed, as a commit names them: `Ada <ada@example.com>`. */
export type Identity = { readonly author: string; readonly committer: string };

/** Who commits here (git-commit(1), "Commit information"); null where the settings alone do not tell. */
export function identityIn(rows: readonly Value[], env: Readonly<Record<string, string | undefined>>): Identity | null {
  const person = (role: "author" | "committer"): string | null => {
    const [name, email] = (["name", "email"] as const).map((part) => {
      const set = (key: string) => rows.findLast((row) => row.key === key)?.value;
      return env[`GIT_${role}_${part}`.toUpperCase()] ?? set(`${role}.${part}`) ?? set(`user.${part}`) ?? "";
    });
    return takenAsIs.test(name ?? "") && takenAsIs.test(email ?? "") ? `${name} <${email}>` : null;
  };
  const [author, committer] = [person("author"), person("committer")];
  return author === null || committer === null ? null : { author, committer };
}

/** A name or an address in which Git leaves nothing out. */
const takenAsIs = /^[^\p{Cc}\s.,:;<>"\\']([^\p{Cc}<>]*[^\p{Cc}\s.,:;<>"\\'])?$/u;

export type SetAside = {
  /** Keys of the repo's own config that name a program and are not heeded. */
  readonly keys: readonly string[];
  /** What is said instead of them. */
  readonly settings: readonly Pair[];
};
export type Pair = readonly [key: string, value: string];

/**
 * What every call of Git is given: its own look starts no program of the repo's config (git-config(1)). Hooks are kept where a
 * person's own command would run them, too.
 */
export const quiet = (keepsHooks: boolean): readonly Pair[] => [
  ...(keepsHooks ? [] : ([["core.hooksPath", "/dev/null"]] as const)),
  ["core.fsmonitor", "false"],
  ["log.showSignature", "false"],
  ["protocol.ext.allow", "never"],
  ["fetch.recurseSubmodules", "false"],
];

/** Whether a config file may hold a key of `programs`, or takes another file in; most hold none. */
export const mayNamePrograms = (text: string): boolean =>
  /filter|driver|\[\s*gpg|include|worktreeconfig|credential|sshcommand|askpass|gitproxy|uploadpack|receivepack|vcs|alternaterefscommand/i.test(
    text,
  );

/** Keys whose value Git runs when it only looks or speaks to a remote, and what it takes where nobody sets them. */
const programs: readonly (readonly [RegExp, string])[] = [
  [/^filter\..*\.(clean|smudge|process)$/s, ""],
  [/^filter\..*\.required$/s, "false"],
  // Git's own merge of a text, as of a file that names no driver (gitattributes(5), "Defining a custom merge driver").
  [/^merge\..*\.driver$/s, "git merge-file --marker-size=%L -L ours -L base -L theirs %A %O %B"],
  [/^credential\.(.*\.)?helper$/s, ""],
  [/^core\.sshcommand$/, "ssh"],
  [/^core\.askpass$/, ""],
  // The first value of this key counts, so that none of ours can take its place: the protocol that heeds it is off.
  [/^core\.gitproxy$/, ""],
  [/^core\.alternaterefscommand$/, "true"],
  [/^remote\..*\.uploadpack$/s, "git-upload-pack"],
  [/^remote\..*\.receivepack$/s, "git-receive-pack"],
  [/^remote\..*\.vcs$/s, ""],
];
/** What `git lfs install --local` writes starts only git-lfs. */
const lfs = /^filter\.lfs\.(clean|smudge|process)\0git-lfs (clean|smudge|filter-process)( --)?( %f)?$/;
const isLfs = ({ key, value }: Setting): boolean =>
  lfs.test(`${key}\0${value}`) || (key === "filter.lfs.required" && value === "true");

/** Whether the repo itself says so. */
export const isOwn = ({ scope }: Setting): boolean => scope === "local" || scope === "worktree";

/** Keys whose program signs a commit or a tag (git-config(1), "gpg.program"). */
const signing: readonly (readonly [RegExp, string])[] = [
  [/^gpg\.(openpgp\.)?program$/, "gpg"],
  [/^gpg\.x509\.program$/, "gpgsm"],
  [/^gpg\.ssh\.program$/, "ssh-keygen"],
  [/^gpg\.ssh\.defaultkeycommand$/, "true"],
];

/** What a commit of Slipway's is signed with instead of a program that only the repo names. */
export const signersSetAside = (rows: readonly Setting[]): readonly Pair[] => setAside(rows, signing).settings;

/** Which programs of the repo's own config are set aside: each has the value that the user or the machine gives it. */
export function setAside(rows: readonly Setting[], table = programs): SetAside {
  const others = (key: string) => rows.filter((row) => row.key === key && !isOwn(row)).map(({ value }) => value);
  const keys = [...new Set(rows.filter((row) => isOwn(row) && !isLfs(row)).map(({ key }) => key))];
  const settings = keys.flatMap((key): readonly Pair[] => {
    const [, neutral] = table.find(([form]) => form.test(key)) ?? [];
    if (neutral === undefined) return [];
    if (key === "core.gitproxy") return [["protocol.git.allow", "never"]];
    // An empty helper forgets those before it (gitcredentials(7)).
    if (key.endsWith(".helper")) return ["", ...others(key)].map((value) => [key, value]);
    return [[key, others(key).at(-1) ?? neutral]];
  });
  return { keys: keys.filter((key) => table.some(([form]) => form.test(key))), settings };
}

/** The rows of the repo's own config that name a program which Git would start for Slipway. */
export const ownPrograms = (rows: readonly Setting[]): readonly Setting[] => {
  const { keys } = setAside(rows);
  return rows.filter((row) => isOwn(row) && !isLfs(row) && keys.includes(row.key));
};

/** The rows of the repo's own config whose program signs a tag. */
export const ownSigners = (rows: readonly Setting[]): readonly Setting[] =>
  rows.filter((row) => isOwn(row) && signing.some(([form]) => form.test(row.key)));

/** Where the repo's own config has its hooks, null where the user's does; undefined where nobody names a folder. */
export function ownHooks(rows: readonly Setting[]): string | null | undefined {
  const row = rows.findLast(({ key }) => key === "core.hookspath");
  return row && (isOwn(row) ? row.value : null);
}

/** The hooks that run for the tag of a release and its push (githooks(5)). */
export const tagHooks = ["pre-push", "reference-transaction"] as const;
/** What `git lfs install` writes starts only git-lfs. */
export const isLfsHook = (text: string): boolean =>
  /^#!\/bin\/sh\ncommand -v git-lfs >\/dev\/null 2>&1 \|\| \{ (echo|printf) >&2 ("[^"$`]*" ?)+; exit 2; \}\ngit lfs pre-push "\$@"\n$/.test(
    text,
  );

/** `git config --null --show-scope --list`: a scope, then a key with its value after a new line. */
export function parseSettings(text: string): Setting[] {
  const parts = text.split("\0");
  return parts.flatMap((scope, at) => {
    const entry = parts[at + 1];
    if (at % 2 === 1 || entry === undefined) return [];
    const end = entry.indexOf("\n");
    return [{ scope, key: end < 0 ? entry : entry.slice(0, end), value: end < 0 ? "true" : entry.slice(end + 1) }];
  });
}

/** Settings as variables (git(1), GIT_CONFIG_COUNT), after those that are there: a key may hold any character. */
export function asVariables(
  env: Readonly<Record<string, string | undefined>>,
  settings: readonly Pair[],
): Record<string, string> {
  const before = Number(env["GIT_CONFIG_COUNT"] || 0);
  return Object.fromEntries([
    ["GIT_CONFIG_COUNT", String(before + settings.length)],
    ...settings.flatMap(([key, value], index) => [
      [`GIT_CONFIG_KEY_${before + index}`, key],
      [`GIT_CONFIG_VALUE_${before + index}`, value],
    ]),
  ]);
}
