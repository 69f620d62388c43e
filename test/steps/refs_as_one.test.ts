import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openRefs, type Refs } from "../../lib/doors/refs.ts";
import type { LogEntry } from "../../lib/names/log.ts";
import { addRemote, git } from "../bed/git.ts";
import { digest, logged } from "../unit/factory.ts";
import { type Ground, startGround, topOf, writeTo } from "./ground.ts";

let ground: Ground;
let remote = "";
beforeAll(async () => {
  ground = await startGround({ registries: 0 });
  remote = await addRemote(ground.repo);
});
afterEach(async () => {
  rmSync(join(remote, "hooks"), { recursive: true, force: true });
  await git(remote, "config", "receive.advertiseAtomic", "true");
});
afterAll(() => ground.end());

/** The refs of an image as one clone sees them, on the remote or in the repo itself. */
function refsOf(image: string, on: "origin" | null = "origin", more: NodeJS.ProcessEnv = {}): Refs {
  const named = { image, prefix: "refs/slipway", remote: on && { name: on, address: on, pushTo: on } };
  return openRefs(topOf(ground.repo), named, {
    ...process.env,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_SYSTEM: "/dev/null",
    ...{ GIT_COMMITTER_NAME: "Ada", GIT_COMMITTER_EMAIL: "ada@example.com" },
    ...more,
  });
}
const claimOf = (image: string) => `refs/slipway/claim/${image}-1.0.0`;
const flipOf = (image: string) => `refs/slipway/flip/${image}`;
const wanted = (list: string, why = "--skip-tests") => {
  const entry: LogEntry = { type: "skip", digest: digest("a"), version: "1.0.0", list, why };
  return { entry: logged(entry), again: false };
};
/** What a repo has of an image: the refs that are held, and the lists of its log, oldest first. */
async function standOf(image: string, repo: string) {
  const held = await git(repo, "for-each-ref", "--format=%(refname)", claimOf(image), flipOf(image));
  const log = await git(repo, "log", "--reverse", "--format=%B", `refs/slipway/log/${image}`).catch(() => "");
  const lists = log
    .split("\n")
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { list: string }).list);
  return { held: held.split("\n").filter(Boolean), lists };
}
/** Has the remote do this as its hook. */
const hook = (name: string, lines: string) =>
  chmodSync(writeTo(join(remote, "hooks", name), `#!/bin/sh\n${lines}\n`), 0o755);

describe("a log that others put something on", () => {
  it("is read from where it was read before, and appended to without reading it again", async () => {
    const [mine, other] = [refsOf("grown"), refsOf("grown")];
    await mine.swap([], [wanted("fast"), wanted("slow")]);
    await other.list();
    await other.knownLog();
    const calls = join(ground.dir, "calls");
    const bin = join(ground.dir, "traced");
    const program = execFileSync("sh", ["-c", "command -v git"], { encoding: "utf8" }).trim();
    chmodSync(writeTo(join(bin, "git"), `#!/bin/sh\necho "$*" >> '${calls}'\nexec '${program}' "$@"\n`), 0o755);
    const traced = refsOf("grown", "origin", { PATH: `${bin}:${process.env["PATH"]}` });
    await traced.readLog((await traced.list())["refs/slipway/log/grown"]);
    await other.swap([], [wanted("qa")]);
    rmSync(calls);
    expect((await traced.swap([], [wanted("superslow"), wanted("qa")])).won).toBe(true);
    expect((await standOf("grown", remote)).lists).toEqual(["fast", "slow", "qa", "superslow"]);
    const reads = readFileSync(calls, "utf8")
      .split("\n")
      .filter((line) => / log /.test(line));
    expect(reads).toEqual([expect.stringMatching(/ [0-9a-f]{40}\.\.[0-9a-f]{40} --$/)]);
  });
});

describe("what a commit of a ref holds", () => {
  it("is what git commit-tree would make of it", async () => {
    const refs = refsOf("made");
    await refs.swap([], [wanted("fast"), wanted("slow")]);
    const [tip = "", text = ""] = (await git(remote, "log", "-1", "--format=%H%n%B", "refs/slipway/log/made")).split(
      /\n(.*)/s,
    );
    const [who, at] = [["Ada", "ada@example.com"], await git(remote, "log", "-1", "--format=%ct +0000", tip)];
    expect(await git(ground.repo, "fsck", "--strict", "--no-dangling", tip)).toBe("");
    const made = execFileSync("git", ["-C", remote, "commit-tree", `${tip}^{tree}`], {
      ...{ input: `${text}\n`, encoding: "utf8" },
      env: Object.fromEntries([
        ["PATH", process.env["PATH"]],
        ...["AUTHOR", "COMMITTER"].flatMap((role) => [
          [`GIT_${role}_NAME`, who[0]],
          [`GIT_${role}_EMAIL`, who[1]],
          [`GIT_${role}_DATE`, at],
        ]),
      ]),
    });
    expect(made).toBe(`${tip}\n`);
  });

  it("is of whom the settings name, without asking Git", async () => {
    const named = { image: "known", prefix: "refs/slipway", remote: { name: "o", address: remote, pushTo: remote } };
    const identity = { author: "Eve <eve@example.com>", committer: "Bob <bob@example.com>" };
    const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" };
    const refs = openRefs(topOf(ground.repo), { ...named, identity }, env);
    await refs.swap([], [wanted("fast")]);
    const said = await git(remote, "log", "-1", "--format=%an <%ae> %cn <%ce>", "refs/slipway/log/known");
    expect(said).toBe("Eve <eve@example.com> Bob <bob@example.com>");
  });
});

describe("refs that are moved as one", () => {
  it("go with their entries in one push", async () => {
    const refs = refsOf("one");
    hook("pre-receive", `cat > /dev/null; echo push >> ${ground.dir}/pushes`);
    const moves = [claimOf("one"), flipOf("one")].map((ref) => ({ ref, from: null, to: ground.commit }));
    expect(await refs.swap(moves, [wanted("fast"), wanted("slow")])).toEqual({ won: true, why: "" });
    expect(await standOf("one", remote)).toEqual({ held: [claimOf("one"), flipOf("one")], lists: ["fast", "slow"] });
    expect(readFileSync(join(ground.dir, "pushes"), "utf8")).toBe("push\n");
    const known = await refs.known();
    const back = Object.entries(known).flatMap(([ref, from]) =>
      ref.includes("/log/") ? [] : [{ ref, from, to: null }],
    );
    expect((await refs.swap(back, [wanted("qa"), wanted("fast")])).won).toBe(true);
    expect(await standOf("one", remote)).toEqual({ held: [], lists: ["fast", "slow", "qa"] });
  });

  it("have their entries in one commit, and in several where one would be too long to be read", async () => {
    const commits = (image: string) => git(remote, "rev-list", "--count", `refs/slipway/log/${image}`);
    await refsOf("few").swap([], [wanted("fast"), wanted("slow"), wanted("qa")]);
    expect([await commits("few"), (await standOf("few", remote)).lists]).toEqual(["1", ["fast", "slow", "qa"]]);
    const long = ["fast", "slow", "qa"].map((list) => wanted(list, "x".repeat(30_000)));
    await refsOf("long").swap([], long);
    expect([await commits("long"), (await standOf("long", remote)).lists]).toEqual(["2", ["fast", "slow", "qa"]]);
    const read = await refsOf("long").knownLog();
    expect(read.map((entry) => "list" in entry && entry.list)).toEqual(["fast", "slow", "qa"]);
  });

  it("are moved on top of a log that others append to meanwhile", async () => {
    const [mine, theirs] = [refsOf("both"), refsOf("both")];
    await mine.list();
    await theirs.swap([], [wanted("fast")]);
    expect((await mine.swap([{ ref: flipOf("both"), from: null, to: ground.commit }], [wanted("slow")])).won).toBe(
      true,
    );
    expect(await standOf("both", remote)).toEqual({ held: [flipOf("both")], lists: ["fast", "slow"] });
  });

  it("stay as they are, and the log too, where somebody else moved one of them first", async () => {
    const [mine, theirs] = [refsOf("lost"), refsOf("lost")];
    const moves = [claimOf("lost"), flipOf("lost")].map((ref) => ({ ref, from: null, to: ground.commit }));
    await mine.list();
    const other = await git(ground.repo, "commit-tree", "HEAD^{tree}", "-m", "Other");
    await theirs.swap([{ ref: flipOf("lost"), from: null, to: other }]);
    expect((await mine.swap(moves, [wanted("fast")])).won).toBe(false);
    expect(await standOf("lost", remote)).toEqual({ held: [flipOf("lost")], lists: [] });
    expect(Object.keys(await mine.known())).toContain(flipOf("lost"));
  });

  it("are all or none in a repo without a remote, too", async () => {
    const refs = refsOf("own", null);
    const moves = [claimOf("own"), flipOf("own")].map((ref) => ({ ref, from: null, to: ground.commit }));
    expect((await refs.swap(moves, [wanted("fast")])).won).toBe(true);
    const again = { ref: flipOf("own"), from: null, to: ground.commit };
    expect((await refs.swap([again], [wanted("slow")])).won).toBe(false);
    expect(await standOf("own", ground.repo)).toEqual({ held: [claimOf("own"), flipOf("own")], lists: ["fast"] });
    const back = moves.map(({ ref, to }) => ({ ref, from: to, to: null }));
    expect((await refs.swap(back, [wanted("slow")])).won).toBe(true);
    expect(await standOf("own", ground.repo)).toEqual({ held: [], lists: ["fast", "slow"] });
  });

  it("that the server refuses are none of them moved, and the one that it was is named", async () => {
    hook("update", "case $1 in */flip/*) echo no flips >&2; exit 1;; esac");
    const moves = [claimOf("rule"), flipOf("rule")].map((ref) => ({ ref, from: null, to: ground.commit }));
    await expect(refsOf("rule").swap(moves, [wanted("fast")])).rejects.toMatchObject({
      message: expect.stringMatching(
        /^the ref refs\/slipway\/flip\/rule could not be moved on origin: .*hook declined/,
      ),
      why: expect.stringContaining("The server says: no flips"),
    });
    expect(await standOf("rule", remote)).toEqual({ held: [], lists: [] });
  });
});

describe("a server that moves no refs as one", () => {
  it("moves one after the other, the log first, and goes on where it was cut off without doing anything twice", async () => {
    await git(remote, "config", "receive.advertiseAtomic", "false");
    const refs = refsOf("slow");
    const moves = [claimOf("slow"), flipOf("slow")].map((ref) => ({ ref, from: null, to: ground.commit }));
    hook("pre-receive", `cat > ${ground.dir}/pushed; cut -d' ' -f3 ${ground.dir}/pushed >> ${ground.dir}/order`);
    hook("update", "case $1 in */flip/*) exit 1;; esac");
    await expect(refs.swap(moves, [wanted("fast")])).rejects.toThrow("could not be moved");
    expect(await standOf("slow", remote)).toEqual({ held: [claimOf("slow")], lists: ["fast"] });
    rmSync(join(remote, "hooks/update"));
    expect((await refs.swap(moves, [wanted("fast")])).won).toBe(true);
    expect(await standOf("slow", remote)).toEqual({ held: [claimOf("slow"), flipOf("slow")], lists: ["fast"] });
    const order = ["refs/slipway/log/slow", claimOf("slow"), flipOf("slow"), flipOf("slow")];
    expect(readFileSync(join(ground.dir, "order"), "utf8").trim().split("\n")).toEqual(order);
  });
});
