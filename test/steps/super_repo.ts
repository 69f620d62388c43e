import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { commitAll, inOneShell } from "../bed/git.ts";
import { type Ended, type Ground, type Place, startGround } from "./ground.ts";

/** The name of a submodule that would steer a terminal or a shell. */
export const hostile = "it's-$(touch${IFS}x)\u202e";

export type SuperRepo = {
  readonly ground: Ground;
  readonly place: Place;
  /** Where the submodules come from. */
  readonly source: string;
  /** Puts repo and remotes back as they were at the start. */
  readonly again: () => Promise<void>;
};

/** A super-repo with a remote and three submodules, which all come from one remote. */
export async function startSuperRepo(): Promise<SuperRepo> {
  const ground = await startGround({ remote: true });
  const source = join(ground.dir, "source");
  mkdirSync(source);
  for (const repo of [source, ground.repo]) writeFileSync(join(repo, "file"), "one\n");
  await commitAll(source, "Start");
  const place = ground.place("super");
  await inOneShell(
    ground.repo,
    [
      "export GIT_ALLOW_PROTOCOL=file",
      'for path in amp "$2" deep/three; do git submodule --quiet add "$1" "$path"; done',
      "git add --all",
      'git commit --quiet --message "Add three submodules"',
      "git push --quiet; git remote set-head origin main",
      "git -C amp config user.name Ada; git -C amp config user.email ada@example.com",
      "cd ..; rm -f repo/.git/hooks/* repo/.git/modules/*/hooks/*; mkdir kept; cp -a repo repo.git source kept/",
    ],
    source,
    hostile,
  );
  const back = 'cd ..; rm -rf repo repo.git source "$1"; cp -a kept/* .';
  const again = async () => void (await inOneShell(ground.repo, [back], join(ground.dir, "tree")));
  return { ground, place, source, again };
}

/** Shell: a commit in the remote of the repo where one is, on its main: `far MESSAGE FILE TEXT`. */
export const far = [
  "far() { (",
  '  cd "$(git config remote.origin.url)"; tab="$(printf "\\t")"',
  '  blob="$(echo "$3" | git hash-object -w --stdin)"',
  '  tree="$( (git ls-tree main | grep -v "$tab$2\\$" || true; printf "100644 blob %s\\t%s\\n" "$blob" "$2") | git mktree)"',
  '  git update-ref refs/heads/main "$(git commit-tree -p main -m "$1" "$tree")"',
  ") }",
].join("\n");

/** Lines of shell that plant a state in the repo where one is, the super-repo or one of its submodules. */
export const planted = {
  clean: [],
  dirty: ["echo changed >>file; echo new >new"],
  detached: ["git checkout -q --detach"],
  ahead: ["echo mine >mine; git add mine; git commit -q -m Mine"],
  diverged: ["echo mine >mine; git add mine; git commit -q -m Mine", "far Theirs theirs theirs"],
  conflict: [
    "git checkout -q -b left; echo left >file; git commit -qam Left",
    "git checkout -q -b right main; echo right >file; git commit -qam Right; git merge -q left || true",
  ],
  "no remote": ["git config --rename-section remote.origin away.origin; git branch -q --unset-upstream"],
  "remote down": ["git remote set-url origin /nowhere.git"],
  unborn: ["git checkout -q --orphan fresh"],
  worktree: ['git worktree add -q -b aside "$1"'],
  shallow: ['git rev-parse HEAD >"$(git rev-parse --git-dir)/shallow"'],
  "not cloned": ['cd "$2"; git submodule --quiet deinit amp'],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type State = keyof typeof planted;

/** Plants a state in a repo of a fresh super-repo, after other lines there; `$1` is a folder beside it. */
export async function plant({ ground }: SuperRepo, path: string, state: State, ...before: readonly string[]) {
  const lines = [far, 'cd "$3"', ...before, ...planted[state]];
  return inOneShell(ground.repo, lines, join(ground.dir, "tree"), ground.repo, path);
}

/** The user's own settings of Git while something runs, and Ctrl-C as soon as a file called `began` is there. */
export async function interruptedWith(ground: Ground, settings: string, run: () => Promise<Ended>): Promise<Ended> {
  const [config, began] = [join(ground.dir, "gitconfig"), join(ground.dir, "began")];
  writeFileSync(config, settings.replaceAll("BEGAN", began));
  const before = ground.env["GIT_CONFIG_GLOBAL"];
  ground.env["GIT_CONFIG_GLOBAL"] = config;
  const looking = setInterval(() => {
    if (!existsSync(began)) return;
    clearInterval(looking);
    process.emit("SIGINT", "SIGINT");
  }, 5);
  try {
    return await run();
  } finally {
    clearInterval(looking);
    ground.env["GIT_CONFIG_GLOBAL"] = before;
    rmSync(began);
  }
}

/** What refs, their logs and the index lead to in all repos and remotes, and the files of their work trees, by hash. */
export async function blobsOf({ dir }: Pick<Ground, "dir">): Promise<ReadonlySet<string>> {
  const all = "rev-list --objects --no-object-names --all --reflog --indexed-objects";
  const text = await inOneShell(dir, [
    // A submodule may not be cloned, or have no work tree.
    `for git in repo/.git repo/.git/modules/amp repo.git source/.git; do GIT_WORK_TREE=. git --git-dir $git ${all}; done`,
    "find repo -name .git -prune -o -type f -exec git hash-object --no-filters {} +",
  ]);
  return new Set(text.split("\n"));
}

/** Runs a workflow; what was there before is there afterwards. */
export async function keeping({ ground }: Pick<SuperRepo, "ground">, run: () => Promise<Ended>): Promise<Ended> {
  const before = await blobsOf(ground);
  const ended = await run();
  const after = await blobsOf(ground);
  expect([...before].filter((blob) => !after.has(blob))).toEqual([]);
  return ended;
}
