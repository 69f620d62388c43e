import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../thin_client/engine/command.ts";
import { engineNames } from "../bed/engine_api.ts";
import { ranIn } from "../bed/final_state.ts";
import { type HoldingProxy, startHoldingProxy } from "../bed/holding_proxy.ts";
import { digestAt, digestsAt, logOf, refsOf } from "../bed/oracle.ts";
import { change, changelog, type Ground, makeGround } from "../bed/tiny_repo.ts";
import { forgetImages, startWorkflow, workflowsIn } from "../bed/workflow.ts";

let ground: Ground;
let second: HoldingProxy;
const registries = () => ({ r1: ground.addresses["r1"] ?? "", r2: second.address });
const addresses = () => Object.values(registries());

beforeAll(async () => {
  ground = await makeGround(2);
  second = await startHoldingProxy(ground.addresses["r2"] ?? "");
});
afterAll(async () => {
  await second.stop();
  await ground.end();
});

/** Starts a release and kills it when the second registry is sent a request that fits, and what is to be there by then is. */
async function killWhen(
  repo: string,
  fits: (method: string, path: string) => boolean,
  isThere: () => Promise<boolean> = async () => true,
): Promise<void> {
  const reached = second.hold(fits);
  const running = startWorkflow(repo, "docker_release_dev", "--version", "1.0.0");
  await Promise.race([reached, running.ended.then((code) => Promise.reject(new Error(`it ended with ${code}`)))]);
  expect(await until(isThere, 60_000)).toBe(true);
  await running.kill();
}

describe("a release that was killed", () => {
  it("after its first push ends with that digest on another clone with an empty engine", async () => {
    const repo = await ground.repo("killed", { registries: registries() });
    await killWhen(repo, (method) => method === "PUT");
    const pushed = await digestAt(`${ground.addresses["r1"]}/killed:dev-1.0.0`);
    expect(pushed).toMatch(/^sha256:/);
    expect(await digestsAt(addresses(), "killed:dev")).toEqual([null, null]);
    await forgetImages(addresses());
    expect(await engineNames(`${ground.addresses["r1"]}/killed`)).toEqual([]);

    const clone = await ground.clone(repo, "killed-clone");
    const again = await workflowsIn(clone)("docker_release_dev", "--version", "1.0.0", "--json");
    expect(again.code, again.stderr).toBe(0);
    expect(again.stderr).toMatch(/taking over the claim of .* is gone/);
    expect(again.states).toMatchObject({ build_local: "skipped", push_dev: "skipped", copy_to_others: "done" });
    expect(await digestsAt(addresses(), "killed:dev")).toEqual([pushed, pushed]);
    expect(await digestsAt(addresses(), "killed:dev-1.0.0")).toEqual([pushed, pushed]);
    const refs = (await refsOf(`${repo}.git`)).map((line) => line.split(" ")[0]);
    expect(refs).toEqual(["refs/heads/main", "refs/slipway/log/killed", "refs/tags/killed-1.0.0"]);
  });

  it("while dev moved is finished by the next command of anyone, and each registry ends with one dev", async () => {
    const repo = await ground.repo("mid-flip", { registries: registries() });
    // All registries are moved at once.
    const isMoved = async () => (await digestAt(`${ground.addresses["r1"]}/mid-flip:dev`)) !== null;
    await killWhen(repo, (method, path) => method === "PUT" && path.endsWith("/manifests/dev"), isMoved);
    const [first, other] = await digestsAt(addresses(), "mid-flip:dev");
    expect({ first, other }).toEqual({ first: expect.stringMatching(/^sha256:/), other: null });
    const refs = (await refsOf(`${repo}.git`)).map((line) => line.split(" ")[0]);
    expect(refs).toContain("refs/slipway/flip/mid-flip");

    const clone = await ground.clone(repo, "mid-flip-clone");
    const again = await workflowsIn(clone)("docker_release_dev", "--version", "1.0.0", "--json");
    expect(again.code, again.stderr).toBe(0);
    expect(await digestsAt(addresses(), "mid-flip:dev")).toEqual([first, first]);
    expect((await refsOf(`${repo}.git`)).map((line) => line.split(" ")[0])).toEqual([
      "refs/heads/main",
      "refs/slipway/log/mid-flip",
      "refs/tags/mid-flip-1.0.0",
    ]);
    expect((await logOf(`${repo}.git`, "mid-flip")).filter(({ type }) => type === "release")).toHaveLength(1);
    expect(ranIn(repo)).toEqual(["fast"]);
  });
});

describe("two releases of one version at once", () => {
  it("are one: whoever comes second is told who has it, and goes on when that one was interrupted", async () => {
    const repo = await ground.repo("race", { registries: registries() });
    await change(repo, { "changelog.txt": changelog("race", "1.0.0"), "source.sh": "true # race\n" });
    const clone = await ground.clone(repo, "race-clone");
    const reached = second.hold((method) => method === "PUT");
    const running = startWorkflow(repo, "docker_release_dev", "--version", "1.0.0");
    await reached;
    const refused = await workflowsIn(clone)("docker_release_dev", "--version", "1.0.0");
    expect({ code: refused.code, stderr: refused.stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`process ${running.pid}`),
    });
    expect(refused.stderr).toContain("--break-lock");
    expect(await running.kill("SIGINT")).toBe(130);
    const again = await workflowsIn(clone)("docker_release_dev", "--version", "1.0.0", "--json");
    expect(again.code, again.stderr).toBe(0);
    const [one, two] = await digestsAt(addresses(), "race:dev");
    expect(one).toMatch(/^sha256:/);
    expect(two).toBe(one);
  });
});
