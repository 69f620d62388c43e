import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dataOf } from "../../lib/formats/coverage.ts";
import { until } from "../../thin_client/engine/command.ts";
import { readEvidence } from "../bed/evidence.ts";
import { commitAll, git } from "../bed/git.ts";
import { runAt, type SwarmBed, type SwarmDir, startAt, startSwarm, swarmImage, swarmRepo } from "../bed/swarm.ts";
import { workflow } from "../bed/workflow.ts";

const suite = (name: string, tests: number, failures: number) =>
  `<testsuites><testsuite name="${name}" tests="${tests}" failures="${failures}" errors="0" skipped="0">` +
  `<testcase classname="t" name="one" file="test/one.py"/></testsuite></testsuites>`;
const leaves = (name: string, tests: number, failures: number) =>
  `echo '${suite(name, tests, failures)}' >/slipway/reports/fast.xml`;

let bed: SwarmBed;
beforeAll(async () => {
  bed = await startSwarm(3);
});
afterAll(() => bed?.end());

type Told = { readonly result: { readonly lists: readonly { readonly dir: string; readonly result: string }[] } };
const rowsOf = (stdout: string) => (JSON.parse(stdout) as Told).result.lists.map(({ dir, result }) => [dir, result]);
const mainPytest = (...words: readonly string[]) => workflow("bun", "main_pytest", "--json", ...words);
const run = (repo: string, ...words: readonly string[]) => runAt(bed, mainPytest(...words), { cwd: repo });
const there = (repo: string, ...words: readonly string[]) => run(repo, "--on", "swarm", ...words);
const junit = (repo: string) =>
  readFileSync(join(repo, ".git/slipway/reports/main_pytest.xml"), "utf8").replaceAll(/ time="[^"]*"/g, "");

/** What the swarm and the registry have of runs that ended: services, secrets, and images beside those that were released. */
async function leftOvers(repo: string, dirs: readonly string[]) {
  const names = async (thing: string) => (await bed.docker(thing, "ls", "--quiet")).split("\n").filter(Boolean);
  const images = dirs.flatMap((dir) => {
    const { revisions, tags } = stored(swarmImage(repo, dir));
    const parts = JSON.parse(blobAt(tags["dev"] ?? "").toString()) as { manifests?: { digest: string }[] };
    const known = [...Object.values(tags), ...(parts.manifests ?? []).map(({ digest }) => digest)];
    return revisions.filter((digest) => !known.includes(digest));
  });
  return { services: await names("service"), secrets: await names("secret"), images };
}
const nothing = { services: [], secrets: [], images: [] };

/** What the registry stores of an image. */
function stored(image: string) {
  const folder = join(bed.storage, "docker/registry/v2/repositories", image, "_manifests");
  const hex = (path: string) => (existsSync(path) ? readdirSync(path) : []);
  const link = (path: string) => (existsSync(path) ? readFileSync(path, "utf8") : "");
  const revisions = hex(join(folder, "revisions/sha256")).flatMap((one) => {
    const digest = link(join(folder, "revisions/sha256", one, "link"));
    return digest === "" ? [] : [digest];
  });
  const tags = Object.fromEntries(
    hex(join(folder, "tags")).map((tag) => [tag, link(join(folder, "tags", tag, "current/link"))]),
  );
  return { revisions, tags };
}

/** The evidence that runs left of a dir in the registry, by digest. */
const evidenceOf = (repo: string, dir: string) =>
  Promise.all(
    Object.entries(stored(swarmImage(repo, dir)).tags).flatMap(([tag, digest]) =>
      tag.startsWith("evidence-") ? [readEvidence(blobAt, digest)] : [],
    ),
  );
const blobAt = (digest: string): Buffer => {
  const hex = digest.replace("sha256:", "");
  return readFileSync(join(bed.storage, "docker/registry/v2/blobs/sha256", hex.slice(0, 2), hex, "data"));
};

describe("main_pytest --on swarm", () => {
  it("ends as on one machine, in order and at once: verdict, JUnit and exit codes", async () => {
    const dirs = {
      passes: { script: `${leaves("whole", 2, 0)}; pwd; id -u` },
      fails: { script: `${leaves("broken", 3, 1)}; echo 'FAILED test/one.py' >&2; exit 1` },
      empty: { script: "exit 5" },
      killed: { script: "kill -9 $$" },
      leaves: { script: "setsid sleep 600 & sleep 600 & echo left" },
      hungry: {
        script: "x=$(head -c 300m /dev/zero | tr '\\0' a); echo fed",
        config: "tests: {fast: {command: [sh, test.sh]}, memory: 64m}",
      },
      "deep/garbled": { script: "echo '<testsuite <' >/slipway/reports/fast.xml" },
      qa: {
        script: "[ -S /var/run/docker.sock ]",
        config: "container: {socket: true}\ntests: {fast: {command: [sh, test.sh]}}",
      },
    };
    const repo = await swarmRepo(bed, "equal", dirs);
    const trusting = { CI: "true", SLIPWAY_TRUST: "1" };
    const typed = (...words: readonly string[]) => runAt(bed, mainPytest(...words), { cwd: repo, env: trusting });
    const done = await typed("--on", "swarm");
    expect([done.code, rowsOf(done.stdout).toSorted()], done.stderr).toEqual([
      137,
      [
        ["deep/garbled", "passed"],
        ["empty", "no tests"],
        ["fails", "failed"],
        ["hungry", "failed (137)"],
        ["killed", "failed (137)"],
        ["leaves", "passed"],
        ["passes", "passed"],
        ["qa", "passed"],
      ],
    ]);
    expect(done.stderr).toContain("Run the fast tests of qa here, for they want the engine's socket");
    const report = junit(repo);
    for (const atOnce of ["1", "4"]) {
      const here = await typed("--snapshot", "--at-once", atOnce);
      expect([here.code, rowsOf(here.stdout), junit(repo)]).toEqual([done.code, rowsOf(done.stdout), report]);
    }
    // What ran there left evidence in the registry, whose subject is the image that was tested; nothing else is left.
    const commit = (await git(repo, "rev-parse", "HEAD")).trim();
    for (const [dir, exitCode] of [
      ["passes", 0],
      ["fails", 1],
      ["empty", 5],
      ["killed", 137],
      ["deep/garbled", 0],
    ] as const) {
      const image = stored(swarmImage("equal", dir)).tags["dev"];
      const own = { dir, list: "fast", exitCode, ran: true, commit, image, parts: { subject: { digest: image } } };
      expect(await evidenceOf("equal", dir)).toMatchObject([own]);
    }
    const [passes] = await evidenceOf("equal", "passes");
    expect(passes?.files).toEqual({ "junit.xml": `${suite("whole", 2, 0)}\n`, "output.log": "/app/passes\n0\n" });
    expect(await evidenceOf("equal", "qa")).toEqual([]);
    expect(await leftOvers("equal", Object.keys(dirs))).toEqual(nothing);
  });

  it("runs what is committed, also while another commit is run beside it: two runs at once keep apart", async () => {
    const script = `grep -q "$(cat word)" /app/all/word && echo "word $(cat word)"; sleep 2; ${leaves("own", 1, 0)}`;
    const repo = await swarmRepo(bed, "apart", { all: { script }, more: { script: "cat ../all/word; sleep 1" } });
    const words = ["one", "two", "three"] as const;
    const clones: string[] = [];
    for (const word of words) {
      writeFileSync(join(repo, "all/word"), `${word}\n`);
      await commitAll(repo, word);
      const clone = join(bed.dir, `apart_${word}`);
      await git(bed.dir, "clone", "--quiet", repo, clone);
      // What is not committed is not what is tested.
      writeFileSync(join(clone, "all/word"), "dirty\n");
      clones.push(clone);
    }
    const done = await Promise.all(clones.map((clone) => there(clone)));
    for (const [at, one] of done.entries()) {
      expect([one.code, rowsOf(one.stdout)], one.stderr).toEqual([
        0,
        [
          ["all", "passed"],
          ["more", "passed"],
        ],
      ]);
      expect(one.stderr).toContain(`word ${words[at]}`);
      expect(words.filter((word) => one.stderr.includes(`word ${word}\n`))).toEqual([words[at]]);
    }
    const commits = await Promise.all(clones.map(async (clone) => (await git(clone, "rev-parse", "HEAD")).trim()));
    expect((await evidenceOf("apart", "all")).map(({ commit }) => commit).toSorted()).toEqual(commits.toSorted());
    expect(await leftOvers("apart", ["all", "more"])).toEqual(nothing);
  });

  it("brings back what a list covered", async () => {
    const repo = await swarmRepo(bed, "covers", {
      all: { script: "", config: "tests: {fast: {command: [./pytest]}}" },
    });
    // What is called pytest is told to measure, and this one says where it would have kept that.
    writeFileSync(join(repo, "all/pytest"), '#!/bin/sh\necho "data of $*" >"$COVERAGE_FILE"\n', { mode: 0o755 });
    await commitAll(repo, "Cover");
    const done = await there(repo, "--coverage");
    const [evidence] = await evidenceOf("covers", "all");
    expect(evidence?.files["coverage.data"], done.stderr).toBe("data of --cov=. --cov-branch --cov-report=\n");
    const here = dataOf(join(repo, ".git/slipway/reports", swarmImage("covers", "all")), "fast");
    expect(readFileSync(here, "utf8")).toBe(evidence?.files["coverage.data"]);
    expect(await leftOvers("covers", ["all"])).toEqual(nothing);
  });

  it("tells of a list that no node can hold before anything waits", async () => {
    const tests = (more: string) => `tests: {fast: {command: [sh, test.sh]}, ${more}}`;
    const repo = await swarmRepo(bed, "large", {
      cores: { script: "true", config: tests("cpus: 64") },
      label: { script: "true", config: tests("swarm: {constraints: [node.labels.size==large]}") },
    });
    const cores = await there(repo, "--dirs", "cores");
    expect([cores.code, cores.stdout]).toEqual([2, expect.stringContaining("the fast list of cores wants 64 cores")]);
    const label = await there(repo, "--dirs", "label");
    expect([label.code, label.stdout]).toEqual([2, expect.stringContaining("wants a node with")]);
    await bed.docker("node", "update", "--label-add", "size=large", "node2");
    const done = await there(repo, "--dirs", "label");
    expect([done.code, rowsOf(done.stdout)], done.stderr).toEqual([0, [["label", "passed"]]]);
    expect(await leftOvers("large", ["cores", "label"])).toEqual(nothing);
  });

  it("without evidence at the deadline is red", async () => {
    const config = "tests: {fast: {command: [sh, test.sh]}, swarm: {deadline: 5s}}";
    const repo = await swarmRepo(bed, "late", { late: { script: "sleep 600", config }, soon: { script: "true" } });
    const done = await there(repo);
    expect([done.code, rowsOf(done.stdout)], done.stderr).toEqual([
      124,
      [
        ["late", "failed (124)"],
        ["soon", "passed"],
      ],
    ]);
    expect(done.stdout).toContain("the fast tests of late left no evidence in 5 s");
    expect(await leftOvers("late", ["late", "soon"])).toEqual(nothing);
  });

  it("that is interrupted ends with 130 and takes services, secrets and images along", async () => {
    const dirs = { one: { script: "sleep 600" }, two: { script: "trap '' TERM; sleep 600" } };
    const repo = await swarmRepo(bed, "stopped", dirs);
    const started = startAt(bed, mainPytest("--on", "swarm"), repo);
    const running = async () =>
      (await bed.docker("service", "ls", "--format", "{{.Replicas}}")).split("\n").filter((one) => one === "1/1");
    expect(await until(async () => (await running()).length === 2, 60_000)).toBe(true);
    expect(await started.kill("SIGINT")).toBe(130);
    expect(await leftOvers("stopped", Object.keys(dirs))).toEqual(nothing);
  });

  it("that is killed itself leaves nothing that the next one does not end", async () => {
    const repo = await swarmRepo(bed, "dead", { one: { script: "sleep 600" }, two: { script: "true" } });
    const started = startAt(bed, mainPytest("--on", "swarm", "--dirs", "one"), repo);
    const services = async () => (await leftOvers("dead", ["one"])).services.length;
    expect(await until(async () => (await services()) === 1, 60_000)).toBe(true);
    await started.kill();
    const left = await leftOvers("dead", ["one"]);
    expect([left.services.length, left.secrets.length, left.images.length]).toEqual([1, 1, 1]);
    const done = await there(repo, "--dirs", "two");
    expect([done.code, rowsOf(done.stdout)], done.stderr).toEqual([0, [["two", "passed"]]]);
    expect(done.stderr).toMatch(/removing service slipway-fast-one-\w+, left by a process that is gone/);
    expect(await leftOvers("dead", ["one", "two"])).toEqual(nothing);
  });

  it("goes on where an engine is killed: each dir is counted once, with its JUnit and log", async () => {
    const names = Array.from({ length: 9 }, (_, at) => `dir${at}`);
    const script = (dir: string): SwarmDir => ({
      script: `echo "of ${dir}"; ${leaves(dir, 1, dir === "dir4" ? 1 : 0)}; sleep 6; ${dir === "dir4" ? "exit 1" : "true"}`,
    });
    const repo = await swarmRepo(bed, "lost", Object.fromEntries(names.map((dir) => [dir, script(dir)])));
    const begun = runAt(bed, mainPytest("--on", "swarm"), { cwd: repo });
    const tasks = async () =>
      (await bed.docker("node", "ps", "--filter", "desired-state=running", "--format", "{{.CurrentState}}", "node3"))
        .split("\n")
        .filter((state) => state.startsWith("Running"));
    expect(await until(async () => (await tasks()).length > 0, 60_000)).toBe(true);
    bed.nodes[2]?.kill();
    const killed = performance.now();
    const done = await begun;
    const seconds = (performance.now() - killed) / 1000;
    const rows = names.map((dir) => [dir, dir === "dir4" ? "failed" : "passed"]);
    expect([done.code, rowsOf(done.stdout)], done.stderr).toEqual([1, rows]);
    // The engine was down before its lists could end, so others ran them.
    expect(await bed.docker("node", "ls", "--format", "{{.Hostname}} {{.Status}}")).toContain("node3 Down");
    expect(seconds).toBeLessThan(60);
    for (const dir of names) {
      const [evidence, ...more] = await evidenceOf("lost", dir);
      expect(more).toEqual([]);
      expect(evidence?.files).toEqual({
        "junit.xml": `${suite(dir, 1, dir === "dir4" ? 1 : 0)}\n`,
        "output.log": `of ${dir}\n`,
      });
    }
    expect(await leftOvers("lost", names)).toEqual(nothing);
  });
});
