import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BuildInputs } from "../../lib/model/facts.ts";
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
describe("a dev image", () => {
  it("is built from the devops folder of its runnable dir", async () => {
    const found = await inputs();
    expect(found).toEqual({
      ...{ base: null, context: "built", dockerfile: "built/devops/docker_build/dev.Dockerfile" },
      dockerfileText: "ARG BASE=debian:12\nFROM ${BASE}\nCOPY devops /devops\n",
      ignoreText: "*\n!devops\n",
      ...{ hash: expect.stringMatching(/^[0-9a-f]{64}$/), entries: ["devops"], large: [], hasLinks: false },
      ...{ revision: changed, time: 1_735_732_800, tagged: ["built-0.9.0", "built-0.9.1"] },
    });
  });

  it("is another one with other files, another Dockerfile, other arguments or another base, and with nothing else", async () => {
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
    const image = (layer: string) =>
      JSON.stringify([{ Id: "sha256:1", Os: "linux", Architecture: "amd64", RootFS: { Layers: [layer] } }]);
    const based = async (layer: string) => {
      ground.docker.does(`[ "$*" = "image inspect debian:12" ] && echo '${image(layer)}'`);
      return (await inputs()).hash;
    };
    const hashes = [hash, await based("l1"), await based("l2")];
    ground.docker.does("exit 1");
    expect(new Set(hashes).size).toBe(3);
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
});

describe("a prod image", () => {
  const prod: Partial<Workflow> = { options: pick("devVersion"), stage: "prod" };

  it("is built from what Git knows of the outermost repo", async () => {
    at.write("untracked/one.txt", "x");
    at.write("also.log", "x");
    writeFileSync(join(ground.repo, "a[b]*?!.txt"), "");
    const found = (await at.look(["inputs"], prod)).inputs;
    expect(found).toMatchObject({
      ...{ base: null, context: ".", dockerfile: "built/devops/docker_build/prod.Dockerfile" },
      revision: await git(ground.repo, "rev-parse", "HEAD"),
      tagged: ["built-0.9.1"],
    });
    expect(found.entries).toEqual(["README", "built"]);
    const lines = found.ignoreText.split("\n");
    expect(lines.slice(0, 3)).toEqual(["", ".git", "**/.git"]);
    expect(lines).toContain("/built/untracked");
    expect(lines).toContain("/built/also.log");
    expect(lines).toContain("/a\\[b\\]\\*\\?\\!.txt");
  });

  it("is of the last commit that changed what is in it, wherever in the outermost repo", async () => {
    at.write("devops/docker_build/dockerignore.prod", "notes.txt\n");
    const inside = await commitAll(ground.repo, "Leave notes out");
    writeFileSync(join(ground.repo, "notes.txt"), "Not in the image.\n");
    await commitAll(ground.repo, "Notes");
    const found = (await at.look(["inputs"], prod)).inputs;
    expect([found.entries.includes("notes.txt"), found.revision]).toEqual([false, inside]);
  });

  it("is another one with another base", async () => {
    const here = ground.place("based", { changelog: "# based-prod-1.0.0\n- 2025-01-02\n- x\n" });
    here.write("devops/docker_build/prod.Dockerfile", "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n");
    const [registry] = ground.registries;
    const look = async () => (await here.look(["registries", "inputs"], prod, "--dev-version", "1.0.0")).inputs;
    registry?.put("based", "dev-1.0.0", { v: "1" });
    const one = await look();
    registry?.put("based", "dev-1.0.0", { v: "2" });
    expect((await look()).hash).not.toBe(one.hash);
  });
});
