import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
/** The picture on top of README.md. */
export const picture = join(root, "docs/release.svg");
export const pictureTitle = "A release to three registries, its status, and the way back, in a terminal";

const name = "shop";
const address = "git@git.example.com:acme/shop.git";
/** What is typed in the recording. */
const lines = ["i docker_release_dev --yes", "i release_status", "i docker_rollback_dev --version 1.0.0 --yes"];

/** Plays a release, a look and a rollback in a repo with one release, on a real engine and three real registries. */
export async function recordRelease(): Promise<Recording> {
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
    mkdirSync(home);
    // The remote is called as a team's would be.
    const settings = `[user]\n  name = Ada\n  email = ada@example.com\n[url "${repo}.git"]\n  insteadOf = ${address}\n`;
    writeFileSync(join(home, ".gitconfig"), settings);
    await git(repo, "remote", "set-url", "origin", address);
    const path = `${join(root, "thin_client/bin")}${delimiter}${process.env["PATH"]}`;
    const own = { HOME: home, PATH: path, GIT_CONFIG_GLOBAL: join(home, ".gitconfig"), TERM: undefined };
    const elsewhere = { CI: undefined, GITHUB_ACTIONS: undefined, VITEST: undefined, SLIPWAY_ROOT: undefined };
    const env = { ...process.env, ...own, ...elsewhere };
    const first = await workflowsIn(repo, { env })("docker_release_dev", "--version", "1.0.0");
    if (first.code !== 0) throw new Error(first.stderr);
    writeFileSync(join(repo, "changelog.txt"), changelog(name, "1.1.0", "1.0.0"));
    writeFileSync(join(repo, "sample/discount.py"), "RATE = 0.1\n");
    await commitAll(repo, "Add a discount");
    await git(repo, "push", "--quiet", `${repo}.git`, "HEAD:main");
    return await record({ cwd: repo, socketDir: dir, env }, lines);
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
