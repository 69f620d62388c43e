import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commitAll, git } from "../bed/git.ts";
import { handImage, handIndex } from "../bed/hand_image.ts";
import { startLive } from "../bed/live.ts";
import { writeLog } from "../bed/log.ts";
import { changes, logOf } from "../bed/oracle.ts";
import { pushTo, releaseByHand, tagByHand } from "../bed/released.ts";
import { change, changelog, type Ground, makeGround } from "../bed/tiny_repo.ts";
import { workflowsIn } from "../bed/workflow.ts";

let ground: Ground;
beforeAll(async () => {
  ground = await makeGround(2);
});
afterAll(() => ground.end());

const older = handImage("older", [5_000, 300_000]);
const lower = older.blobs[2] ?? { digest: "", size: 0 };
/** 300 kB of it are a layer of the older one. */
const newer = handImage("newer", [20_000], [lower]);

/** A repo with dev 1.0.0 and 1.1.0 released, a commit in between, and both Git tags on the remote. */
async function releasedTwice(name: string): Promise<string> {
  const repo = await ground.repo(name);
  await releaseByHand(ground, repo, [{ stage: "dev", version: "1.0.0", image: older }]);
  await tagByHand(repo, [{ stage: "dev", version: "1.0.0" }]);
  await change(repo, { "changelog.txt": changelog(name, "1.1.0", "1.0.0") });
  await git(repo, "commit", "--quiet", "--allow-empty", "--message", "Add <b>pytest</b> [x](y)");
  await git(repo, "push", "--quiet", "origin", "HEAD");
  await releaseByHand(ground, repo, [{ stage: "dev", version: "1.1.0", image: newer }]);
  await tagByHand(repo, [{ stage: "dev", version: "1.1.0" }]);
  return repo;
}

describe("release_status --watch", () => {
  it("tells plain lines every second until it is interrupted, and ends with the state of the last look", async () => {
    const repo = await releasedTwice("watched");
    for (const registry of ground.registries) registry.forget();
    const live = startLive(repo, "pipes", ["release_status", "--watch", "1"]);
    await live.says(/--- .* UTC\n[\s\S]*all registries agree\n--- /);
    expect(ground.registries.flatMap(({ requests }) => changes(requests()))).toEqual([]);
    await pushTo(ground, "r2", { name: "watched", tag: "dev", image: older });
    await live.says(/^dev +r2 +sha256:\w+ DRIFT is 1\.0\.0$/m);
    live.signal("SIGINT");
    expect(await live.ended).toBe(1);
    expect(live.said()).not.toContain("\u001b");
    await pushTo(ground, "r2", { name: "watched", tag: "dev", image: newer });
    const well = startLive(repo, "pipes", ["release_status", "--watch", "--json"]);
    await well.says(/"drift": \[\]/);
    well.signal("SIGINT");
    expect(await well.ended).toBe(0);
  });

  it("keeps one screen in a terminal, and Ctrl-C ends it", async () => {
    const repo = await releasedTwice("screen");
    const live = startLive(repo, "terminal", ["release_status", "--watch", "1"]);
    const screen = String.raw`\x1b\[H\x1b\[2J`;
    await live.says(new RegExp(`${screen}.* every 1 s, Ctrl-C ends it[\\s\\S]*all registries agree[\\s\\S]*${screen}`));
    live.type("\u0003");
    expect(await live.ended).toBe(0);
  });

  it("is no watch with --dry-run, and takes no odd number of seconds", async () => {
    const repo = await ground.repo("odd-watch");
    const i = workflowsIn(repo);
    expect((await i("release_status", "--watch", "--dry-run")).code).toBe(0);
    expect(await i("release_status", "--watch", "0")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--watch 10"),
    });
  });
});

describe("release_notes", () => {
  it("are changelog, commits since the release before, digests by registry and what one pulls", async () => {
    const repo = await releasedTwice("noted");
    const { code, stdout, stderr } = await workflowsIn(repo)("release_notes", "--version", "1.1.0");
    expect(code, stderr).toBe(0);
    const head = (await git(repo, "rev-parse", "HEAD")).slice(0, 12);
    expect(stdout).toContain(`# noted-1.1.0\n\nReleased 2025-02-01 10:00 UTC by ann, commit ${head}.`);
    expect(stdout).toContain("## Changes\n\n- What changed for 1.1.0\n");
    expect(stdout).toMatch(
      /## Commits since noted-1\.0\.0\n\n- \w+ Add &lt;b&gt;pytest&lt;\/b&gt; \\\[x\\\]\(y\) \(Ada\)\n- \w+ Change \(Ada\)\n\n/,
    );
    for (const key of ["r1", "r2"]) expect(stdout).toContain(`| ${key} | dev-1.1.0 | \`${newer.digest}\` |`);
    expect(stdout).toMatch(/- linux\/amd64: 320 kB from nothing, 20\.\d kB from 1\.0\.0/);
  });

  it("of prod tell the dev changes since the prod before it, each platform, and drift", async () => {
    const repo = await releasedTwice("noted-ship");
    const [one, two] = [handIndex("one"), handIndex("two")];
    await releaseByHand(ground, repo, [
      { stage: "prod", version: "1.0.0", image: one },
      { stage: "prod", version: "1.1.0", image: two },
    ]);
    await pushTo(ground, "r2", { name: "noted-ship", tag: "prod-1.1.0", image: one });
    const { code, stdout, stderr } = await workflowsIn(repo)("release_notes", "--stage", "prod");
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(
      /^# noted-ship-prod-1\.1\.0\n[\s\S]*- What changed for 1\.1\.0\n\n## Commits since noted-ship-prod-1\.0\.0/,
    );
    expect(stdout).toContain(`| r2 | prod-1.1.0 | \`${one.digest}\` **drift** |`);
    for (const platform of ["amd64", "arm64"])
      expect(stdout).toMatch(new RegExp(`- linux/${platform}: 305 kB from nothing, 305 kB`));
  });

  it("of a version that is not released say so, and go to a file that nobody else wrote", async () => {
    const repo = await releasedTwice("noted-file");
    await change(repo, { "changelog.txt": changelog("noted-file", "1.2.0", "1.1.0", "1.0.0") });
    const file = join(ground.dir, "notes.md");
    const i = workflowsIn(repo);
    const write = () => i("release_notes", "--version", "1.2.0", "--output", file);
    expect((await write()).code).toBe(0);
    expect(readFileSync(file, "utf8")).toMatch(
      /^<!-- written by slipway release_notes -->\n\n# noted-file-1\.2\.0\n\nNot released yet\./,
    );
    expect((await write()).code).toBe(0);
    writeFileSync(file, "mine\n");
    expect(await write()).toMatchObject({ code: 2, stderr: expect.stringContaining("which Slipway did not write?") });
  });
});

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

  it("before a release tells what is missing, each with the line that mends it, until all of it is done", async () => {
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
    const repo = await releasedTwice("nobody");
    const told = await check(repo, "--yes");
    expect(told.result.byHand.map(({ state }) => state)).toEqual(["open", "open"]);
    expect(told.steps.filter(({ id }) => id !== "report").map(({ state }) => state)).toEqual(["open", "open"]);
    expect((await logOf(`${repo}.git`, "nobody")).filter(({ type }) => type === "confirm")).toEqual([]);
    const { stdout } = await workflowsIn(repo)("release_check");
    expect(stdout).toContain("open     Make an integration with the repos that share the code");
  });

  it("asks a person in a terminal, records what they confirm, and does not ask that again", async () => {
    const repo = await releasedTwice("person");
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
    const repo = await releasedTwice("after");
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
    const repo = await releasedTwice("checked-ship");
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
