import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../thin_client/engine/command.ts";
import { fitting, workflowNames } from "../bed/fitting.ts";
import type { Answer } from "../bed/in_process.ts";
import { startLabelled } from "../bed/labelled.ts";
import { otherNode } from "../bed/nodes.ts";
import { needs } from "../bed/parts.ts";
import { story } from "../bed/story.ts";
import { change, type Ground, makeGround } from "../bed/tiny_repo.ts";
import { docker, inOneProcess, type Runtime, runtimes, workflowsIn } from "../bed/workflow.ts";
import { startOciServer } from "../steps/oci_server.ts";

const slipwayRoot = fileURLToPath(new URL("../..", import.meta.url));
/** What has nothing to do in the repo of these tests, and what it says; plans.test.ts leads each to where it has. */
const refused: Readonly<Record<string, RegExp>> = {
  ...Object.fromEntries(
    ["gh_create_issue", "gh_create_pr", "gh_workflow_run", "gh_watch", "gh_workflow_list"].map((name) => [
      name,
      /^error: the Git remote is "\S+", which is no repo on GitHub$/m,
    ]),
  ),
  tools_run: /^error: there is no tool tool$/m,
  sync_common_files: /^error: repo_config\.yaml of "\." lists no common files$/m,
  git_roll_submodule: /^error: "amp" is no submodule$/m,
  ...Object.fromEntries(
    ["service_up", "service_ps", "service_logs", "service_down"].map((name) => [
      name,
      /^error: this dir names no services$/m,
    ]),
  ),
  lint: /^error: no linter is configured$/m,
  run_coverage: /^error: the fast tests do not take --coverage: they are 'sh test\.sh fast'$/m,
  find_unused_packages: /^error: there is no pyproject\.toml in "\."$/m,
  package_add: /^error: "\." has no packages that poetry locks in its image$/m,
  docker_push_prod_candidate: /^error: the engine has no \S+\/smoke:prod-root-[0-9a-f]{9}$/m,
  docker_push_prod: /^error: the engine has no \S+\/smoke:prod-1\.0\.0$/m,
  docker_update_prod_task_definition: /^error: no registry of kind ecr was meant$/m,
  docker_release_all: /^error: version 1\.0\.1 is not the newest dev entry of changelog\.txt, 1\.0\.0$/m,
  docker_rollback_prod: /^error: smoke has no released prod 1\.0\.0$/m,
  docker_release_multi_build_dev: /^error: version 1\.0\.2 is not the newest dev entry of changelog\.txt, 1\.0\.0$/m,
  docker_tag_push_multi_build_local_as_dev: /^error: the engine has no \S+\/smoke:local-root-1\.0\.2$/m,
  release_merge_index: /^error: version 1\.0\.3 is not the newest dev entry of changelog\.txt, 1\.0\.0$/m,
};
/** Their plans tell what containers do at this moment, which is another at the next: all but the figures is compared. */
const ofMoment = ["docker_ps", "docker_stats"];
/** env_print shows under which runtime it runs. */
const withoutRuntime = (text: string): string => text.replaceAll(/\bruntime = (bun|node) \S+/g, "runtime");
const withoutFigures = (text: string): string =>
  text
    .replaceAll(/\bUp [\w ]*?(second|minute|hour)s?\b/g, "Up")
    .replaceAll(/\d+(\.\d+)?([kKMG]?i?B\b|%)/g, "FIGURE")
    .replaceAll(/ +/g, " ");

const entries = Object.entries(fitting);

describe("every workflow under tsx and under bun", story, () => {
  let ground: Ground;
  let repo = "";
  let box = "";
  let tsx: readonly Answer[] = [];
  let bun: readonly Answer[] = [];
  beforeAll(async () => {
    // What the kernel emulates is the same for both.
    await needs("emulation");
    ground = await makeGround(1);
    repo = await ground.repo("smoke");
    await change(repo, { "docker/Dockerfile": "FROM scratch\n" });
    box = await startLabelled("smoke", "root");
    const released = await workflowsIn(repo)("docker_release_dev", "--version", "1.0.0", "--json");
    expect(released.code, released.stderr).toBe(0);
  });
  afterAll(async () => {
    await docker("rm", "--force", box);
    await ground.end();
  });

  it("has options to be tried with", () => {
    expect(Object.keys(fitting).sort()).toEqual(workflowNames);
  });

  const dryRun = (runtime: Runtime) =>
    inOneProcess(
      runtimes[runtime],
      repo,
      entries.map(([workflow, words]) => ({ workflow, words: ["--dry-run", ...words] })),
    );
  const planOf = (index: number, answers: readonly Answer[]) => {
    const { code, printed, told } = answers[index] ?? { code: null, printed: "", told: "" };
    const isOfMoment = ofMoment.includes(entries[index]?.[0] ?? "");
    return { code, stdout: isOfMoment ? withoutFigures(printed) : withoutRuntime(printed), stderr: told };
  };

  it("is planned by both", async () => {
    [tsx, bun] = [await dryRun("tsx"), await dryRun("bun")];
    expect([tsx.length, bun.length]).toEqual([entries.length, entries.length]);
  });

  it.each(entries.map(([name], index) => [name, index] as const).filter(([name]) => !(name in refused)))(
    "%s makes one plan",
    (name, index) => {
      expect(planOf(index, tsx)).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(new RegExp(`^${name}:$`, "m")),
      });
      expect(planOf(index, bun)).toEqual(planOf(index, tsx));
    },
  );

  it.each(Object.entries(refused))("%s refuses in the same words", (name, what) => {
    const index = entries.findIndex(([workflow]) => workflow === name);
    const told = planOf(index, tsx);
    expect(told).toMatchObject({ code: 2, stderr: expect.stringMatching(/^error: .*\n {2}why: .*\n {2}fix: /m) });
    expect(told.stderr).toMatch(what);
    expect(planOf(index, bun)).toEqual(told);
  });
});

describe("the help of every workflow", () => {
  const programs: Record<string, readonly string[]> = { ...runtimes };
  const answers: Record<string, readonly Answer[]> = {};
  beforeAll(async () => {
    const [node22, node24] = await Promise.all([otherNode(22), otherNode(24)]);
    // What these print about type stripping is Node's own word, not the workflow's.
    Object.assign(programs, {
      "Node 22": [node22, "--disable-warning=ExperimentalWarning"],
      "Node 24": [node24, "--disable-warning=ExperimentalWarning"],
    });
    const lines = workflowNames.map((workflow) => ({ workflow, words: ["--help"] }));
    for (const [runtime, program] of Object.entries(programs))
      answers[runtime] = await inOneProcess(program, tmpdir(), lines);
  });

  it.each(["Node 22", "Node 24"])("is rendered by the %s that it names", async (name) => {
    const { stdout } = await run([...(programs[name] ?? []), "--version"]);
    expect(stdout).toMatch(new RegExp(`^v${name.slice(-2)}\\.`));
  });

  it.each(workflowNames.map((name, index) => [name, index] as const))(
    "%s: is the same under tsx, bun, Node 22 and Node 24",
    (_name, index) => {
      expect(Object.keys(answers)).toEqual(["tsx", "bun", "Node 22", "Node 24"]);
      const [first, ...others] = Object.values(answers).map((all) => all[index]);
      expect(first).toMatchObject({ code: 0, told: "", printed: expect.stringContaining("--dry-run") });
      for (const other of others) expect(other).toEqual(first);
    },
  );
});

it.each(["tsx", "bun"] as const)(
  "no file of the current dir sets a variable under %s, but .env what it may",
  async (runtime) => {
    const dir = mkdtempSync(join(tmpdir(), "env-"));
    const own = join(dir, "own.mts");
    const text = `import { announce } from ${JSON.stringify(join(slipwayRoot, "lib/kinds/announce.ts"))};
import { script } from ${JSON.stringify(join(slipwayRoot, "lib/run/script.ts"))};
const told = (facts) => Object.keys({ ...process.env, ...facts.env }).filter((name) => /^(LD_AUDIT|AWS_|CSFY_)/.test(name)).sort();
export default await script(import.meta.url, {
  about: "Tell.",
  options: {},
  steps: (facts) => [{ id: "tell", title: "Tell", skip: null, do: [announce({ text: told(facts).join(" ") })] }],
});`;
    writeFileSync(own, text);
    writeFileSync(join(dir, "repo_config.yaml"), "docker_info: {docker_image_name: told}\n");
    const evil = "LD_AUDIT=/x\nAWS_ENDPOINT_URL=http://x\n";
    for (const name of [".env", ".env.local", ".env.development"]) writeFileSync(join(dir, name), `${evil}CSFY_A=1\n`);
    const env = { PATH: process.env["PATH"], HOME: dir };
    await run(["git", "init", "--quiet", dir], { env });
    const { stdout, stderr } = await run([...runtimes[runtime], own], { cwd: dir, env });
    rmSync(dir, { recursive: true });
    expect(stdout, stderr).toBe("CSFY_A\n");
    expect(stderr).toContain("slipway: .env may not set LD_AUDIT, AWS_ENDPOINT_URL; left out");
  },
);

it.each(["tsx", "bun"] as const)("loopback is asked past every proxy under %s, as Docker does", async (runtime) => {
  const server = createServer((_, answer) => answer.end("{}")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/v2/`;
  const text = `import { postJson } from ${JSON.stringify(join(slipwayRoot, "lib/doors/webhook.ts"))};
import { send } from ${JSON.stringify(join(slipwayRoot, "lib/oci/http.ts"))};
import { newSession } from ${JSON.stringify(join(slipwayRoot, "lib/oci/session.ts"))};
import { repositoryOf } from ${JSON.stringify(join(slipwayRoot, "lib/names/address.ts"))};
const url = new URL(${JSON.stringify(url)});
const repo = repositoryOf({ name: "mine", kind: "oci", required: true, address: url.host }, "cmamp");
const { status } = await send(newSession({ env: process.env }), { url, repo, method: "GET", headers: {} });
process.stdout.write([status, (await postJson(url, {}, { env: process.env, milliseconds: 5000 })).status].join(" "));`;
  const dir = mkdtempSync(join(tmpdir(), "proxy-"));
  writeFileSync(join(dir, "ask.mts"), text);
  const dead = "http://127.0.0.1:9";
  const env = { ...process.env, HTTP_PROXY: dead, http_proxy: dead, NO_PROXY: undefined, no_proxy: undefined };
  const { stdout, stderr } = await run([...runtimes[runtime], join(dir, "ask.mts")], { env });
  server.close();
  rmSync(dir, { recursive: true });
  expect([stdout, stderr]).toEqual(["200 200", ""]);
});

it.each([22, 24])(
  "a process that asked registries which never close a connection ends under Node %i",
  async (major) => {
    const [from, to] = [await startOciServer(), await startOciServer()];
    const digest = from.put("cmamp", "dev");
    to.early = ({ method, path }) => (method === "DELETE" && path.includes("/uploads/") ? "hang" : null);
    const child = [join(slipwayRoot, "test/bed/ending_child.ts"), digest, from.address, to.address];
    const { PATH } = process.env;
    const argv = [await otherNode(major), "--disable-warning=ExperimentalWarning", ...child];
    const began = Date.now();
    const { stdout, stderr } = await run(argv, { env: { PATH, HOME: tmpdir(), DOCKER_CONFIG: "/nonexistent" } });
    expect([stdout, stderr]).toEqual(["copied\n", ""]);
    expect(to.asked.some(({ method, path }) => method === "DELETE" && path.includes("/uploads/"))).toBe(true);
    expect(Date.now() - began).toBeLessThan(10_000);
    await Promise.all([from.stop(), to.stop()]);
  },
);
