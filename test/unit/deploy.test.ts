import { describe, expect, it } from "vitest";
import { asksUpdate, type UpdateOptions, updateTaskDefinition } from "../../lib/deploy/deploy.ts";
import { ecsRevision, ecsService } from "../../lib/deploy/ecs.ts";
import { record } from "../../lib/kinds/record.ts";
import type { DeploymentFacts } from "../../lib/names/aws.ts";
import type { Deployed } from "../../lib/names/log.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { renderAction } from "../../lib/plan/render_plan.ts";
import { active, digest, doing, facts, found, logged, onEcs, refusal, served, stepOf, version } from "./factory.ts";

const family = "arn:aws:ecs:eu-north-1:1:task-definition/cmamp-prod";
const image = `127.0.0.1:5001/cmamp@${digest("a")}`;
const options: UpdateOptions = { environment: "prod", cluster: "main", timeout: 600 };
const released = { ecr: { "prod-1.2.0": found(digest("a")) } };
const world = (more: Partial<AllFacts> = {}) => facts({ stage: "prod", registries: released, ...more });
const plan = (seen = onEcs("cmamp-prod"), more: Partial<AllFacts> = {}) =>
  updateTaskDefinition(world(more), options, seen);
const asks = (seen: DeploymentFacts) => asksUpdate(world(), options, seen);
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
    expect(doing(plan(), ecsRevision)).toMatchObject([{ from: `${family}:12`, containers: ["app"], image }]);
    expect(doing(plan(), ecsService)).toMatchObject([{ back: `${family}:12`, seconds: 600 }]);
    expect(asks(onEcs("cmamp-prod"))).toContain("now on cmamp-prod:12, to cmamp 1.2.0?");
  });

  it("does nothing to a service that runs the image", () => {
    expect([active(plan(onIt())), asks(onIt())]).toEqual([["record_deployment", "tell"], null]);
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
    expect(doing(plan(seen), ecsService)).toMatchObject([{ back: `${family}:12` }]);
    expect(doing(plan(onIt({ service: begun })), ecsService)).toMatchObject([{ back: null }]);
    const same = served(`${family}:13`, { isPrimary: false }).deployments;
    const twice = onIt({ service: { ...begun, deployments: [...begun.deployments, ...same] } });
    expect(doing(plan(twice), ecsService)).toMatchObject([{ back: null }]);
  });

  it("records a version again only after another one", () => {
    const entry = { type: "deployment", environment: "prod", digest: digest("a"), cluster: "main" } as const;
    const line = (text: string) => logged({ ...entry, service: "cmamp-prod", version: text });
    const again = (...versions: readonly string[]) =>
      doing(plan(onIt(), { log: versions.map(line) }), record)[0]?.again;
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
    const registries = ["ecr"];
    const up = { ...flip, id: "0", version: "1.2.0", why: "release" } as const;
    const log = [
      { ...release, registries },
      { ...up, registries },
      { ...flip, registries },
    ].map((one) => logged(one));
    expect(refusal(() => plan(undefined, { log })).fix).toContain("i docker_rollback_prod --version 1.2.0");
    const preprod = { ...options, environment: "preprod", service: "cmamp-prod" } as const;
    expect(active(updateTaskDefinition(world({ log }), preprod, onEcs("cmamp-preprod")))).toContain("update_service");
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
    expect(refusal(() => plan(onEcs("cmamp-prod", deployment), more as Partial<AllFacts>)).message).toBe(what);
  });
});

describe("the steps of a deployment", () => {
  const account = {};
  const target = { cluster: "main", service: "cmamp-prod", family: "cmamp-prod" };

  it("register, send and watch, record and tell", () => {
    const entry = {
      ...{ type: "deployment", environment: "prod", version: "1.2.0", digest: digest("a") },
      ...{ cluster: "main", service: "cmamp-prod" },
    };
    const text = `cmamp 1.2.0 runs in service cmamp-prod of cluster main:\n${image}`;
    expect(plan().map(({ id, title, do: actions }) => [id, title, actions])).toEqual([
      [
        "register_revision",
        "Register a revision of cmamp-prod with prod-1.2.0",
        [{ kind: "ecs_revision", account, from: `${family}:12`, containers: ["app"], image }],
      ],
      [
        "update_service",
        "Send service cmamp-prod in cluster main to it, and watch",
        [{ kind: "ecs_service", account, target, image, back: `${family}:12`, seconds: 600 }],
      ],
      [
        "record_deployment",
        "Record that cmamp-prod runs 1.2.0",
        [{ kind: "record", image: "cmamp", entry, again: true }],
      ],
      ["tell", "Report the result", [{ kind: "announce", text, data: { ...target, version: "1.2.0", image } }]],
    ]);
  });

  it("say why they are skipped where the service runs the image", () => {
    expect(plan(onIt()).map(({ skip }) => skip)).toEqual([
      "a revision has it",
      "it runs cmamp-prod:13, which has it",
      null,
      null,
    ]);
  });

  it("send a service that has the image and does not run it yet", () => {
    const going = onIt({ service: served(`${family}:13`, { rollout: "IN_PROGRESS" }) });
    expect(active(plan(going))).toEqual(["update_service", "record_deployment", "tell"]);
  });

  it.each<[string, Partial<Deployed>]>([
    ["another cluster", { cluster: "other" }],
    ["another service", { service: "web" }],
  ])("record a version that the log has for %s only", (_where, more) => {
    const entry: Deployed = {
      ...{ type: "deployment", environment: "prod", version: "1.2.0", digest: digest("a") },
      ...{ cluster: "main", service: "cmamp-prod" },
    };
    const again = (log: AllFacts["log"]) => doing(plan(onIt(), { log }), record)[0]?.again;
    expect([
      again([logged(entry)]),
      again([logged({ ...entry, ...more })]),
      again([logged(entry), logged({ ...entry, ...more })]),
    ]).toEqual([undefined, true, undefined]);
  });

  it("ask before a service changes, with what it runs now", () => {
    expect(asks(onEcs("cmamp-prod"))).toBe(
      "Send service cmamp-prod in cluster main (prod), now on cmamp-prod:12, to cmamp 1.2.0?",
    );
  });
});

describe("a candidate", () => {
  const tag = "prod-ada-0a1b2c3d4";
  const preprod: UpdateOptions = { ...options, environment: "preprod", candidate: tag };
  const deploy = (more: Partial<AllFacts> = {}, given: Partial<UpdateOptions> = {}) =>
    updateTaskDefinition(
      facts({ stage: "prod", version: null, registries: { ecr: { [tag]: found(digest("a")) } }, ...more }),
      { ...preprod, ...given },
      onEcs(given.environment === "prod" ? "cmamp-prod" : "cmamp-preprod"),
    );

  it("goes to another environment than prod, under its tag", () => {
    expect([stepOf(deploy(), "register_revision").title, stepOf(deploy(), "record_deployment").title]).toEqual([
      `Register a revision of cmamp-preprod with ${tag}`,
      `Record that cmamp-preprod runs ${tag}`,
    ]);
    expect(doing(deploy(), record)[0]?.entry).toMatchObject({ environment: "preprod", version: tag });
  });

  it.each<[string, () => unknown, object]>([
    [
      "goes to prod",
      () => deploy({}, { environment: "prod" }),
      {
        message: `--candidate ${tag} cannot go to environment prod`,
        why: "prod runs what was tested and released; a candidate is tried elsewhere.",
        fix: `Try it in another: --environment preprod --candidate ${tag}; or release it: i docker_release_prod`,
      },
    ],
    [
      "comes with a version",
      () => deploy({ version: version("1.2.0") }),
      {
        message: `--version 1.2.0 and --candidate ${tag} name two images`,
        why: "A service gets one.",
        fix: "Drop one of them",
      },
    ],
    [
      "was not pushed",
      () => deploy({ registries: {} }),
      {
        message: `ecr has no ${tag} of cmamp`,
        why: "A service gets what was pushed, by the digest that the registry shows.",
        fix: "Make it from its commit: i docker_create_candidate",
      },
    ],
  ])("is refused where it %s", (_when, run, wanted) => {
    expect(refusal(run)).toMatchObject(wanted);
  });
});

describe("a deployment is refused", () => {
  it.each<[string, () => unknown, object]>([
    [
      "without a version",
      () => plan(undefined, { version: null }),
      { message: "no version was given and changelog.txt has no entries" },
    ],
    [
      "of what was not released",
      () => plan(undefined, { registries: {} }),
      { fix: "See what there is: i release_history; release it: i docker_release_prod --version 1.2.0" },
    ],
    [
      "to a service that is not there, with those that are",
      () => plan(onEcs("cmamp-prod", { service: null, others: ["web", "api"] })),
      { why: "It has web, api.", fix: "Name it: --service web" },
    ],
    [
      "to a cluster without a service",
      () => plan(onEcs("cmamp-prod", { service: null, others: [] })),
      {
        why: "It has none, or there is no such cluster in this region.",
        fix: "Name it: --cluster NAME --service NAME",
      },
    ],
    [
      "to a service without a revision",
      () => plan(onEcs("cmamp-prod", { definition: null })),
      {
        why: "A new revision is the one that runs with another image.",
        fix: "Give it a first one: aws ecs update-service --service cmamp-prod --task-definition NAME",
      },
    ],
    [
      "to a service of another family",
      () => plan(onEcs("other")),
      {
        why: "A service is only sent to a revision of the task definition that it runs.",
        fix: "Name that one: --task-definition other --service cmamp-prod",
      },
    ],
  ])("%s", (_what, run, wanted) => {
    expect(refusal(run)).toMatchObject(wanted);
  });
});

describe("the containers that get the image", () => {
  const of = (images: readonly string[], container?: string) => {
    const containerDefinitions = images.map((one, index) => ({ name: `c${index}`, image: one }));
    const definition = { arn: `${family}:12`, fields: { containerDefinitions }, tags: [] };
    const steps = updateTaskDefinition(world(), { ...options, container }, onEcs("cmamp-prod", { definition }));
    return doing(steps, ecsRevision)[0]?.containers;
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

  it.each<[string, readonly string[], string | undefined, object]>([
    [
      "none runs the repository's",
      ["a", "b"],
      undefined,
      {
        message: `no container runs an image of ${repository}`,
        why: "cmamp-prod:12 has c0 (a), c1 (b); the others stay as they are.",
      },
    ],
    [
      "the one that is named is not there",
      ["a"],
      "web",
      { message: 'no container is called "web"', why: "cmamp-prod:12 has c0 (a); the others stay as they are." },
    ],
    [
      "there is none at all",
      [],
      undefined,
      { why: "cmamp-prod:12 has none; the others stay as they are.", fix: "Name the one to change: --container NAME" },
    ],
  ])("are refused where %s", (_what, images, named, wanted) => {
    expect(refusal(() => of(images, named))).toMatchObject(wanted);
  });

  it("of another one that has the image already are not looked at", () => {
    const containerDefinitions = [
      { name: "app", image },
      { name: "proxy", image: "nginx" },
    ];
    const definition = { arn: `${family}:13`, fields: { family: "cmamp-prod", containerDefinitions }, tags: [] };
    expect(stepOf(plan(onIt({ definition, newest: null })), "register_revision").skip).toBe("a revision has it");
  });
});
