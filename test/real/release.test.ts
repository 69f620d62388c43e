import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ranIn } from "../bed/final_state.ts";
import { digestsAt, logOf, refsOf } from "../bed/oracle.ts";
import { story } from "../bed/story.ts";
import { type Ground, makeGround } from "../bed/tiny_repo.ts";
import { type Done, workflowsIn } from "../bed/workflow.ts";

let ground: Ground;
beforeAll(async () => {
  ground = await makeGround(3);
});
afterAll(() => ground.end());

describe.each(["tsx", "bun"] as const)("a whole release under %s", story, (runtime) => {
  const name = `whole-${runtime}`;
  let repo = "";
  let done: Done;

  beforeAll(async () => {
    repo = await ground.repo(name, { gates: ["fast", "slow", "qa"] });
    const i = workflowsIn(repo, { runtime });
    done = await i("docker_release_dev", "--version", "1.0.0", "--json");
  });

  it("ends with one digest behind dev and dev-1.0.0 in every registry", async () => {
    expect(done.code, done.stderr).toBe(0);
    const addresses = Object.values(ground.addresses);
    const found = [
      ...(await digestsAt(addresses, `${name}:dev`)),
      ...(await digestsAt(addresses, `${name}:dev-1.0.0`)),
    ];
    expect(found).toEqual(Array(6).fill(done.digest));
    expect(done.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it("runs each gate once and records its pass for that digest", async () => {
    const log = await logOf(`${repo}.git`, name);
    const passes = log.flatMap((entry) => (entry.type === "pass" ? [[entry.list, entry.digest]] : []));
    expect(passes).toEqual(["fast", "slow", "qa"].map((list) => [list, done.digest]));
    expect(ranIn(repo)).toEqual(["fast", "slow", "qa"]);
  });

  it("leaves the Git tag and the log on the remote, and no claim and no flip", async () => {
    const refs = (await refsOf(`${repo}.git`)).map((line) => line.split(" ")[0]);
    expect(refs).toEqual(["refs/heads/main", `refs/slipway/log/${name}`, `refs/tags/${name}-1.0.0`]);
    const log = await logOf(`${repo}.git`, name);
    const told = log.map((entry) => [entry.type, entry.type === "flip" ? entry.to : "digest" in entry && entry.digest]);
    expect(told.slice(-2)).toEqual([
      ["flip", done.digest],
      ["release", done.digest],
    ]);
    expect(log.at(-1)).toMatchObject({ version: "1.0.0", registries: ["r1", "r2", "r3"] });
  });

  it("sends no PUT and runs no gate when it is typed again", async () => {
    const before = await logOf(`${repo}.git`, name);
    for (const registry of ground.registries) registry.forget();
    const again = await workflowsIn(repo, { runtime })("docker_release_dev", "--version", "1.0.0", "--json");
    expect(again.code, again.stderr).toBe(0);
    const methods = ground.registries.flatMap(({ requests }) => requests().map(({ method }) => method));
    expect(methods.filter((method) => method === "PUT" || method === "PATCH")).toEqual([]);
    expect(methods).toContain("HEAD");
    expect(ranIn(repo)).toEqual(["fast", "slow", "qa"]);
    expect(await logOf(`${repo}.git`, name)).toEqual(before);
  });
});
