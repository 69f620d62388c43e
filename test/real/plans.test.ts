import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runWorkflow } from "../../lib/kinds/run_workflow.ts";
import { type Plan, type Step, stepsOf } from "../../lib/plan/plan.ts";
import { type Aws, region, startAws } from "../bed/aws.ts";
import { actionsOf, dockerWords, unlabelled } from "../bed/docker_words.ts";
import { fitting, fittingCodes, ofPython, workflowNames } from "../bed/fitting.ts";
import { commitAll, git } from "../bed/git.ts";
import { type Github, ourHost, startGithub } from "../bed/github.ts";
import { startLabelled } from "../bed/labelled.ts";
import { shareNative } from "../bed/native_images.ts";
import { changes } from "../bed/oracle.ts";
import { type PackageIndex, start } from "../bed/package_index.ts";
import { needs } from "../bed/parts.ts";
import { ensurePythonBase } from "../bed/python_base.ts";
import { makeSampleRepo } from "../bed/sample_repo.ts";
import { tinyImage } from "../bed/tiny.ts";
import { change, changelog, type Ground, makeGround, write } from "../bed/tiny_repo.ts";
import { look, onlyLooks, type Watched, watchDocker } from "../bed/watch.ts";
import { startWebhook, type Webhook } from "../bed/webhook.ts";
import { docker, workflowsIn } from "../bed/workflow.ts";

// Two runs on one engine must not see each other's containers.
const name = `planned${process.pid}x`;
let ground: Ground;
let aws: Aws;
let watched: Watched;
let webhook: Webhook;
let github: Github;
let repo = "";
/** A container for those that work in one, until docker_kill. */
let box = "";

beforeAll(async () => {
  [ground, aws, webhook, github] = await Promise.all([makeGround(2), startAws(), startWebhook(), startGithub()]);
  github.repo("team/repo").isQuick = true;
  watched = await watchDocker(ground.dir);
  repo = await ground.repo(name, { kinds: { r2: `kind: ecr, region: ${region}` } });
  await aws.repository(name);
  await aws.service(`${name}-prod`, `${ground.addresses["r2"]}/${name}:prod-xyz`);
  const tools = `${ground.addresses["r1"]}/dev_tools:prod`;
  await docker("tag", tinyImage, tools);
  await docker("push", "--quiet", tools);
  box = await startLabelled(name, "root");
});
afterAll(async () => {
  await docker("rm", "--force", box);
  await Promise.all([ground.end(), aws.end(), webhook.stop(), github.stop()]);
});

const newer = (...words: readonly string[]) => ["docker_release_dev", ["--version", "1.0.1", ...words]] as const;
const {
  docker_release_dev: _,
  docker_rollback_dev: back = [],
  docker_release_all: all = [],
  docker_rollback_prod: backInProd = [],
  docker_release_multi_build_dev: multi = [],
  docker_tag_push_multi_build_local_as_dev: pushMulti = [],
  release_merge_index: merge = [],
  git_roll_submodule: roll = [],
  init = [],
  init_runnable_dir: initDir = [],
  ...first
} = fitting;
/** Every workflow, in an order in which each has something to do; the last release finds all done. */
const isOfPython = (workflow: string): boolean => ofPython.some((one) => one === workflow);
const rows = [
  ...Object.entries(first).filter(([workflow]) => !isOfPython(workflow)),
  newer(),
  newer("--no-cache"),
  ["docker_release_all", all],
  ["docker_rollback_prod", backInProd],
  ["docker_release_multi_build_dev", multi],
  ["docker_tag_push_multi_build_local_as_dev", pushMulti],
  ["release_merge_index", merge],
  ["docker_rollback_dev", back],
  ["git_roll_submodule", roll],
  ["init", init],
  ["init_runnable_dir", initDir],
] as const;

const configOf = (repo: string): string => readFileSync(join(repo, "repo_config.yaml"), "utf8");
const shellLinter = `lint: {image: "${tinyImage}", files: {shell: {names: ["*.sh"], check: [[sh, -n]]}}}\n`;

/** A service that no test list needs. */
const served = () => ({
  "repo_config.yaml": `${configOf(repo)}services: {compose_file: services.yml, needed_by: []}\n`,
  "services.yml": `services: {sleeper: {image: "${tinyImage}", command: [sleep, "600"], stop_signal: SIGKILL}}\n`,
});

/** A line of a check-list stays open where nobody is there to confirm it. */
const expected = (step: Step) => {
  if (step.skip !== null) return ["skipped"];
  return step.do.some(({ kind }) => kind === "by_hand") ? ["open"] : ["done", "already"];
};

describe("every workflow", () => {
  it("stands in this table", () => {
    expect([...new Set([...rows.map(([workflow]) => workflow), ...ofPython])].sort()).toEqual(workflowNames);
  });

  it.each(rows)("%s %j plans without changing anything, and then does what it planned", async (workflow, words) => {
    if (workflow === "docker_release_dev" && !words.includes("--no-cache")) await newVersion("1.0.1", "1.0.0");
    if (workflow.includes("multi_build")) await needs("emulation", "foreign");
    if (workflow === "tools_run") await change(repo, { "devops/tools/tool.Dockerfile": `FROM ${tinyImage}\n` });
    if (workflow === "lint") {
      await change(repo, { "repo_config.yaml": `${configOf(repo)}${shellLinter}` });
      // Their image is of others.
      await workflowsIn(repo, { env: { ...process.env, ...watched.env } })("trust", "--yes");
    }
    if (workflow === "service_up") await change(repo, served());
    if (workflow === "sync_common_files") {
      await change(repo, { "repo_config.yaml": `${configOf(repo)}common_files: {copy: [changelog.txt]}\n` });
      await git(ground.dir, "init", "--quiet", "peer");
    }
    if (workflow === "git_roll_submodule") await addSubmodule("amp");
    if (workflow === "release_deploy") await needs("registries");
    if (workflow === "release_deploy") await change(repo, { "docker/Dockerfile": `FROM ${tinyImage}\n` });
    // Where it is registered already, there is nothing to install.
    if (workflow === "release_enable_cross_build") await needs("emulation");
    if (workflow === "docker_release_multi_build_dev") await newVersion("1.0.2", "1.0.1", "1.0.0");
    if (workflow === "release_merge_index") await newVersion("1.0.3", "1.0.2", "1.0.1", "1.0.0");
    if (workflow === "release_merge_index") await shareNative(ground, { repo, image: name, version: "1.0.3" });
    await plansAndDoes({ repo, image: name, ground, watched }, workflow, words);
  });
});

describe("every workflow that needs Python in the image", () => {
  const pyName = `${name}-py`;
  let index: PackageIndex;
  let pyRepo = "";
  beforeAll(async () => {
    index = await start([{ name: "alpha", version: "1.0.0" }]);
    pyRepo = join(ground.dir, pyName);
    await makeSampleRepo({
      dir: pyRepo,
      name: pyName,
      base: await ensurePythonBase(),
      registries: { oci: ground.addresses["r1"] ?? "" },
      buildArgs: { PACKAGE_INDEX: index.url },
      remote: true,
    });
    const pyproject = join(pyRepo, "devops/docker_build/pyproject.toml");
    const text = readFileSync(pyproject, "utf8").replace(/^python = .*$/m, (line) => `${line}\nalpha = "*"`);
    write(pyRepo, { "devops/docker_build/pyproject.toml": text, "use.py": "import alpha\n" });
    await commitAll(pyRepo, "Use alpha");
    const built = await workflowsIn(pyRepo)("docker_build_local", "--poetry-mode", "update");
    expect(built.code, built.stderr).toBe(0);
    await commitAll(pyRepo, "Lock");
    await git(pyRepo, "push", "--quiet", "origin", "HEAD");
  });
  afterAll(() => index.stop());

  it.each(ofPython)("%s plans without changing anything, and then does what it planned", async (workflow) => {
    const spot = { repo: pyRepo, image: pyName, ground, watched };
    await plansAndDoes(spot, workflow, fitting[workflow] ?? []);
  });
});

type Spot = { readonly repo: string; readonly image: string; readonly ground: Ground; readonly watched: Watched };

async function plansAndDoes(spot: Spot, workflow: string, words: readonly string[]): Promise<void> {
  const { repo, image, ground, watched } = spot;
  const onGithub = workflow.startsWith("gh_") ? { ...github.env, GH_REPO: `${ourHost}/team/repo` } : {};
  github.repo("team/repo").tip = await git(repo, "rev-parse", "HEAD");
  const i = workflowsIn(repo, {
    env: { ...process.env, ...aws.env, ...watched.env, ...onGithub, SLACK_WEBHOOK_URL: webhook.url },
    input: "exit 0\n",
  });
  const before = await look({ repo, image, home: watched.home }, ground.registries);
  for (const registry of ground.registries) registry.forget();
  watched.taken();
  const posted = webhook.texts.length;
  const created = github.changes();
  aws.fleet.forget();

  const printed = await i(workflow, "--dry-run", "--json", ...words);
  expect(printed.code, printed.stderr).toBe(0);
  expect(watched.taken().filter((asked) => !onlyLooks(asked))).toEqual([]);
  expect(ground.registries.flatMap(({ requests }) => changes(requests()))).toEqual([]);
  expect(webhook.texts.length).toBe(posted);
  expect(github.changes()).toBe(created);
  expect(aws.fleet.changes()).toEqual([]);
  expect(await look({ repo, image, home: watched.home }, ground.registries)).toEqual(before);

  const plan = JSON.parse(printed.stdout) as Plan;
  expect(plan).toMatchObject({ slipway: 2, workflow, dir: words.includes("inner") ? "inner" : "." });
  // What is done by another workflow is in that one's plan.
  const inner = await Promise.all(
    actionsOf(plan).map(async (action) => {
      if (!runWorkflow.is(action)) return [action];
      const other = await i(action.workflow, "--dir", action.dir, "--dry-run", "--json", ...action.words);
      expect(other.code, other.stderr).toBe(0);
      return actionsOf(JSON.parse(other.stdout) as Plan);
    }),
  );
  const ran = await i(workflow, "--json", "--yes", ...words);
  expect(ran.code, ran.stderr).toBe(fittingCodes[workflow] ?? 0);
  const told = JSON.parse(ran.stdout) as Told;
  if (ran.code === 0) assertTold(plan, told);
  const acts = (asked: readonly string[]) => !onlyLooks(asked) && asked[0] !== "rm";
  const planned = inner.flat().flatMap((action) => dockerWords(action, told.digest, repo));
  expect(watched.taken().filter(acts).map(unlabelled)).toEqual(planned.filter(acts));
}

type Told = {
  readonly steps: readonly { readonly id: string; readonly state: string }[];
  readonly digest: string | null;
};

/** What a run tells of its steps, where it ended as it should. */
function assertTold(plan: Plan, told: Told): void {
  const steps = stepsOf(plan);
  expect(told.steps.map(({ id }) => id)).toEqual(steps.map(({ id }) => id));
  for (const [index, step] of steps.entries()) expect(expected(step)).toContain(told.steps[index]?.state);
}

/** Makes the repo's own remote a submodule of it, too. */
async function addSubmodule(path: string): Promise<void> {
  await git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", `${repo}.git`, path);
  await commitAll(repo, `Add ${path}`);
}

/** Makes the first version something to build. */
const newVersion = (...versions: readonly string[]) =>
  change(repo, {
    "changelog.txt": changelog(name, ...versions),
    "devops/docker_build/words.txt": `the image of ${versions[0]}\n`,
  });
