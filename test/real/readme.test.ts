import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Outcome, run } from "../../thin_client/engine/command.ts";
import { commitAll, git } from "../bed/git.ts";
import { type Github, ourHost, startGithub } from "../bed/github.ts";
import { shareNative } from "../bed/native_images.ts";
import { change, type Ground, makeGround, write } from "../bed/tiny_repo.ts";
import { workflowsIn } from "../bed/workflow.ts";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

const readme = readFileSync(join(root, "README.md"), "utf8");
/** The command lines of README.md's code blocks. */
const lines = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)]
  .flatMap(([, block = ""]) => block.split("\n"))
  .map((line) => line.trim())
  .filter((line) => line !== "");

/** What each kind of line gets so that it tells what it would do and does nothing, and what is told then. */
const kinds = [
  {
    is: /^npm run quickstart\b/,
    run: (line: string) => `cd ${root} && ${line.includes(" -- ") ? line : `${line} --`} --dry-run`,
    tells: () => "quickstart:\n",
  },
  {
    is: /^(\S+\/)?thin_client\/build$/,
    run: () => `${root}/thin_client/build --help`,
    tells: () => "thin_client/build",
  },
  { is: /^source /, run: (line: string) => `${line} && command -v i`, tells: () => `${root}/thin_client/bin/i\n` },
  { is: /^i$/, run: (line: string) => line, tells: () => "release_dev" },
  {
    is: /^i /,
    run: (line: string) => (line.includes("--dry-run") ? line : `${line} --dry-run`),
    tells: (line: string) => `${nameIn(line)}:\n`,
  },
] as const;
const nameIn = (line: string): string => line.split(" ")[1] ?? line;
/** What needs the network of the reader. */
const elsewhere = /^(git submodule add|npx github:\S+ init$)/;

let ground: Ground;
let github: Github;
let repo = "";
beforeAll(async () => {
  [ground, github] = await Promise.all([makeGround(1), startGithub()]);
  github.repo("team/repo").issues.push({ number: 45, title: "Add a doodad", body: "", labels: [], assignees: [] });
  repo = await ground.repo("readme");
  const sections = readme.match(/^(lint|common_files|services):\n(?: .*\n)+/gm) ?? [];
  await change(repo, {
    "repo_config.yaml": [readFileSync(join(repo, "repo_config.yaml"), "utf8"), ...sections].join(""),
    ".gitignore": "__pycache__\n",
    "conftest.py": "",
    "docker/Dockerfile": "FROM scratch\n",
    "devops/compose/services.yml": "services: {postgres: {image: postgres}}\n",
    "devops/env/local.env": "",
    "devops/env/dev.env": "",
  });
  write(join(ground.dir, "amp"), { "conftest.py": "" });
  await commitAll(join(ground.dir, "amp"), "Start");
  await shareNative(ground, { repo, image: "readme", version: "1.0.0" });
  for (const stage of ["dev", "prod"]) {
    const released = await workflowsIn(repo)(`docker_release_${stage}`, "--version", "1.0.0", "--yes");
    expect(released.code, released.stderr).toBe(0);
  }
  await git(await ground.clone(repo, "branched"), "checkout", "--quiet", "-b", "doodad");
  mkdirSync(join(ground.dir, "outside", "helpers"), { recursive: true });
  symlinkSync(root, join(ground.dir, "outside", "helpers", "slipway"));
  symlinkSync(join(root, "thin_client"), join(ground.dir, "outside", "thin_client"));
});
afterAll(() => Promise.all([ground.end(), github.stop()]));

/** Types a line into bash as a person who sourced the thin env does. */
function type(line: string): Promise<Outcome> {
  // A pull request is of a branch of its own.
  const other = line.startsWith("source ") ? "outside" : line.startsWith("i gh_create_pr") ? "branched" : null;
  const dir = other === null ? repo : join(ground.dir, other);
  const onGithub = /^i gh_| --issue /.test(line) ? { ...github.env, GH_REPO: `${ourHost}/team/repo` } : {};
  const env = { ...process.env, ...onGithub, SLIPWAY_ROOT: undefined };
  return run(["bash", "-c", `source ${root}/thin_client/setenv.sh && cd ${dir} && ${line}`], { env });
}

describe("README.md", () => {
  it("holds command lines, of which two need the network of the reader", () => {
    expect(lines.length).toBeGreaterThan(15);
    expect(lines.filter((line) => elsewhere.test(line))).toHaveLength(2);
  });

  it("has no comment in them, which a zsh that is typed into takes for words", () => {
    expect(lines.filter((line) => line.includes("#"))).toEqual([]);
  });

  it.concurrent.each(lines.filter((line) => !elsewhere.test(line)))(
    "`%s` can be typed, and its help or its plan is about it",
    async (line) => {
      const kind = kinds.find(({ is }) => is.test(line));
      if (!kind) throw new Error(`no kind of line: ${line}`);
      const ran = await type(kind.run(line));
      expect(ran.code, ran.stderr).toBe(0);
      expect(ran.stdout).toContain(kind.tells(line));
    },
  );
});
