import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { git } from "../bed/git.ts";
import { handIndex } from "../bed/hand_image.ts";
import { pushTo, releaseByHand } from "../bed/released.ts";
import { newer, releasedTwice } from "../bed/released_twice.ts";
import { change, changelog, type Ground, makeGround } from "../bed/tiny_repo.ts";
import { workflowsIn } from "../bed/workflow.ts";

let ground: Ground;
beforeAll(async () => {
  ground = await makeGround(2);
});
afterAll(() => ground.end());

describe("release_notes", () => {
  it("are changelog, commits since the release before, digests by registry and what one pulls", async () => {
    const repo = await releasedTwice(ground, "noted");
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
    const repo = await releasedTwice(ground, "noted-ship");
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
    const repo = await releasedTwice(ground, "noted-file");
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
