import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commitAll, git } from "../bed/git.ts";
import { type PackageIndex, start } from "../bed/package_index.ts";
import { ensurePythonBase } from "../bed/python_base.ts";
import { makeSampleRepo } from "../bed/sample_repo.ts";
import { story } from "../bed/story.ts";
import { type Ground, makeGround, write } from "../bed/tiny_repo.ts";
import { docker, workflowsIn } from "../bed/workflow.ts";

const name = "locked";
const folder = "devops/docker_build";
let ground: Ground;
let index: PackageIndex;
let repo = "";

beforeAll(async () => {
  ground = await makeGround(1);
  index = await start([
    { name: "alpha", version: "1.0.0", requires: ["beta"] },
    { name: "beta", version: "1.0.0" },
  ]);
  repo = join(ground.dir, name);
  const registries = { oci: ground.addresses["r1"] ?? "" };
  await makeSampleRepo({
    dir: repo,
    name,
    base: await ensurePythonBase(),
    registries,
    buildArgs: { PACKAGE_INDEX: index.url },
  });
  await wish('alpha = ">=1.0"');
});
afterAll(async () => {
  await index.stop();
  await ground.end();
});

const read = (file: string) => readFileSync(join(repo, folder, file), "utf8");
async function wish(...packages: readonly string[]): Promise<void> {
  const text = read("pyproject.toml")
    .split("\n")
    .filter((line) => !/^(alpha|gamma)/.test(line))
    .join("\n");
  const wished = text.replace(/^python = .*$/m, (line) => [line, ...packages].join("\n"));
  write(repo, { [`${folder}/pyproject.toml`]: wished });
  await commitAll(repo, "Other packages");
}
const build = (...mode: readonly string[]) =>
  workflowsIn(repo)("docker_build_local", "--version", "1.0.0", "--json", ...mode);
/** A file of the image as the engine shows it. */
const inImage = (file: string) =>
  docker(
    "run",
    "--rm",
    "--entrypoint",
    "cat",
    `${ground.addresses["r1"]}/${name}:local-root-1.0.0`,
    `/install/${file}`,
  );
const locked = () =>
  Object.fromEntries(
    [...read("poetry.lock").matchAll(/^name = "(\w+)"\nversion = "(.+)"/gm)].map((row) => row.slice(1)),
  );

describe("poetry modes of docker_build_local", story, () => {
  it("update resolves anew and brings lock and package list back byte for byte", async () => {
    const built = await build();
    expect(built.code, built.stderr).toBe(0);
    expect(locked()).toEqual({ alpha: "1.0.0", beta: "1.0.0" });
    expect(read("poetry.lock").trim()).toBe(await inImage("poetry.lock.out"));
    expect(read("pip_list.txt").trim()).toBe(await inImage("pip_list.txt"));
    expect(read("pip_list.txt")).toContain("alpha==1.0.0");
    expect(await git(repo, "status", "--porcelain")).toBe(` M ${folder}/pip_list.txt\n M ${folder}/poetry.lock`.trim());
    await commitAll(repo, "Lock");
  });

  it("no_update installs exactly the lock and leaves it alone, and is refused when it does not fit pyproject.toml", async () => {
    index.publish({ name: "alpha", version: "1.1.0", requires: ["beta"] });
    const built = await build("--poetry-mode", "no_update");
    expect(built.code, built.stderr).toBe(0);
    expect(built.states).toEqual({ build_local: "done", tell: "done" });
    expect(await inImage("pip_list.txt")).toContain("alpha==1.0.0");
    expect(await git(repo, "status", "--porcelain")).toBe("");
    index.publish({ name: "gamma", version: "1.0.0" });
    await wish('alpha = ">=1.0"', 'gamma = "*"');
    const refused = await build("--poetry-mode", "no_update");
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("poetry.lock does not satisfy pyproject.toml");
  });

  it("refresh locks what is new and keeps the rest", async () => {
    const built = await build("--refresh-only-poetry");
    expect(built.code, built.stderr).toBe(0);
    expect(locked()).toEqual({ alpha: "1.0.0", beta: "1.0.0", gamma: "1.0.0" });
    await commitAll(repo, "Refresh");
  });

  it("update takes the newest that pyproject.toml allows, each time it is typed", async () => {
    expect((await build("--update-poetry")).code).toBe(0);
    expect(locked()).toEqual({ alpha: "1.1.0", beta: "1.0.0", gamma: "1.0.0" });
    index.publish({ name: "beta", version: "2.0.0" });
    expect((await build("--update-poetry")).code).toBe(0);
    expect(locked()).toEqual({ alpha: "1.1.0", beta: "2.0.0", gamma: "1.0.0" });
  });
});
