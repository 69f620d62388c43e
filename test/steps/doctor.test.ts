import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import doctor from "../../scripts/doctor.ts";
import { inOneShell } from "../bed/git.ts";
import { type Ground, type Place, startGround, states, told } from "./ground.ts";

let ground: Ground;
let place: Place;
/** The only programs of this machine: an apt-get that keeps what it was asked, and leaves a program for each package. */
let bin = "";
beforeAll(async () => {
  ground = await startGround({ registries: 0, remote: true });
  place = ground.place("ill");
  await inOneShell(ground.repo, ["git add --all; git commit --quiet --message Two; git push --quiet"]);
  bin = join(ground.dir, "machine");
  mkdirSync(bin);
  for (const name of ["git", "bash", "sh", "cat"])
    symlinkSync(await inOneShell(ground.dir, ['command -v "$1"'], name), join(bin, name));
  program(
    "apt-get",
    `[ "$1" = install ] || exit 0
echo "$*" >>'${bin}/asked'
for name; do case $name in -* | install) ;; *) printf '#!/bin/sh\\necho %s 1.2\\n' "$name" >'${bin}/'"\${name%cli}"; /bin/chmod +x '${bin}/'"\${name%cli}" ;; esac; done
`,
  );
  program("docker", 'case "$1" in --version | buildx | compose) echo "docker 27.0" ;; *) exit 1 ;; esac');
  ground.env["PATH"] = bin;
});
afterAll(() => ground.end());
beforeEach(async () => {
  for (const name of ["asked", "tmux", "aws", "gh"]) rmSync(join(bin, name), { force: true });
  await inOneShell(
    ground.repo,
    ['git rev-parse HEAD >.git/shallow; git remote set-url origin "file://$1"'],
    ground.shared,
  );
});

function program(name: string, text: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(bin, name), 0o755);
}
const run = (...words: readonly string[]) => place.run(["doctor", doctor], ...words);
const asked = () => (existsSync(join(bin, "asked")) ? readFileSync(join(bin, "asked"), "utf8") : "");
const isShallow = () => existsSync(join(ground.repo, ".git/shallow"));
type Row = { readonly what: string; readonly ok: boolean; readonly needed: boolean };
/** What is needed and missing; what this machine's kernel emulates is its own. */
const rows = (result: unknown) =>
  (result as readonly Row[]).flatMap(({ what, ok, needed }) => (needed && !ok ? [what] : []));

it("doctor --fix fixes what it can after a yes, tells what is left, and has nothing to do the second time", async () => {
  const first = await run("--fix", "--yes", "--json");
  expect(asked()).toBe("install --yes --no-install-recommends tmux awscli gh\n");
  expect(isShallow()).toBe(false);
  // What only a person can fix is still told, with the exit code of it.
  expect([first.code, rows(told(first).result)]).toEqual([1, ["engine"]]);
  const second = await run("--fix", "--json");
  expect([states(second), second.code]).toEqual([{ report: "done" }, 1]);
  expect(asked()).toBe("install --yes --no-install-recommends tmux awscli gh\n");
});

it("nothing is fixed by a dry run, without an answer, or after a no", async () => {
  expect((await run("--fix", "--dry-run")).out).toContain(
    "> apt-get install --yes --no-install-recommends tmux awscli gh",
  );
  expect(await run("--fix")).toMatchObject({ code: 2, err: expect.stringContaining("--yes") });
  const no = await ground.person(["n"], () => run("--fix"));
  expect(no).toMatchObject({ code: 2, err: expect.stringContaining("  git fetch --unshallow") });
  expect([asked(), isShallow()]).toEqual(["", true]);
});

it("a fix that fails ends it with its exit code, and the same line goes on", async () => {
  await inOneShell(ground.repo, ["git remote set-url origin ../nowhere.git"]);
  const failed = await run("--fix", "--yes");
  expect([failed.code, asked()]).toEqual([128, "install --yes --no-install-recommends tmux awscli gh\n"]);
  await inOneShell(ground.repo, ['git remote set-url origin "file://$1"'], ground.shared);
  const again = await ground.person(["y"], () => run("--fix"));
  expect([again.code, isShallow()]).toEqual([1, false]);
  expect(again.err).not.toContain("apt-get install");
});
