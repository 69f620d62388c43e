import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TagRef } from "../../lib/model/plan.ts";
import { addRemote, git } from "../bed/git.ts";
import { type Acted, type Acting, refused, startActing } from "./acting.ts";
import { commit, git as gitFacts } from "./factory.ts";
import { type Ground, startGround } from "./ground.ts";

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

const act = (action: TagRef, from: string | null = "origin"): Promise<Acted> => {
  const place = { ...{ root: ground.repo, dir: ".", owner: ground.repo, gitDir: `${ground.repo}/.git` }, cwd: "." };
  const env = { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" };
  const more = { place: { ...place, gitMounts: [] }, env, git: gitFacts({ commit: one, remote: from }) };
  return acting.actor("tagged", more).act([action]);
};
const tag = (name: string, at: string, more = {}): TagRef => ({
  ...{ kind: "git_ref", op: "tag", tag: name, commit: at, message: `Release ${name}`, ...more },
});
const push = (name: string, at: string): TagRef => ({ kind: "git_ref", op: "push_tag", tag: name, commit: at });
const namedBy = (repo: string, name: string) => git(repo, "rev-parse", `${name}^{commit}`);
const another = (name: string, has: string, wanted: string) => ({
  exitCode: 2,
  kind: "refused",
  what: `try stopped at step "1": the Git tag ${name} names ${has.slice(0, 12)}, not ${wanted.slice(0, 12)}`,
  why: "A tag of a release names the commit that was tested, and never moves.",
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
      fix: "Ask for the right to push tags, then type the same command again",
    });
    const denied = refused(await act(push("x-9.0.0", one)));
    expect(denied.what).toBe('try stopped at step "1": git could not push tag x-9.0.0');
    expect(denied.why).toContain("error: failed to push some refs to");
    expect(refused(await act(push("x-9.0.0", one), "nowhere")).why).toContain("the repository exists.");
  });
});
