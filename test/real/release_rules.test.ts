import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ranIn } from "../bed/final_state.ts";
import { changes, digestsAt, refsOf } from "../bed/oracle.ts";
import { change, changelog, type Ground, makeGround, write } from "../bed/tiny_repo.ts";
import { workflowsIn } from "../bed/workflow.ts";

let ground: Ground;
beforeAll(async () => {
  ground = await makeGround(2);
});
afterAll(() => ground.end());

const release = (repo: string, ...more: readonly string[]) =>
  workflowsIn(repo)("docker_release_dev", "--version", "1.0.0", "--json", ...more);
const sent = () => ground.registries.flatMap(({ requests }) => changes(requests()));
const forget = () => {
  for (const registry of ground.registries) registry.forget();
};

describe("docker_build_local", () => {
  it("gives one digest when nothing changed, also for another clone", async () => {
    const repo = await ground.repo("twice");
    const clone = await ground.clone(repo, "twice-again");
    const build = (dir: string) => workflowsIn(dir)("docker_build_local", "--poetry-mode", "no_update", "--json");
    const built = [await build(repo), await build(repo), await build(clone)];
    expect(built.map(({ code, stderr }) => ({ code, stderr: code === 0 ? "" : stderr }))).toEqual(
      Array(3).fill({ code: 0, stderr: "" }),
    );
    expect(built[0]?.digest).toMatch(/^sha256:/);
    expect(new Set(built.map(({ digest }) => digest)).size).toBe(1);
    expect(built.map(({ states }) => states["build_local"])).toEqual(["done", "done", "done"]);
  });
});

describe("docker_release_dev", () => {
  it("runs the gates again for the same image after a committed edit of the mounted code, and not without one", async () => {
    const repo = await ground.repo("edited");
    const stopped = await release(repo, "--no-push-to-repo");
    const same = await release(repo, "--no-push-to-repo");
    expect([stopped.code, same.code], same.stderr).toEqual([0, 0]);
    expect(ranIn(repo)).toEqual(["fast"]);
    await change(repo, { "source.sh": "true # edited\n" });
    const edited = await release(repo);
    expect(edited.code, edited.stderr).toBe(0);
    expect(edited.states).toMatchObject({ build_local: "skipped", run_fast_tests: "done" });
    expect(ranIn(repo)).toEqual(["fast", "fast"]);
    expect(await digestsAt(Object.values(ground.addresses), "edited:dev")).toEqual([stopped.digest, stopped.digest]);
  });

  it("refuses a tree with changes that are not committed, and a changelog without the version", async () => {
    const repo = await ground.repo("dirty");
    forget();
    write(repo, { "source.sh": "true # not committed\n" });
    const dirty = await release(repo);
    expect({ code: dirty.code, ran: ranIn(repo) }).toEqual({ code: 2, ran: [] });
    expect(dirty.stderr).toContain("the code is not committed: source.sh");
    await change(repo, { "changelog.txt": changelog("dirty", "0.9.0") });
    const unknown = await release(repo);
    expect({ code: unknown.code, ran: ranIn(repo) }).toEqual({ code: 2, ran: [] });
    expect(unknown.stderr).toMatch(/fix: .*changelog/i);
    expect(sent()).toEqual([]);
  });

  it("stops before anything is pushed with --no-push-to-repo, and goes on from there", async () => {
    const repo = await ground.repo("held-back");
    forget();
    const held = await release(repo, "--no-push-to-repo");
    expect(held.code, held.stderr).toBe(0);
    expect(sent().filter((line) => line.startsWith("PUT"))).toEqual([]);
    expect((await refsOf(`${repo}.git`)).map((line) => line.split(" ")[0])).toEqual([
      "refs/heads/main",
      "refs/slipway/log/held-back",
    ]);
    const pushed = await release(repo);
    expect(pushed.states).toMatchObject({ build_local: "skipped", run_fast_tests: "skipped", push_dev: "done" });
    expect(await digestsAt(Object.values(ground.addresses), "held-back:dev")).toEqual([pushed.digest, pushed.digest]);
    expect(pushed.digest).toBe(held.digest);
  });

  it("does not tag or push an image whose gate fails, and ends with the gate's exit code", async () => {
    const repo = await ground.repo("failing");
    await change(repo, { "source.sh": "exit 3\n" });
    forget();
    const failed = await release(repo);
    expect({ code: failed.code, sent: sent().filter((line) => line.startsWith("PUT")) }).toEqual({ code: 3, sent: [] });
    expect((await refsOf(`${repo}.git`)).map((line) => line.split(" ")[0])).toEqual(["refs/heads/main"]);
  });
});
