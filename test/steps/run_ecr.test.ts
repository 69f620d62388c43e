import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { checkEcr } from "../../lib/container/check_ecr.ts";
import { type Command, cmd } from "../../lib/kinds/command.ts";
import docker_update_prod_task_definition from "../../scripts/docker_update_prod_task_definition.ts";
import { type Acting, type Actor, refused, startActing } from "./acting.ts";
import { type AwsServer, arnOf, startAwsServer } from "./aws_server.ts";
import { type Fleet, startFleet } from "./fleet.ts";
import { type Ground, type Place, startGround, states, told } from "./ground.ts";

let acting: Acting;
let aws: AwsServer;
beforeAll(async () => {
  acting = await startActing();
  aws = await startAwsServer(acting.dir);
});
beforeEach(() => aws.answers.clear());
afterAll(async () => {
  await Promise.all([acting.end(), aws.stop()]);
});
const actor = (): Actor => acting.actor("kept", { kind: "ecr", env: { ...aws.env } });

describe("a look at the repositories of ECR", () => {
  const look = async (create?: readonly string[]) => {
    const own = actor();
    return own.act([checkEcr({ places: own.places, tag: "dev", ...(create ? { create } : {}) })]);
  };
  const repositories = (...found: readonly object[]) =>
    aws.answers.set("DescribeRepositories", () => ({ repositories: found }));

  it("passes where the tag may move", async () => {
    repositories({ imageTagMutability: "MUTABLE" });
    expect((await look()).states).toEqual(["done"]);
    repositories({
      imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
      imageTagMutabilityExclusionFilters: [{ filterType: "WILDCARD", filter: "d*v" }],
    });
    expect((await look()).states).toEqual(["done"]);
  });

  it("names the line that makes a repository, or lets its tags move", async () => {
    repositories();
    const account = "--region eu-north-1 --profile team";
    expect(refused(await look())).toEqual({
      ...{ kind: "registry_not_found", exitCode: 2, what: 'try stopped at step "1": r1 has no repository kept' },
      why: "The registry has no such repository, and makes none by itself when an image is pushed.",
      fix: `aws ecr create-repository --repository-name kept ${account}; or have releases do it: create: true for r1 in repo_config.yaml`,
    });
    repositories({ imageTagMutability: "IMMUTABLE" });
    expect(refused(await look())).toEqual({
      ...{ kind: "registry_refused", exitCode: 2 },
      what: 'try stopped at step "1": repository kept of r1 has immutable tags, and dev has to move',
      why: "The registry keeps each tag at the image that it was first pushed for, and dev and prod have to move.",
      fix: `aws ecr put-image-tag-mutability --repository-name kept --image-tag-mutability MUTABLE ${account}`,
    });
  });

  it("makes the repository where the config lets it, and nowhere else", async () => {
    const made: unknown[] = [];
    aws.answers.set("CreateRepository", (asked) => {
      made.push(asked);
      return made.length > 1 ? "RepositoryAlreadyExistsException" : {};
    });
    repositories();
    refused(await look(["r2"]));
    expect(made).toEqual([]);
    const ended = await look(["r1"]);
    expect([ended.states, made]).toEqual([["done"], [{ repositoryName: "kept" }]]);
    expect(ended.shown).toContain("made repository kept in r1\n");
    expect((await look(["r1"])).states).toEqual(["done"]);
    repositories({ imageTagMutability: "MUTABLE" });
    expect([(await look(["r1"])).states, made.length]).toEqual([["done"], 2]);
    repositories();
    aws.answers.set("CreateRepository", () => "AccessDeniedException: not you");
    expect(refused(await look(["r1"]))).toMatchObject({ kind: "aws_denied" });
  });

  it.each(["AccessDeniedException", "ExpiredTokenException"])(
    "goes on after %s, which a push may not meet",
    async (error) => {
      aws.answers.set("DescribeRepositories", () => error);
      const ended = await look();
      expect(ended.states).toEqual(["done"]);
      expect(ended.shown).toContain("(profile team, eu-north-1); whether dev may move is seen when it is pushed\n");
    },
  );

  it("ends the run where AWS refuses otherwise", async () => {
    aws.answers.set("DescribeRepositories", () => "ValidationException");
    expect(refused(await look())).toMatchObject({ kind: "aws_refused" });
  });
});

describe("docker's login to ECR", () => {
  const login = (host: string): Command => ({
    ...cmd`sh -c ${"read password; echo got $password"} ${host}`,
    input: { ecr: { region: "eu-north-1" } },
  });

  it("reads a password of now on standard input", async () => {
    const token = Buffer.from("AWS:planted").toString("base64");
    aws.answers.set("GetAuthorizationToken", () => ({ authorizationData: [{ authorizationToken: token }] }));
    const ended = await actor().act([login("1.dkr.ecr")]);
    expect(ended.states).toEqual(["done"]);
    expect(ended.shown).toContain("got planted\n");
  });

  it("is not kept where Amazon's own helper logs in with each question", async () => {
    const config = { credHelpers: { "1.dkr.ecr": "ecr-login" } };
    mkdirSync(join(acting.dir, ".docker"), { recursive: true });
    writeFileSync(join(acting.dir, ".docker", "config.json"), JSON.stringify(config));
    expect((await actor().act([login("1.dkr.ecr")])).states).toEqual(["already"]);
    expect(refused(await actor().act([login("2.dkr.ecr")])).kind).toBe("aws_refused");
    writeFileSync(join(acting.dir, ".docker", "config.json"), "{}");
  });
});

describe("docker_update_prod_task_definition", () => {
  let ground: Ground;
  let at: Place;
  let fleet: Fleet;
  let [old, next] = ["", ""];
  beforeAll(async () => {
    ground = await startGround();
    Object.assign(ground.env, aws.env);
    const [registry] = ground.registries;
    [old, next] = ["1.0.0", "1.1.0"].map((v) => registry?.put("served", `prod-${v}`, { v }) ?? "") as [string, string];
    at = ground.place("served", { kind: "kind: ecr, region: eu-north-1" });
  });
  beforeEach(() => {
    fleet = startFleet(aws);
    const one = { name: "app", image: `${ground.registries[0]?.address}/served@${old}` };
    aws.definitions.clear();
    aws.definitions.set("app:1", { family: "app", taskDefinitionArn: arnOf("app:1"), containerDefinitions: [one] });
  });
  afterAll(() => ground.end());
  const update = (...argv: readonly string[]) =>
    at.run(
      ["docker_update_prod_task_definition", docker_update_prod_task_definition],
      ...["--version", "1.1.0", "--cluster", "main", "--task-definition", "app", ...argv],
    );

  it("brings a version to its service, records that, and finds it done the next time", async () => {
    const ended = await update("--yes", "--json");
    expect(states(ended)).toEqual({
      register_revision: "done",
      update_service: "done",
      record_deployment: "done",
      tell: "done",
    });
    expect(fleet.sent()).toEqual(["app:2"]);
    const entry = {
      type: "deployment",
      environment: "prod",
      version: "1.1.0",
      digest: next,
      cluster: "main",
      service: "app",
    };
    expect(await at.log()).toMatchObject([entry]);
    ground.clock.advance(1000);
    expect(states(await update("--json"))).toEqual({
      ...{ register_revision: "skipped", update_service: "skipped", record_deployment: "already", tell: "done" },
    });
  });

  it("is asked about, with what the service runs now", async () => {
    expect(told(await update("--json")).error.what).toBe(
      'no one can answer "Send service app in cluster main (prod), now on app:1, to served 1.1.0?"',
    );
  });

  it("cannot be planned offline, nor for a service that is not there, which names those that are", async () => {
    expect(told(await update("--offline", "--json")).error).toMatchObject({
      what: "a deployment cannot be planned with --offline",
      why: "What a service runs is known to AWS alone.",
      fix: "Run the same command without --offline",
    });
    aws.answers.set("DescribeServices", () => ({ services: [] }));
    aws.answers.set("ListServices", () => ({ serviceArns: ["arn:x:service/main/other"] }));
    expect(told(await update("--json")).error).toMatchObject({
      what: "cluster main of ECS has no service app",
      why: "It has other.",
    });
  });

  it.each([
    [["--timeout", "0"], '--timeout "0" is no number of seconds', "Write it like --timeout 600"],
    [["--timeout", "100000"], '--timeout "100000" is no number of seconds', "Write it like --timeout 600"],
    [["--timeout", "x5"], '--timeout "x5" is no number of seconds', "Write it like --timeout 600"],
    [["--environment", "office"], '"office" is not an environment', "Use --environment prod"],
  ])("%j is refused", async (argv, what, fix) => {
    expect(told(await update("--json", ...argv)).error).toMatchObject({ what, fix });
  });

  it("has options for where it goes, each with its default", async () => {
    const { out } = await at.run(["docker_update_prod_task_definition", docker_update_prod_task_definition], "--help");
    const said = out.replaceAll(/\s+/g, " ");
    for (const row of [
      "--environment NAME The environment to deploy to: prod, preprod or test. (default prod)",
      "-t, --task-definition NAME The task definition instead of <image>-prod or <image>-preprod.",
      "--cluster NAME The cluster of the service. (default default)",
      "--service NAME The service, where it is not called as its task definition.",
      "--timeout SECONDS How long the service may take to become healthy. (default 600)",
    ])
      expect(said).toContain(` ${row}`);
  });
});
