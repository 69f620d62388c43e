import { describe, expect, it } from "vitest";
import { ecrChecks, ecrLogin, pullOf } from "../../lib/container/ecr_login.ts";
import type { Deployment, Service } from "../../lib/names/aws.ts";
import {
  containersOf,
  ecrTarget,
  familyOf,
  isSameDefinition,
  judge,
  mayMove,
  parseEnvironment,
  revisionName,
  targetOf,
  withImage,
} from "../../lib/names/aws.ts";
import { config, facts, refusal, served } from "./factory.ts";

const family = "arn:aws:ecs:eu-north-1:1:task-definition/cmamp-prod";
const image = "127.0.0.1:5001/cmamp@sha256:a";

describe("a revision", () => {
  const fields = {
    taskDefinitionArn: `${family}:12`,
    ...{ revision: 12, status: "ACTIVE", registeredAt: new Date(0), registeredBy: "ada", compatibilities: ["EC2"] },
    ...{ deregisteredAt: new Date(0), deleteRequestedAt: new Date(0) },
    ...{ requiresAttributes: [], family: "cmamp-prod", cpu: "256", aFieldOfTomorrow: { a: 1, b: 2 } },
    containerDefinitions: [{ name: "app", image: "old", environment: [{ name: "A", value: "1" }] }],
  };
  const definition = { arn: `${family}:12`, fields, tags: [{ key: "team", value: "infra" }] };

  it("differs in the image alone, and holds nothing that ECS itself adds", () => {
    expect(withImage(definition, ["app"], image)).toEqual({
      family: "cmamp-prod",
      cpu: "256",
      aFieldOfTomorrow: { a: 1, b: 2 },
      containerDefinitions: [{ name: "app", image, environment: [{ name: "A", value: "1" }] }],
      tags: [{ key: "team", value: "infra" }],
    });
  });

  it("has the image in the named containers alone, and tags only where there are some", () => {
    const side = { name: "side", image: "proxy" };
    const two = { ...definition, fields: { containerDefinitions: [side, { name: "app", image: "old" }] }, tags: [] };
    expect(withImage(two, ["app"], image)).toEqual({ containerDefinitions: [side, { name: "app", image }] });
    expect(containersOf(two)).toEqual([side, { name: "app", image: "old" }]);
  });

  it("is another one where a list stands in another order", () => {
    const listed = (...names: readonly string[]) => ({
      ...definition,
      fields: { containerDefinitions: names.map((name) => ({ name, image, links: null })) },
    });
    expect(isSameDefinition(listed("a", "b"), withImage(listed("a", "b"), [], ""))).toBe(true);
    expect(isSameDefinition(listed("a", "b"), withImage(listed("b", "a"), [], ""))).toBe(false);
  });

  it.each([
    ["arn:aws:ecs:eu-north-1:1:task-definition/cmamp-prod:12", "cmamp-prod:12", "cmamp-prod"],
    ["task-definition/of/cmamp-prod:345", "cmamp-prod:345", "cmamp-prod"],
    ["cmamp-prod:7", "cmamp-prod:7", "cmamp-prod"],
    ["cmamp-prod", "cmamp-prod", "cmamp-prod"],
    ["a:1:x", "a:1:x", "a:1:x"],
  ])("%s is called %s, and its family %s", (arn, name, of) => {
    expect([revisionName(arn), familyOf(arn)]).toEqual([name, of]);
  });

  it("is found again whatever the order of its fields", () => {
    const turned = { ...definition, fields: Object.fromEntries(Object.entries(fields).reverse()) };
    expect(isSameDefinition(turned, withImage(definition, ["app"], "old"))).toBe(true);
    expect(isSameDefinition(turned, withImage(definition, ["app"], image))).toBe(false);
    expect(containersOf({ ...definition, fields: {} })).toEqual([]);
  });
});

/** A service with a deployment that is no longer the primary one before the one that is. */
const both = (revision: string, more: Partial<Deployment> = {}, old: Partial<Deployment> = {}): Service => ({
  ...served(revision),
  deployments: [
    ...served(`${family}:11`, { isPrimary: false, ...old }).deployments,
    ...served(revision, more).deployments,
  ],
});

describe("a service on its way to a revision", () => {
  const arn = `${family}:13`;
  it.each([
    ["ECS says so", served(arn), "done"],
    ["ECS says that it goes on", served(arn, { rollout: "IN_PROGRESS" }), "going"],
    ["all run and nobody tells", served(arn, { rollout: null }), "done"],
    ["too few run and nobody tells", served(arn, { rollout: null, running: 1 }), "going"],
    ["another deployment is left and nobody tells", both(arn, { rollout: null }), "going"],
    ["another deployment is left and ECS says so", both(arn), "done"],
  ] as const)("is judged when %s", (_what, service, state) => {
    expect(judge(service, arn)).toEqual({ state });
  });

  const lost = { revision: arn, isPrimary: false };
  const nothing = { ...served(arn), deployments: [] };
  it.each([
    ["ECS gave up", served(arn, { rollout: "FAILED", reason: "tasks failed" }), "tasks failed"],
    ["ECS gave up without a reason", served(arn, { rollout: "FAILED" }), "has reached a steady state."],
    [
      "ECS turned back",
      both(`${family}:12`, {}, { ...lost, reason: "ran out" }),
      "ECS turned to cmamp-prod:12: ran out",
    ],
    [
      "another runs",
      served(`${family}:12`, { reason: "x" }),
      "ECS turned to cmamp-prod:12: has reached a steady state.",
    ],
    ["it has no deployment", nothing, "ECS turned to nothing: has reached a steady state."],
    ["nobody says why", { ...nothing, event: "" }, "ECS turned to nothing: it gave no reason"],
  ] as const)("has failed when %s", (_what, service, cause) => {
    expect(judge(service, arn)).toEqual({ state: "failed", cause });
  });
});

describe("names of ECS", () => {
  const base = { cluster: "main", timeout: 1 } as const;
  it.each([
    [{ environment: "prod" }, "cmamp-prod", "cmamp-prod"],
    [{ environment: "preprod" }, "cmamp-preprod", "cmamp-preprod"],
    [{ environment: "test", taskDefinition: "cmamp-ada" }, "cmamp-ada", "cmamp-ada"],
    [{ environment: "prod", service: "web" }, "cmamp-prod", "web"],
  ] as const)("of %j are %s and %s", (more, definition, service) => {
    expect(targetOf("cmamp", { ...base, ...more })).toEqual({ cluster: "main", family: definition, service });
  });

  it.each(["a b", "x;y", "--force", "a/b", "", "a\n", "x".repeat(256)])('are never "%s"', (service) => {
    const refused = () => targetOf("cmamp", { ...base, environment: "prod", service });
    expect(refusal(refused)).toMatchObject({
      message: `--service "${service}" is no name of ECS`,
      why: "A name is up to 255 letters, digits, dashes and underscores, no dash first.",
      fix: "Write it like --service cmamp-prod",
    });
  });

  it.each(["_x", "0-1", "x".repeat(255)])("may be %s", (service) => {
    expect(targetOf("cmamp", { ...base, environment: "prod", service }).service).toBe(service);
  });

  it("are asked for by the option that named them", () => {
    const named = (more: object) => targetOf("cmamp", { ...base, environment: "prod", ...more });
    expect(refusal(() => named({ cluster: "a b" })).message).toBe('--cluster "a b" is no name of ECS');
    expect(refusal(() => named({ taskDefinition: "-x", service: "y" })).message).toBe(
      '--task-definition "-x" is no name of ECS',
    );
  });

  it("do not follow from the image's in environment test", () => {
    expect(refusal(() => targetOf("cmamp", { ...base, environment: "test" }))).toMatchObject({
      message: "no task definition was given for environment test",
      why: "Every tester has an own one, so its name does not follow from the image's.",
      fix: "Name it: --environment test --task-definition NAME",
    });
  });

  it.each(["prod", "preprod", "test"])("belong to environment %s", (text) => {
    expect(parseEnvironment(text)).toBe(text);
  });

  it.each(["dev", "", "Prod"])("belong to no environment %j", (text) => {
    expect(refusal(() => parseEnvironment(text))).toMatchObject({
      message: `"${text}" is not an environment`,
      why: "A service runs in prod, preprod, test.",
      fix: "Use --environment prod",
    });
  });

  it("need one registry of kind ecr", () => {
    const ecr = { name: "ecr", kind: "ecr", address: "1.dkr.ecr.eu-north-1.amazonaws.com", required: true } as const;
    const hub = { name: "hub", kind: "dockerhub", address: "acme", required: true } as const;
    expect(ecrTarget([hub, ecr], [hub, ecr])).toBe(ecr);
    const why = "ECS takes the image from one ECR, whose record also tells region and profile.";
    expect(refusal(() => ecrTarget([ecr, { ...ecr, name: "b" }], [ecr]))).toMatchObject({
      message: "several registries of kind ecr were meant",
      ...{ why, fix: "Name one: --target-registries ecr" },
    });
    expect(refusal(() => ecrTarget([hub], [hub, ecr]))).toMatchObject({
      message: "no registry of kind ecr was meant",
      ...{ why, fix: "Name one: --target-registries ecr" },
    });
    expect(refusal(() => ecrTarget([hub], [hub])).fix).toBe(
      "Add one to container_registry_info of repo_config.yaml: ecr: {address: ..., kind: ecr, region: ...}",
    );
  });
});

describe("ECR", () => {
  it.each([
    [{ isMutable: true, exceptions: [] }, "dev", true],
    [{ isMutable: false, exceptions: [] }, "dev", false],
    [{ isMutable: false, exceptions: ["dev", "prod"] }, "dev", true],
    [{ isMutable: false, exceptions: ["dev-*"] }, "dev", false],
    [{ isMutable: true, exceptions: ["d*v"] }, "dev", false],
    [{ isMutable: true, exceptions: ["d.v"] }, "dev", true],
    [{ isMutable: true, exceptions: ["d.v"] }, "d.v", false],
    [{ isMutable: true, exceptions: ["ev"] }, "dev", true],
    [{ isMutable: true, exceptions: ["de"] }, "dev", true],
    [{ isMutable: true, exceptions: ["*"] }, "dev", false],
    [{ isMutable: true, exceptions: ["v1+x", "*-(a)"] }, "v1+x", false],
    [{ isMutable: true, exceptions: ["v1+x", "*-(a)"] }, "b-(a)", false],
  ])("with %j lets %s move: %s", (settings, tag, expected) => {
    expect(mayMove(settings, tag)).toBe(expected);
  });

  it("is AWS itself, or a loopback registry where AWS is on loopback too", () => {
    const place = { registry: "ecr", repository: "127.0.0.1:5001/cmamp" };
    const alone = facts();
    expect([ecrChecks(alone), ecrLogin(alone, "ecr")]).toEqual([[], []]);
    const emulated = facts({ env: { AWS_ENDPOINT_URL: "http://127.0.0.1:1" } });
    expect(ecrChecks(emulated)).toEqual([{ kind: "check_ecr", places: [place], tag: "dev" }]);
    const creating = config({ container_registry_info: { ecr: { address: "127.0.0.1:5001", create: true } } });
    expect(ecrChecks({ ...emulated, ...facts({ config: creating, env: emulated.env }) })).toMatchObject([
      { create: ["ecr"] },
    ]);
    expect(ecrLogin(emulated, "ecr")).toMatchObject([{ input: { ecr: {} } }]);
    expect(ecrLogin(emulated, "dockerhub")).toEqual([]);
    const real = config({ container_registry_info: { ecr: "1.dkr.ecr.eu-north-1.amazonaws.com" } });
    expect(ecrLogin(facts({ config: real }), "ecr")).toMatchObject([{ input: { ecr: { region: "eu-north-1" } } }]);
  });

  it.each(["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ECR"])("is on loopback too where %s says where AWS is", (name) => {
    expect(ecrLogin(facts({ env: { [name]: "http://127.0.0.1:1" } }), "ecr")).toHaveLength(1);
    expect(ecrLogin(facts({ env: { [name]: "" } }), "ecr")).toEqual([]);
  });

  it("is logged in to before a pull from it, and before no other pull", () => {
    const env = { AWS_ENDPOINT_URL: "http://127.0.0.1:1" };
    const pulls = (reference: string) => pullOf(facts({ env }), reference).map(({ argv }) => argv.join(" "));
    expect(pulls("127.0.0.1:5001/cmamp:dev")).toEqual([
      "docker login --username AWS --password-stdin 127.0.0.1:5001",
      "docker pull 127.0.0.1:5001/cmamp:dev",
    ]);
    expect(pulls("127.0.0.1:50012/cmamp:dev")).toEqual(["docker pull 127.0.0.1:50012/cmamp:dev"]);
    expect(pulls("debian:12")).toEqual(["docker pull debian:12"]);
  });
});
