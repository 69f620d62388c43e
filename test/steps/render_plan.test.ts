import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { announce } from "../../lib/kinds/announce.ts";
import { byHand } from "../../lib/kinds/by_hand.ts";
import { cmd, command } from "../../lib/kinds/command.ts";
import { record } from "../../lib/kinds/record.ts";
import { verifyDigest } from "../../lib/kinds/verify_digest.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import { type Action, type Plan, step } from "../../lib/plan/plan.ts";
import { quote, renderAction, renderPlan } from "../../lib/plan/render_plan.ts";
import { checkDisk } from "../../lib/release/check_disk.ts";
import { checkPush } from "../../lib/release/check_push.ts";
import { returnClaim, takeClaim } from "../../lib/release/claim.ts";
import { copyImage } from "../../lib/release/copy_image.ts";
import { gitTag, pushTag } from "../../lib/release/git_tag.ts";
import { moveTag } from "../../lib/release/move_tag.ts";
import { snapshot } from "../../lib/tests/snapshot.ts";
import { commit, digest } from "../unit/factory.ts";

const d = digest("a");
const ecr = { registry: "ecr", repository: "127.0.0.1:5001/cmamp" };
const hub = { registry: "hub", repository: "acme/cmamp" };
const skopeo = "skopeo copy --all --preserve-digests docker://";

describe("quote", () => {
  it.each(["plain", "a=b", "--x=y,z", "host:5000/a@b", "%", "a_b-c.d+e"])("leaves %s as it is", (word) => {
    expect(quote(word)).toBe(word);
  });

  it.each(["", "a b", "it's", "$HOME", "`id`", "a\nb", "*", "~", "!", "ä", "\\", "''", "a\tb", "#x", "(", "{a,b}"])(
    "writes %j so that sh reads it back",
    (word) => {
      expect(execFileSync("sh", ["-c", `printf %s ${quote(word)}`], { encoding: "utf8" })).toBe(word);
    },
  );
});

describe("every action has a line", () => {
  it.each<[Action["kind"], Action, readonly string[]]>([
    ["command", cmd`git commit --message ${"it's done"}`, ["git commit --message 'it'\\''s done'"]],
    ["command", command({ ...cmd`make`, cwd: "a b" }), ["(cd 'a b' && make)"]],
    [
      "command",
      command({ ...cmd`pytest`, env: { A: "b c", IMAGE: { from: "build" } } }),
      ["A='b c' IMAGE=<digest of build> pytest"],
    ],
    [
      "command",
      command({ ...cmd`docker login --password-stdin`, input: ["cat", "my token"] }),
      ["cat 'my token' | docker login --password-stdin"],
    ],
    ["command", cmd`docker tag ${{ from: "build" }} cmamp:dev`, ["docker tag <digest of build> cmamp:dev"]],
    [
      "copy_image",
      copyImage({ digest: d, tag: "dev-1.2.0", from: ecr, to: [hub] }),
      [`${skopeo}127.0.0.1:5001/cmamp@${d} docker://acme/cmamp:dev-1.2.0`],
    ],
    [
      "move_tag",
      moveTag({
        image: "cmamp",
        tag: "dev",
        version: "1.2.0",
        why: "release",
        to: d,
        places: [
          { ...ecr, seen: null },
          { ...hub, seen: d },
        ],
      }),
      [
        `${skopeo}127.0.0.1:5001/cmamp@${d} docker://127.0.0.1:5001/cmamp:dev`,
        `${skopeo}acme/cmamp@${d} docker://acme/cmamp:dev`,
      ],
    ],
    [
      "verify_digest",
      verifyDigest({ tag: "dev", digest: { from: "build" }, places: [hub] }),
      ["skopeo inspect --format '{{.Digest}}' docker://acme/cmamp:dev   # <digest of build>"],
    ],
    [
      "git_tag",
      gitTag({ tag: "cmamp-1.2.0", commit: commit("a"), message: "Release it" }),
      [`git tag --annotate cmamp-1.2.0 ${commit("a")} --message 'Release it'`],
    ],
    ["push_tag", pushTag({ tag: "cmamp-1.2.0", commit: commit("a") }), ["git push origin refs/tags/cmamp-1.2.0"]],
    [
      "claim",
      takeClaim({ ref: "refs/slipway/claim/x" }),
      ["git push --porcelain --no-verify --force-with-lease=refs/slipway/claim/x: origin <claim>:refs/slipway/claim/x"],
    ],
    [
      "release_claim",
      returnClaim({ ref: "refs/slipway/claim/x" }),
      ["git push --no-verify origin :refs/slipway/claim/x"],
    ],
    [
      "record",
      record({
        image: "cmamp",
        entry: {
          type: "release",
          stage: "dev",
          version: "1.2.0",
          digest: { from: "build" },
          commit: "c",
          registries: ["ecr"],
        },
      }),
      [
        '# record in the log of cmamp: type=release stage=dev version=1.2.0 digest=<digest of build> commit=c registries=["ecr"]',
      ],
    ],
    ["write_file", writeFile({ path: "a/b", content: "1\n2\n" }), ["# write a/b, 2 lines"]],
    [
      "snapshot",
      snapshot({ path: ".git/s p", code: { commit: commit("c"), branch: "main", mounted: [] } }),
      [
        "git clone --no-checkout . '.git/s p'",
        `git -C '.git/s p' checkout -B main ${commit("c")}   # and its submodules`,
      ],
    ],
    [
      "snapshot",
      snapshot({ path: "s", code: { commit: commit("c"), branch: null, mounted: [] } }),
      ["git clone --no-checkout . s", `git -C s checkout --detach ${commit("c")}   # and its submodules`],
    ],
    ["snapshot", snapshot({ path: "s", code: null }), ["rm -rf s"]],
    ["announce", announce({ text: "one <digest>\ntwo", digest: d }), [`# one ${d}`, "# two"]],
    ["by_hand", byHand({ text: "Tell the team" }), ["# by hand: Tell the team"]],
    ["check_disk", checkDisk({}), ["docker system df"]],
    ["check_push", checkPush({ places: [hub] }), ["# open an upload in acme/cmamp and cancel it: may we push?"]],
  ])("%s %#", (kind, action, lines) => {
    expect(action.kind).toBe(kind);
    expect(renderAction(action, "origin")).toEqual(lines);
  });
});

describe("renderPlan", () => {
  const build = step("build_local", "Build", [cmd`make`]);
  const tag = step("tag", "Tag", [cmd`docker tag ${{ from: "build_local" }} x`]);
  const plan = (...steps: Plan["steps"]): Plan => ({
    slipway: 2,
    workflow: "docker_x",
    dir: ".",
    image: "cmamp",
    version: null,
    steps,
  });

  it("numbers the steps and puts a line below each", () => {
    expect(renderPlan(plan(build, tag))).toBe(
      [
        "docker_x:",
        " 1. build_local: Build",
        "      > make",
        " 2. tag: Tag",
        "      > docker tag <digest of build_local> x",
      ].join("\n"),
    );
  });

  it("shows why a step is skipped, and none of its lines", () => {
    expect(renderPlan(plan({ ...build, skip: "already built" }))).toBe(
      "docker_x:\n 1. build_local: Build (skipped: already built)",
    );
  });
});
