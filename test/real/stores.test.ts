import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ClassicEngine, classicEngine } from "../bed/classic_engine.ts";
import { crash, makeShims } from "../bed/crash.ts";
import { runsOf, tagsAt } from "../bed/final_state.ts";
import { digestAt, logOf, refsOf } from "../bed/oracle.ts";
import { type Ground, makeGround } from "../bed/tiny_repo.ts";
import { startTrapProxy, type TrapProxy } from "../bed/trap_proxy.ts";
import { docker, workflowsIn } from "../bed/workflow.ts";

let ground: Ground;
let classic: ClassicEngine;
let first: TrapProxy;
let bin = "";
const registries = () => ({ r1: first.address, r2: ground.addresses["r2"] ?? "" });
/** The shared engine has the containerd store. */
const envOf = (store: Store) => (store === "classic" ? { ...process.env, ...classic.env } : process.env);
type Store = "classic" | "containerd";

beforeAll(async () => {
  ground = await makeGround(2);
  bin = await makeShims(ground.dir);
  first = await startTrapProxy(ground.addresses["r1"] ?? "");
  classic = await classicEngine(Object.values(registries()));
});
afterAll(async () => {
  await classic?.end();
  await first?.stop();
  await ground?.end();
});

const release = (repo: string, store: Store) =>
  workflowsIn(repo, { env: envOf(store) })("docker_release_dev", "--version", "1.0.0", "--json");

/** One digest behind dev and dev-1.0.0 in both registries, one pass, one flip and one release of it in the log. */
async function assertWhole(repo: string, image: string, digest: string | null): Promise<void> {
  const tags = await Promise.all(Object.values(ground.addresses).map((address) => tagsAt(address, image)));
  expect(tags).toEqual(Array(2).fill({ dev: digest, "dev-1.0.0": digest }));
  expect(await digestAt(`${ground.addresses["r1"]}/${image}:dev`)).toBe(digest);
  const log = await logOf(`${repo}.git`, image);
  expect(log.map(({ type }) => type)).toEqual(["pass", "flip", "release"]);
  expect(log.at(-1)).toMatchObject({ digest });
  const refs = (await refsOf(`${repo}.git`)).map((line) => line.split(" ")[0]);
  expect(refs).toEqual(["refs/heads/main", `refs/slipway/log/${image}`, `refs/tags/${image}-1.0.0`]);
}

describe("a release", () => {
  it("meets both image stores: the shared engine's and the classic one", async () => {
    const store = "{{json .DriverStatus}}";
    expect(await docker("info", "--format", store)).toContain("io.containerd.snapshotter");
    expect(await docker("--host", classic.env["DOCKER_HOST"] ?? "", "info", "--format", store)).not.toContain(
      "io.containerd.snapshotter",
    );
  });

  it.each(["classic", "containerd"] as const)(
    "is whole on the %s store, and finds all done when typed again",
    async (store) => {
      const repo = await ground.repo(`whole-${store}`, { registries: registries() });
      const done = await release(repo, store);
      expect(done.code, done.stderr).toBe(0);
      await assertWhole(repo, `whole-${store}`, done.digest);
      const again = await release(repo, store);
      expect({ code: again.code, digest: again.digest }, again.stderr).toEqual({ code: 0, digest: done.digest });
      expect(again.states).toMatchObject({ build_local: "skipped", run_fast_tests: "skipped", flip_dev: "skipped" });
      expect(runsOf("fast", repo)).toBe(1);
    },
  );

  const points = [
    // The pass of a second's tests was not pushed yet.
    { name: "after its first push", when: "after", path: /\/manifests\/dev-1\.0\.0$/, runs: 2 },
    { name: "before dev moves", when: "before", path: /\/manifests\/dev$/, runs: 1 },
  ] as const;
  const stores = [
    ["classic", "containerd"],
    ["containerd", "classic"],
  ] as const;
  it.each(stores.flatMap(([one, other]) => points.map((point) => [one, point.name, other, point] as const)))(
    "that is killed on the %s store %s is finished on the %s store",
    async (one, _name, other, { name, when, path, runs }) => {
      const image = `from-${one}-${when}`;
      const repo = await ground.repo(image, { registries: registries() });
      const point = { name, when, watch: { by: "request", registry: "r1", method: "PUT", path, nth: 1 } } as const;
      const kill = { signal: "KILL", whom: "group" } as const;
      const proxies = { r1: first };
      const env = one === "classic" ? classic.env : {};
      const ended = await crash(
        { repo, image, bin, proxies, point, kill, env },
        "docker_release_dev",
        "--version",
        "1.0.0",
      );
      expect(ended).toMatchObject({ hit: true, signal: "SIGKILL" });
      const pushed = await digestAt(`${ground.addresses["r1"]}/${image}:dev-1.0.0`);
      const again = await release(repo, other);
      expect(again.code, again.stderr).toBe(0);
      expect({ pushed, runs: runsOf("fast", repo) }).toEqual({ pushed: again.digest, runs });
      await assertWhole(repo, image, again.digest);
    },
  );
});
