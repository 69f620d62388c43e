import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Aws, region } from "../bed/aws.ts";
import { candidate, type Deploying, name, newer, script, startDeploying } from "../bed/deploying.ts";
import { git } from "../bed/git.ts";
import { changes } from "../bed/oracle.ts";
import { workflowsIn } from "../bed/workflow.ts";

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

describe("a deployment", () => {
  it("registers a revision that differs in the image alone, sends the service to it, and is recorded", async () => {
    const { code, stdout, stderr } = await at.to("1.1.0");
    expect([code, stdout], stderr).toEqual([
      0,
      `served 1.1.0 runs in service ${service} of cluster main:\n${at.image(newer.digest)}\n`,
    ]);
    expect(stderr).toContain(`${service}: 0 of 2 run ${service}:2`);
    expect(aws.fleet.revision(service)).toBe(`${service}:2`);
    const [before, after] = await Promise.all([aws.definition(`${service}:1`), aws.definition(`${service}:2`)]);
    const own = ["taskDefinitionArn", "revision", "registeredAt"] as const;
    const rest = (all: object) =>
      Object.fromEntries(Object.entries(all).filter(([key]) => !own.includes(key as never)));
    const changed = before.containerDefinitions?.map((one) =>
      one.name === "app" ? { ...one, image: at.image(newer.digest) } : one,
    );
    expect(before.tags).toEqual([{ key: "team", value: "infra" }]);
    expect(rest(after)).toEqual({ ...rest(before), containerDefinitions: changed });
    const log = await git(`${at.repo}.git`, "log", "-1", "--format=%B", `refs/slipway/log/${name}`);
    expect(JSON.parse(log)).toMatchObject({ type: "deployment", environment: "prod", version: "1.1.0", service });
  });

  it("has nothing to do a second time, and is recorded again after another one", async () => {
    await at.to("1.1.0");
    aws.fleet.forget();
    const again = await at.to("1.1.0", "--json");
    expect(again.states).toEqual({
      register_revision: "skipped",
      update_service: "skipped",
      record_deployment: "already",
      tell: "done",
    });
    expect(aws.fleet.changes()).toEqual([]);
    expect([(await at.to("1.0.0")).code, (await at.to("1.1.0")).code]).toEqual([0, 0]);
    const log = await git(`${at.repo}.git`, "log", "--format=%B", `refs/slipway/log/${name}`);
    const own = log.split("\n").flatMap((line) => (line.includes(`"${service}"`) ? [JSON.parse(line)] : []));
    expect(own.map(({ version }) => version)).toEqual(["1.1.0", "1.0.0", "1.1.0"]);
  });

  it.each(["bun", "tsx"] as const)("is only read by a dry run under %s", async (runtime) => {
    aws.real.forget();
    const i = workflowsIn(at.repo, { env: at.env, runtime });
    const words = ["--version", "1.1.0", "--task-definition", service, "--cluster", "main", "--dry-run"];
    const { code, stdout, stderr } = await i(script, ...words);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toContain(`aws ecs register-task-definition --region ${region} --cli-input-json`);
    expect(stdout).toContain(`aws ecs update-service --region ${region} --cluster main --service ${service}`);
    expect([aws.fleet.changes(), changes(aws.real.requests())]).toEqual([[], []]);
  });

  it("goes on after a run that stopped when the revision was registered", async () => {
    aws.fleet.refuse("ecs:UpdateService", "AccessDeniedException");
    const denied = await at.to("1.1.0");
    aws.fleet.refuse("ecs:UpdateService", null);
    expect([denied.code, denied.stderr]).toEqual([1, expect.stringContaining("Check who you are and ask for access")]);
    aws.fleet.forget();
    expect((await at.to("1.1.0", "--json")).states).toMatchObject({
      register_revision: "skipped",
      update_service: "done",
    });
    expect(aws.fleet.changes()).toEqual(["ecs:UpdateService"]);
  });
});

describe("a candidate", () => {
  const bring = (...words: readonly string[]) =>
    at.update(...["--task-definition", service, "--cluster", "main", "--yes", "--candidate"], ...words);

  it("comes to an environment that is not prod, by its digest, and is recorded by its tag", async () => {
    const { code, stdout, stderr } = await bring(candidate, "--environment", "test");
    expect([code, stdout], stderr).toEqual([
      0,
      `served ${candidate} runs in service ${service} of cluster main:\n${at.image(newer.digest)}\n`,
    ]);
    const log = await git(`${at.repo}.git`, "log", "-1", "--format=%B", `refs/slipway/log/${name}`);
    expect(JSON.parse(log)).toMatchObject({ environment: "test", version: candidate, digest: newer.digest, service });
    aws.fleet.forget();
    const again = await bring(candidate, "--environment", "test");
    expect([again.code, again.stdout, aws.fleet.changes()]).toEqual([0, stdout, []]);
    const [tip] = (await git(`${at.repo}.git`, "log", "-1", "--format=%B", `refs/slipway/log/${name}`)).split("\n");
    expect(tip).toBe(log.split("\n")[0]);
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
