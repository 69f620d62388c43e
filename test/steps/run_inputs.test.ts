import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BuildInputs } from "../../lib/plan/facts.ts";
import { pick } from "../../lib/run/options.ts";
import { commitAll, git } from "../bed/git.ts";
import { type Ground, type Place, startGround, told, type Workflow } from "./ground.ts";

let ground: Ground;
let at: Place;
/** The commit that changed the devops folder last. */
let changed = "";
beforeAll(async () => {
  ground = await startGround({ registries: 1 });
  at = ground.place("built");
  at.write("devops/docker_build/dev.Dockerfile", "ARG BASE=debian:12\nFROM ${BASE}\nCOPY devops /devops\n");
  at.write("devops/docker_build/prod.Dockerfile", "FROM scratch\nCOPY . /app\n");
  at.write("devops/docker_build/dockerignore.dev", "*\n!devops\n");
  changed = await commitAll(ground.repo, "Build");
  await git(ground.repo, "tag", "built-0.9.0");
  writeFileSync(join(ground.repo, "README"), "Other.\n");
  await commitAll(ground.repo, "Other");
  await git(ground.repo, "tag", "built-0.9.1");
});
afterAll(() => ground.end());

const dev: Partial<Workflow> = { options: pick("buildArg", "stage") };
const inputs = async (workflow = dev, ...argv: readonly string[]): Promise<BuildInputs> =>
  (await at.look(["inputs"], workflow, ...argv)).inputs;
const inputsOf = async (here: Place, ...argv: readonly string[]): Promise<BuildInputs> =>
  (await here.look(["inputs"], { options: pick("builder") }, ...argv)).inputs;

describe("a dev image", () => {
  it("is built from the devops folder of its runnable dir", async () => {
    const found = await inputs();
    expect(found).toEqual({
      ...{ base: null, context: "built", dockerfile: "built/devops/docker_build/dev.Dockerfile" },
      dockerfileText: "ARG BASE=debian:12\nFROM ${BASE}\nCOPY devops /devops\n",
      ignoreText: "*\n!devops\n",
      ...{ hash: expect.stringMatching(/^[0-9a-f]{64}$/), entries: ["devops"], large: [], hasLinks: false },
      ...{ other: [], bases: [{ name: "debian:12", content: null }] },
      ...{ revision: changed, time: 1_735_732_800, tagged: [] },
    });
  });

  it("is of the commits that the Git tags name which hold its last change, where the version has one here", async () => {
    const tagged = async (version: string) =>
      (await at.look(["inputs", "git"], { options: pick("version") }, "--version", version)).inputs.tagged;
    expect([await tagged("0.9.0"), await tagged("0.9.2")]).toEqual([["built-0.9.0", "built-0.9.1"], []]);
  });

  it("is another one with other files, another Dockerfile or other arguments, and with nothing else", async () => {
    const { hash } = await inputs();
    /** Whether the image would be the same one if a file held this. */
    async function isSame(path: string, text: string): Promise<boolean> {
      const before = at.read(path);
      at.write(path, text);
      const found = await inputs();
      at.write(path, before);
      return found.hash === hash;
    }
    expect(await isSame("changelog.txt", "# built-9.0.0\n- 2025-01-02\n- x\n")).toBe(true);
    expect(await isSame("devops/docker_build/dockerignore.dev", "*\n!devops\n#\n")).toBe(false);
    expect(await isSame("devops/docker_build/dev.Dockerfile", "FROM scratch\n")).toBe(false);
    const config = `${at.read("repo_config.yaml")}release: {build_args: {B: "2"}}\n`;
    expect(await isSame("repo_config.yaml", config)).toBe(false);
  });

  it("tells of the images that it is built on what they are in the engine, and of one by its digest just that", async () => {
    const here = ground.place("pinned");
    const pinned = `alpine@sha256:${"a".repeat(64)}`;
    here.write("devops/docker_build/dev.Dockerfile", `FROM debian:12\nCOPY --from=${pinned} /x /x\n`);
    const image = (layer: string) =>
      JSON.stringify([
        { Id: "sha256:1", RepoTags: ["debian:12"], Os: "linux", Architecture: "amd64", RootFS: { Layers: [layer] } },
      ]);
    const based = async (layer: string, ...argv: readonly string[]) => {
      ground.docker.does(`case "$*" in "image inspect debian:12"*) echo '${image(layer)}';; esac`);
      const { hash, bases } = await inputsOf(here, ...argv);
      return { hash, content: bases[0]?.content, pinned: bases[1] };
    };
    const [one, two, away] = [await based("l1"), await based("l2"), await based("l1", "--builder", "far")];
    ground.docker.does("exit 1");
    expect(one.content).toMatch(/^[0-9a-f]{64}$/);
    expect([two.content === one.content, two.hash === one.hash, away.content]).toEqual([false, true, null]);
    expect([one.pinned, away.pinned]).toEqual(
      [one, away].map(() => ({ name: pinned, content: `sha256:${"a".repeat(64)}` })),
    );
  });

  it("takes an argument for the base, whose value may have an equals sign", async () => {
    ground.docker.does("exit 1");
    const given = async (...args: readonly string[]) =>
      (await inputs(dev, ...args.flatMap((arg) => ["--build-arg", arg]))).hash;
    const hashes = [await given("BASE=alpine:3"), await given("X=a=b"), await given("X=a")];
    expect(ground.docker.asked()).toEqual(
      ["alpine:3", "debian:12", "debian:12"].map((name) => `image inspect ${name}`),
    );
    expect(new Set(hashes).size).toBe(3);
  });

  it("has the ignore file that BuildKit names before the original's, and none where there is none", async () => {
    const here = ground.place("ignoring");
    here.write("devops/docker_build/dev.Dockerfile", "FROM scratch\n");
    const ignored = async () => (await here.look(["inputs"])).inputs.ignoreText;
    expect(await ignored()).toBe("");
    here.write("devops/docker_build/dockerignore.dev", "one\n");
    expect(await ignored()).toBe("one\n");
    here.write("devops/docker_build/dev.Dockerfile.dockerignore", "two\n");
    expect(await ignored()).toBe("two\n");
  });

  it("holds what an exception lets through, however its path is written", async () => {
    const here = ground.place("excepted");
    here.write("devops/docker_build/dev.Dockerfile", "FROM scratch\n");
    here.write("devops/docker_build/dockerignore.dev", "*\n!./docs//readme.md\n");
    here.write("docs/readme.md", "one");
    const one = await inputsOf(here);
    here.write("docs/readme.md", "two");
    const two = await inputsOf(here);
    expect([one.entries, one.hash === two.hash]).toEqual([["docs"], false]);
  });

  it("holds no file whose name is no UTF-8, and one that is left out stands in nobody's way", async () => {
    const here = ground.place("latin");
    here.write("devops/docker_build/dev.Dockerfile", "FROM scratch\nCOPY devops /devops\n");
    here.write("devops/docker_build/dockerignore.dev", "*\n!devops\n");
    const latin = (folder: string) => Buffer.from(`${join(here.dir, folder)}/caf\u00e9`, "latin1");
    writeFileSync(latin("."), "x");
    expect((await inputsOf(here)).entries).toEqual(["devops"]);
    writeFileSync(latin("devops"), "x");
    await expect(inputsOf(here)).rejects.toThrow(
      /the name of "devops\/caf\uFFFD" is no UTF-8\n.*\n.* the dockerignore file: devops\/caf\*\n/,
    );
    here.write("devops/docker_build/dockerignore.dev", "*\n!devops\ndevops/caf*\n");
    expect((await inputsOf(here)).entries).toEqual(["devops"]);
    rmSync(here.dir, { recursive: true });
  });

  it("needs its Dockerfile", async () => {
    const here = ground.place("bare");
    const workflow: Workflow = { about: "Try.", options: {}, needs: ["inputs"], steps: () => [] };
    expect(told(await here.run(["try", workflow], "--json")).error).toMatchObject({
      what: "bare/devops/docker_build/dev.Dockerfile is not there",
      why: "A dev image is built from it.",
      fix: "Start from the template: i init_runnable_dir",
    });
  });

  it("tells of links, which are sent as what they lead to", async () => {
    const here = ground.place("linked");
    here.write("devops/docker_build/dev.Dockerfile", "FROM scratch\n");
    symlinkSync("dev.Dockerfile", join(here.dir, "devops/docker_build/link"));
    expect((await here.look(["inputs"])).inputs.hasLinks).toBe(true);
  });

  it("takes no link along that leaves the outermost repo, unless its ignore file leaves it out", async () => {
    const here = ground.place("leaving");
    here.write("devops/docker_build/dev.Dockerfile", "FROM scratch\n");
    symlinkSync("/etc", join(here.dir, "devops/keys"));
    const workflow: Workflow = { about: "Try.", options: {}, needs: ["inputs"], steps: () => [] };
    expect(told(await here.run(["try", workflow], "--json")).error).toMatchObject({
      what: '"leaving/devops/keys" is a link that leads out of the repo, to "/etc"',
      fix: "Put a file of its own there: rm leaving/devops/keys",
    });
    here.write("devops/docker_build/dockerignore.dev", "devops/keys\n");
    expect((await here.look(["inputs"])).inputs.hasLinks).toBe(false);
    rmSync(here.dir, { recursive: true });
  });

  it.each([
    "repo_config.yaml",
    "changelog.txt",
    "devops/docker_build/dev.Dockerfile",
    "devops/docker_build/dockerignore.dev",
  ])("is not read where %s is a link that leaves the repo", async (path) => {
    const here = ground.place("linked_out");
    here.write("devops/docker_build/dev.Dockerfile", "FROM scratch\n");
    rmSync(join(here.dir, path), { force: true });
    symlinkSync("/etc/passwd", join(here.dir, path));
    const workflow: Workflow = { about: "Try.", options: {}, needs: ["inputs"], steps: () => [] };
    const answer = await here.run(["try", workflow], "--json");
    rmSync(here.dir, { recursive: true });
    expect(told(answer).error.what).toBe(`"linked_out/${path}" is a link that leads out of the repo, to "/etc/passwd"`);
    expect(JSON.stringify(answer)).not.toContain("root:");
  });
});

it.each([
  "container: {volumes: [./data:/data]}",
  "container: {env_file: [data]}",
  "container: {compose_files: [data]}",
  "tests: {mount: [data]}",
])("a link that leaves the repo is given to no container: %s", async (section) => {
  const here = ground.place("given");
  here.write("repo_config.yaml", `${here.read("repo_config.yaml")}${section}\n`);
  symlinkSync("/etc", join(here.dir, "data"));
  const answer = await here.run(["try", { about: "Try.", options: {}, steps: () => [] }], "--json");
  rmSync(here.dir, { recursive: true });
  expect(told(answer).error.what).toBe('"given/data" is a link that leads out of the repo, to "/etc"');
});

describe("a prod image", () => {
  const prod: Partial<Workflow> = { options: pick("devVersion"), stage: "prod" };

  it("is built from what Git knows of the outermost repo", async () => {
    await commitAll(ground.repo, "All");
    writeFileSync(join(ground.repo, ".git/info/exclude"), "*.log\n/a*\n");
    at.write("deep/two.log", "x");
    at.write("also.log", "x");
    writeFileSync(join(ground.repo, "a[b]*?!.txt"), "");
    at.write("deep/new\nline.log", "x");
    at.write("new.txt", "x");
    const found = (await at.look(["inputs"], prod)).inputs;
    expect(found).toMatchObject({
      ...{ base: null, context: ".", dockerfile: "built/devops/docker_build/prod.Dockerfile" },
      revision: await git(ground.repo, "rev-parse", "HEAD"),
      other: ["built/new.txt"],
    });
    expect(found.entries).toEqual(["README", "bare", "built", "excepted", "ignoring", "linked", "pinned"]);
    expect(found.ignoreText.split("\n")).toEqual([
      ...["", "/.git", "/a\\[b\\]\\*\\?\\!.txt", "/built/also.log", "/built/deep"],
    ]);
    at.write("deep/known.txt", "x");
    at.write("new.txt ", "x");
    writeFileSync(join(ground.repo, ".git/info/exclude"), "*.log\n*.txt\\ \n/a*\n");
    await git(ground.repo, "add", "built/deep/known.txt");
    expect((await at.look(["inputs"], prod)).inputs.ignoreText.split("\n").slice(3)).toEqual([
      ...["/built/also.log", "/built/deep/new?line.log", "/built/deep/two.log", "/built/new.txt?"],
    ]);
    rmSync(join(at.dir, "deep"), { recursive: true });
    rmSync(join(at.dir, "new.txt"));
    await git(ground.repo, "rm", "--quiet", "--cached", "built/deep/known.txt");
  });

  it("is of the last commit that changed what is in it, wherever in the outermost repo", async () => {
    at.write("devops/docker_build/dockerignore.prod", "notes.txt\n");
    const inside = await commitAll(ground.repo, "Leave notes out");
    writeFileSync(join(ground.repo, "notes.txt"), "Not in the image.\n");
    await commitAll(ground.repo, "Notes");
    const found = (await at.look(["inputs"], prod)).inputs;
    expect([found.entries.includes("notes.txt"), found.revision, found.other]).toEqual([false, inside, []]);
  });

  it("has the same inputs on another dev image, and others by the former hash", async () => {
    const here = ground.place("based", { changelog: "# based-prod-1.0.0\n- 2025-01-02\n- x\n" });
    here.write("devops/docker_build/prod.Dockerfile", "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n");
    const [registry] = ground.registries;
    const look = async () => (await here.look(["registries", "inputs"], prod, "--dev-version", "1.0.0")).inputs;
    registry?.put("based", "dev-1.0.0", { v: "1" });
    const one = await look();
    registry?.put("based", "dev-1.0.0", { v: "2" });
    const other = await look();
    expect([other.hash === one.hash, other.formerHash === one.formerHash, one.bases]).toEqual([true, false, []]);
    expect([one.base?.digest === other.base?.digest, one.formerHash]).toEqual([
      false,
      expect.stringMatching(/^[0-9a-f]{64}$/),
    ]);
  });
});
