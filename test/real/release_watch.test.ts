import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startLive } from "../bed/live.ts";
import { changes } from "../bed/oracle.ts";
import { pushTo } from "../bed/released.ts";
import { newer, older, releasedTwice } from "../bed/released_twice.ts";
import { type Ground, makeGround } from "../bed/tiny_repo.ts";
import { workflowsIn } from "../bed/workflow.ts";

let ground: Ground;
beforeAll(async () => {
  ground = await makeGround(2);
});
afterAll(() => ground.end());

describe("release_status --watch", () => {
  it("tells plain lines again and again until it is interrupted, and ends with the state of the last look", async () => {
    const repo = await releasedTwice(ground, "watched");
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
    const repo = await releasedTwice(ground, "screen");
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
