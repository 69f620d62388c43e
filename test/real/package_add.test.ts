import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Change } from "../../lib/python/package_diff.ts";
import { until } from "../../thin_client/engine/command.ts";
import { engineTags } from "../bed/engine_api.ts";
import { commitAll, git } from "../bed/git.ts";
import { type PackageIndex, start } from "../bed/package_index.ts";
import { makePythonBox, type PythonBox } from "../bed/python_box.ts";
import { story } from "../bed/story.ts";
import { write } from "../bed/tiny_repo.ts";
import { type Done, docker, startWorkflow, workflowsIn } from "../bed/workflow.ts";

const name = "growing";
const folder = "devops/docker_build";
let box: PythonBox;
let index: PackageIndex;

beforeAll(async () => {
  index = await start([
    { name: "alpha", version: "1.0.0", requires: ["beta"] },
    { name: "beta", version: "1.0.0" },
    { name: "gamma", version: "1.0.0" },
    { name: "gamma", version: "2.0.0" },
  ]);
  box = await makePythonBox(name, { PACKAGE_INDEX: index.url });
});
afterAll(async () => {
  await index.stop();
  await box.ground.end();
});

const add = (...words: readonly string[]): Promise<Done> => workflowsIn(box.repo)("package_add", ...words, "--json");
const read = (file: string) => readFileSync(join(box.repo, file), "utf8");
const files = () =>
  ["pyproject.toml", "poetry.lock", "pip_list.txt"]
    .map((file) => read(`${folder}/${file}`))
    .concat(read("changelog.txt"));
const locked = () =>
  Object.fromEntries(
    [...read(`${folder}/poetry.lock`).matchAll(/^name = "(\w+)"\nversion = "(.+)"/gm)].map((row) => row.slice(1)),
  );
const changesOf = ({ stdout }: Done) =>
  (JSON.parse(stdout) as { result: { changes: Change[] } | null }).result?.changes
    .filter(({ ecosystem }) => ecosystem === "pip")
    .map(({ name, change, from, to }) => [name, change, from, to]);
const imports = (version: string, module: string) =>
  docker(
    "run",
    "--rm",
    "--entrypoint",
    "/venv/bin/python",
    `${box.ground.addresses["r1"]}/${name}:local-root-${version}`,
    "-c",
    `import ${module}; print(${module}.__version__)`,
  );
const tags = () => engineTags(`${box.ground.addresses["r1"]}/${name}`);

describe("package_add", story, () => {
  it("with --dry-run changes nothing", async () => {
    const done = await add("alpha", "--dry-run");
    expect([done.code, await git(box.repo, "status", "--porcelain"), await tags()]).toEqual([
      0,
      "",
      ["local-root-1.0.0"],
    ]);
  });

  it("of a name that the index does not have tells poetry's reason, and leaves everything as it was", async () => {
    const before = files();
    const done = await add("nosuch");
    const { error } = JSON.parse(done.stdout) as { error: { what: string; why: string; fix: string } };
    expect([done.code, error.why]).toEqual([
      1,
      expect.stringMatching(/^Because sample depends on nosuch \(\*\) which doesn't match any versions/),
    ]);
    expect(error.fix).toContain('whether the package index has it: "nosuch"');
    expect([files(), await git(box.repo, "status", "--porcelain"), await tags()]).toEqual([
      before,
      "",
      ["local-root-1.0.0"],
    ]);
  });

  it("asks for it, locks it, builds the image, tells what changed, and writes the entry", async () => {
    const done = await add("alpha");
    expect(done.code, done.stderr).toBe(0);
    expect(read(`${folder}/pyproject.toml`)).toContain('python = "^3.11"\nalpha = "*"\n');
    expect([locked(), read(`${folder}/pip_list.txt`)]).toEqual([
      { alpha: "1.0.0", beta: "1.0.0" },
      "alpha==1.0.0\nbeta==1.0.0\n",
    ]);
    expect(changesOf(done)).toEqual([
      ["alpha", "added", null, "1.0.0"],
      ["beta", "added", null, "1.0.0"],
    ]);
    expect(read("changelog.txt")).toMatch(/^# growing-1\.0\.0\n(- .*\n)+- Add package alpha\n/);
    expect([await imports("1.0.0", "alpha"), await tags()]).toEqual(["1.0.0", ["local-root-1.0.0"]]);
  });

  it("a second time finds everything done, and drops what a run left that was killed before it could", async () => {
    const before = files();
    const repository = `${box.ground.addresses["r1"]}/${name}`;
    await docker("tag", `${repository}:local-root-1.0.0`, `${repository}:local-root-resolved`);
    const done = await add("alpha");
    const found = { build_local: "skipped", add_entry: "skipped" };
    expect([done.code, done.states]).toEqual([0, { ...found, drop_resolved: "done" }]);
    expect([files(), await tags()]).toEqual([before, ["local-root-1.0.0"]]);
    expect((await add("alpha")).states).toEqual(found);
  });

  it("interrupted puts everything back; killed and typed again it goes on, with the next version once this one is released", async () => {
    await commitAll(box.repo, "Add alpha");
    await git(box.repo, "tag", "--annotate", `${name}-1.0.0`, "--message", "Release");
    const before = files();
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      const asked = index.requests.length;
      const running = startWorkflow(box.repo, "package_add", "gamma@<2");
      expect(await until(() => index.requests.length > asked, 600_000)).toBe(true);
      expect(read(`${folder}/pyproject.toml`)).toContain('gamma = "<2"');
      // Not the group: what ends a run ends its commands too.
      process.kill(running.pid, signal);
      expect(await running.ended).toBe(signal === "SIGTERM" ? 130 : 128);
      if (signal === "SIGTERM") expect(files()).toEqual(before);
      else expect(read(`${folder}/pyproject.toml`)).toContain('gamma = "<2"');
    }
    const done = await add("gamma@<2");
    expect(done.code, done.stderr).toBe(0);
    expect([locked()["gamma"], changesOf(done)]).toEqual(["1.0.0", [["gamma", "added", null, "1.0.0"]]]);
    expect(read("changelog.txt")).toMatch(/^# growing-1\.0\.1\n- [\d-]+\n- Add package gamma\n\n# growing-1\.0\.0\n/);
    expect(await imports("1.0.1", "gamma")).toBe("1.0.0");
  });

  it("is refused where poetry does not lock the packages", async () => {
    write(box.repo, { [`${folder}/dev.Dockerfile`]: "FROM scratch\n" });
    const done = await add("alpha");
    expect([done.code, done.stderr]).toEqual([2, expect.stringContaining("has no packages that poetry locks")]);
    await git(box.repo, "checkout", "--quiet", `${folder}/dev.Dockerfile`);
  });
});
