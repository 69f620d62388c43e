import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pythonImage } from "../../thin_client/engine/base.ts";
import { commitAll } from "../bed/git.ts";
import { ensurePythonBase } from "../bed/python_base.ts";
import { changelog, type Ground, makeGround, write } from "../bed/tiny_repo.ts";
import { docker, workflowsIn } from "../bed/workflow.ts";

const imageOf = (dir: string) => `covered${process.pid}-${dir}`;
const local = ["--stage", "local"];
const code = "def half(x):\n    if x > 1:\n        return x / 2\n    return None\n";
const marked = "import pytest\n";

/** What each dir has beside its config; the last is not pytest's. */
const dirs: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  one: {
    "src/code.py": code,
    "src/__init__.py": "",
    "src/other.py": "unused = 1\n",
    "test/test_a.py": "from src.code import half\n\n\ndef test_a():\n    assert half(4) == 2\n",
    "test/test_b.py": `${marked}from src.code import half\n\n\n@pytest.mark.slow\ndef test_b():\n    assert half(0) == 1\n`,
    "pytest.ini":
      "[pytest]\ntestpaths = test\npythonpath = .\nmarkers =\n    slow: takes long\n    wanted: is wanted\n",
    "test/test_c.py": `${marked}\n\n@pytest.mark.wanted\n@pytest.mark.parametrize("x", [1, 2])\ndef test_c(x):\n    assert x\n`,
  },
  two: {
    "more.py": code,
    "test_more.py": "from more import half\n\n\ndef test_more():\n    assert half(1) is None\n",
  },
  web: {
    "test.sh": "cd /sys/fs/cgroup && cat memory.max cpu.max || cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us\n",
  },
};

let ground: Ground;
let repo = "";
beforeAll(async () => {
  ground = await makeGround(1);
  await ensurePythonBase();
  repo = join(ground.dir, "a & b");
  for (const [dir, files] of Object.entries(dirs))
    write(join(repo, dir), {
      "repo_config.yaml": [
        `docker_info: {docker_image_name: ${imageOf(dir)}}`,
        `container_registry_info: {r1: {address: "${ground.addresses["r1"]}", kind: oci}}`,
        dir === "web"
          ? "tests: {cpus: 0.5, memory: 64m, fast: {command: [sh, test.sh]}}\n"
          : "tests: {fast: {prod: in_image}}\n",
      ].join("\n"),
      "changelog.txt": changelog(imageOf(dir), "1.0.0"),
      ...files,
    });
  await commitAll(repo, "Start");
  const names = Object.keys(dirs).map((dir) => `${ground.addresses["r1"]}/${imageOf(dir)}:local-root-1.0.0`);
  await Promise.all(names.map((name) => docker("tag", pythonImage, name)));
});
afterAll(() => ground.end());

const at = (dir: string) => workflowsIn(join(repo, dir));
const reports = (...path: readonly string[]) => readFileSync(join(repo, ".git/slipway/reports", ...path), "utf8");
/** Where the files of a report lie, and how much of each is covered. */
const readXml = (text: string) => ({
  sources: [...text.matchAll(/<source>(.*?)<\/source>/g)].map(([, source]) => source),
  files: [...text.matchAll(/<class [^>]*filename="([^"]*)"[^>]*line-rate="([^"]*)"/g)]
    .map(([, file, rate]) => [file, Number(rate)])
    .filter(([file]) => !/__init__|test_/.test(String(file))),
});

describe("what is chosen of a list", () => {
  it("runs the tests with a marker in several processes, of named files alone, and keeps the output", async () => {
    const words = [...local, "--n-threads", "2", "--run-only-test-list", "wanted", "--tee-to-file", "--json"];
    const ran = await at("one")("run_fast_tests", ...words, "--", "test/test_c.py", "test/test_a.py");
    expect(ran.code, ran.stderr).toBe(0);
    const output = reports(imageOf("one"), "fast.log");
    expect(output).toMatch(/2 workers|gw1/);
    expect(output).toContain("2 passed");
  });

  it("is only told with --collect-only, whose report is the last one's", async () => {
    const before = reports(imageOf("one"), "fast.xml");
    const told = await at("one")("run_fast_tests", ...local, "--collect-only", "--skip-test-list", "wanted");
    expect(told.code, told.stderr).toBe(0);
    expect(told.stderr + told.stdout).toMatch(/test_a[\s\S]*1\/4 tests collected/);
    expect(reports(imageOf("one"), "fast.xml")).toBe(before);
  });
});

it("the container of a list has the cores and the memory that its dir gives it", async () => {
  const ran = await at("web")("run_fast_tests", ...local, "--tee-to-file");
  expect(ran.code, ran.stderr).toBe(0);
  expect(reports(imageOf("web"), "fast.log")).toMatch(/^67108864\n50000\b/m);
});

describe("coverage", () => {
  it("of several lists is one report, also of those that fail: of a folder, with the paths of this machine", async () => {
    const words = [...local, "--target-dir", "src", "--html"];
    const ran = await at("one")("run_coverage", "fast", "slow", ...words);
    expect(ran.code, ran.stderr).toBe(1);
    expect(ran.stderr + ran.stdout).toMatch(/src\/code\.py +4 +0 +2 +0 +100%/);
    expect(readXml(reports(imageOf("one"), "fast_slow.coverage.xml"))).toEqual({
      sources: [join(repo, "one").replace("&", "&amp;")],
      files: [
        ["src/code.py", 1],
        ["src/other.py", 0],
      ],
    });
    expect(reports(imageOf("one"), "fast_slow.coverage_html", "index.html")).toContain("src/code.py");
  });

  it("of a prod image comes out of its container, and is of the code in it", async () => {
    const name = `${ground.addresses["r1"]}/${imageOf("one")}:prod-1.0.0`;
    write(ground.dir, { "prod.Dockerfile": `FROM ${pythonImage}\nCOPY . /app\nWORKDIR /app/one\n` });
    await docker("build", "--quiet", "--file", join(ground.dir, "prod.Dockerfile"), "--tag", name, repo);
    write(join(repo, "one"), { "src/code.py": "# not in the image\n" });
    const ran = await at("one")("run_coverage", "--stage", "prod", "--version", "1.0.0", "--target-dir", "src");
    write(join(repo, "one"), { "src/code.py": code });
    expect(ran.code, ran.stderr).toBe(0);
    expect(readXml(reports(imageOf("one"), "fast.coverage.xml")).files).toEqual([
      ["src/code.py", 0.75],
      ["src/other.py", 0],
    ]);
  });

  it("of all dirs is one report of main_pytest, in which a file has its path in the repo; other programs have none", async () => {
    const ran = await workflowsIn(repo)("main_pytest", ...local, "--coverage");
    expect(ran.code, ran.stderr).toBe(0);
    const { sources, files } = readXml(reports("main_pytest.coverage.xml"));
    expect(sources).toEqual([repo.replace("&", "&amp;")]);
    expect(files).toEqual([
      ["one/src/code.py", 0.75],
      ["one/src/other.py", 0],
      ["two/more.py", 0.75],
    ]);
    expect(ran.stdout).toContain("Coverage: .git/slipway/reports/main_pytest.coverage.xml");
  });
});
