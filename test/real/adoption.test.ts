import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { baseImage, pythonImage } from "../../thin_client/engine/base.ts";
import { must } from "../../thin_client/engine/command.ts";
import { loopbackRegistries } from "../../thin_client/engine/registries.ts";
import { engineNames } from "../bed/engine_api.ts";
import { digestsAt } from "../bed/oracle.ts";
import { needs } from "../bed/parts.ts";
import { makeQuickstartGround, type QuickstartGround } from "../bed/quickstart.ts";
import { story } from "../bed/story.ts";
import { openTerminal, type Terminal } from "../bed/terminal.ts";
import { write } from "../bed/tiny_repo.ts";

const addresses = loopbackRegistries.map(({ address }) => address);
let ground: QuickstartGround;
/** The lines of README.md: how it is added to a repo, the way to a release, what one uses then, and the way back. */
let blocks: Readonly<Record<"add" | "release" | "use" | "rollback", readonly string[]>>;

beforeAll(async () => {
  ground = await makeQuickstartGround();
  const readme = readFileSync(join(ground.clone, "README.md"), "utf8");
  const block = (start: string) =>
    [...readme.matchAll(/```sh\n([\s\S]*?)```/g)]
      .map(([, text = ""]) => text.trim().split("\n"))
      .find(([line]) => line?.startsWith(start)) ?? [];
  const add = block("git submodule add ");
  // A shell in the container ends when somebody leaves it: the line after it does the same and ends by itself.
  const use = block("source thin_client").filter((line) => /^i($| (?!docker_bash))/.test(line));
  blocks = { add, release: block("i doctor"), use, rollback: block("i docker_rollback_dev ") };
  // The clone stands for where Slipway is fetched from.
  const url = (add[0] ?? "").split(" ")[3] ?? "";
  const settings = {
    [`url.${ground.clone}.insteadOf`]: url,
    "protocol.file.allow": "always",
    "user.name": "Ada",
    "user.email": "ada@example.com",
    "init.defaultBranch": "main",
  };
  for (const [key, value] of Object.entries(settings))
    await must(["git", "config", "--global", key, value], { env: ground.env });
});
afterAll(() => ground?.end());

/** What lies in a repo before Slipway comes to it, and what its image starts from. */
type Adopter = {
  readonly title: string;
  readonly goesOnIn: "bash" | "zsh";
  readonly files: Readonly<Record<string, string>>;
  readonly base: string;
};
const adopters: Readonly<Record<string, Adopter>> = {
  empty: { title: "an empty repo", goesOnIn: "bash", files: {}, base: baseImage },
  owner: {
    title: "a repo with tests and a Dockerfile of its own",
    goesOnIn: "zsh",
    base: pythonImage,
    files: {
      "own.py": "def two():\n    return 2\n",
      "tests/test_own.py": "from own import two\n\n\ndef test_two():\n    assert two() == 2\n",
      "pytest.ini": "[pytest]\ntestpaths = tests\npythonpath = .\n",
      "devops/docker_build/dev.Dockerfile": [
        "ARG BASE_IMAGE",
        "FROM ${BASE_IMAGE}",
        "RUN echo own > /own",
        "WORKDIR /app",
        "",
      ].join("\n"),
    },
  },
};
/** Each kind of repo is taken up in both shells, and in one of them it goes all the way. */
const rows = (["bash", "zsh"] as const).flatMap((shell) =>
  Object.entries(adopters).map(([kind, adopter]) => ({ shell, name: `${kind}-${shell}`, ...adopter })),
);

describe.each(rows)(
  "README.md typed as it is written in $title, in $shell",
  story,
  ({ name, shell, goesOnIn, files, base }) => {
    const image = `${name}${process.pid}`;
    const tag = `${addresses[0]}/${image}:dev`;
    let terminal: Terminal;
    let repo = "";
    const open = (dir: string) => openTerminal(dir, dir, { words: [shell, "-i"], env: ground.env });
    const released = () => digestsAt(addresses, `${image}:dev`);

    beforeAll(async () => {
      if (shell === "zsh") await needs("zsh");
      repo = join(ground.base, name);
      mkdirSync(repo);
      const lines = [
        ["init", "--quiet", "--bare", `${repo}.git`],
        ["init", "--quiet", repo],
        ["-C", repo, "remote", "add", "origin", `${repo}.git`],
      ];
      for (const words of lines) await must(["git", ...words], { env: ground.env });
      write(repo, files);
      terminal = await open(repo);
    });
    afterAll(() => terminal?.end());

    it("adds Slipway as a submodule, and its toolchain beside what is there", async () => {
      for (const line of blocks.add) await terminal.runs(line.replace("cmamp", image));
      for (const [path, text] of Object.entries(files)) expect(readFileSync(join(repo, path), "utf8")).toBe(text);
      // What a person fills in: the registries, and a base image that is here already.
      const config = join(repo, "repo_config.yaml");
      const rows = loopbackRegistries.map((each) => `  ${each.name}: ${each.address}`).join("\n");
      const text = readFileSync(config, "utf8").replace(/^ {2}ghcr: .*$/m, rows);
      writeFileSync(config, text.replace("build_args: {}", `build_args: {BASE_IMAGE: "${base}"}`));
      await terminal.runs('git add --all && git commit --quiet -m "Add Slipway" && git push --quiet -u origin main');
    });
    if (goesOnIn !== shell) return;

    it("goes from doctor to a release that every registry has", async () => {
      for (const line of [...blocks.release, ...blocks.use]) await terminal.runs(line);
      const [digest, ...others] = await released();
      expect(digest).toMatch(/^sha256:/);
      expect(others).toEqual([digest, digest]);
    });

    it("rolls back, and a colleague's docker_pull gets what was rolled back to", async () => {
      const [first] = await released();
      await terminal.runs('i changelog_add -m "Say more" && git commit --quiet -am "Say more" && git push --quiet');
      await terminal.runs("i docker_release_dev");
      expect((await released())[0]).not.toBe(first);
      for (const line of blocks.rollback) await terminal.runs(line);
      expect(await released()).toEqual([first, first, first]);

      // The colleague's machine has none of it.
      const here = await Promise.all(addresses.map((address) => engineNames(`${address}/${image}`)));
      await must(["docker", "rmi", "--force", ...here.flat()]);
      const clone = join(ground.base, `${name}-colleague`);
      await must(["git", "clone", "--quiet", "--recurse-submodules", `${repo}.git`, clone], { env: ground.env });
      const colleague = await open(clone);
      try {
        for (const line of blocks.add.slice(1, 3)) await colleague.runs(line);
        await colleague.runs("i docker_pull");
        const digests = await must(["docker", "image", "inspect", "--format", "{{json .RepoDigests}}", tag]);
        expect(digests).toContain(first);
        expect(await colleague.runs("i docker_cmd --cmd 'echo in:$AM_CONTAINER_VERSION'")).toMatch(/^in:1\.0\.0$/m);
      } finally {
        await colleague.end();
      }
    });
  },
);
