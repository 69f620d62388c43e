import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DOMParser } from "@xmldom/xmldom";
import { parse } from "junit2json";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../thin_client/engine/command.ts";
import { localEvidence } from "../bed/evidence.ts";
import { commitAll, git } from "../bed/git.ts";
import { labelled, startLabelled } from "../bed/labelled.ts";
import { ensurePythonBase } from "../bed/python_base.ts";
import { tinyImage } from "../bed/tiny.ts";
import { changelog, type Ground, makeGround, write } from "../bed/tiny_repo.ts";
import { docker, startWorkflow, workflowsIn } from "../bed/workflow.ts";

const suite = (name: string, tests: number, failures: number) =>
  `<testsuites><testsuite name="${name}" tests="${tests}" failures="${failures}" errors="0" skipped="0">` +
  `<testcase classname="t" name="one" file="test/one.py"/></testsuite></testsuites>`;

/** What the fast list of each dir does; one has no image, one no config. */
const dirs: Readonly<Record<string, string>> = {
  passes: `echo '${suite("whole", 2, 0)}' >/slipway/reports/fast.xml`,
  "deep/fails": `echo '${suite("broken", 3, 1)}' >/slipway/reports/fast.xml; exit 1`,
  garbled: "echo '<testsuite <' >/slipway/reports/fast.xml",
  empty: "exit 5",
  killed: "kill -9 $$",
  lacks_image: "exit 0",
  sub: "pwd",
};
const imageOf = (dir: string) => `pytest${process.pid}-${dir.replace("/", "_")}`;

let ground: Ground;
let repo = "";
beforeAll(async () => {
  ground = await makeGround(1);
  const config = (dir: string) => ({
    "repo_config.yaml": [
      `docker_info: {docker_image_name: ${imageOf(dir)}}`,
      `container_registry_info: {r1: {address: "${ground.addresses["r1"]}", kind: oci}}`,
      "tests: {fast: {command: [sh, test.sh]}}",
      "",
    ].join("\n"),
    "changelog.txt": changelog(imageOf(dir), "1.0.0"),
    "test.sh": `${dirs[dir]}\n`,
  });
  repo = join(ground.dir, "many");
  const sub = join(ground.dir, "sub");
  write(sub, config("sub"));
  await commitAll(sub, "Start");
  for (const dir of Object.keys(dirs)) if (dir !== "sub") write(join(repo, dir), config(dir));
  write(repo, { "half/changelog.txt": "", "half/devops/x": "", "docs/changelog.txt": "" });
  await commitAll(repo, "Start");
  await git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", sub, "sub");
  await commitAll(repo, "Add a submodule");
  const made = Object.keys(dirs).filter((dir) => dir !== "lacks_image");
  await Promise.all(
    made.map((dir) => docker("tag", tinyImage, `${ground.addresses["r1"]}/${imageOf(dir)}:local-root-1.0.0`)),
  );
});
afterAll(() => ground.end());

const run = (...words: readonly string[]) => workflowsIn(repo)("main_pytest", "--stage", "local", "--json", ...words);
type Row = { readonly dir: string; readonly list: string; readonly result: string; readonly tests?: number };
const rowsOf = ({ stdout }: { readonly stdout: string }) =>
  (JSON.parse(stdout) as { result: { lists: Row[] } }).result.lists.map(({ dir, result }) => [dir, result]);
const joined = () =>
  new DOMParser().parseFromString(readFileSync(join(repo, ".git/slipway/reports/main_pytest.xml"), "utf8"), "text/xml");

/** Results by dir, as one at a time, four at once and as many as there are cores have to give them. */
const results = [
  ["deep/fails", "failed"],
  ["empty", "no tests"],
  ["garbled", "passed"],
  ["half", "failed (2)"],
  ["killed", "failed (137)"],
  ["lacks_image", "failed (2)"],
  ["passes", "passed"],
  ["sub", "passed"],
];

describe("main_pytest", () => {
  it.each([
    ["all pass: 0", "passes,garbled,sub", 0],
    ["one fails: 1", "passes,deep/fails", 1],
    ["nothing is collected: 5", "empty", 5],
    ["an image is missing: 2", "lacks_image", 2],
    ["a container is killed: 137", "killed", 137],
  ])("%s", async (_, names, code) => {
    const done = await run("--dirs", names);
    expect([done.code, rowsOf(done).toSorted()]).toEqual([
      code,
      results.filter(([dir = ""]) => names.split(",").includes(dir)),
    ]);
  });

  it.each(["1", "4"])(
    "of all dirs, %s at once, has one verdict, and a report in which each of them stands",
    async (many) => {
      const done = await run("--at-once", many);
      expect([done.code, rowsOf(done).toSorted()]).toEqual([137, results]);
      const suites = Array.from(joined().getElementsByTagName("testsuite"));
      expect(suites.map((one) => ["name", "tests", "failures", "errors"].map((key) => one.getAttribute(key)))).toEqual([
        ["deep/fails fast broken", "3", "1", "0"],
        ["empty fast", "1", null, "1"],
        ["garbled fast", "1", null, "0"],
        ["half fast", "1", null, "1"],
        ["killed fast", "1", null, "1"],
        ["lacks_image fast", "1", null, "1"],
        ["passes fast whole", "2", "0", "0"],
        ["sub fast", "1", null, "0"],
      ]);
      expect(["tests", "failures", "errors"].map((key) => joined().documentElement?.getAttribute(key))).toEqual([
        "11",
        "1",
        "4",
      ]);
      expect(suites[0]?.getElementsByTagName("testcase")[0]?.getAttribute("file")).toBe("deep/fails/test/one.py");
      expect(suites[1]?.getElementsByTagName("error")[0]?.getAttribute("message")).toContain("exited with 5");
    },
  );

  it("tells a person in one table how each list ended, and where its output is", async () => {
    const done = await workflowsIn(repo)("main_pytest", "--stage", "local", "--dirs", "deep/fails,passes");
    expect(done.code).toBe(1);
    expect(done.stdout.replaceAll(/\d+ s/g, "N s").replaceAll(/\S+\/logs\/\S+/g, "LOG")).toBe(
      [
        "DIR         LIST  RESULT  TESTS  FAILED  ERRORS  TIME",
        "deep/fails  fast  failed  3      1       0       N s",
        "passes      fast  passed  2      0       0       N s",
        "",
        "Logs of what failed:",
        "deep/fails fast: LOG",
        "",
        "JUnit report: .git/slipway/reports/main_pytest.xml",
        "",
      ].join("\n"),
    );
  });

  it("leaves evidence of each list that ran: how it ended, its report and what it printed", async () => {
    await run("--dirs", "deep/fails,passes,empty,killed", "--snapshot");
    const commit = (await git(repo, "rev-parse", "HEAD")).trim();
    const tree = (await git(repo, "rev-parse", "HEAD^{tree}")).trim();
    const read = await Promise.all(
      ["deep/fails", "passes", "empty", "killed"].map((dir) => localEvidence(repo, imageOf(dir), "fast")),
    );
    expect(read.map((one) => [one?.dir, one?.exitCode, one?.files["junit.xml"]?.includes("<testsuite")])).toEqual([
      ["deep/fails", 1, true],
      ["passes", 0, true],
      ["empty", 5, undefined],
      ["killed", 137, undefined],
    ]);
    for (const one of read)
      expect(one).toMatchObject({ list: "fast", commit, tree, ran: true, parts: { subject: null } });
    write(repo, { "garbled/test.sh": "echo seen >&2; exit 3\n" });
    await run("--dirs", "garbled");
    const dirty = await localEvidence(repo, imageOf("garbled"), "fast");
    expect(dirty).toMatchObject({ exitCode: 3, commit: null, tree: null });
    expect(dirty?.files["output.log"]).toContain("seen");
    write(repo, { "garbled/test.sh": `${dirs["garbled"]}\n` });
  });

  it("--fail-fast ends the others, and says which were not run", async () => {
    const done = await run("--dirs", "deep/fails,passes,sub", "--at-once", "1", "--fail-fast");
    expect([done.code, rowsOf(done)]).toEqual([
      1,
      [
        ["deep/fails", "failed"],
        ["passes", "not run"],
        ["sub", "not run"],
      ],
    ]);
  });

  it("--retry-flaky runs a list that failed again, and tells which passed then", async () => {
    const once = "[ -e /slipway/reports/failed ] && exit 0; touch /slipway/reports/failed; exit 1\n";
    write(repo, { "passes/test.sh": once });
    const done = await run("--dirs", "passes,deep/fails", "--retry-flaky");
    expect([done.code, rowsOf(done).toSorted()]).toEqual([
      1,
      [
        ["deep/fails", "failed"],
        ["passes", "flaky (failed 1x)"],
      ],
    ]);
    expect(done.stderr.match(/the fast tests exited with 1: running again, 1 of 1/g)).toHaveLength(2);
    expect(done.stderr).toContain('FLAKY: "Run the fast tests of passes" passed after it had failed once');
  });

  const held = async (): Promise<readonly string[]> =>
    (await Promise.all(["passes", "garbled"].map((dir) => labelled(imageOf(dir))))).flat();
  /** Starts two lists that do not end by themselves. */
  async function startTwo() {
    write(repo, { "passes/test.sh": "sleep 600\n", "garbled/test.sh": "trap '' TERM INT; sleep 600\n" });
    const started = startWorkflow(
      repo,
      "main_pytest",
      "--stage",
      "local",
      "--dirs",
      "passes,garbled",
      "--at-once",
      "2",
    );
    expect(await until(async () => (await held()).length === 2, 600_000)).toBe(true);
    return started;
  }

  it("that is interrupted ends with 130, takes its containers along and no other", async () => {
    const other = await startLabelled(imageOf("sub"), "somebody");
    try {
      expect(await (await startTwo()).kill("SIGINT")).toBe(130);
      expect([await held(), await labelled(imageOf("sub"))]).toEqual([[], [other]]);
    } finally {
      await docker("rm", "--force", other);
    }
  });

  it("that is killed leaves nothing that the next one does not end", async () => {
    const started = await startTwo();
    await started.kill();
    const left = await held();
    write(repo, { "passes/test.sh": "true\n", "garbled/test.sh": "true\n" });
    const done = await run("--dirs", "passes,garbled");
    expect({ code: done.code, left: left.length, held: await held() }).toEqual({ code: 0, left: 2, held: [] });
    expect(done.stderr).toMatch(/ending process \d+, left by process \d+ that is gone/);
  });
});

/** A package that is in two images, in versions that exclude each other, and the tests of the dir that has one of them. */
const pkg = (version: number) => ({ "pkg.py": `VERSION = ${version}\n` });
const pkgTests = (version: number) => ({
  "test/test_pkg.py": `import pkg\n\ndef test_version():\n    assert pkg.VERSION == ${version}\n`,
});
const sh = (text: string) => ({
  "repo_config.yaml": "tests: {fast: {command: [sh, test.sh]}}\n",
  "test.sh": `${text}\n`,
});
const never = "def test_never():\n    assert False\n";
const inPython = "COPY pkg.py /usr/lib/python3/dist-packages/";

type Dir = {
  /** What its image has beside its base, and the files that it comes from. */
  readonly adds?: readonly [line: string, files: Readonly<Record<string, string>>];
  /** The dir whose image it uses. */
  readonly of?: string;
  /** It is never released: its image is built for each run, and its registry is one that nobody answers for. */
  readonly isBuilt?: true;
  readonly files: Readonly<Record<string, string>>;
};
const sample: Readonly<Record<string, Dir>> = {
  // The tests of the dir that lies in its own are none of its own, nor is what lies beside its testpaths.
  old: {
    adds: [inPython, pkg(1)],
    files: { ...pkgTests(1), "pytest.ini": "[pytest]\ntestpaths = test\n", "loose/test_never.py": never },
  },
  "old/test/new": { adds: [inPython, pkg(2)], files: pkgTests(2) },
  web: {
    adds: ["COPY node /usr/local/bin/node", {}],
    files: {
      "repo_config.yaml":
        "tests: {fast: {command: [node, --test, --test-reporter=junit, --test-reporter-destination=/slipway/reports/fast.xml, web.mjs]}}\n",
      "web.mjs":
        'import { describe, it } from "node:test";\ndescribe("web", () => { it("one", () => {}); it("two", () => {}); });\n',
    },
  },
  tools: { adds: ["COPY word /word", { word: "tools" }], files: sh(`cat /word; ${dirs["passes"]}`) },
  infra: { adds: ["COPY word /word", { word: "infra" }], files: sh("grep -q infra /word") },
  "users/py": { of: "../../old", files: pkgTests(1) },
  "users/sh": { of: "../../tools", files: sh("grep -q tools /word") },
  fly: {
    isBuilt: true,
    files: {
      ...sh("grep -q fly /word"),
      "devops/docker_build/dev.Dockerfile": `FROM ${tinyImage}\nCOPY devops/docker_build/word /word\n`,
      "devops/docker_build/word": "fly\n",
    },
  },
  none: { of: "../old", files: { "README.md": "No tests.\n" } },
};
const sampleImage = (dir: string) => `sample${process.pid}-${dir.replaceAll("/", "_")}`;

describe("main_pytest on a repo of many languages", () => {
  let many = "";
  beforeAll(async () => {
    const python = await ensurePythonBase();
    many = join(ground.dir, "sample");
    for (const [dir, { adds, of, isBuilt, files }] of Object.entries(sample)) {
      const image = of
        ? `docker_info: {image_of: ${of}}\n`
        : `docker_info: {docker_image_name: ${sampleImage(dir)}}\ncontainer_registry_info: {r1: {address: "${isBuilt ? "127.0.0.1:1" : ground.addresses["r1"]}", kind: oci}}\n${isBuilt ? "release: none\n" : ""}`;
      const own = of ? {} : { "changelog.txt": changelog(sampleImage(dir), "1.0.0") };
      write(join(many, dir), { ...own, ...files, "repo_config.yaml": image + (files["repo_config.yaml"] ?? "") });
      if (!adds) continue;
      const context = join(ground.dir, "images", dir);
      const [line, added] = adds;
      write(context, { ...added, Dockerfile: `FROM ${line.includes("word") ? tinyImage : python}\n${line}\n` });
      if (line.includes("node")) copyFileSync(process.execPath, join(context, "node"));
      await docker(
        "build",
        "--quiet",
        "--tag",
        `${ground.addresses["r1"]}/${sampleImage(dir)}:local-root-1.0.0`,
        context,
      );
    }
    await commitAll(many, "Start");
    await git(many, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", join(ground.dir, "sub"), "sub");
    await commitAll(many, "Add a submodule");
  });

  it.each(["1", "4"])(
    "tests each dir in its image, %s at once, and a reader of another make takes its JUnit",
    async (count) => {
      const done = await workflowsIn(many)("main_pytest", "--stage", "local", "--json", "--at-once", count);
      expect([done.code, rowsOf(done)], done.stderr).toEqual([
        5,
        [
          ["fly", "passed"],
          ["infra", "passed"],
          ["none", "no tests"],
          ["old", "passed"],
          ["old/test/new", "passed"],
          ["sub", "passed"],
          ["tools", "passed"],
          ["users/py", "passed"],
          ["users/sh", "passed"],
          ["web", "passed"],
        ],
      ]);
      const read = await parse(readFileSync(join(many, ".git/slipway/reports/main_pytest.xml"), "utf8"));
      if (!read || !("testsuite" in read)) throw new Error("it read no suites");
      const suites = (read.testsuite ?? []).map(({ name, tests, failures = 0, errors = 0, testcase = [] }) => [
        ...[name?.split(" ").slice(0, 2).join(" "), tests, failures + errors, testcase.length],
      ]);
      expect(suites).toEqual([
        ["fly fast", 1, 0, 1],
        ["infra fast", 1, 0, 1],
        // Its own says nothing of why it is no pass.
        ["none fast", 0, 0, 0],
        ["none fast", 1, 1, 1],
        ["old fast", 1, 0, 1],
        ["old/test/new fast", 1, 0, 1],
        ["sub fast", 1, 0, 1],
        ["tools fast", 2, 0, 1],
        ["users/py fast", 1, 0, 1],
        ["users/sh fast", 1, 0, 1],
        ["web fast", 2, 0, 2],
      ]);
      expect([read.tests, read.failures, read.errors]).toEqual([12, 0, 1]);
    },
  );
});
