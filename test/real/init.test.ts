import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { must, type Outcome, run } from "../../thin_client/engine/command.ts";
import { needs } from "../bed/parts.ts";
import { story } from "../bed/story.ts";
import { openTerminal, type Terminal } from "../bed/terminal.ts";
import { write } from "../bed/tiny_repo.ts";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const { repository } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { repository: { url: string } };
let [dir, archive] = ["", ""];
let env: Readonly<Record<string, string | undefined>>;

beforeAll(async () => {
  await needs("tmux");
  dir = mkdtempSync(join(tmpdir(), "init-"));
  const home = join(dir, "home");
  mkdirSync(home);
  const cache = process.env["npm_config_cache"] ?? join(homedir(), ".npm");
  env = {
    ...process.env,
    HOME: home,
    XDG_DATA_HOME: join(dir, "data"),
    npm_config_cache: cache,
    SLIPWAY_ROOT: undefined,
  };
  // The last commit stands for where Slipway is fetched from.
  await must(["git", "clone", "--quiet", "--bare", root, join(dir, "served.git")], { env });
  const settings = {
    [`url.${join(dir, "served.git")}.insteadOf`]: repository.url,
    ...{ "protocol.file.allow": "always", "user.name": "Ada", "user.email": "ada@example.com" },
  };
  for (const [key, value] of Object.entries(settings)) await must(["git", "config", "--global", key, value], { env });
  const packed = await must(["npm", "pack", "--silent", "--pack-destination", dir], { cwd: root, env });
  archive = join(dir, packed.trim());
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A repo with these files, committed. */
async function makeRepo(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const repo = join(dir, name);
  mkdirSync(repo);
  write(repo, files);
  await must(["git", "init", "--quiet", "--initial-branch", "main"], { cwd: repo, env });
  await commit(repo);
  return repo;
}
async function commit(repo: string): Promise<void> {
  await must(["git", "add", "--all"], { cwd: repo, env });
  await must(["git", "commit", "--quiet", "--allow-empty", "--message", "All"], { cwd: repo, env });
}
/** The files that Git knows or would take. */
const filesIn = async (repo: string): Promise<readonly string[]> =>
  (await must(["git", "ls-files", "--cached", "--others", "--exclude-standard"], { cwd: repo, env }))
    .trim()
    .split("\n");
const npx = (repo: string, ...words: readonly string[]): Promise<Outcome> =>
  run(["npx", "--yes", `--package=${archive}`, "slipway", ...words], { cwd: repo, env });
const textIn = (repo: string, path: string): string => readFileSync(join(repo, path), "utf8");

it("the package has every file of Slipway that a repo needs", async () => {
  const packed = (await must(["tar", "--list", "--file", archive], { env })).trim().split("\n");
  const known = await must(["git", "ls-files", "lib", "scripts", "thin_client"], { cwd: root, env });
  const missing = known
    .trim()
    .split("\n")
    .filter((path) => !packed.includes(`package/${path}`));
  expect(missing).toEqual([]);
});

describe("npx slipway init from the packed file, in an empty repo", story, () => {
  let repo = "";
  beforeAll(async () => {
    repo = await makeRepo("Empty.Repo", {});
  });

  it("changes nothing where nobody can answer, and says what to type", async () => {
    const { code, stderr } = await npx(repo, "init");
    expect([code, stderr]).toEqual([2, expect.stringContaining("--yes")]);
    expect(readdirSync(repo)).toEqual([".git"]);
  });

  it("shows with --dry-run what it would do and does nothing, with the address that npx was given", async () => {
    const address = `file://${join(dir, "served.git")}`;
    const { code, stdout, stderr } = await run(["npx", "--yes", `git+${address}`, "init", "--dry-run"], {
      cwd: repo,
      env,
    });
    expect([code, stdout], stderr).toEqual([
      0,
      expect.stringContaining(`git submodule add --force -- ${address} helpers/slipway`),
    ]);
    expect(readdirSync(repo)).toEqual([".git"]);
  });

  it("adds Slipway as a submodule and the toolchain under the dir's name with --yes", async () => {
    const { code, stdout, stderr } = await npx(repo, "init", "--yes");
    expect(code, stderr).toBe(0);
    expect(stdout).toContain("source helpers/slipway/thin_client/setenv.sh and i docker_release_dev");
    const added = stdout.split("\n").flatMap((line) => /^added (.*)$/.exec(line)?.[1] ?? []);
    expect([...added].sort()).toEqual([...(await filesIn(repo))].sort());
    expect(textIn(repo, ".gitmodules")).toContain(`url = ${repository.url}`);
    expect(existsSync(join(repo, "helpers/slipway/thin_client/setenv.sh"))).toBe(true);
    expect(textIn(repo, "repo_config.yaml")).toMatch(/docker_image_name: empty-repo$/m);
    expect(textIn(repo, ".gitignore")).toBe(readFileSync(join(root, "thin_client/template/gitignore"), "utf8"));
    expect((await npx(repo, "changelog_check")).code).toBe(0);
  });

  it("changes nothing when it is typed again", async () => {
    await commit(repo);
    const { code, stderr } = await npx(repo, "init", "--yes");
    expect(code, stderr).toBe(0);
    expect(await must(["git", "status", "--short"], { cwd: repo, env })).toBe("");
  });
});

describe("npx slipway init from the packed file, in a repo with a Dockerfile and a package.json", story, () => {
  const files = {
    "package.json": '{\n  "name": "@acme/shop"\n}\n',
    Dockerfile: "FROM debian:12-slim\nRUN apt-get update\n",
    "tests/test_shop.py": "def test_shop():\n    pass\n",
    ".gitignore": "*.log\n",
    "changelog.txt": "# shop-2.0.0\n- 2025-01-20\n- Ours\n",
  };
  let repo = "";
  let terminal: Terminal;
  beforeAll(async () => {
    repo = await makeRepo("existing", files);
    terminal = await openTerminal(repo, dir, { env });
  });
  afterAll(() => terminal?.end());

  it("asks for what is open, and takes with Enter what is there", async () => {
    await terminal.type(`npx --yes --package=${archive} slipway init`);
    await terminal.shows(/as a submodule .* or as a package .*\? \[package\]$/m);
    await terminal.type("");
    await terminal.shows(/The image's name.*\? \[shop\]$/m);
    await terminal.type("Shop!");
    await terminal.shows(/"Shop!" is not an image name: [\s\S]*\[shop\]$/m);
    await terminal.type("");
    await terminal.shows(/hosted, as host\/account\? \[github.com\/your-account\]$/m);
    await terminal.type("github.com/Acme");
    await terminal.shows(/registries, by commas\? \[ghcr.io\/acme\]$/m);
    await terminal.type("");
    await terminal.shows(/or new for one of the toolchain\? \[Dockerfile\]$/m);
    await terminal.type("");
    await terminal.shows(/fast tests: .*\? \[pytest\]$/m);
    await terminal.type("npm test");
    await terminal.shows(/built from Dockerfile, tested by npm test[\s\S]*Write these files\?/m);
    await terminal.type("y");
    await terminal.shows(/then npx slipway docker_release_dev/);
  });

  it("adds Slipway to package.json and the toolchain beside what is there, and overwrites nothing", async () => {
    for (const path of ["Dockerfile", "tests/test_shop.py", "changelog.txt"] as const)
      expect(textIn(repo, path)).toBe(files[path]);
    expect(JSON.parse(textIn(repo, "package.json"))).toMatchObject({
      name: "@acme/shop",
      devDependencies: { slipway: expect.stringMatching(/^file:.*\.tgz$/) },
    });
    const config = textIn(repo, "repo_config.yaml");
    expect(config).toMatch(/docker_image_name: shop$/m);
    expect(config).toContain("  ghcr: ghcr.io/acme\n");
    expect(config).toContain('fast: {command: ["npm","test"], prod: in_image}');
    expect(config).toContain("gates: [fast]");
    expect(textIn(repo, "devops/docker_build/dev.Dockerfile")).toContain(files.Dockerfile);
    expect(textIn(repo, ".gitignore")).toBe("*.log\nnode_modules/\n");
    expect((await filesIn(repo)).filter((path) => path.startsWith("node_modules"))).toEqual([]);
  });

  it("runs workflows from the dev dependency, and says that it is there", async () => {
    const own = (...words: readonly string[]) => run(["npx", "slipway", ...words], { cwd: repo, env });
    const checked = await own("changelog_check");
    expect(checked.code, checked.stderr).toBe(0);
    expect((await own("init", "--dry-run")).stdout).toContain("Slipway is in package.json");
  });

  it("changes nothing where a person leaves with Ctrl-D", async () => {
    const other = await makeRepo("left", {});
    await terminal.type(`clear; cd ${other}; ${join(root, "thin_client/bin/slipway")} init`);
    await terminal.shows(/\[submodule\]$/m);
    await terminal.press("C-d");
    await terminal.shows(/error: not answered/);
    expect(readdirSync(other)).toEqual([".git"]);
  });
});

it("init goes on where an earlier try left no more than the Git dir of the submodule", async () => {
  const repo = await makeRepo("half", {});
  const served = join(dir, "served.git");
  const words = ["init", "--yes", "--as", "submodule", "--source", served];
  await must(["git", "submodule", "--quiet", "add", served, "helpers/slipway"], { cwd: repo, env });
  await must(["git", "rm", "--quiet", "--force", ".gitmodules", "helpers/slipway"], { cwd: repo, env });
  rmSync(join(repo, "helpers"), { recursive: true, force: true });
  expect([existsSync(join(repo, ".git/modules/helpers/slipway")), existsSync(join(repo, "helpers"))]).toEqual([
    true,
    false,
  ]);
  const { code, stderr } = await run([join(root, "thin_client/bin/slipway"), ...words], { cwd: repo, env });
  expect(code, stderr).toBe(0);
  expect(existsSync(join(repo, "helpers/slipway/thin_client/setenv.sh"))).toBe(true);
});
