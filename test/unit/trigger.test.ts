import { describe, expect, it } from "vitest";
import { decide, readEvent } from "../../lib/names/trigger.ts";
import { commit, refusal } from "./factory.ts";

const repository = { full_name: "acme/cmamp", default_branch: "main", fork: false };
const push = (ref: string, more: object = {}) =>
  JSON.stringify({ ref, after: commit("a"), deleted: false, repository, head_commit: { id: commit("b") }, ...more });
const decided = (event: string, text: string, channels: Readonly<Record<string, readonly string[]>> = {}) =>
  decide(readEvent(event, text), { image: "cmamp", channels });
const said = (event: string, text: string, channels?: Readonly<Record<string, readonly string[]>>) => {
  const one = decided(event, text, channels);
  if (one.build === "branch") return `branch ${one.branch}`;
  return one.build === "release" ? `${one.stage} ${one.version}` : one.why;
};

describe("a push", () => {
  it.each([
    ["refs/heads/feature/doodad", "branch feature/doodad"],
    ["refs/heads/it's-$(x)", "branch it's-$(x)"],
    ["refs/heads/constructor", "branch constructor"],
    ["refs/heads/main", "main is released by tags, and release.channels gives it none of its own"],
    ["refs/tags/cmamp-1.2.0", "dev 1.2.0"],
    ["refs/tags/cmamp-prod-1.2.0", "prod 1.2.0"],
    ["refs/tags/1.2.0", "dev 1.2.0"],
    ["refs/tags/v1.2.0", "dev 1.2.0"],
    ["refs/tags/prod-1.2.0", "the tag is of no release of this image"],
    ["refs/tags/other-1.2.0", "the tag is of no release of this image"],
    ["refs/tags/cmamp-1.2.0-rc1", "the tag is of no release of this image"],
    ["refs/tags/cmamp-1.2.0\n", "the tag is of no release of this image"],
    ["refs/notes/x", "no branch and no tag was pushed"],
  ])("of %j asks for: %s", (ref, wanted) => {
    expect(said("push", push(ref))).toBe(wanted);
  });

  it("is of the commit, not of the tag's own object", () => {
    expect(readEvent("push", push("refs/tags/1.2.0")).commit).toBe(commit("b"));
    expect(readEvent("push", push("refs/heads/x", { head_commit: null })).commit).toBe(commit("a"));
  });

  it("of the main branch asks for its image where release.channels has it", () => {
    expect(said("push", push("refs/heads/main"), { main: ["edge"] })).toBe("branch main");
  });

  it.each([
    [{ deleted: true, head_commit: null }, "the ref was deleted"],
    [{ repository: { ...repository, fork: true } }, "the code is of a fork, which has no right to release here"],
  ])("with %j asks for nothing: %s", (more, wanted) => {
    expect(said("push", push("refs/heads/x", more))).toBe(wanted);
  });

  it.each(["refs/heads/a b", "refs/heads/-x", "refs/heads/a\nb", "refs/heads/a..b", `refs/heads/${"x".repeat(256)}`])(
    "of %j, which Git has no such branch for, is refused",
    (ref) => {
      expect(refusal(() => decided("push", push(ref))).message).toContain("is not the name of a branch");
    },
  );

  it.each([
    ["", "push"],
    ["[]", "push"],
    ["{", "push"],
    ["{}", "schedule"],
    [push("main"), "push"],
    [push("refs/heads/x", { head_commit: { id: "--output=x" } }), "push"],
    [push("refs/heads/x", { head_commit: null, after: 7 }), "push"],
  ])("that %j tells of is refused", (text, event) => {
    expect(refusal(() => decided(event, text)).message).toContain("holds no event");
  });
});

it.each([
  ["pull_request", { pull_request: { head: { repo: repository } } }, "the push to its branch is what releases it"],
  [
    "pull_request_target",
    { pull_request: { head: { repo: { full_name: "eve/cmamp" } } } },
    "the code is of a fork, which has no right to release here",
  ],
  [
    "pull_request",
    { pull_request: { head: { repo: null } } },
    "the code is of a fork, which has no right to release here",
  ],
  ["schedule", {}, "a schedule tests what is there"],
  ["issues", {}, "an event issues brings no code"],
  ["workflow_dispatch", { ref: "refs/heads/main" }, "branch main"],
])("the event %s with %j asks for: %s", (event, more, wanted) => {
  expect(said(event, JSON.stringify({ repository, ...more }))).toBe(wanted);
});
