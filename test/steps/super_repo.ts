import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commitAll, inOneShell } from "../bed/git.ts";
import { type Ground, startGround } from "./ground.ts";

/** The name of a submodule that would steer a terminal or a shell. */
export const hostile = "it's-$(touch${IFS}x)\u202e";

/** A super-repo with a remote and three submodules, which all come from one remote. */
export async function startSuperRepo() {
  const ground = await startGround({ remote: true });
  const source = join(ground.dir, "source");
  mkdirSync(source);
  writeFileSync(join(source, "file"), "one\n");
  await commitAll(source, "Start");
  const place = ground.place("super");
  await inOneShell(
    ground.repo,
    [
      "export GIT_ALLOW_PROTOCOL=file",
      'for path in amp "$2" deep/three; do git submodule --quiet add "$1" "$path"; done',
      "git add --all",
      'git commit --quiet --message "Add three submodules"',
      "git push --quiet",
      "git -C amp config user.name Ada; git -C amp config user.email ada@example.com",
    ],
    source,
    hostile,
  );
  return { ground, place, source };
}

/** What refs, their logs and the index lead to in the super-repo and `amp`, and the files of their work trees, by hash. */
export async function blobsOf({ repo }: Pick<Ground, "repo">): Promise<ReadonlySet<string>> {
  const all = "rev-list --objects --no-object-names --all --reflog --indexed-objects";
  const text = await inOneShell(repo, [
    `git ${all}`,
    // It may not be cloned, or have no work tree.
    `GIT_WORK_TREE=. git --git-dir .git/modules/amp ${all} || true`,
    "find amp super -type f ! -name .git -exec git hash-object {} +",
  ]);
  return new Set(text.split("\n"));
}
