import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { record } from "../../lib/kinds/record.ts";
import type { LogEntry } from "../../lib/names/log.ts";
import { type LostRelease, lostEntries } from "../../lib/names/log_repair.ts";
import { readEntry } from "../../lib/names/ref_message.ts";
import { parseVersion } from "../../lib/names/version.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { loadSeenLog, lookForImage, lookForReleased } from "../../lib/run/look_image.ts";
import { pick } from "../../lib/run/options.ts";
import docker_pull from "../../scripts/docker_pull.ts";
import docker_rollback_dev from "../../scripts/docker_rollback_dev.ts";
import release_history from "../../scripts/release_history.ts";
import release_log from "../../scripts/release_log.ts";
import release_status from "../../scripts/release_status.ts";
import { git } from "../bed/git.ts";
import { digest, logged, owner } from "../unit/factory.ts";
import { type Ground, type Place, startGround } from "./ground.ts";
import type { OciServer } from "./oci_server.ts";

let ground: Ground;
let registry: OciServer;
beforeAll(async () => {
  ground = await startGround({ registries: 1, remote: true });
  [registry] = ground.registries as [OciServer];
});
afterAll(() => ground.end());

const logRef = ({ image }: Place) => `refs/slipway/log/${image}`;
const history = (at: Place) => at.run(["release_history", release_history]);
const repair = (at: Place) => at.run(["release_log", release_log], "--repair", "--yes");

/** Puts a version's image into the registry, and points dev at it. */
function put({ image }: Place, version: string): string {
  const found = registry.put(image, `dev-${version}`, { "org.opencontainers.image.version": version });
  const manifest = registry.manifests.get(`${image}@${found}`);
  if (manifest) registry.manifests.set(`${image}:dev`, manifest);
  return found;
}
/** Tags the commit as a release of Slipway does. */
async function tag({ image }: Place, version: string, message = `Release ${image}-${version}`): Promise<void> {
  await git(ground.repo, "tag", "--annotate", `${image}-${version}`, "--message", message);
  await git(ground.repo, "push", "--quiet", "origin", `refs/tags/${image}-${version}`);
}
const release = (version: string): LogEntry => ({
  ...{ type: "release", stage: "dev", version, digest: digest("a"), commit: "c", registries: ["r1"] },
});
const flip = (version: string): LogEntry => ({
  ...{ type: "flip", id: version, tag: "dev", version, to: digest("a"), from: {}, why: "release", registries: ["r1"] },
});

/** Appends an entry as another clone does. */
async function append(at: Place, entry: LogEntry): Promise<void> {
  const tree = await git(ground.shared, "hash-object", "-w", "-t", "tree", "/dev/null");
  const words = ["-p", logRef(at), "-m", JSON.stringify(logged(entry))];
  await git(ground.shared, "update-ref", logRef(at), await git(ground.shared, "commit-tree", tree, ...words));
}

describe("a clone that never saw the log", () => {
  it("refuses where a release left its tag, and puts it together from tags and registries", async () => {
    const at = ground.place("fresh");
    const [old] = [put(at, "1.0.0"), put(at, "1.1.0")];
    await tag(at, "1.0.0");
    await tag(at, "1.1.0");
    await tag(at, "1.2.0");
    // dev was rolled back, and only the log would say so.
    put(at, "1.0.0");
    const refused = await history(at);
    expect(refused).toMatchObject({
      code: 2,
      err: expect.stringContaining("where the tag fresh-1.0.0 tells of a release"),
    });
    const looked = await at.run(["release_log", release_log]);
    expect(looked).toMatchObject({
      code: 1,
      out: expect.stringContaining("put it together again with: i release_log --repair"),
    });
    expect(await git(ground.shared, "for-each-ref", logRef(at))).toBe("");
    const mended = await repair(at);
    expect(mended.code, mended.err).toBe(0);
    expect(mended.out).toContain("LOST fresh-1.2.0: no registry has its image");
    expect(await at.log()).toMatchObject([
      { type: "repair", void: [] },
      { type: "release", stage: "dev", version: "1.0.0", digest: old, commit: ground.commit, registries: ["r1"] },
      { type: "release", version: "1.1.0" },
      { type: "flip", tag: "dev", version: "1.0.0", to: old, why: "rollback" },
    ]);
    expect((await history(at)).code).toBe(0);
  });

  it("goes on where the only tag is of the version at work, or is not of a release of Slipway", async () => {
    const own = ground.place("own");
    await tag(own, "1.0.0");
    expect((await own.look(["log"], { versionFromChangelog: true })).log).toEqual([]);
    const imported = ground.place("imported");
    await tag(imported, "0.9.0", "Imported");
    expect((await imported.look(["log"])).log).toEqual([]);
  });
});

describe("two clones", () => {
  it("that saw different logs bring both together, whichever repairs first", async () => {
    const at = ground.place("two");
    at.writeLog(logged(flip("1.0.0")));
    await at.look(["log"]);
    const [mine] = (await git(ground.repo, "rev-parse", "refs/slipway-seen/slipway/log/two")).split("\n");
    await git(ground.shared, "update-ref", "-d", logRef(at));
    at.writeLog(logged(flip("2.0.0")));
    const theirs = await git(ground.shared, "rev-parse", logRef(at));
    expect((await history(at)).err).toContain("was rewritten");
    expect((await repair(at)).code).toBe(0);
    const versions = (await at.look(["log"])).log.flatMap((entry) => (entry.type === "flip" ? [entry.version] : []));
    expect(versions.sort()).toEqual(["1.0.0", "2.0.0"]);
    // The other clone, which saw theirs, finds it behind what there is now.
    for (const tip of [mine ?? "", theirs]) await git(ground.shared, "merge-base", "--is-ancestor", tip, logRef(at));
    expect((await repair(at)).out).toContain("the log of two is whole");
  });
});

describe("a log under another prefix", () => {
  it("begins where the clone remembers one under the old, with all of it", async () => {
    const at = ground.place("moved");
    await tag(at, "0.9.0");
    at.writeLog(logged(release("0.9.0")), logged(flip("0.9.0")));
    await at.look(["log"]);
    at.write("repo_config.yaml", `${at.read("repo_config.yaml")}release: {ref_prefix: refs/heads/slipway}\n`);
    expect((await history(at)).err).toContain("refs/heads/slipway/log/moved is gone from origin");
    expect((await repair(at)).code).toBe(0);
    const { log } = await at.look(["log"]);
    expect(log.map(({ type }) => type)).toEqual(["release", "flip", "repair"]);
  });
});

describe("a clone that asks nobody", () => {
  it("knows the log as it saw it last, and refuses none", async () => {
    const at = ground.place("offline");
    at.writeLog(logged(flip("1.0.0")));
    await at.look(["log"]);
    await append(at, flip("2.0.0"));
    expect((await at.look(["log"], {}, "--offline")).log).toMatchObject([{ version: "1.0.0" }]);
    expect((await at.look(["log"])).log).toHaveLength(2);
  });
});

describe("who wants to know what was rolled back", () => {
  const versions = (log: AllFacts["lastLog"]) => log.map((entry) => "version" in entry && entry.version);

  it("hears it from the remote, or as it was seen last where that does not answer, and is told so", async () => {
    const at = ground.place("asked");
    at.writeLog(logged(flip("1.0.0")));
    const used = { options: pick("stage", "version") };
    expect(versions((await at.ask({ ...used, look: lookForReleased })).lastLog)).toEqual(["1.0.0"]);
    await append(at, flip("2.0.0"));
    expect(versions(await at.ask({ ...used, look: loadSeenLog }))).toEqual(["1.0.0"]);
    await git(ground.repo, "remote", "set-url", "origin", "/nowhere");
    const pulled = await at.run(["docker_pull", docker_pull], "--dry-run");
    await git(ground.repo, "remote", "set-url", "origin", ground.shared);
    expect(pulled).toMatchObject({ code: 0, err: expect.stringContaining("what was rolled back since is not known") });
    // Where the engine lacks what fits the code, it is pulled, and nobody pulls what was rolled back.
    expect(versions((await at.ask({ ...used, look: lookForImage })).lastLog)).toEqual(["1.0.0", "2.0.0"]);
    await append(at, flip("3.0.0"));
    expect(versions((await at.ask({ ...used, look: lookForImage }, "--offline")).lastLog)).toEqual(["1.0.0", "2.0.0"]);
    expect(versions((await at.ask({ ...used, look: lookForReleased })).lastLog)).toEqual(["1.0.0", "2.0.0", "3.0.0"]);
  });
});

describe("a repo without a remote", () => {
  it("notices that its own log is gone, and has it back", async () => {
    const alone = await startGround({ registries: 1 });
    try {
      const at = alone.place("alone");
      at.writeLog(logged(flip("1.0.0")));
      await at.look(["log"]);
      await git(alone.repo, "update-ref", "-d", logRef(at));
      expect((await history(at)).err).toContain("refs/slipway/log/alone is gone from this repo");
      expect((await repair(at)).code).toBe(0);
      expect(await at.log()).toMatchObject([{ version: "1.0.0" }, { type: "repair" }]);
    } finally {
      await alone.end();
    }
  });
});

describe("what is held", () => {
  it("is told with who holds it, and beside it what cannot be read and a log that is not whole", async () => {
    const at = ground.place("held");
    const hold = async (what: string, value: unknown) => {
      const object = await git(ground.shared, "hash-object", "-w", at.write("held.json", JSON.stringify(value)));
      await git(ground.shared, "update-ref", `refs/slipway/${what}`, object);
    };
    const ann = owner({ user: "ann", host: "far", at: 1_735_898_400 });
    await hold("claim/held-1.0.0", ann);
    const move = { id: "m", image: "held", tag: "dev", version: "1.1.0", why: "release", to: digest("a"), places: [] };
    await hold("flip/held", { ...move, owner: ann });
    const who = "ann on far (process 42) since 2025-01-03T10:00:00.000Z";
    const status = () => at.run(["release_status", release_status]);
    expect((await status()).out.split("\n")).toEqual(
      expect.arrayContaining([
        `refs/slipway/claim/held-1.0.0 is held by ${who}`,
        `refs/slipway/flip/held moves dev to 1.1.0, by ${who}`,
      ]),
    );
    const seen = async () => (await at.look(["git", "refs"])).refs;
    expect(await seen()).toMatchObject({ held: [{ isBroken: false }, { isBroken: false }], fault: null });
    await hold("flip/held", {});
    expect((await status()).out).toContain('refs/slipway/flip/held holds no move of a tag, for its id is wrong: "{}"');
    expect((await seen()).held.map(({ isBroken }) => isBroken)).toEqual([false, true]);
    at.writeLog(logged(flip("1.0.0")));
    await at.look(["log"]);
    await git(ground.shared, "update-ref", "-d", logRef(at));
    expect((await seen()).fault).toMatchObject({ fix: expect.stringContaining("i release_log --repair") });
  });

  it("does not stop a rollback that is typed with --break-lock", async () => {
    const at = ground.place("stuck");
    const old = put(at, "1.0.0");
    put(at, "1.1.0");
    at.writeLog(logged({ ...release("1.0.0"), digest: old } as LogEntry));
    const object = await git(ground.shared, "hash-object", "-w", at.write("x", "{}"));
    await git(ground.shared, "update-ref", "refs/slipway/flip/stuck", object);
    const back = (...words: readonly string[]) =>
      at.run(["docker_rollback_dev", docker_rollback_dev], "--version", "1.0.0", "--yes", ...words);
    expect(await back()).toMatchObject({ code: 2, err: expect.stringContaining("--break-lock") });
    const ended = await back("--break-lock");
    expect(ended.code, ended.err).toBe(0);
    expect(ended.err).toContain("dropping refs/slipway/flip/stuck");
    expect(registry.digestOf("stuck", "dev")).toBe(old);
  });
});

describe("an entry", () => {
  it.each(["a\u001b[2J", "x".repeat(70_000)])("that no reader would take is not written", async (list) => {
    const at = ground.place("unwritten");
    const entry = { type: "skip", digest: digest("a"), version: "1.0.0", list, why: "no" } as const;
    const steps = [{ id: "r", title: "R", skip: null, do: [record({ image: "unwritten", entry })] }];
    const ended = await at.run(["try", { about: "T.", options: {}, needs: ["git"], steps: () => steps as never }]);
    expect(ended).toMatchObject({ code: 2, err: expect.stringContaining("what is to be recorded") });
    expect(await at.log()).toEqual([]);
  });

  it("of a newer Slipway is told as its line", async () => {
    const at = ground.place("newer");
    at.writeLog({ ...logged(flip("1.0.0")), type: "sbom", of: "x\u001b" } as never);
    expect((await history(at)).out).toMatch(/^2025-01-02 10:00:00 ann +sbom, of a newer Slipway: \{.*\}\n$/);
  });

  it("of an older Slipway, without what came later, is one", () => {
    expect(readEntry(JSON.stringify(logged(flip("1.0.0"))))).toMatchObject({ type: "flip" });
  });
});

describe("what a lost log is made of", () => {
  const lost = (version: string, letter: string | null): LostRelease => ({
    ...{ tag: `x-${version}`, stage: "dev", version: parseVersion(version), commit: "c" },
    ...{ digest: letter && digest(letter), registries: letter ? ["r1"] : [] },
  });
  const made = (now: string, ...all: readonly LostRelease[]) =>
    lostEntries([], all, [{ stage: "dev", digests: { r1: digest(now) } }]).map((entry) =>
      entry.type === "flip" ? `${entry.version} ${entry.why}` : entry.type === "release" ? entry.version : entry.type,
    );
  it.each([
    [
      "each release and the move to the highest",
      made("b", lost("1.0.0", "a"), lost("1.1.0", "b")),
      ["1.0.0", "1.1.0", "1.1.0 release"],
    ],
    [
      "a rollback where the tag is below it",
      made("a", lost("1.0.0", "a"), lost("1.1.0", "b")),
      ["1.0.0", "1.1.0", "1.0.0 rollback"],
    ],
    [
      "nothing of a version whose image is nowhere",
      made("a", lost("1.0.0", "a"), lost("1.1.0", null)),
      ["1.0.0", "1.0.0 release"],
    ],
    ["no move to an image that nobody knows", made("f", lost("1.0.0", "a")), ["1.0.0"]],
  ])("is %s", (_what, entries, expected) => {
    expect(entries).toEqual(expected);
  });

  it("is no move that the log knows", () => {
    const log = [logged(release("1.0.0")), logged(flip("1.0.0"))];
    expect(lostEntries(log, [], [{ stage: "dev", digests: { r1: digest("a") } }])).toEqual([]);
  });
});
