import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Verdict } from "../../lib/python/package_use.ts";
import { commitAll, git } from "../bed/git.ts";
import { imageFiles, packageCases, pyprojectText } from "../bed/package_cases.ts";
import { ensurePythonBase } from "../bed/python_base.ts";
import { tinyImage } from "../bed/tiny.ts";
import { type Ground, makeGround, write } from "../bed/tiny_repo.ts";
import { type Done, docker, workflowsIn } from "../bed/workflow.ts";

const name = "usedby";
let ground: Ground;
let repo = "";
let done: Done;
let verdicts: readonly Verdict[] = [];

beforeAll(async () => {
  ground = await makeGround(1);
  repo = join(ground.dir, name);
  const own = `${ground.addresses["r1"]}/${name}`;
  const image = join(ground.dir, "image");
  mkdirSync(image);
  write(image, { ...imageFiles(), Dockerfile: `FROM ${await ensurePythonBase()}\nCOPY . /\n` });
  await docker("buildx", "build", "--quiet", "--provenance=false", "--load", "--tag", `${own}:dev`, image);
  await docker("tag", tinyImage, `${own}:local-root-1.0.0`);
  write(repo, {
    "changelog.txt": `# ${name}-1.0.0\n- 2025-01-01\n- First\n`,
    "repo_config.yaml": [
      `docker_info: {docker_image_name: ${name}}`,
      `container_registry_info: {r1: {address: "${ground.addresses["r1"]}", kind: oci}}`,
      "packages: {allow_unused: {By_Hand: typed by hand in the container}}",
      "tests: {slow: {command: [listtool, slow]}}",
      "",
    ].join("\n"),
    "devops/docker_build/pyproject.toml": pyprojectText(),
  });
  for (const each of packageCases) write(repo, each.repo ?? {});
  await git(ground.dir, "init", "--quiet", repo);
  await commitAll(repo, "Start");
  done = await i("--json");
  verdicts = (JSON.parse(done.stdout) as { result: { packages: Verdict[] } }).result.packages;
});
afterAll(() => ground.end());

const i = (...words: readonly string[]) => workflowsIn(repo)("find_unused_packages", "--offline", ...words);

describe("find_unused_packages", () => {
  it.each(packageCases.map((each) => [each.state, each.name, each.rule, each] as const))(
    "%s: %s: %s",
    (_state, name, _rule, each) => {
      const found = verdicts.find((one) => one.name === name.toLowerCase());
      expect(found).toMatchObject({ state: each.state, why: expect.stringContaining(each.why) });
    },
  );

  it("tells of every package once, and that some are unused by its exit code", () => {
    expect(verdicts.map((one) => one.name).sort()).toEqual(packageCases.map((one) => one.name.toLowerCase()).sort());
    expect(done.code).toBe(1);
  });

  it("tells a person the unused ones, what is in doubt, and the counts", async () => {
    const { stdout, code } = await i();
    const lines = stdout.trimEnd().split("\n");
    const unused = packageCases.filter(({ state }) => state === "unused").map((one) => one.name);
    const used = packageCases.filter(({ state }) => state === "used").length;
    expect(lines.filter((line) => line.startsWith("unused ")).map((line) => line.split(/ +/)[1])).toEqual(
      expect.arrayContaining(unused),
    );
    expect(lines.filter((line) => line.startsWith("unused ")).length).toBe(unused.length);
    expect([code, lines.at(-2)]).toEqual([
      1,
      `${packageCases.length} packages: ${used} used, ${unused.length} unused, 1 unknown, 1 allowed`,
    ]);
  });

  it("changes nothing in the repo and leaves no container", async () => {
    expect(await git(repo, "status", "--porcelain")).toBe("");
    expect(await docker("ps", "--all", "--quiet", "--filter", `ancestor=${ground.addresses["r1"]}/${name}:dev`)).toBe(
      "",
    );
  });

  it.each([
    ["plain", /^plain_use\.py:1: import plain$/m],
    ["PyYAML_like", /^yamly\.py:1: import yamllike$/m],
    ["goog.cloud.storage", /^gs\.py:1: from goog\.cloud import storage$/m],
    ["in-function", /^lazy\.py:2: {5}import in_function$/m],
    ["in_notebook", /^n\.ipynb\[cell 2\]:3: import in_notebook$/m],
    ["in-shell", /^run\.sh:1: cd x && \/venv\/bin\/shelltool --all$/m],
  ])("--where %s", async (asked, line) => {
    const { code, stdout } = await i("--where", asked);
    expect([code, stdout]).toEqual([0, expect.stringMatching(line)]);
  });

  it("--where of what nobody uses is exit code 1", async () => {
    const { code, stdout } = await i("--where", "plainly-unused");
    expect([code, stdout.trim()]).toEqual([1, 'nothing uses "plainly-unused"']);
  });

  it("says that an image without Python will not do", async () => {
    const { code, stderr } = await i("--stage", "local");
    expect([code, stderr]).toEqual([127, expect.stringContaining("has no python3")]);
  });
});
