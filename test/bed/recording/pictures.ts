import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { layout } from "../../../thin_client/engine/layout.ts";
import { loopbackRegistries, registryFiles } from "../../../thin_client/engine/registries.ts";
import { commitAll, git } from "../git.ts";
import { needs } from "../parts.ts";
import { ensurePythonBase } from "../python_base.ts";
import { makeSampleRepo } from "../sample_repo.ts";
import { changelog } from "../tiny_repo.ts";
import { docker, workflowsIn } from "../workflow.ts";
import { record } from "./record.ts";
import type { Recording } from "./svg.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** A picture in docs/: what is written in the repo before, in a new version, and what is typed then. */
type Picture = {
  readonly file: string;
  readonly title: string;
  readonly files: Readonly<Record<string, string>>;
  readonly lines: readonly string[];
};

const name = "shop";
const address = "git@git.example.com:acme/shop.git";
/** The first stands on top of README.md. */
export const pictures: readonly Picture[] = [
  {
    file: join(root, "docs/release.svg"),
    title: "A release to three registries, its status, and the way back, in a terminal",
    files: {
      "changelog.txt": changelog(name, "1.1.0", "1.0.0"),
      "sample/discount.py": "RATE = 0.1\n",
    },
    lines: ["i docker_release_dev --yes", "i release_status", "i docker_rollback_dev --version 1.0.0 --yes"],
  },
  {
    file: join(root, "docs/trouble.svg"),
    title: "A release that ends at a failing test before anything is pushed, and the doctor, in a terminal",
    files: {
      "changelog.txt": changelog(name, "1.2.0", "1.1.0", "1.0.0"),
      "test/test_discount.py": "from sample.discount import RATE\n\n\ndef test_rate():\n    assert RATE == 0.2\n",
    },
    lines: ["i docker_release_dev --yes", "i doctor"],
  },
];

/** Plays them one after the other in a repo with one release, on a real engine and three real registries; a recording for each. */
export async function recordPictures(): Promise<readonly Recording[]> {
  await needs("engine", "registries");
  const base = await ensurePythonBase();
  const dir = mkdtempSync(join(tmpdir(), "recording-"));
  await forget();
  try {
    const repo = join(dir, name);
    await makeSampleRepo({ dir: repo, name, base, registries: { oci: "here" }, remote: true });
    const config = join(repo, "repo_config.yaml");
    const rows = loopbackRegistries.map((each) => `  ${each.name}: ${each.address}`).join("\n");
    writeFileSync(config, readFileSync(config, "utf8").replace(/^ {2}oci: .*$/m, rows));
    await push(repo);
    const home = join(dir, "home");
    // No login of another test's.
    const dockerConfig = join(home, ".docker");
    mkdirSync(dockerConfig, { recursive: true });
    symlinkSync(join(process.env["DOCKER_CONFIG"] ?? "", "cli-plugins"), join(dockerConfig, "cli-plugins"));
    // The remote is called as a team's would be.
    const settings = `[user]\n  name = Ada\n  email = ada@example.com\n[url "${repo}.git"]\n  insteadOf = ${address}\n`;
    writeFileSync(join(home, ".gitconfig"), settings);
    await git(repo, "remote", "set-url", "origin", address);
    const path = `${join(root, "thin_client/bin")}${delimiter}${process.env["PATH"]}`;
    const own = {
      HOME: home,
      DOCKER_CONFIG: dockerConfig,
      PATH: path,
      GIT_CONFIG_GLOBAL: join(home, ".gitconfig"),
      TERM: undefined,
    };
    const elsewhere = { CI: undefined, GITHUB_ACTIONS: undefined, VITEST: undefined, SLIPWAY_ROOT: undefined };
    const env = { ...process.env, ...own, ...elsewhere };
    const first = await workflowsIn(repo, { env })("docker_release_dev", "--version", "1.0.0");
    if (first.code !== 0) throw new Error(first.stderr);
    const recordings: Recording[] = [];
    for (const { title, files, lines } of pictures) {
      for (const [path, text] of Object.entries(files)) writeFileSync(join(repo, path), text);
      await commitAll(repo, title);
      await git(repo, "push", "--quiet", `${repo}.git`, "HEAD:main");
      recordings.push(await record({ cwd: repo, socketDir: dir, env }, lines));
    }
    return recordings;
  } finally {
    await forget();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function push(repo: string): Promise<void> {
  await commitAll(repo, "Name the registries");
  await git(repo, "push", "--quiet", "origin", "HEAD");
}

/** Takes away what an earlier recording left in registries and engine. */
async function forget(): Promise<void> {
  for (const registry of loopbackRegistries) {
    const { storage } = registryFiles(layout(process.env), registry.name);
    rmSync(join(storage, "docker/registry/v2/repositories", name), { recursive: true, force: true });
  }
  const listed = await docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", `*/${name}`);
  const images = listed.split("\n").filter((image) => image !== "");
  if (images.length > 0) await docker("image", "rm", "--force", ...images);
}
