import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commitAll, git } from "../bed/git.ts";
import { handIndex } from "../bed/hand_image.ts";
import { startLive } from "../bed/live.ts";
import { writeLog } from "../bed/log.ts";
import { logOf } from "../bed/oracle.ts";
import { pushTo, releaseByHand } from "../bed/released.ts";
import { newer, older, releasedTwice } from "../bed/released_twice.ts";
import { change, type Ground, makeGround } from "../bed/tiny_repo.ts";
import { workflowsIn } from "../bed/workflow.ts";

let ground: Ground;
beforeAll(async () => {
  ground = await makeGround(2);
});
afterAll(() => ground.end());

describe("release_check", () => {
  const check = async (repo: string, ...words: readonly string[]) => {
    const { code, stdout, stderr } = await workflowsIn(repo)("release_check", "--json", ...words);
    expect(stdout, stderr).toMatch(/^\{/);
    const told = JSON.parse(stdout) as { result: Told; steps: readonly { id: string; state: string }[] };
    const line = (id: string) => told.result.checked.find((one) => one.id === id);
    return {
      code,
      ...told,
      line,
      wrong: told.result.checked.filter(({ state }) => state === "wrong").map(({ id }) => id),
    };
  };
  type Told = {
    readonly list: string;
    readonly checked: readonly {
      readonly id: string;
      readonly state: string;
      readonly value: string;
      readonly fix: string;
    }[];
    readonly byHand: readonly { readonly id: string; readonly state: string }[];
  };

  it("before a release tells what is missing, each with the line that fixes it, until all of it is done", async () => {
    const repo = await ground.repo("before");
    writeFileSync(join(repo, "source.sh"), "true\n# changed\n");
    const first = await check(repo);
    expect([first.code, first.result.list]).toEqual([1, "pre"]);
    expect(first.wrong).toEqual([
      "image_built",
      "committed",
      "fast_tests",
      "slow_tests",
      "superslow_tests",
      "qa_tests",
    ]);
    expect(first.line("image_built")?.fix).toBe("i docker_build_local --version 1.0.0");
    expect(first.line("changelog")).toMatchObject({ state: "ok", value: "line 1, 2025-01-20" });
    await commitAll(repo, "Change");
    const i = workflowsIn(repo);
    for (const { fix } of first.result.checked.filter(({ id }) => id === "image_built" || id.endsWith("_tests"))) {
      const [, name = "", ...words] = fix.split(" ");
      expect((await i(name, ...words, "--yes")).code, fix).toBe(0);
    }
    const second = await check(repo);
    expect([second.code, second.wrong]).toEqual([0, []]);
    await change(repo, { "source.sh": "true\n# changed again\n" });
    const third = await check(repo);
    expect(third.wrong).toEqual(["fast_tests", "slow_tests", "superslow_tests", "qa_tests"]);
    expect(third.line("qa_tests")?.value).toMatch(/which is not this commit$/);
  });

  it("leaves lines of a person open without a terminal, also with --yes", async () => {
    const repo = await releasedTwice(ground, "nobody");
    const told = await check(repo, "--yes");
    expect(told.result.byHand.map(({ state }) => state)).toEqual(["open", "open"]);
    expect(told.steps.filter(({ id }) => id !== "report").map(({ state }) => state)).toEqual(["open", "open"]);
    expect((await logOf(`${repo}.git`, "nobody")).filter(({ type }) => type === "confirm")).toEqual([]);
    const { stdout } = await workflowsIn(repo)("release_check");
    expect(stdout).toContain("open     Make an integration with the repos that share the code");
  });

  it("asks a person in a terminal, records what they confirm, and does not ask that again", async () => {
    const repo = await releasedTwice(ground, "person");
    const live = startLive(repo, "terminal", ["release_check"]);
    await live.says(/Make an integration[\s\S]*\(y\/N\)/);
    live.type("y\r");
    await live.says(/Tell users[\s\S]*\(y\/N\)/);
    live.type("n\r");
    expect(await live.ended).toBe(1);
    const told = await check(repo);
    expect(told.result.byHand).toMatchObject([
      { id: "integration", state: "confirmed" },
      { id: "users_pulled", state: "open" },
    ]);
    const confirmed = (await logOf(`${repo}.git`, "person")).filter(({ type }) => type === "confirm");
    expect(confirmed).toMatchObject([{ stage: "dev", version: "1.1.0", line: "integration", digest: newer.digest }]);
  });

  it("after a release finds a registry that has another image, a missing Git tag and that nobody was told", async () => {
    const repo = await releasedTwice(ground, "after");
    const first = await check(repo);
    expect([first.code, first.result.list, first.wrong]).toEqual([1, "post", ["announced"]]);
    await pushTo(ground, "r2", { name: "after", tag: "dev-1.1.0", image: older });
    await pushTo(ground, "r2", { name: "after", tag: "dev", image: older });
    await git(repo, "push", "--quiet", "--delete", "origin", "after-1.1.0");
    const second = await check(repo);
    expect(second.wrong).toEqual(["pushed_to_r2", "mutable_tag", "git_tag", "announced"]);
    expect(second.line("pushed_to_r2")).toMatchObject({ value: `another image, ${older.digest}` });
    expect(second.line("git_tag")?.fix).toBe("i docker_push_dev --version 1.1.0");
  });

  it("of prod looks at prod, and of prod before a release at the dev image it stands on", async () => {
    const repo = await releasedTwice(ground, "checked-ship");
    await releaseByHand(ground, repo, [{ stage: "prod", version: "1.1.0", image: handIndex("prod") }]);
    const signed = { at: "2025-03-01T10:00:00.000Z", by: "bob", host: "ci" };
    const entry = { type: "announce", stage: "prod", version: "1.1.0", digest: handIndex("prod").digest } as const;
    await writeLog(`${repo}.git`, "checked-ship", [{ ...entry, channel: "slack", ...signed }]);
    const after = await check(repo, "--stage", "prod");
    expect([after.result.list, after.wrong]).toEqual(["post", ["git_tag"]]);
    expect(after.result.byHand.map(({ id }) => id)).toContain("deployed");
    const before = await check(repo, "--stage", "prod", "--version", "1.2.0");
    expect(before.result.list).toBe("pre");
    expect(before.line("dev_released")).toMatchObject({ state: "wrong", fix: "i docker_release_dev --version 1.2.0" });
  });
});
