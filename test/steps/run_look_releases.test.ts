import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { LogEntry } from "../../lib/names/log.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { lookAtReleases, lookForNotes, lookForStatus } from "../../lib/release/look_releases.ts";
import { commitAll } from "../bed/git.ts";
import { changelog, git as gitFacts, logged, refusalOf, version } from "../unit/factory.ts";
import { type Acting, type Actor, startActing } from "./acting.ts";
import { writeTo } from "./ground.ts";
import { type OciServer, sha256 } from "./oci_server.ts";

let acting: Acting;
let [first, second] = [] as unknown as [OciServer, OciServer];
let repo = "";
/** The commits of the runnable dir `told`, oldest first. */
let commits: readonly string[] = [];
beforeAll(async () => {
  acting = await startActing(2);
  [first, second] = acting.registries as [OciServer, OciServer];
  repo = join(acting.dir, "repo");
  writeTo(join(repo, "told/devops/docker_build/pip_list.txt"), "pandas==2.1.0\n");
  const one = await commitAll(repo, "Told 1.0.0");
  writeTo(join(repo, "told/code.py"), "x\n");
  const two = await commitAll(repo, "Add a thing");
  writeTo(join(repo, "other.py"), "x\n");
  commits = [one, two, await commitAll(repo, "Something else")];
});
afterEach(() => {
  for (const registry of acting.registries) registry.reply = () => null;
});
afterAll(() => acting.end());

const registries = ["r1", "r2"];
let count = 0;
type Released = readonly [stage: "dev" | "prod", version: string];
/** An image with these releases in both registries; the commits of its versions are the runnable dir's. */
function released(...releases: readonly Released[]): Actor {
  count += 1;
  const image = `read${count}`;
  const log = releases.map(([stage, version], index) => {
    const made = acting.registries.map((each) => each.put(image, `${stage}-${version}`, { version }))[0] ?? "";
    const commit = commits[index % 2] ?? "";
    const entry: LogEntry = { type: "release", stage, version, digest: made, commit, registries };
    return logged(entry);
  });
  const place = {
    root: repo,
    dir: "told",
    owner: repo,
    gitDir: join(repo, ".git"),
    cwd: ".",
    gitMounts: [],
    gitPrograms: [],
  };
  const env = { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" };
  return acting.actor(image, { place, log, env, git: gitFacts({ commit: commits[2] ?? "" }), changelog: [] });
}
type Stage = "dev" | "prod";
type Options = { readonly stage?: Stage; readonly targetRegistries?: readonly string[]; readonly offline?: boolean };
type More = { readonly options?: Options; readonly facts?: Partial<AllFacts> };
const known = ({ facts }: Actor, { facts: more = {} }: More) => ({ ...facts, version: null, ...more });
const releases = (actor: Actor, more: More = {}) =>
  lookAtReleases(known(actor, more), { offline: false, ...more.options });
const page = (actor: Actor, more: More = {}, html: string | undefined = "") =>
  lookForStatus(known(actor, more), { offline: false, ...more.options, html });
const notes = (actor: Actor, more: More = {}, output?: string) =>
  lookForNotes(known(actor, more), { offline: false, stage: "dev", ...more.options, output });
const twice = [
  ["dev", "1.0.0"],
  ["dev", "1.1.0"],
] as const;

describe("the tags that a report is about", () => {
  const tags = async (actor: Actor, more: More = {}) =>
    Object.keys((await releases(actor, { ...more, options: { offline: true, ...more.options } }))["r1"] ?? {});

  it("are those of the version in use and of the changelog's, of every stage in play", async () => {
    const changed = { facts: { changelog: changelog("1.2.0", "1.1.0") } };
    expect(await tags(released(...twice))).toEqual(["dev", "dev-1.1.0"]);
    expect(await tags(released(...twice), changed)).toEqual(["dev", "dev-1.1.0", "dev-1.2.0"]);
    expect(await tags(released(["dev", "1.2.0"]), changed)).toEqual(["dev", "dev-1.2.0"]);
    expect(await tags(released(["dev", "1.0.0"], ["prod", "1.0.0"]))).toEqual([
      "dev",
      "dev-1.0.0",
      "prod",
      "prod-1.0.0",
    ]);
    expect(await tags(released())).toEqual(["dev"]);
  });

  it("are those of the stage and of the version that were named", async () => {
    const actor = released(["dev", "1.0.0"], ["prod", "1.0.0"]);
    expect(await tags(actor, { options: { stage: "prod" } })).toEqual(["prod", "prod-1.0.0"]);
    const named = { options: { stage: "dev" }, facts: { version: version("2.0.0") } } as const;
    expect(await tags(actor, named)).toEqual(["dev", "dev-2.0.0"]);
  });

  it("are looked up in every registry, or in those that were named, and in none with --offline", async () => {
    const actor = released(["dev", "1.0.0"]);
    const found = await releases(actor);
    expect(found["r2"]?.["dev-1.0.0"]).toMatchObject({ state: "found" });
    expect(found["r1"]?.["dev-1.0.0"]).not.toHaveProperty("labels");
    const targets = actor.facts.targets.filter(({ name }) => name === "r2");
    const named = await releases(actor, { options: { targetRegistries: ["r2"] }, facts: { targets } });
    expect(Object.keys(named)).toEqual(["r2"]);
    expect(Object.keys(await releases(actor, { facts: { targets } }))).toEqual(["r1", "r2"]);
    const asked = first.asked.length;
    const offline = await releases(actor, { options: { offline: true } });
    expect(offline["r2"]?.["dev"]).toEqual({ state: "unknown", why: "--offline" });
    expect(first.asked.length).toBe(asked);
  });

  it("are what was read of them: a digest that a registry only says is unknown, and a version's costs no request more", async () => {
    const actor = released(["dev", "1.0.0"]);
    const { image } = actor;
    const version = first.manifests.get(`${image}:dev-1.0.0`);
    if (version) for (const each of [first, second]) each.manifests.set(`${image}:dev`, version);
    const before = first.asked.length;
    const digest = first.digestOf(image, "dev-1.0.0");
    expect((await releases(actor))["r1"]?.["dev"]).toEqual({ state: "found", digest });
    const asked = first.asked.slice(before).map(({ method, path }) => `${method} ${path}`);
    expect(asked.sort()).toEqual([`GET /v2/${image}/manifests/dev-1.0.0`, `HEAD /v2/${image}/manifests/dev`]);

    const said = sha256("nobody has it");
    first.reply = ({ method, path }) =>
      method === "HEAD" && path.endsWith("/dev") ? { status: 200, headers: { "docker-content-digest": said } } : null;
    const { r1, r2 } = await releases(actor);
    expect(r1?.["dev"]).toEqual({ state: "unknown", why: `it says that dev is ${said}, and does not have that` });
    expect(r2?.["dev"]).toEqual({ state: "found", digest });
  });

  it("are all that is read where no page is written", async () => {
    const actor = released(...twice);
    const before = first.asked.length;
    expect(await lookForStatus(known(actor, {}), { offline: false, html: undefined })).toMatchObject({
      ...{ registries: { r1: { "dev-1.1.0": { state: "found" } } }, images: [], runs: [], output: null },
    });
    expect(first.asked.slice(before).filter(({ path }) => path.includes("/blobs/"))).toEqual([]);
  });
});

describe("the layers of a release", () => {
  const look = async (actor: Actor, more: More = {}) => (await page(actor, more)).images;

  it("are those of the version in use and the one before it, of each stage", async () => {
    const actor = released(...twice, ["prod", "1.0.0"]);
    const found = await look(actor);
    expect(found.map(({ stage, version, why }) => [stage, version, why])).toEqual([
      ["dev", "1.1.0", ""],
      ["dev", "1.0.0", ""],
      ["prod", "1.0.0", ""],
    ]);
    expect(found[0]).toMatchObject({
      digest: first.digestOf(actor.image, "dev-1.1.0"),
      packages: [{ name: "pandas", version: "2.1.0" }],
      platforms: [{ platform: "linux/amd64", layers: [{ digest: sha256(`${actor.image} dev-1.1.0 layer`) }] }],
    });
    expect(found[2]?.packages).toBeNull();
    const named = { options: { stage: "dev" }, facts: { version: version("1.0.0") } } as const;
    expect((await notes(actor, named)).images.map(({ version }) => version)).toEqual(["1.0.0"]);
  });

  it("are for a page also those of the versions that it compares, which have no package list of their own", async () => {
    const actor = released(...twice, ["dev", "1.2.0"]);
    expect((await notes(actor)).images.map(({ version }) => version)).toEqual(["1.2.0", "1.1.0"]);
    const found = await look(actor);
    expect(found.map(({ version, packages, platforms }) => [version, packages?.length, platforms.length])).toEqual([
      ["1.2.0", 1, 1],
      ["1.1.0", 1, 1],
      ["1.0.0", undefined, 1],
    ]);
  });

  it("come from the first registry that has them and answers, and are told as unknown where none does", async () => {
    const actor = released(["dev", "1.0.0"]);
    first.reply = () => ({ status: 501 });
    expect((await look(actor))[0]?.platforms).toHaveLength(1);
    const other = released(["dev", "1.0.0"]);
    second.reply = () => ({ status: 403 });
    expect((await look(other))[0]).toMatchObject({ platforms: [], why: expect.stringContaining("r2") });
    for (const registry of acting.registries) registry.reply = () => ({ status: 404 });
    expect((await look(other))[0]).toMatchObject({ platforms: [], why: "no registry has it" });
    expect((await look(other, { options: { offline: true } }))[0]).toMatchObject({ platforms: [], why: "--offline" });
  });

  it("of an index are those of each platform, without what attests them", async () => {
    const { image, facts } = released();
    const child = (name: string, os: string, architecture: string) => {
      const of = first.put(image, name, { name });
      const size = first.manifests.get(`${image}@${of}`)?.bytes.length;
      return {
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        digest: of,
        size,
        platform: { os, architecture },
      };
    };
    const mediaType = "application/vnd.oci.image.index.v1+json";
    const manifests = [child("a", "linux", "arm64"), child("b", "linux", "amd64"), child("c", "unknown", "unknown")];
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
    first.manifests.set(`${image}@${sha256(bytes)}`, { bytes, mediaType });
    const release = {
      type: "release",
      stage: "dev",
      version: "1.0.0",
      digest: sha256(bytes),
      commit: "0".repeat(40),
    } as const;
    const actor = { ...released(), facts: { ...facts, log: [logged({ ...release, registries })] } };
    const [found] = await look(actor);
    expect(found?.platforms.map(({ platform }) => platform)).toEqual(["linux/arm64", "linux/amd64"]);
    expect(found?.packages).toBeNull();
  });
});

describe("the commits of a version", () => {
  const subjects = async (actor: Actor, more: More = {}) =>
    (await notes(actor, more)).commits?.map(({ subject }) => subject);

  it("are those of the runnable dir since the release before, or all where there was none", async () => {
    const actor = released(...twice);
    expect(await subjects(actor)).toEqual(["Add a thing"]);
    expect(await subjects(actor, { facts: { version: version("1.0.0") } })).toEqual(["Told 1.0.0"]);
    expect(await subjects(released(["prod", "1.0.0"]), { options: { stage: "prod" } })).toEqual(["Told 1.0.0"]);
  });

  it("of what is about to be released go up to where the clone stands, from the last tag", async () => {
    const coming = { facts: { changelog: changelog("1.2.0") } };
    expect(await subjects(released(), coming)).toEqual(["Add a thing", "Told 1.0.0"]);
    const tags = { "read-1.0.0": "", [`read${count + 1}-1.0.0`]: commits[0] ?? "" };
    const tagged = { ...coming.facts, git: gitFacts({ commit: commits[2] ?? "", tags }) };
    expect(await subjects(released(), { facts: tagged })).toEqual(["Add a thing"]);
  });

  it("are unknown in a clone that has not all, and none where no version is known", async () => {
    const shallow = { facts: { git: gitFacts({ shallow: true }) } };
    expect((await notes(released(["dev", "1.0.0"]), shallow)).commits).toBeNull();
    expect(await subjects(released())).toEqual([]);
  });
});

describe("the file of a report", () => {
  const html = async (name: string) => (await page(released(), {}, name)).output;
  const markdown = async (name?: string) => (await notes(released(), {}, name)).output;

  it("is the one that was named, or among Slipway's own files, or none", async () => {
    expect(await markdown()).toBeNull();
    expect(await html("")).toEqual({ path: `.git/slipway/status.read${count}.html`, state: "absent" });
    expect(await html(join(repo, "told/new.html"))).toEqual({ path: "told/new.html", state: "absent" });
    expect(await markdown(join(repo, "notes.md"))).toEqual({ path: "notes.md", state: "absent" });
    expect((await html("here.html"))?.path).toBe(resolve("here.html"));
  });

  it.each([
    ["  \n", "ours"],
    ["<!-- written by slipway -->", "ours"],
    [`${"x".repeat(980)} written by slipway`, "ours"],
    [`${"x".repeat(990)} written by slipway`, "foreign"],
    ["mine", "foreign"],
  ])("that holds %j is %s", async (text, state) => {
    writeFileSync(join(repo, "held.html"), text);
    expect(await html(join(repo, "held.html"))).toEqual({ path: "held.html", state });
  });

  it("is no directory", async () => {
    const folder = join(repo, "folder");
    mkdirSync(folder, { recursive: true });
    expect(await refusalOf(html(folder))).toMatchObject({
      message: `"${folder}" is a directory`,
      why: "The report is written to a file.",
      fix: `Name a file in it: ${folder}/read${count}.html`,
    });
    expect((await refusalOf(markdown(folder))).fix).toBe(`Name a file in it: ${folder}/read${count}.md`);
  });
});

describe("the runs of a release", () => {
  it("are those that this clone remembers, oldest first, but for what cannot be read", async () => {
    const actor = released();
    const folder = join(repo, ".git", "slipway", "runs", actor.image);
    const run = (started: string) => ({ started, steps: [] });
    writeTo(join(folder, "dev-1.0.0.json"), JSON.stringify([run("2025-02"), { started: "2025-09" }, run("2025-01")]));
    writeTo(join(folder, "dev-1.1.0.json"), JSON.stringify([run("2025-03"), null]));
    writeTo(join(folder, "dev-1.2.0.json"), "no JSON");
    writeTo(join(folder, "dev-1.3.0.json"), '{"no": "list"}');
    const found = (await page(actor)).runs;
    expect(found.map(({ started }) => started)).toEqual(["2025-01", "2025-02", "2025-03"]);
    expect((await page(released())).runs).toEqual([]);
  });
});
