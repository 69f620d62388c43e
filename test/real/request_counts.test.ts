import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { must } from "../../thin_client/engine/command.ts";
import { story } from "../bed/story.ts";
import { change, changelog, type Ground, makeGround } from "../bed/tiny_repo.ts";
import { type Done, workflowsIn } from "../bed/workflow.ts";

// How much a workflow asks of a registry is part of what it promises: the counts are exact, by method, for each registry.
const name = "counted";
let ground: Ground;
let repo = "";

beforeAll(async () => {
  ground = await makeGround(3);
  repo = await ground.repo(name);
});
afterAll(() => ground.end());

/**
 * What a command asks of each registry: `HEAD 3, PUT 1`, without the pings of the engine's client and what it looks for:
 * that depends on where it remembers each layer to be.
 */
async function asked(...words: readonly [string, ...string[]]): Promise<readonly string[]> {
  for (const registry of ground.registries) registry.forget();
  const done: Done = await workflowsIn(repo)(...words);
  expect(done.code, done.stderr).toBe(0);
  return ground.registries.map((registry) => {
    const counts = new Map<string, number>();
    for (const { method, path, agent } of registry.requests()) {
      const looks = path === "/v2/" || (method === "HEAD" && agent.startsWith("docker/"));
      if (!looks) counts.set(method, (counts.get(method) ?? 0) + 1);
    }
    return ["HEAD", "GET", "POST", "PATCH", "PUT", "DELETE"]
      .flatMap((method) => (counts.has(method) ? [`${method} ${counts.get(method)}`] : []))
      .join(", ");
  });
}

describe("what each registry is asked", story, () => {
  it("a release asks each registry a fixed number of times", async () => {
    expect(await asked("docker_release_dev", "--version", "1.0.0")).toEqual([
      "HEAD 6, GET 7, POST 6, PUT 7, DELETE 1",
      "HEAD 12, GET 2, POST 6, PUT 7, DELETE 1",
      "HEAD 12, GET 2, POST 6, PUT 7, DELETE 1",
    ]);
  });

  it("a release that is typed again only looks", async () => {
    expect(await asked("docker_release_dev", "--version", "1.0.0")).toEqual([
      "HEAD 3, GET 2",
      "HEAD 3, GET 2",
      "HEAD 3, GET 2",
    ]);
  });

  it("a second version sends the layers that are new, and no other", async () => {
    await change(repo, {
      "changelog.txt": changelog(name, "1.1.0", "1.0.0"),
      "devops/docker_build/words.txt": "other\n",
    });
    expect(await asked("docker_release_dev", "--version", "1.1.0")).toEqual([
      "HEAD 6, GET 6, POST 5, PUT 6, DELETE 1",
      "HEAD 12, GET 2, POST 5, PUT 6, DELETE 1",
      "HEAD 12, GET 2, POST 5, PUT 6, DELETE 1",
    ]);
  });

  it("a rollback is five requests to each registry, one of them a PUT", async () => {
    expect(await asked("docker_rollback_dev", "--version", "1.0.0", "--yes")).toEqual([
      "HEAD 3, GET 1, PUT 1",
      "HEAD 3, GET 1, PUT 1",
      "HEAD 3, GET 1, PUT 1",
    ]);
  });

  it("a look at all registries is one HEAD for the mutable tag, one GET for the version in use and one for the newest", async () => {
    expect(await asked("release_status")).toEqual(["HEAD 1, GET 2", "HEAD 1, GET 2", "HEAD 1, GET 2"]);
  });
});

describe("what Git is asked", story, () => {
  const image = "by-git";
  let own = "";
  let calls = "";
  let env: Readonly<Record<string, string | undefined>> = {};
  beforeAll(async () => {
    own = await ground.repo(image, { gates: ["fast", "slow", "qa"] });
    const bin = join(own, ".git/counted");
    mkdirSync(bin);
    calls = join(bin, "calls");
    const real = (await must(["sh", "-c", "command -v git"])).trim();
    writeFileSync(join(bin, "git"), `#!/bin/sh\necho "$*" >> '${calls}'\nexec '${real}' "$@"\n`);
    chmodSync(join(bin, "git"), 0o755);
    await must(["git", "-C", own, "config", "user.name", "Ada"]);
    await must(["git", "-C", own, "config", "user.email", "ada@example.com"]);
    env = { ...process.env, PATH: `${bin}:${process.env["PATH"]}` };
  });

  /** How often a workflow pushes, reads the remote, and starts Git. */
  async function git(...words: readonly [string, ...string[]]) {
    rmSync(calls, { force: true });
    const done = await workflowsIn(own, { env })(...words);
    expect(done.code, done.stderr).toBe(0);
    const lines = readFileSync(calls, "utf8").trim().split("\n");
    const count = (what: RegExp) => lines.filter((line) => what.test(line)).length;
    if (process.env["SLIPWAY_SHOW"]) process.stdout.write(`${lines.join("\n")}\n`);
    return { pushes: count(/ push /), reads: count(/ (ls-remote|fetch) /), processes: lines.length };
  }

  it("a release pushes four times: the tag is tried, the claim, the move with all that was tested, and all that was done", async () => {
    expect(await git("docker_release_dev", "--version", "1.0.0")).toEqual({ pushes: 4, reads: 1, processes: 23 });
  });

  it("one that is typed again reads once and pushes nothing", async () => {
    expect(await git("docker_release_dev", "--version", "1.0.0")).toEqual({ pushes: 0, reads: 1, processes: 11 });
  });

  it("a second version costs one process more, which reads the log", async () => {
    await change(own, {
      "changelog.txt": changelog(image, "1.1.0", "1.0.0"),
      "devops/docker_build/words.txt": "other\n",
    });
    expect(await git("docker_release_dev", "--version", "1.1.0")).toEqual({ pushes: 4, reads: 1, processes: 24 });
  });
});
