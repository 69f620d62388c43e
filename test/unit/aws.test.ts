import { describe, expect, it } from "vitest";
import { ecrChecks, ecrLogin, pullOf } from "../../lib/flows/ecr.ts";
import { containersOf, ecrTarget, isSameDefinition, judge, mayMove, targetOf, withImage } from "../../lib/model/aws.ts";
import { config, facts, refusal, served } from "./factory.ts";

const family = "arn:aws:ecs:eu-north-1:1:task-definition/cmamp-prod";
const image = "127.0.0.1:5001/cmamp@sha256:a";

describe("a revision", () => {
  const fields = {
    taskDefinitionArn: `${family}:12`,
    ...{ revision: 12, status: "ACTIVE", registeredAt: new Date(0), registeredBy: "ada", compatibilities: ["EC2"] },
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

  it("is found again whatever the order of its fields", () => {
    const turned = { ...definition, fields: Object.fromEntries(Object.entries(fields).reverse()) };
    expect(isSameDefinition(turned, withImage(definition, ["app"], "old"))).toBe(true);
    expect(isSameDefinition(turned, withImage(definition, ["app"], image))).toBe(false);
    expect(containersOf({ ...definition, fields: {} })).toEqual([]);
  });
});

describe("a service on its way to a revision", () => {
  const arn = `${family}:13`;
  it.each([
    ["ECS says so", served(arn), "done"],
    ["ECS says that it goes on", served(arn, { rollout: "IN_PROGRESS" }), "going"],
    ["all run and nobody tells", served(arn, { rollout: null }), "done"],
    ["too few run and nobody tells", served(arn, { rollout: null, running: 1 }), "going"],
    ["ECS gave up", served(arn, { rollout: "FAILED", reason: "tasks failed" }), "failed"],
    ["ECS turned to another revision", served(`${family}:12`), "failed"],
    ["it has no deployment", { ...served(arn), deployments: [] }, "failed"],
  ] as const)("is judged when %s", (_what, service, state) => {
    expect(judge(service, arn).state).toBe(state);
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

  it.each(["a b", "x;y", "--force", "a/b", ""])('are never "%s"', (service) => {
    const refused = () => targetOf("cmamp", { ...base, environment: "prod", service });
    expect(refusal(refused).message).toContain("is no name of ECS");
  });

  it("need one registry of kind ecr", () => {
    const ecr = { name: "ecr", kind: "ecr", address: "1.dkr.ecr.eu-north-1.amazonaws.com", required: true } as const;
    const hub = { name: "hub", kind: "dockerhub", address: "acme", required: true } as const;
    expect(ecrTarget([hub, ecr], [hub, ecr])).toBe(ecr);
    expect(refusal(() => ecrTarget([ecr, { ...ecr, name: "b" }], [ecr])).fix).toBe("Name one: --target-registries ecr");
    expect(refusal(() => ecrTarget([hub], [hub])).fix).toContain("container_registry_info");
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
  ])("with %j lets %s move: %s", (settings, tag, expected) => {
    expect(mayMove(settings, tag)).toBe(expected);
  });

  it("is AWS itself, or a loopback registry where AWS is on loopback too", () => {
    const place = { registry: "ecr", repository: "127.0.0.1:5001/cmamp" };
    const alone = facts();
    expect([ecrChecks(alone), ecrLogin(alone, "ecr")]).toEqual([[], []]);
    const emulated = facts({ env: { AWS_ENDPOINT_URL: "http://127.0.0.1:1" } });
    expect(ecrChecks(emulated)).toEqual([{ kind: "check", what: "ecr", places: [place], tag: "dev" }]);
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
