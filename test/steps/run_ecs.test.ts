import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type EcsRevision, type EcsService, ecsRevision, ecsService } from "../../lib/deploy/ecs.ts";
import { type Acted, type Acting, refused, startActing } from "./acting.ts";
import { type AwsServer, arnOf, startAwsServer } from "./aws_server.ts";
import { done, type Fleet, failing, going, startFleet } from "./fleet.ts";

let acting: Acting;
let aws: AwsServer;
let fleet: Fleet;
beforeAll(async () => {
  acting = await startActing(0);
  aws = await startAwsServer(acting.dir);
});
beforeEach(() => {
  aws.answers.clear();
  aws.definitions.clear();
  aws.changes.splice(0);
  fleet = startFleet(aws);
  for (const [name, image] of [
    ["app:1", "x@old"],
    ["app:2", "x@new"],
  ] as const)
    aws.definitions.set(name, {
      family: "app",
      taskDefinitionArn: arnOf(name),
      containerDefinitions: containers(image),
    });
});
afterAll(async () => {
  await Promise.all([acting.end(), aws.stop()]);
});

const containers = (image: string) => [
  { name: "logs", image: "fluent" },
  { name: "app", image },
];
const account = { region: "eu-north-1" };
const target = { cluster: "main", service: "app", family: "app" };
const send = (more: Partial<EcsService> = {}): EcsService => ({
  ...ecsService({ account, target, image: "x@new", back: arnOf("app:1"), seconds: 600, ...more }),
});
const act = (action: EcsService | EcsRevision, signal = new AbortController().signal): Promise<Acted> =>
  acting.actor("app", { env: aws.env }).act([action], { signal });
/** The lines of the service that were shown. */
const lines = ({ shown }: Acted) => shown.split("\n").filter((line) => line.startsWith("app"));

describe("a service that is sent to a revision", () => {
  it("is watched until it is healthy, and each new line is shown", async () => {
    fleet.deploy("app:2", going, going, { rollout: "IN_PROGRESS", running: 1, failed: 1 }, done);
    const ended = await act(send());
    expect(ended.states).toEqual(["done"]);
    expect(fleet.sent()).toEqual(["app:2"]);
    expect(lines(ended)).toEqual(["app goes to app:2", "app: 0 of 2 run app:2", "app: 1 of 2 run app:2, 1 failed"]);
    expect(ended.shown).toContain("      Done in 3 s\n");
  });

  it("is looked at ever more seldom, and an unchanged line is shown again after nine seconds", async () => {
    fleet.deploy("app:2", ...Array.from({ length: 11 }, () => going), done);
    const before = acting.clock.now();
    expect(lines(await act(send()))).toHaveLength(4);
    expect(acting.clock.now() - before).toBe(500 + 1000 + 1500 + 2000 + 2500 + 6 * 3000);
  });

  it("is there already where it runs the revision, and on its way where another run sent it", async () => {
    fleet.put("app:2");
    expect((await act(send())).states).toEqual(["already"]);
    fleet.put("app:2", going);
    aws.answers.set("ListTasks", () => "AccessDeniedException");
    expect(refused(await act(send({ seconds: 1 }))).why).toContain("app: 0 of 2 run app:2 after 1 s");
    expect(fleet.sent()).toEqual(["app:1"]);
  });

  it("is sent again where ECS gave it up on that revision", async () => {
    fleet.put("app:2", failing);
    fleet.deploy("app:2", done);
    expect((await act(send())).states).toEqual(["done"]);
    expect(fleet.sent()).toEqual(["app:2 again"]);
  });

  it("is well by its tasks where its controller tells no state", async () => {
    fleet.put("app:2", { rollout: null, running: 2 });
    fleet.deploy("app:2", { rollout: null, running: 2 });
    expect((await act(send())).states).toEqual(["done"]);
    expect(fleet.sent()).toEqual([]);
  });

  it("is not taken for failed while ECS still tells what was before", async () => {
    let looks = 0;
    const told = aws.answers.get("DescribeServices");
    const old = {
      serviceName: "app",
      deployments: [{ status: "PRIMARY", taskDefinition: arnOf("app:1"), rolloutState: "COMPLETED" }],
    };
    aws.answers.set("DescribeServices", (asked) => {
      looks += 1;
      return looks <= 4 ? { services: [old] } : (told?.(asked) ?? {});
    });
    const ended = await act(send());
    expect(ended.states).toEqual(["done"]);
    expect(lines(ended)).toEqual(["app goes to app:2", "app: ECS has not started app:2"]);
  });

  it.each([
    ["the service runs none, and the newest of the family has another image", "app:3", "app"],
    ["there is none of the family", null, "app"],
  ])("needs a revision with the image: %s", async (_case, newest, named) => {
    if (newest)
      aws.definitions.set(newest, { taskDefinitionArn: arnOf(newest), containerDefinitions: containers("x@other") });
    else aws.definitions.clear();
    expect(refused(await act(send()))).toMatchObject({
      kind: "deployment",
      what: `try stopped at step "1": task definition ${named} of ECS is not what it was a moment ago`,
      why: "Someone else changed it at the same time.",
      fix: "Find out who did, then run the same command again",
    });
    expect(fleet.sent()).toEqual([]);
  });
});

describe("a service that does not become healthy", () => {
  const what = 'try stopped at step "1": service app in cluster main did not become healthy on app:2';

  it("goes back to what it ran before, and the error says why", async () => {
    fleet.deploy("app:2", going, failing);
    aws.answers.set("ListTasks", () => ({ taskArns: ["t1"] }));
    aws.answers.set("DescribeTasks", () => ({
      tasks: [{ taskArn: "t1", startedBy: "ecs-svc/app:2", stoppedReason: "It exited.", containers: [] }],
    }));
    const ended = await act(send());
    expect(refused(ended)).toEqual({
      ...{ kind: "deployment", exitCode: 1, what },
      why: "app:2 is FAILED; a task stopped: It exited; It said. It runs app:1 again.",
      fix: expect.stringContaining("aws ecs list-tasks --cluster main --service-name app --desired-status STOPPED"),
    });
    expect(fleet.sent()).toEqual(["app:2", "app:1"]);
    expect(lines(ended)).toContain("app goes back to app:1");
  });

  it("in time goes back too", async () => {
    fleet.deploy("app:2", going);
    const ended = refused(await act(send({ seconds: 5 })));
    expect(ended.why).toBe("app: 0 of 2 run app:2 after 5 s; It said. It runs app:1 again.");
  });

  it("stays where nobody knows what it ran before", async () => {
    fleet.deploy("app:2", failing);
    expect(refused(await act(send({ back: null })))).toMatchObject({
      ...{ what, why: "app:2 is FAILED; It said. No earlier revision of it is known." },
      fix: "Name the revision to go back to: aws ecs update-service, or release a version that works",
    });
    expect(fleet.sent()).toEqual(["app:2"]);
  });

  it("and not on the one before either is told with both", async () => {
    fleet.deploy("app:2", failing);
    fleet.deploy("app:1", failing);
    expect(refused(await act(send({ account: { ...account, profile: "team" } })))).toMatchObject({
      why: "app:2 is FAILED; It said. It was sent back to app:1, and that: app:1 is FAILED; It said.",
      fix: "aws ecs update-service --cluster main --service app --task-definition app:1 --region eu-north-1 --profile team",
    });
  });

  it("is not sent back where ECS did that itself", async () => {
    fleet.deploy("app:2", going);
    const told = aws.answers.get("DescribeServices");
    let looks = 0;
    aws.answers.set("DescribeServices", (asked) => {
      looks += 1;
      if (looks === 5) fleet.put("app:1");
      return told?.(asked) ?? {};
    });
    const ended = refused(await act(send()));
    expect(ended.why).toBe("ECS turned to app:1: It said; It said. It runs app:1 again.");
    expect(fleet.sent()).toEqual(["app:2"]);
  });

  it("and was sent elsewhere meanwhile is left alone", async () => {
    fleet.deploy("app:2", failing);
    aws.answers.set("ListTasks", () => {
      fleet.put("app:9");
      return { taskArns: [] };
    });
    expect(refused(await act(send()))).toMatchObject({
      what: 'try stopped at step "1": service app in cluster main was sent to app:9 while it went to app:2',
      why: "Someone else deployed at the same time, and that deployment is left alone.",
      fix: expect.stringContaining("i release_history"),
    });
    expect(fleet.sent()).toEqual(["app:2"]);
  });

  it("and that nobody may send back is told as that", async () => {
    fleet.deploy("app:2", failing);
    const update = aws.answers.get("UpdateService");
    aws.answers.set("UpdateService", (asked) =>
      String(asked["taskDefinition"]).endsWith("app:1") ? "AccessDeniedException" : (update?.(asked) ?? {}),
    );
    expect(refused(await act(send()))).toMatchObject({
      why: expect.stringMatching(
        /^app:2 is FAILED; It said\. It was not sent back: cannot send service app .* to app:1/,
      ),
      fix: "aws ecs update-service --cluster main --service app --task-definition app:1 --region eu-north-1",
    });
  });
});

describe("AWS", () => {
  /** Lets a look fail from the third on, so many times. */
  function failLooks(error: string, times: number): void {
    const told = aws.answers.get("DescribeServices");
    let looks = 0;
    aws.answers.set("DescribeServices", (asked) => {
      looks += 1;
      return looks > 2 && looks <= 2 + times ? error : (told?.(asked) ?? {});
    });
  }

  it("that does not answer once is asked again", async () => {
    failLooks("ServiceUnavailableException", 2);
    const ended = await act(send());
    expect(ended.states).toEqual(["done"]);
    expect(ended.shown).toContain("cannot read service app in cluster main of ECS (eu-north-1): AWS did not answer");
  });

  it("that never answers any more is told after the time that it has", async () => {
    failLooks("ServiceUnavailableException", 999);
    expect(refused(await act(send({ seconds: 5, back: null }))).why).toBe(
      "ECS did not answer after 5 s. No earlier revision of it is known.",
    );
  });

  it("that lets nobody look any more ends the watch, and the service goes on", async () => {
    failLooks("ExpiredTokenException", 999);
    const ended = refused(await act(send()));
    expect(ended).toMatchObject({
      kind: "aws_login",
      what: 'try stopped at step "1": cannot read service app in cluster main of ECS (eu-north-1)',
      fix: expect.stringMatching(/; then run the same command again, which watches on$/),
    });
    expect(ended.why).toContain("Service app goes on to app:2 by itself; before it ran app:1.");
    expect(fleet.sent()).toEqual(["app:2"]);
    startFleet(aws);
    failLooks("ExpiredTokenException", 999);
    expect(refused(await act(send({ back: null }))).why).toMatch(/goes on to app:2 by itself\.$/);
  });

  it("that answers with what is none is a fault of ours", async () => {
    aws.definitions.set("app:2", {});
    expect(String((await act(send())).error)).toBe("Error: ECS told a task definition without its ARN");
  });
});

describe("Ctrl-C while a service is watched", () => {
  async function stopped(more: Partial<EcsService> = {}, looks = 2): Promise<ReturnType<typeof refused>> {
    fleet.deploy("app:2", going);
    const stop = new AbortController();
    const told = aws.answers.get("DescribeServices");
    let left = looks + 2;
    aws.answers.set("DescribeServices", (asked) => {
      left -= 1;
      if (left === 0) stop.abort();
      return told?.(asked) ?? {};
    });
    return refused(await act(send(more), stop.signal));
  }

  it("says that it goes on, and how to go back", async () => {
    expect(await stopped()).toEqual({
      ...{ kind: "interrupted", exitCode: 130, what: "interrupted while service app goes to app:2" },
      why: "Service app goes on to app:2 by itself; before it ran app:1. Last seen: app: 0 of 2 run app:2.",
      fix: "Run the same command again to watch on; or go back: aws ecs update-service --cluster main --service app --task-definition app:1 --region eu-north-1",
    });
  });

  it("says how to see it where nobody knows what it ran before, and nothing where nothing was seen", async () => {
    expect(await stopped({ back: null }, 1)).toMatchObject({
      why: "Service app goes on to app:2 by itself.",
      fix: "See how it stands: aws ecs describe-services --cluster main --services app",
    });
  });
});

describe("a revision", () => {
  const register = (more: Partial<EcsRevision> = {}): EcsRevision => ({
    ...ecsRevision({ account, from: arnOf("app:1"), containers: ["app"], image: "x@newer", ...more }),
  });

  it("is registered with another image and all else as it was, and once", async () => {
    const ended = await act(register());
    expect(ended.states).toEqual(["done"]);
    expect(ended.shown).toContain("registered app:3\n");
    expect(aws.changes).toEqual([
      ["RegisterTaskDefinition", { family: "app", containerDefinitions: containers("x@newer") }],
    ]);
    expect((await act(register())).states).toEqual(["already"]);
    expect(aws.changes).toHaveLength(1);
  });

  it("is not made of one that is gone, or that ECS made without the image", async () => {
    const gone = (name: string) =>
      `try stopped at step "1": task definition ${name} of ECS is not what it was a moment ago`;
    aws.answers.set("RegisterTaskDefinition", () => ({ taskDefinition: aws.definitions.get("app:1") ?? {} }));
    expect(refused(await act(register())).what).toBe(gone("app:1"));
    aws.definitions.clear();
    expect(refused(await act(register({ from: arnOf("app:7") }))).what).toBe(gone("app:7"));
  });
});
