import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { smallDisk } from "../bed/bad_machine.ts";
import { tagsAt } from "../bed/final_state.ts";
import { git } from "../bed/git.ts";
import { handImage } from "../bed/hand_image.ts";
import { startRegistry } from "../bed/registry.ts";
import { releaseByHand } from "../bed/released.ts";
import { type Ground, makeGround } from "../bed/tiny_repo.ts";
import { treeOf } from "../bed/watch.ts";
import { workflowsIn } from "../bed/workflow.ts";

let ground: Ground;
beforeAll(async () => {
  ground = await makeGround(1);
});
afterAll(() => ground.end());

type Disk = Awaited<ReturnType<typeof smallDisk>>;
const disks: Disk[] = [];
afterEach(async () => {
  for (const disk of disks.splice(0)) await disk.end();
});

/** A disk that is full until `free` is called. */
async function fullDisk(name: string, before: (disk: Disk) => Promise<string> | string, kilobytes = 3_000) {
  const disk = await smallDisk(join(ground.dir, name), kilobytes);
  disks.push(disk);
  const clone = await before(disk);
  disk.fill(clone);
  return { dir: clone, free: () => rmSync(join(clone, ".git/filling")) };
}

const cloneOf = (repo: string) => async (disk: Disk) => {
  await git(disk.dir, "clone", "--quiet", `${repo}.git`, "clone");
  return join(disk.dir, "clone");
};
const folder = (disk: Disk) => {
  mkdirSync(join(disk.dir, ".git"));
  return disk.dir;
};
const stack = /\n\s+at \S+/;

describe("a full disk of the tree", () => {
  it.each([
    ["changelog_add", "--message", "Another image"],
    ["init_runnable_dir", "--dir", "inner", "--name", "inner"],
  ] as const)("stops %s in words with every file as it was, and the same line finishes it", async (name, ...words) => {
    const repo = await ground.repo(`tree${name.replaceAll("_", "")}`);
    const undisturbed = await ground.clone(repo, `${name}-undisturbed`);
    const calm = await workflowsIn(undisturbed)(name, ...words);
    const disk = await fullDisk(`${name}-disk`, cloneOf(repo));
    const before = readFileSync(join(disk.dir, "changelog.txt"), "utf8");
    const stopped = await workflowsIn(disk.dir)(name, ...words);
    const meanwhile = readFileSync(join(disk.dir, "changelog.txt"), "utf8");
    const half = await git(disk.dir, "ls-files", "--others", "--", "*.slipway-new-*");
    disk.free();
    const again = await workflowsIn(disk.dir)(name, ...words);
    const [found, wanted] = [disk.dir, undisturbed].map((dir) => treeOf(dir, [".git"]));
    expect([calm.code, stopped.code, again.code]).toEqual([0, 1, 0]);
    expect(stopped.stderr).toContain("no space is left on its disk");
    expect(stopped.stderr).toContain("fix: Free some space and run the command again; check it with: df -h ");
    expect(stopped.stderr).not.toMatch(stack);
    expect({ meanwhile, half }).toEqual({ meanwhile: before, half: "" });
    expect(found).toEqual(wanted);
  });
});

describe("a mirror", () => {
  const image = handImage("full", [100, 400_000]);
  /** A release that one registry has and another is to get. */
  async function released(name: string, r2: string) {
    const repo = await ground.repo(name, { registries: { ...ground.addresses, r2 }, gates: [] });
    await releaseByHand(ground, repo, [{ stage: "dev", version: "1.0.0", image, keys: ["r1"] }]);
    return repo;
  }
  const line = ["release_mirror", "--version", "1.0.0", "--yes"] as const;

  it("to a registry whose disk is full is refused by its name, and done when there is room", async () => {
    const disk = await fullDisk("registry", folder, 300);
    const registry = await startRegistry({ storage: disk.dir });
    const repo = await released("fullr2", registry.address);
    const stopped = await workflowsIn(repo)(...line);
    const refs = await git(`${repo}.git`, "for-each-ref", "--format=%(refname)", "refs/slipway/claim");
    disk.free();
    await registry.stop();
    expect(stopped.code).not.toBe(0);
    expect(stopped.stderr).toContain("r2");
    expect(stopped.stderr).not.toMatch(stack);
    expect(refs).toBe("");
    const roomy = await startRegistry({ address: registry.address });
    const again = await workflowsIn(repo)(...line);
    const [from = {}, to = {}] = await Promise.all(
      [ground.addresses["r1"] ?? "", roomy.address].map((address) => tagsAt(address, "fullr2")),
    );
    await roomy.stop();
    expect(again.code).toBe(0);
    expect(to).toEqual(from);
  });

  it("needs no room in TMPDIR", async () => {
    const disk = await fullDisk("temporary", folder, 300);
    const registry = await startRegistry();
    const repo = await released("fulltmp", registry.address);
    const done = await workflowsIn(repo, { env: { ...process.env, TMPDIR: disk.dir } })(...line);
    const to = await tagsAt(registry.address, "fulltmp");
    await registry.stop();
    expect(done.code).toBe(0);
    expect(Object.keys(to).sort()).toEqual(["dev", "dev-1.0.0"]);
  });
});
