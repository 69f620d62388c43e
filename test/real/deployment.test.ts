import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { until } from "../../thin_client/engine/command.ts";
import { type Aws, region, startAws } from "../bed/aws.ts";
import { addRemote, commitAll, git } from "../bed/git.ts";
import { handImage } from "../bed/hand_image.ts";
import { changes } from "../bed/oracle.ts";
import { changelog, write } from "../bed/tiny_repo.ts";
import { workflow, workflowsIn } from "../bed/workflow.ts";

const name = "served";
const script = "docker_update_prod_task_definition";
const older = handImage("served 1.0.0", [100]);
const newer = handImage("served 1.1.0", [100]);
const candidate = "prod-ada-0a1b2c3d4";
let aws: Aws;
let dir = "";
let repo = "";
let count = 0;
let service = "";

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "slipway-deployment-"));
  aws = await startAws();
  await aws.repository(name);
  await aws.push(name, "prod-1.0.0", older);
  await aws.push(name, "prod-1.1.0", newer);
  await aws.push(name, candidate, newer);
  repo = join(dir, name);
  write(repo, {
    "repo_config.yaml": `docker_info: {docker_image_name: ${name}}\ncontainer_registry_info:\n  ecr: {address: "${aws.proxy.address}", kind: ecr, region: ${region}}\n`,
    "changelog.txt": changelog(name, "1.1.0", "1.0.0"),
  });
  await commitAll(repo, "Start");
  await addRemote(repo);
});
afterAll(async () => {
  await aws.end();
  rmSync(dir, { recursive: true, force: true });
});
/** A service of each test, on a revision with 1.0.0. */
beforeEach(async () => {
  count += 1;
  service = `svc-${count}`;
  await aws.service(service, `${aws.proxy.address}/${name}@${older.digest}`);
  aws.fleet.next();
  aws.fleet.forget();
});

const update = (...words: readonly string[]) =>
  workflowsIn(repo, { env: { ...process.env, ...aws.env } })(script, ...words);
const to = (version: string, ...words: readonly string[]) =>
  update(...["--version", version, "--task-definition", service, "--cluster", "main", "--yes"], ...words);
const image = (digest: string) => `${aws.proxy.address}/${name}@${digest}`;

describe("a deployment", () => {
  it("registers a revision that differs in the image alone, sends the service to it, and is recorded", async () => {
    const { code, stdout, stderr } = await to("1.1.0");
    expect([code, stdout], stderr).toEqual([
      0,
      `served 1.1.0 runs in service ${service} of cluster main:\n${image(newer.digest)}\n`,
    ]);
    expect(stderr).toContain(`${service}: 0 of 2 run ${service}:2`);
    expect(aws.fleet.revision(service)).toBe(`${service}:2`);
    const [before, after] = await Promise.all([aws.definition(`${service}:1`), aws.definition(`${service}:2`)]);
    const own = ["taskDefinitionArn", "revision", "registeredAt"] as const;
    const rest = (all: object) =>
      Object.fromEntries(Object.entries(all).filter(([key]) => !own.includes(key as never)));
    const changed = before.containerDefinitions?.map((one) =>
      one.name === "app" ? { ...one, image: image(newer.digest) } : one,
    );
    expect(rest(after)).toEqual({ ...rest(before), containerDefinitions: changed });
    const log = await git(`${repo}.git`, "log", "-1", "--format=%B", `refs/slipway/log/${name}`);
    expect(JSON.parse(log)).toMatchObject({ type: "deployment", environment: "prod", version: "1.1.0", service });
  });

  it("has nothing to do a second time, and is recorded again after another one", async () => {
    await to("1.1.0");
    aws.fleet.forget();
    const again = await to("1.1.0", "--json");
    expect(again.states).toEqual({
      register_revision: "skipped",
      update_service: "skipped",
      record_deployment: "already",
      tell: "done",
    });
    expect(aws.fleet.changes()).toEqual([]);
    expect([(await to("1.0.0")).code, (await to("1.1.0")).code]).toEqual([0, 0]);
    const log = await git(`${repo}.git`, "log", "--format=%B", `refs/slipway/log/${name}`);
    const own = log.split("\n").flatMap((line) => (line.includes(`"${service}"`) ? [JSON.parse(line)] : []));
    expect(own.map(({ version }) => version)).toEqual(["1.1.0", "1.0.0", "1.1.0"]);
  });

  it.each(["bun", "tsx"] as const)("is only read by a dry run under %s", async (runtime) => {
    aws.real.forget();
    const i = workflowsIn(repo, { env: { ...process.env, ...aws.env }, runtime });
    const words = ["--version", "1.1.0", "--task-definition", service, "--cluster", "main", "--dry-run"];
    const { code, stdout, stderr } = await i(script, ...words);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toContain(`aws ecs register-task-definition --region ${region} --cli-input-json`);
    expect(stdout).toContain(`aws ecs update-service --region ${region} --cluster main --service ${service}`);
    expect([aws.fleet.changes(), changes(aws.real.requests())]).toEqual([[], []]);
  });

  it("goes on after a run that was killed when the revision was registered", async () => {
    aws.fleet.refuse("ecs:UpdateService", "AccessDeniedException");
    const denied = await to("1.1.0");
    aws.fleet.refuse("ecs:UpdateService", null);
    expect([denied.code, denied.stderr]).toEqual([
      1,
      expect.stringContaining("See who you are, and ask for the right"),
    ]);
    aws.fleet.forget();
    expect((await to("1.1.0", "--json")).states).toMatchObject({
      register_revision: "skipped",
      update_service: "done",
    });
    expect(aws.fleet.changes()).toEqual(["ecs:UpdateService"]);
  });
});

describe("a candidate", () => {
  const bring = (...words: readonly string[]) =>
    update(...["--task-definition", service, "--cluster", "main", "--yes", "--candidate"], ...words);

  it("comes to an environment that is not prod, by its digest, and is recorded by its tag", async () => {
    const { code, stdout, stderr } = await bring(candidate, "--environment", "test");
    expect([code, stdout], stderr).toEqual([
      0,
      `served ${candidate} runs in service ${service} of cluster main:\n${image(newer.digest)}\n`,
    ]);
    const log = await git(`${repo}.git`, "log", "-1", "--format=%B", `refs/slipway/log/${name}`);
    expect(JSON.parse(log)).toMatchObject({ environment: "test", version: candidate, digest: newer.digest, service });
  });

  it.each([
    ["in prod", [candidate], `--candidate ${candidate} cannot go to environment prod`],
    ["beside a version", [candidate, "--environment", "test", "--version", "1.1.0"], "--version 1.1.0 and --candidate"],
    ["that nobody pushed", ["prod-bob-0a1b2c3d4", "--environment", "test"], "ecr has no prod-bob-0a1b2c3d4 of served"],
    ["of another form", ["dev-1.1.0", "--environment", "test"], '"dev-1.1.0" is not the tag of a candidate'],
  ])("is refused %s", async (_what, words, what) => {
    const { code, stderr } = await bring(...words);
    expect([code, aws.fleet.changes()]).toEqual([2, []]);
    expect(stderr).toContain(`error: ${what}`);
  });
});

describe("a service that does not become healthy", () => {
  it.each([
    ["fails", "ECS deployment circuit breaker: tasks failed to start."],
    ["hangs", "0 of 2 run"],
    ["reverts", "ECS turned to"],
  ] as const)("goes back to the revision before when its deployment %s", async (ending, cause) => {
    aws.fleet.next(ending);
    const { code, stderr, stdout } = await to("1.1.0", "--timeout", "3");
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(
      `error: ${script} stopped at step "update_service": service ${service} in cluster main did not become healthy on ${service}:2`,
    );
    expect(stderr).toMatch(new RegExp(`  why: .*${cause}`));
    expect(stderr).toMatch(/ {2}why: .*CannotStartContainerError: exec: no such file.* It runs svc-\d+:1 again\./);
    expect(stderr).toMatch(new RegExp(`  fix: .*aws ecs list-tasks --cluster main --service-name ${service}`));
    expect(aws.fleet.revision(service)).toBe(`${service}:1`);
    const log = await git(`${repo}.git`, "log", "--format=%B", `refs/slipway/log/${name}`).catch(() => "");
    expect(log).not.toContain(`"service":"${service}"`);
    aws.fleet.forget();
    expect([(await to("1.1.0")).code, aws.fleet.changes()]).toEqual([0, ["ecs:UpdateService"]]);
  });

  it("is left alone where somebody else sent it elsewhere meanwhile", async () => {
    aws.fleet.next("hangs");
    const first = to("1.1.0");
    await until(() => aws.fleet.revision(service) === `${service}:2`, 20_000);
    const second = await to("1.0.0");
    const { code, stderr } = await first;
    expect([code, second.code], second.stderr).toEqual([1, 0]);
    expect(stderr).toContain(
      `service ${service} in cluster main was sent to ${service}:3 while it went to ${service}:2\n`,
    );
    expect(aws.fleet.revision(service)).toBe(`${service}:3`);
  });

  it("is told with the line to type where it cannot be sent back", async () => {
    aws.fleet.next("hangs");
    const running = to("1.1.0", "--timeout", "2");
    await until(() => aws.fleet.revision(service) === `${service}:2`, 20_000);
    aws.fleet.refuse("ecs:UpdateService", "ExpiredTokenException");
    const { code, stderr } = await running;
    aws.fleet.refuse("ecs:UpdateService", null);
    expect([code, stderr]).toEqual([1, expect.stringContaining("It was not sent back: cannot send service")]);
    const line = `aws ecs update-service --cluster main --service ${service} --task-definition ${service}:1`;
    expect(stderr).toContain(`fix: ${line} --region ${region}`);
  });

  it("is told with the line to type where the revision before fails too", async () => {
    aws.fleet.next("fails", "fails");
    const { code, stderr } = await to("1.1.0");
    expect(code).toBe(1);
    expect(stderr).toContain(`It was sent back to ${service}:1, and that: `);
    expect(stderr).toContain(
      `fix: aws ecs update-service --cluster main --service ${service} --task-definition ${service}:1 --region ${region}`,
    );
  });
});

describe("a refused deployment", () => {
  it.each([
    ["a version that was never released", ["--version", "7.0.0"], "ecr has no prod-7.0.0 of served"],
    ["a service that is not there", ["--service", "nobody"], "cluster main of ECS has no service nobody"],
    ["a cluster that is not there", ["--cluster", "nowhere"], "cluster nowhere of ECS has no service"],
    ["no name for environment test", ["--environment", "test"], "no task definition was given for environment test"],
    ["an unknown environment", ["--environment", "stage"], '"stage" is not an environment'],
    ["a container that is not there", ["--container", "web"], 'no container is called "web"'],
    ["a timeout of no time", ["--timeout", "0"], '--timeout "0" is no number of seconds'],
  ])("says what is wrong with %s", async (_what, words, what) => {
    const rest = words.includes("--environment") ? [] : ["--task-definition", service];
    const { code, stderr } = await update(...["--version", "1.1.0", "--cluster", "main", ...rest, ...words, "--yes"]);
    expect([code, aws.fleet.changes()]).toEqual([2, []]);
    expect(stderr).toContain(`error: ${what}`);
  });

  it("is a service that another task definition runs in", async () => {
    const { code, stderr } = await to("1.1.0", "--service", "svc-1");
    expect([code, stderr]).toEqual([2, expect.stringContaining("--task-definition svc-1 --service svc-1")]);
  });

  it("is one that nobody can confirm", async () => {
    const { code, stderr } = await update("--version", "1.1.0", "--task-definition", service, "--cluster", "main");
    expect([code, aws.fleet.changes()]).toEqual([2, []]);
    expect(stderr).toContain(`Send service ${service} in cluster main (prod), now on ${service}:1, to served 1.1.0?`);
  });

  it.each([
    ["no credentials", { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined }, "aws sso login"],
    ["nobody who answers", { AWS_ENDPOINT_URL: "http://127.9.9.9:9" }, "Type the same command again when it answers"],
  ])("tells of %s in one sentence and the next line", async (_what, env, fix) => {
    const words = ["--version", "1.1.0", "--task-definition", service, "--cluster", "main", "--yes"];
    const { code, stderr } = await workflowsIn(repo, { env: { ...process.env, ...aws.env, HOME: dir, ...env } })(
      script,
      ...words,
    );
    expect([code, stderr]).toEqual([1, expect.stringContaining(fix)]);
    expect(stderr).toMatch(/^error: cannot read .* of ECS \(eu-north-1\)\n {2}why: .*\n {2}fix: .*\n$/);
  });

  it("tells of a login that ran out in mid-run what stands and what to type", async () => {
    aws.fleet.next("hangs");
    const running = to("1.1.0");
    await until(() => aws.fleet.revision(service) === `${service}:2`, 20_000);
    aws.fleet.refuse("ecs:DescribeServices", "ExpiredTokenException");
    const { code, stderr } = await running;
    aws.fleet.refuse("ecs:DescribeServices", null);
    expect(code).toBe(1);
    expect(stderr).toContain(`Service ${service} goes on to ${service}:2 by itself; before it ran ${service}:1.`);
    expect(stderr).toContain("aws sso login; or give keys: aws configure; then type the same command again");
  });
});

describe("an interrupt", () => {
  it("ends the watching, says what stands and the next line, and the same command watches on", async () => {
    aws.fleet.next("hangs");
    const words = ["--version", "1.1.0", "--task-definition", service, "--cluster", "main", "--yes"];
    const [program = "", ...rest] = workflow("bun", script, ...words);
    const env = { ...process.env, ...aws.env, CI: undefined };
    const child = spawn(program, rest, { cwd: repo, env, stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (chunk) => (stderr += String(chunk)));
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    expect(await until(() => stderr.includes(`0 of 2 run ${service}:2`), 20_000)).toBe(true);
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(stderr).toContain(`error: interrupted while service ${service} goes to ${service}:2\n`);
    expect(stderr).toContain(`Service ${service} goes on to ${service}:2 by itself; before it ran ${service}:1.`);
    const back = `aws ecs update-service --cluster main --service ${service} --task-definition ${service}:1`;
    expect(stderr).toContain(`fix: Type the same command again to watch on; or go back: ${back} --region ${region}`);
    aws.fleet.forget();
    const again = await to("1.1.0", "--timeout", "2");
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining(`It runs ${service}:1 again.`)]);
    expect(aws.fleet.changes()).toEqual(["ecs:UpdateService"]);
  });
});
