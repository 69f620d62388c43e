import { chmodSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openRefs } from "../../lib/doors/refs.ts";
import { record } from "../../lib/kinds/record.ts";
import type { Action } from "../../lib/plan/plan.ts";
import { type GitTag, gitTag, type PushTag, pushTag, tryTag } from "../../lib/release/git_tag.ts";
import { addRemote, git } from "../bed/git.ts";
import { commit, digest, git as gitFacts } from "../unit/factory.ts";
import { type Acted, type Acting, refused, startActing } from "./acting.ts";
import { type Ground, startGround, writeTo } from "./ground.ts";

let acting: Acting;
let ground: Ground;
let remote = "";
let [one, two] = ["", ""];
beforeAll(async () => {
  [acting, ground] = await Promise.all([startActing(), startGround({ registries: 0 })]);
  one = ground.commit;
  await git(ground.repo, "commit", "--quiet", "--allow-empty", "--message", "Two");
  two = await git(ground.repo, "rev-parse", "HEAD");
  remote = await addRemote(ground.repo);
});
afterAll(async () => {
  await Promise.all([acting.end(), ground.end()]);
});

const at = (name: string) => ({ name, address: name, pushTo: name });
const act = (actions: Action | readonly Action[], from: string | null = "origin"): Promise<Acted> => {
  const place = { ...{ root: ground.repo, dir: ".", owner: ground.repo, gitDir: `${ground.repo}/.git` }, cwd: "." };
  const env = { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" };
  const more = {
    place: { ...place, gitMounts: [], gitPrograms: [] },
    env,
    git: gitFacts({ commit: one, remote: from === null ? null : at(from) }),
  };
  const [first] = [actions].flat();
  const isOfY = first && (gitTag.is(first) || pushTag.is(first)) && first.tag.startsWith("y");
  const image = isOfY ? "y" : "x";
  const named = { image, prefix: "refs/slipway", remote: more.git.remote };
  const refs = openRefs(more.place, named, env);
  return acting.actor("tagged", more).act([actions].flat(), { refs: async () => refs });
};
const tag = (name: string, at: string, more = {}): GitTag =>
  gitTag({ tag: name, commit: at, message: `Release ${name}`, ...more });
const push = (name: string, at: string): PushTag => pushTag({ tag: name, commit: at });
const namedBy = (repo: string, name: string) => git(repo, "rev-parse", `${name}^{commit}`);
const another = (name: string, has: string, wanted: string) => ({
  exitCode: 2,
  kind: "refused",
  what: `try stopped at step "1": the Git tag ${name} names ${has.slice(0, 12)}, not ${wanted.slice(0, 12)}`,
  why: "A release tag names the commit that was tested, and never moves.",
  fix: "Release the next version from this commit, or check out the tagged commit",
});

describe("a Git tag", () => {
  it("is annotated, made once and pushed once", async () => {
    expect((await act(tag("x-1.0.0", one))).states).toEqual(["done"]);
    expect((await act(tag("x-1.0.0", one))).states).toEqual(["already"]);
    expect(await git(ground.repo, "cat-file", "-t", "x-1.0.0")).toBe("tag");
    expect(await git(ground.repo, "tag", "--list", "--format=%(contents:subject)", "x-1.0.0")).toBe("Release x-1.0.0");
    expect((await act(push("x-1.0.0", one))).states).toEqual(["done"]);
    expect((await act(push("x-1.0.0", one))).states).toEqual(["already"]);
    expect(await namedBy(remote, "x-1.0.0")).toBe(one);
  });

  it("of another commit never moves, here or there", async () => {
    await act(tag("x-2.0.0", one));
    expect(refused(await act(tag("x-2.0.0", two)))).toEqual(another("x-2.0.0", one, two));
    expect(refused(await act(push("x-2.0.0", two)))).toEqual(another("x-2.0.0", one, two));
    await git(remote, "tag", "x-3.0.0", one);
    await act(tag("x-3.0.0", two));
    expect(refused(await act(push("x-3.0.0", two)))).toEqual(another("x-3.0.0", one, two));
  });

  it("that an earlier try made and did not push gives way", async () => {
    await act(tag("x-4.0.0", one));
    expect((await act(tag("x-4.0.0", two, { replaces: one }))).states).toEqual(["done"]);
    expect(await namedBy(ground.repo, "x-4.0.0")).toBe(two);
    expect(refused(await act(tag("x-4.0.0", one, { replaces: commit("c") })))).toEqual(another("x-4.0.0", two, one));
    expect((await act(tag("x-5.0.0", one, { replaces: two }))).states).toEqual(["done"]);
  });

  it("that only the remote has is there already", async () => {
    await git(remote, "tag", "x-6.0.0", one);
    expect((await act(push("x-6.0.0", one))).states).toEqual(["already"]);
  });

  it("is not pushed where there is no remote", async () => {
    expect((await act(push("x-7.0.0", one), null)).states).toEqual(["already"]);
  });

  it("that Git does not make or push is refused in its words", async () => {
    expect(refused(await act(tag("x-8..0", one)))).toMatchObject({
      ...{ kind: "git", exitCode: 128, what: 'try stopped at step "1": git could not tag x-8..0' },
      why: "fatal: 'x-8..0' is not a valid tag name.",
      fix: "Ask for permission to push tags, then run the same command again",
    });
    expect(refused(await act(push("x-9.0.0", one)))).toMatchObject({
      what: 'try stopped at step "1": the Git tag x-9.0.0 is no longer in this clone',
      fix: "Run the same command again",
    });
    expect(refused(await act(push("x-9.0.0", one), "nowhere"))).toMatchObject({
      why: expect.stringContaining("Git says: fatal: 'nowhere' does not appear to be a git repository"),
      fix: expect.stringContaining("git remote get-url nowhere"),
    });
  });

  it("is made by whoever the user is to Git, and by Slipway where that is nobody", async () => {
    const tagger = (name: string) => git(ground.repo, "tag", "--list", "--format=%(taggername) %(taggeremail)", name);
    await git(ground.repo, "config", "user.useConfigOnly", "true");
    await act(tag("x-11.0.0", one));
    expect(await tagger("x-11.0.0")).toBe("slipway <slipway@localhost>");
    await git(ground.repo, "config", "user.name", "Bea");
    await git(ground.repo, "config", "user.email", "bea@example.com");
    await act(tag("x-12.0.0", one));
    expect(await tagger("x-12.0.0")).toBe("Bea <bea@example.com>");
  });

  it("that is refused with what goes with it is told by its own name", async () => {
    chmodSync(writeTo(join(remote, "hooks/update"), "case $1 in refs/tags/*) echo no tags >&2; exit 1;; esac"), 0o755);
    const skip = { type: "skip", digest: digest("a"), version: "1.0.0", list: "qa", why: "--no-qa-tests" } as const;
    const skipped = record({ image: "x", entry: skip });
    const ended = await act([tag("x-15.0.0", one), skipped, push("x-15.0.0", one)]);
    rmSync(join(remote, "hooks"), { recursive: true });
    expect(refused(ended)).toMatchObject({
      what: "the ref refs/tags/x-15.0.0 could not be moved on origin: [remote rejected] (hook declined)",
      why: expect.stringContaining("The server says: no tags"),
      fix: expect.stringContaining("let you push the tags of releases"),
    });
  });
});

describe("a Git tag is tried before the build", () => {
  const claim = "refs/slipway/claim/y-1.0.0";
  const trial = (name: string, more = {}): Action => ({
    ...tryTag({ tag: name, commit: one, message: `Release ${name}`, claim }),
    ...more,
  });
  const hook = (name: string, lines: string) => {
    writeTo(join(remote, "hooks", name), `#!/bin/sh\n${lines}\n`);
    chmodSync(join(remote, "hooks", name), 0o755);
  };
  const left = async () => [await git(ground.repo, "tag", "--list", "y-*"), await git(remote, "tag", "--list", "y-*")];
  beforeAll(async () => {
    await git(remote, "update-ref", claim, one);
    await git(ground.repo, "config", "user.name", "Bea");
    await git(ground.repo, "config", "user.email", "bea@example.com");
  });
  afterEach(() => rmSync(join(remote, "hooks"), { recursive: true, force: true }));

  it("and leaves nothing, here or there", async () => {
    hook("update", `echo "$1" >> ${remote}/asked`);
    expect((await act(trial("y-1.0.0"))).states).toEqual(["done"]);
    expect(await left()).toEqual(["", ""]);
    expect(readFileSync(join(remote, "asked"), "utf8").split("\n")).toContain("refs/tags/y-1.0.0");
    expect(await git(remote, "for-each-ref", "--format=%(refname)", "refs/slipway/claim")).toBe(claim);
  });

  it("and goes on where a server takes no atomic push, or there is none", async () => {
    await git(remote, "config", "receive.advertiseAtomic", "false");
    expect((await act(trial("y-2.0.0"))).states).toEqual(["done"]);
    await git(remote, "config", "receive.advertiseAtomic", "true");
    expect((await act(trial("y-2.0.0"), null)).states).toEqual(["done"]);
    expect((await act(trial("y-2.0.0", { claim: null }), "nowhere")).states).toEqual(["done"]);
    expect(await left()).toEqual(["", ""]);
  });

  it.each([
    ["update", 'case $1 in refs/tags/*) echo "tags are made by the CI" >&2; exit 1;; esac'],
    ["pre-receive", 'if grep -q refs/tags/; then echo "tags are made by the CI" >&2; exit 1; fi'],
  ])("and refused where the server protects tags (%s), in the server's words", async (name, lines) => {
    hook(name, lines);
    expect(refused(await act(trial("y-3.0.0")))).toMatchObject({
      what: 'try stopped at step "1": origin would not take the Git tag y-3.0.0',
      why: expect.stringContaining("The server says: tags are made by the CI"),
      fix: expect.stringContaining("let you push the tags of releases"),
    });
    expect(await left()).toEqual(["", ""]);
  });

  it("and is then made of the same object and pushed without the user's hook, which saw it", async () => {
    const own = join(ground.repo, ".git/hooks/pre-push");
    const seen = join(ground.dir, "seen");
    chmodSync(writeTo(own, `#!/bin/sh\ncat >> ${seen}\n`), 0o755);
    const made = tag("y-6.0.0", one);
    expect((await act([trial("y-6.0.0"), made, push("y-6.0.0", one)])).states).toEqual(["done", "done", "done"]);
    rmSync(own);
    const pushed = await git(remote, "rev-parse", "refs/tags/y-6.0.0");
    const lines = readFileSync(seen, "utf8").split("\n");
    expect(lines.filter((line) => line.includes("refs/tags/y-6.0.0"))).toEqual([
      expect.stringContaining(`refs/tags/y-6.0.0 ${pushed} `),
    ]);
    for (const repo of [ground.repo, remote]) await git(repo, "tag", "--delete", "y-6.0.0");
  });

  it("and refused where the user's hook would stop it", async () => {
    const own = join(ground.repo, ".git/hooks/pre-push");
    chmodSync(writeTo(own, "#!/bin/sh\nexit 1\n"), 0o755);
    expect(refused(await act(trial("y-4.0.0"))).fix).toMatch(/^Your pre-push hook refused it/);
    rmSync(own);
    expect(await left()).toEqual(["", ""]);
  });

  it("and refused where the user's key does not sign", async () => {
    await git(ground.repo, "config", "tag.gpgSign", "true");
    await git(ground.repo, "config", "gpg.program", "false");
    expect(refused(await act(trial("y-5.0.0")))).toMatchObject({
      what: 'try stopped at step "1": git could not tag y-5.0.0',
      why: expect.stringContaining("Your Git signs tags, and the key for it could not be used."),
      fix: expect.stringContaining("user.signingKey"),
    });
    const gpg = join(ground.dir, "gpg");
    chmodSync(
      writeTo(gpg, "#!/bin/sh\ncat > /dev/null\necho >&2\necho '[GNUPG:] SIG_CREATED ' >&2\necho SIGNATURE of $*\n"),
      0o755,
    );
    await git(ground.repo, "config", "gpg.program", gpg);
    expect((await act(trial("y-5.0.0"))).states).toEqual(["done"]);
    await act(tag("x-13.0.0", one));
    expect(await git(ground.repo, "cat-file", "tag", "x-13.0.0")).toContain("-bsau Bea <bea@example.com>");
    await git(ground.repo, "config", "--unset", "tag.gpgSign");
  });
});
