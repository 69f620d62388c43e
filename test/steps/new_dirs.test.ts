import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ownDockerfile } from "../../lib/config/new_dir.ts";
import init from "../../scripts/init.ts";
import init_runnable_dir from "../../scripts/init_runnable_dir.ts";
import { git, inOneShell } from "../bed/git.ts";
import { write } from "../bed/tiny_repo.ts";
import { type Ground, type Place, startGround } from "./ground.ts";

let ground: Ground;
/** A runnable dir that is there already; all others are named from it. */
let known: Place;
beforeAll(async () => {
  ground = await startGround();
  known = ground.place("known");
});
afterAll(() => ground.end());

type Files = Readonly<Record<string, string>>;
const filesIn = (dir: string): Files =>
  Object.fromEntries(
    readdirSync(dir, { recursive: true, encoding: "utf8" })
      .filter((path) => !/(^|\/)\.git(\/|$)/.test(path) && statSync(join(dir, path)).isFile())
      .sort()
      .map((path) => [path, readFileSync(join(dir, path), "utf8")]),
  );
const start = (dir: string, ...words: readonly string[]) =>
  known.run(["init_runnable_dir", init_runnable_dir], "--dir", join(ground.repo, dir), ...words);
async function make(dir: string, files: Files, ...words: readonly string[]): Promise<Files> {
  mkdirSync(join(ground.repo, dir));
  write(join(ground.repo, dir), files);
  const ended = await start(dir, ...words);
  expect(ended.code, ended.err).toBe(0);
  return filesIn(join(ground.repo, dir));
}

const dockerfile = "FROM node:22\nWORKDIR /app\nCOPY . .\n";
const kinds: Readonly<Record<string, Files>> = {
  empty: {},
  node: { "package.json": '{"scripts": {"test": "node --test"}}', Dockerfile: dockerfile, "a.js": "1\n" },
  new_node: { "package.json": '{"dependencies": {"a": "1"}}', "a.js": "1\n" },
  python: { "app.py": "1\n", "requirements.txt": "requests>=2\n", "tests/test_app.py": "def test():\n    pass\n" },
  go: { "go.mod": "module x\n" },
  make: { Makefile: "test:\n\ttrue\n" },
};

describe("a new runnable dir", () => {
  it.each(Object.entries(kinds))("of kind %s is the same wherever an earlier run was killed", async (kind, files) => {
    const whole = await make(kind, files);
    const added = Object.keys(whole).filter((path) => !(path in files));
    expect(added).toEqual(expect.arrayContaining(["repo_config.yaml", "devops/docker_build/dev.Dockerfile"]));
    // Files are written in the order of their names.
    for (const kept of [1, 4, 5, 6, 12, added.length - 2, added.length]) {
      for (const path of added.slice(kept)) rmSync(join(ground.repo, kind, path), { force: true });
      const ended = await start(kind);
      expect(ended.code, ended.err).toBe(0);
      expect(filesIn(join(ground.repo, kind))).toEqual(whole);
    }
  });

  it("has its registries from another one of the repo, and its name from the dir", async () => {
    const { "repo_config.yaml": config = "" } = await make("My.Dir", { "a.rb": "1\n" });
    expect(config).toContain("docker_image_name: my-dir\n");
    expect(config).toContain(JSON.stringify(ground.registries[0]?.address));
  });

  it("has a copy of the Dockerfile that is there", async () => {
    const seen = { files: ["package.json"], texts: { Dockerfile: dockerfile } };
    const { [`devops/docker_build/dev.Dockerfile`]: text } = filesIn(join(ground.repo, "node"));
    expect(text).toBe(ownDockerfile("Dockerfile", seen));
    expect(text).toContain(dockerfile);
  });

  it("takes for its code neither another runnable dir nor Slipway nor what Git ignores", async () => {
    const files = {
      "inner/repo_config.yaml": "docker_info: {docker_image_name: inner}\n",
      "inner/app.py": "1\n",
      "ignored/b.py": "1\n",
      ".gitignore": "ignored/\n",
      "go.mod": "module x\n",
    };
    const made = await make("outer", files);
    expect(Object.keys(made).filter((path) => /poetry|sample/.test(path))).toEqual([]);
    expect(made["repo_config.yaml"]).toContain('command: ["go","test","./..."]');
  });

  it("does not take for its code what a killed run of its own left", async () => {
    const made = await make("killed", { "pytest.ini.slipway-new-22120": "[pytest]\n" });
    expect(Object.keys(made)).toContain("sample/__init__.py");
  });

  it("is one of several, each by its own files", async () => {
    for (const dir of ["one", "two"]) mkdirSync(join(ground.repo, dir));
    write(ground.repo, { "two/go.mod": "module x\n" });
    const ended = await known.run(["init_runnable_dir", init_runnable_dir], "../one", "../two");
    expect(ended.code, ended.err).toBe(0);
    const names = ["one", "two"].map((dir) => "sample/__init__.py" in filesIn(join(ground.repo, dir)));
    expect(names).toEqual([true, false]);
  });

  it("gets a dev container on request, and keeps one that is there", async () => {
    const words = ["--devcontainer", "--registries", "ghcr.io/acme"];
    await make("opened", { "go.mod": "module x\n" }, ...words);
    const path = join(ground.repo, ".devcontainer/opened/devcontainer.json");
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({
      ...{ image: "ghcr.io/acme/opened:dev", workspaceFolder: "/app/opened", remoteUser: "caller" },
      workspaceMount: "source=${localWorkspaceFolder},target=/app,type=bind",
    });
    write(ground.repo, { ".devcontainer/opened/devcontainer.json": "{}\n" });
    const again = await start("opened", ...words);
    expect(again.out).toContain("kept .devcontainer/opened/devcontainer.json, which was there");
    expect(readFileSync(path, "utf8")).toBe("{}\n");
  });

  it("of a submodule belongs to it alone, and does not clash with itself", async () => {
    const [source, amp] = [join(ground.dir, "source"), join(ground.repo, "amp")];
    mkdirSync(source);
    write(source, { "app.py": "1\n" });
    await inOneShell(
      ground.repo,
      [
        'git -C "$1" init --quiet --initial-branch=main && git -C "$1" add --all && git -C "$1" commit --quiet --message Start',
        'GIT_ALLOW_PROTOCOL=file git submodule --quiet add "$1" amp',
      ],
      source,
    );
    for (const added of ["added repo_config.yaml", "kept repo_config.yaml, which was there"]) {
      const ended = await start("amp");
      expect(ended.code, ended.err).toBe(0);
      expect(ended.out).toContain(`${added}\n`);
    }
    expect(Object.keys(filesIn(amp)).filter((path) => path.startsWith("sample/"))).toEqual([]);
    expect(await git(ground.repo, "status", "--short", "--", "devops", "changelog.txt")).toBe("");
  });

  it("is what a person answers, with what is there for Enter, after a yes to what is shown", async () => {
    mkdirSync(join(ground.repo, "asked"));
    write(join(ground.repo, "asked"), { Dockerfile: dockerfile, "package.json": "{}" });
    const answers = ["Bad!", "shop", "", "https://x", "ghcr.io/acme,acme", "", "none", "y"];
    const ended = await ground.person(answers, () => start("asked"));
    expect(ended.code, ended.err).toBe(0);
    expect(ended.err).toContain('"Bad!" is not an image name');
    expect(ended.err).toContain('"https://x" is no address of a registry');
    expect(ended.err).toContain("asked: the image shop for ghcr.io/acme, acme, built from Dockerfile, tested by none");
    const { "repo_config.yaml": config = "" } = filesIn(join(ground.repo, "asked"));
    expect(config).toContain("  ghcr: ghcr.io/acme\n  dockerhub: acme\n");
    expect(config).toContain("gates: []");
  });

  it("writes nothing where a person says no", async () => {
    mkdirSync(join(ground.repo, "declined"));
    const ended = await ground.person(["", "", "", "", "", "n"], () => start("declined"));
    expect([ended.code, filesIn(join(ground.repo, "declined"))]).toEqual([2, {}]);
  });
});

it("init --adopt writes repo_config.yaml from repo_config.py without running it, and nothing else", async () => {
  const dir = join(ground.repo, "old");
  const files = {
    "repo_config.py": [
      "import os",
      `os.system("touch ${join(dir, "ran")}")`,
      "def get_docker_base_image_name() -> str:",
      '    base_image_name = "cmamp"',
      "    return base_image_name",
      "",
    ].join("\n"),
    "dev_scripts/setenv_amp.sh": 'export AM_ECR_BASE_PATH="665840871993.dkr.ecr.us-east-1.amazonaws.com"\n',
  };
  mkdirSync(dir);
  write(dir, files);
  await git(ground.repo, "add", "old");
  const ended = await known.run(["init", init], "--adopt", "--dir", dir);
  expect(ended.code, ended.err).toBe(0);
  const { "repo_config.yaml": config = "", ...others } = filesIn(dir);
  expect(others).toEqual(files);
  expect(config).toContain("docker_image_name: cmamp\n");
});
