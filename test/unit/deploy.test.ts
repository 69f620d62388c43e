import { describe, expect, it } from "vitest";
import { asksUpdate, type UpdateOptions, updateTaskDefinition } from "../../lib/flows/deploy.ts";
import type { DeploymentFacts } from "../../lib/model/aws.ts";
import type { Facts } from "../../lib/model/facts.ts";
import { renderAction } from "../../lib/model/render_plan.ts";
import { active, digest, doing, facts, found, logged, onEcs, refusal, served, stepOf } from "./factory.ts";

const family = "arn:aws:ecs:eu-north-1:1:task-definition/cmamp-prod";
const image = `127.0.0.1:5001/cmamp@${digest("a")}`;
const options: UpdateOptions = { environment: "prod", cluster: "main", timeout: 600 };
const released = { ecr: { "prod-1.2.0": found(digest("a")) } };
const on = (deployment: DeploymentFacts, more: Partial<Facts> = {}) =>
  facts({ stage: "prod", registries: released, deployment, ...more });
const plan = (deployment = onEcs("cmamp-prod"), more: Partial<Facts> = {}) =>
  updateTaskDefinition(on(deployment, more), options);
/** A service that runs revision 13, which has the image. */
const onIt = (more: Partial<DeploymentFacts> = {}): DeploymentFacts => {
  const container = { name: "app", image };
  const definition = {
    arn: `${family}:13`,
    fields: { family: "cmamp-prod", containerDefinitions: [container] },
    tags: [],
  };
  return { service: served(definition.arn), others: [], definition, newest: definition, ...more };
};

describe("a deployment plan", () => {
  it("registers the image by digest, sends the service, and knows the way back", () => {
    expect(active(plan())).toEqual(["register_revision", "update_service", "record_deployment", "tell"]);
    expect(doing(plan(), "ecs_revision")).toMatchObject([{ from: `${family}:12`, containers: ["app"], image }]);
    expect(doing(plan(), "ecs_service")).toMatchObject([{ back: `${family}:12`, seconds: 600 }]);
    expect(asksUpdate(on(onEcs("cmamp-prod")), options)).toContain("now on cmamp-prod:12, to cmamp 1.2.0?");
  });

  it("does nothing to a service that runs the image", () => {
    expect([active(plan(onIt())), asksUpdate(on(onIt()), options)]).toEqual([["record_deployment", "tell"], null]);
  });

  it("finds the revision that a stopped run registered", () => {
    const { definition, newest } = onIt();
    const seen = onEcs("cmamp-prod", { newest });
    expect([definition?.arn, active(plan(seen))[0]]).toEqual([`${family}:13`, "update_service"]);
  });

  it("goes back to what runs beside a deployment that a stopped run began", () => {
    const begun = served(`${family}:13`, { rollout: "IN_PROGRESS", running: 0 });
    const before = served(`${family}:12`, { isPrimary: false }).deployments;
    const seen = onIt({ service: { ...begun, deployments: [...begun.deployments, ...before] } });
    expect(doing(plan(seen), "ecs_service")).toMatchObject([{ back: `${family}:12` }]);
    expect(doing(plan(onIt({ service: begun })), "ecs_service")).toMatchObject([{ back: null }]);
  });

  it("records a version again only after another one", () => {
    const entry = { type: "deployment", environment: "prod", digest: digest("a"), cluster: "main" } as const;
    const line = (text: string) => logged({ ...entry, service: "cmamp-prod", version: text });
    const again = (...versions: readonly string[]) =>
      doing(plan(onIt(), { log: versions.map(line) }), "record")[0]?.again;
    expect([again("1.2.0"), again("1.2.0", "1.1.0"), again()]).toEqual([undefined, true, true]);
  });

  it("shows lines that a person could type", () => {
    const [line] = stepOf(plan(), "update_service").do.flatMap((action) => renderAction(action, ""));
    expect(line).toBe("aws ecs update-service --cluster main --service cmamp-prod --task-definition cmamp-prod");
  });

  it("refuses for prod what was rolled back, and lets it be tried elsewhere", () => {
    const flip = {
      type: "flip",
      id: "1",
      tag: "prod",
      version: "1.1.0",
      to: digest("1"),
      from: {},
      why: "rollback",
    } as const;
    const release = { type: "release", stage: "prod", version: "1.2.0", digest: digest("a"), commit: "" } as const;
    const log = [logged({ ...release, registries: ["ecr"] }), logged({ ...flip, registries: ["ecr"] })];
    expect(refusal(() => plan(undefined, { log })).fix).toContain("i docker_rollback_prod --version 1.2.0");
    const preprod = { ...options, environment: "preprod", service: "cmamp-prod" } as const;
    const seen = on(onEcs("cmamp-preprod"), { log });
    expect(active(updateTaskDefinition(seen, preprod))).toContain("update_service");
  });

  it.each([
    ["no such version", {}, { registries: {} }, "ecr has no prod-1.2.0 of cmamp"],
    [
      "a registry that does not answer",
      {},
      { registries: { ecr: { "prod-1.2.0": { state: "unknown", why: "503" } } } },
      "ecr does not answer",
    ],
    ["no service", { service: null, others: ["web"] }, {}, "cluster main of ECS has no service cmamp-prod"],
    ["no revision", { definition: null }, {}, "service cmamp-prod of ECS runs no task definition"],
    ["another family", onEcs("other"), {}, "service cmamp-prod runs other:12, not a revision of cmamp-prod"],
  ] as const)("refuses %s", (_what, deployment, more, what) => {
    expect(refusal(() => plan(onEcs("cmamp-prod", deployment), more as Partial<Facts>)).message).toBe(what);
  });
});

describe("the containers that get the image", () => {
  const of = (images: readonly string[], container?: string) => {
    const containerDefinitions = images.map((one, index) => ({ name: `c${index}`, image: one }));
    const definition = { arn: `${family}:12`, fields: { containerDefinitions }, tags: [] };
    const seen = on(onEcs("cmamp-prod", { definition }));
    return doing(updateTaskDefinition(seen, { ...options, container }), "ecs_revision")[0]?.containers;
  };
  const repository = "127.0.0.1:5001/cmamp";
  it.each([
    [
      ["sidecar", `${repository}:prod-1.0.0`, `${repository}@${digest("1")}`, repository],
      ["c1", "c2", "c3"],
    ],
    [[`${repository}-web:1`, repository], ["c1"]],
    [["ghcr.io/acme/cmamp:prod-xyz"], ["c0"]],
  ])("of %j are those that run the repository's, else the only one", (images, names) => {
    expect(of(images)).toEqual(names);
  });

  it("have to be named where no other rule finds them", () => {
    expect(refusal(() => of(["a", "b"])).fix).toBe("Name the one to change: --container c0");
    expect(of(["a", "b"], "c1")).toEqual(["c1"]);
  });
});
