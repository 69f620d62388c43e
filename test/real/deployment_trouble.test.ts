import { spawn } from "node:child_process";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { until } from "../../thin_client/engine/command.ts";
import { type Aws, region } from "../bed/aws.ts";
import { type Deploying, name, script, startDeploying } from "../bed/deploying.ts";
import { logOf } from "../bed/oracle.ts";
import { workflow, workflowsIn } from "../bed/workflow.ts";

let at: Deploying;
let aws: Aws;
let service = "";
beforeAll(async () => {
  at = await startDeploying();
  aws = at.aws;
});
afterAll(() => at.end());
beforeEach(async () => {
  service = await at.service();
});

/** Waits until the service is on its way to a revision. */
const sentTo = async (revision: number) => {
  expect(await until(() => aws.fleet.revision(service) === `${service}:${revision}`, 300_000)).toBe(true);
};
/** What the log tells of the service. */
const recorded = async () =>
  (await logOf(`${at.repo}.git`, name)).filter((entry) => entry.type === "deployment" && entry.service === service);

describe("a service that does not become healthy", () => {
  it.each([
    ["fails", "ECS deployment circuit breaker: tasks failed to start."],
    ["hangs", "0 of 2 run"],
    ["reverts", "ECS turned to"],
  ] as const)("goes back to the revision before when its deployment %s", async (ending, cause) => {
    aws.fleet.next(ending);
    // What ECS says itself is waited for as long as it takes.
    const { code, stderr, stdout } = await at.to("1.1.0", ...(ending === "hangs" ? ["--timeout", "3"] : []));
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(
      `error: ${script} stopped at step "update_service": service ${service} in cluster main did not become healthy on ${service}:2`,
    );
    expect(stderr).toMatch(new RegExp(`  why: .*${cause}`));
    expect(stderr).toMatch(/ {2}why: .*CannotStartContainerError: exec: no such file.* It runs svc-\d+:1 again\./);
    expect(stderr).toMatch(new RegExp(`  fix: .*aws ecs list-tasks --cluster main --service-name ${service}`));
    expect(aws.fleet.revision(service)).toBe(`${service}:1`);
    aws.fleet.forget();
    expect([(await at.to("1.1.0")).code, aws.fleet.changes()]).toEqual([0, ["ecs:UpdateService"]]);
    // The deployment that failed is in no log, the one that did not is.
    expect(await recorded()).toMatchObject([{ version: "1.1.0", environment: "prod" }]);
  });

  it("is left alone where somebody else sent it elsewhere meanwhile", async () => {
    aws.fleet.next("hangs");
    const first = at.to("1.1.0");
    await sentTo(2);
    const second = await at.to("1.0.0");
    const { code, stderr } = await first;
    expect([code, second.code], second.stderr).toEqual([1, 0]);
    expect(stderr).toContain(
      `service ${service} in cluster main was sent to ${service}:3 while it went to ${service}:2\n`,
    );
    expect(aws.fleet.revision(service)).toBe(`${service}:3`);
  });

  it("is told with the line to type where it cannot be sent back", async () => {
    aws.fleet.next("hangs");
    const running = at.to("1.1.0", "--timeout", "2");
    await sentTo(2);
    aws.fleet.refuse("ecs:UpdateService", "ExpiredTokenException");
    const { code, stderr } = await running;
    aws.fleet.refuse("ecs:UpdateService", null);
    expect([code, stderr]).toEqual([1, expect.stringContaining("It was not sent back: cannot send service")]);
    const line = `aws ecs update-service --cluster main --service ${service} --task-definition ${service}:1`;
    expect(stderr).toContain(`fix: ${line} --region ${region}`);
  });

  it("is told with the line to type where the revision before fails too", async () => {
    aws.fleet.next("fails", "fails");
    const { code, stderr } = await at.to("1.1.0");
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
    const { code, stderr } = await at.update(
      ...["--version", "1.1.0", "--cluster", "main", ...rest, ...words, "--yes"],
    );
    expect([code, aws.fleet.changes()]).toEqual([2, []]);
    expect(stderr).toContain(`error: ${what}`);
  });

  it("is a service that another task definition runs in", async () => {
    const other = service;
    service = await at.service();
    const { code, stderr } = await at.to("1.1.0", "--service", other);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`--task-definition ${other} --service ${other}`)]);
  });

  it("is one that nobody can confirm", async () => {
    const { code, stderr } = await at.update("--version", "1.1.0", "--task-definition", service, "--cluster", "main");
    expect([code, aws.fleet.changes()]).toEqual([2, []]);
    expect(stderr).toContain(`Send service ${service} in cluster main (prod), now on ${service}:1, to served 1.1.0?`);
  });

  it.each([
    ["no credentials", { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined }, "aws sso login"],
    ["nobody who answers", { AWS_ENDPOINT_URL: "http://127.9.9.9:9" }, "Run the same command again when it answers"],
  ])("tells of %s in one sentence and the next line", async (_what, env, fix) => {
    const words = ["--version", "1.1.0", "--task-definition", service, "--cluster", "main", "--yes"];
    const { code, stderr } = await workflowsIn(at.repo, { env: { ...at.env, HOME: at.dir, ...env } })(script, ...words);
    expect([code, stderr]).toEqual([1, expect.stringContaining(fix)]);
    expect(stderr).toMatch(/^error: cannot read .* of ECS \(eu-north-1\)\n {2}why: .*\n {2}fix: .*\n$/);
  });

  it("tells of a login that ran out in mid-run what stands and what to type", async () => {
    aws.fleet.next("hangs");
    const running = at.to("1.1.0");
    await sentTo(2);
    aws.fleet.refuse("ecs:DescribeServices", "ExpiredTokenException");
    const { code, stderr } = await running;
    aws.fleet.refuse("ecs:DescribeServices", null);
    expect(code).toBe(1);
    expect(stderr).toContain(`Service ${service} goes on to ${service}:2 by itself; before it ran ${service}:1.`);
    expect(stderr).toContain("aws sso login; or give keys: aws configure; then run the same command again");
  });
});

describe("an interrupt", () => {
  it("ends the watching, says what stands and the next line, and the same command watches on", async () => {
    aws.fleet.next("hangs");
    const words = ["--version", "1.1.0", "--task-definition", service, "--cluster", "main", "--yes"];
    const [program = "", ...rest] = workflow("bun", script, ...words);
    const env = { ...at.env, CI: undefined };
    const child = spawn(program, rest, { cwd: at.repo, env, stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (chunk) => (stderr += String(chunk)));
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    expect(await until(() => stderr.includes(`0 of 2 run ${service}:2`), 300_000)).toBe(true);
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(stderr).toContain(`error: interrupted while service ${service} goes to ${service}:2\n`);
    expect(stderr).toContain(`Service ${service} goes on to ${service}:2 by itself; before it ran ${service}:1.`);
    const back = `aws ecs update-service --cluster main --service ${service} --task-definition ${service}:1`;
    expect(stderr).toContain(`fix: Run the same command again to watch on; or go back: ${back} --region ${region}`);
    aws.fleet.forget();
    const again = await at.to("1.1.0", "--timeout", "2");
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining(`It runs ${service}:1 again.`)]);
    expect(aws.fleet.changes()).toEqual(["ecs:UpdateService"]);
  });
});
