import { afterAll, beforeAll, expect, it } from "vitest";
import { branchTag } from "../../lib/model/dev_version.ts";
import { git } from "../bed/git.ts";
import { change, type Ground, makeGround } from "../bed/tiny_repo.ts";
import { workflowsIn } from "../bed/workflow.ts";

let ground: Ground;
beforeAll(async () => {
  ground = await makeGround(2);
});
afterAll(() => ground?.end());

it("x", async () => {
  const repo = await ground.repo("branched");
  await git(repo, "tag", "branched-1.2.3");
  await git(repo, "checkout", "--quiet", "-b", "feature/doodad");
  await change(repo, { "devops/docker_build/words.txt": "new\n" });
  const run = workflowsIn(repo);
  for (const more of [["--dry-run"], [], [], ["--json"]]) {
    const done = await run("release_branch", ...more);
    console.log(done.code, done.stdout, done.stderr);
  }
  const h = await run("release_history");
  console.log(h.stdout, branchTag("feature/doodad"));
  expect(1).toBe(1);
});
