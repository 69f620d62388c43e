import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { branchTag } from "../../lib/names/dev_version.ts";
import { isNode, textAt, valueAt } from "../../lib/text/shape.ts";
import { run } from "../../thin_client/engine/command.ts";
import { loopbackRegistries } from "../../thin_client/engine/registries.ts";
import { commitAll, git } from "../bed/git.ts";
import { digestsAt, logOf } from "../bed/oracle.ts";
import { needs } from "../bed/parts.ts";
import { makeQuickstartGround, type Place, type QuickstartGround } from "../bed/quickstart.ts";
import { story } from "../bed/story.ts";
import { type Ground, makeGround, tinyConfig, write } from "../bed/tiny_repo.ts";

let quick: QuickstartGround;
let place: Place;
beforeAll(async () => {
  quick = await makeQuickstartGround();
  place = quick.place("c");
});
afterAll(() => quick.end(place));

type Env = Readonly<Record<string, string>>;
const workflowFile = (name: string) => `.github/workflows/${name}.yml`;

/** Types the shell lines of a job as GitHub does: `bash -e`, with the variables of workflow, job and step. */
async function runJob(
  repo: string,
  { name, job, env = {} }: { name: string; job: string; env?: Env },
  played: (line: string) => string = (line) => line,
): Promise<string> {
  const written = load(readFileSync(join(repo, workflowFile(name)), "utf8"));
  const matrix: Env = {
    "${{ matrix.platform }}": env["PLATFORM"] ?? "",
    "${{ matrix.user }}": env["SLIPWAY_USER"] ?? "",
  };
  const variables = (...path: readonly (string | number)[]): Env =>
    Object.fromEntries(
      Object.entries(valueAt(written, ...path, "env") ?? {}).map(([key, value]) => [
        key,
        matrix[String(value)] ?? String(value).replace(/\$\{\{.*\}\}/, "of-a-secret"),
      ]),
    );
  const steps = valueAt(written, "jobs", job, "steps");
  let told = "";
  for (const [index, step] of (Array.isArray(steps) ? steps : []).entries()) {
    const typed = isNode(step) ? textAt(step, "run") : undefined;
    if (typed === undefined) continue;
    const line = played(typed);
    const own = { ...variables(), ...variables("jobs", job), ...variables("jobs", job, "steps", index) };
    const all = { ...quick.env, CI: "true", GITHUB_ACTOR: "ada", ...env, ...own };
    const ended = await run(["bash", "-e", "-c", line], { cwd: repo, env: all });
    told += `$ ${line}\n${ended.stdout}${ended.stderr}`;
    expect(ended.code, told).toBe(0);
  }
  return told;
}

/** A repo has Slipway where its CI looks for it. */
async function withCi(repo: string): Promise<void> {
  write(repo, { "helpers/.keep": "" });
  symlinkSync(quick.clone, join(repo, "helpers/slipway"));
  writeFileSync(join(repo, ".git/info/exclude"), "/helpers/\n");
  const ended = await run([join(quick.clone, "thin_client/bin/i"), "init_ci", "--yes"], { cwd: repo, env: quick.env });
  expect(ended.code, ended.stderr).toBe(0);
  await commitAll(repo, "Add a CI");
  await git(repo, "push", "--quiet", "origin", "HEAD");
}

describe("the shell lines of the workflows, typed in the sample of quickstart", story, () => {
  beforeAll(async () => {
    const ended = await quick.quickstart(...place.words);
    expect(ended.code, ended.stderr).toBe(0);
    await withCi(place.repo);
  });

  it("test in the released image", async () => {
    for (const name of ["fast_tests", "slow_tests", "superslow_tests"])
      expect(await runJob(place.repo, { name, job: "tests" })).toContain(`run_${name}`);
    const passes = (await logOf(place.remote, place.name)).flatMap((entry) =>
      entry.type === "pass" ? [entry.list] : [],
    );
    expect(passes).toEqual(expect.arrayContaining(["fast", "slow"]));
  });

  it("find a pushed tag released already", async () => {
    const told = await runJob(place.repo, {
      name: "release",
      job: "dev",
      env: { GITHUB_REF_NAME: `${place.name}-1.0.0` },
    });
    expect(told).toContain("docker_release_dev");
  });

  it("build the weekly image with packages as they are now, and test it", async () => {
    expect(await runJob(place.repo, { name: "dev_image", job: "image" })).toContain("run_superslow_tests");
  });

  it("give a pushed branch an image of its own in every registry, and its tag points at it", async () => {
    const branch = "feature/it's-$(x)";
    await git(place.repo, "checkout", "--quiet", "-b", branch);
    await git(place.repo, "commit", "--quiet", "--allow-empty", "--message", "Begin a feature");
    await git(place.repo, "push", "--quiet", "origin", "HEAD");
    const commit = await git(place.repo, "rev-parse", "HEAD");
    const event = join(quick.base, "event.json");
    const repository = { default_branch: "main", full_name: "ada/sample" };
    writeFileSync(event, JSON.stringify({ ref: `refs/heads/${branch}`, after: commit, deleted: false, repository }));
    const env = {
      ...{ GITHUB_EVENT_NAME: "push", GITHUB_EVENT_PATH: event, GITHUB_REF: `refs/heads/${branch}` },
      ...{ GITHUB_REF_NAME: branch, GITHUB_SHA: commit },
    };
    const told = await runJob(place.repo, { name: "branch_image", job: "image", env });
    expect(told).toContain("is to be released: ");
    const addresses = loopbackRegistries.map(({ address }) => address);
    const [own] = (await logOf(place.remote, place.name)).flatMap((entry) => (entry.type === "branch" ? [entry] : []));
    expect(own).toMatchObject({ branch, commit, follow: [branchTag(branch)] });
    for (const tag of [own?.tag, branchTag(branch)])
      expect(await digestsAt(addresses, `${place.name}:${tag}`)).toEqual(addresses.map(() => own?.digest));
    await git(place.repo, "checkout", "--quiet", "-");
  });

  it("are written once: typed again init_ci changes nothing, and what a person changed it shows and asks about", async () => {
    const file = join(place.repo, workflowFile("fast_tests"));
    const made = readFileSync(file, "utf8");
    expect((await place.i("init_ci")).code).toBe(0);
    writeFileSync(file, `${made}# mine\n`);
    const refused = await place.i("init_ci");
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringMatching(/-# mine[\s\S]*no one can answer "Overwrite/),
    ]);
    expect(readFileSync(file, "utf8")).toBe(`${made}# mine\n`);
    expect((await place.i("init_ci", "--yes")).code).toBe(0);
    expect(readFileSync(file, "utf8")).toBe(made);
  });
});

describe("a release by tag on machines of two platforms", () => {
  let ground: Ground;
  const name = "native-ci";
  beforeAll(async () => {
    await needs("emulation", "foreign");
    ground = await makeGround(2);
  });
  afterAll(() => ground.end());

  it("is one index in every registry", async () => {
    const repo = await ground.repo(name);
    const config = tinyConfig({ name, registries: ground.addresses });
    const platforms = "release: {platforms: [linux/amd64, linux/arm64], ";
    write(repo, { "repo_config.yaml": config.replace("release: {", platforms) });
    await withCi(repo);
    const GITHUB_REF_NAME = `${name}-1.0.0`;
    const env = (machine: string) => ({ GITHUB_REF_NAME, PLATFORM: `linux/${machine}`, SLIPWAY_USER: `ci-${machine}` });
    await runJob(repo, { name: "release", job: "native", env: env("amd64") });
    // No such machine is here: what it tests natively a release for its platform alone tests by emulation.
    const emulated = (line: string) =>
      line.replace(
        /run_fast_tests --stage local (.*) --snapshot/,
        'docker_release_dev $1 --platform "$PLATFORM" --no-push-to-repo',
      );
    await runJob(repo, { name: "release", job: "native", env: env("arm64") }, emulated);
    await runJob(repo, { name: "release", job: "dev", env: { GITHUB_REF_NAME } });
    const digests = await digestsAt(Object.values(ground.addresses), `${name}:dev`);
    expect(digests).toEqual([expect.stringMatching(/^sha256:/), digests[0]]);
  });
});
