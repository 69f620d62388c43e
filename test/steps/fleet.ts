import { type AwsServer, arnOf } from "./aws_server.ts";

type Json = Readonly<Record<string, unknown>>;
/** How a deployment looks at one look after the other; the last look stays. */
export type Looks = readonly Partial<{
  readonly rollout: string | null;
  readonly running: number;
  readonly failed: number;
}>[];
/** A service of two tasks whose deployments end as a test says. */
export type Fleet = {
  /** How the next deployment of a revision goes on. */
  readonly deploy: (revision: string, ...looks: Looks) => void;
  /** Puts it on a revision without a deployment. */
  readonly put: (revision: string, look?: Looks[number]) => void;
  /** The revisions that it was sent to, `app:2`. */
  readonly sent: () => readonly string[];
};

export const done = { rollout: "COMPLETED", running: 2 } as const;
export const going = { rollout: "IN_PROGRESS", running: 0 } as const;
export const failing = { rollout: "FAILED", failed: 3 } as const;

/** Lets a server have the service `app` in cluster `main`, on `app:1`. */
export function startFleet({ answers, changes }: AwsServer): Fleet {
  const planned = new Map<string, Looks>();
  let shown: { readonly revision: string; readonly looks: Looks; at: number }[] = [];
  const view = (one: (typeof shown)[number], index: number): Json => {
    const { rollout = null, running = 0, failed = 0 } = one.looks[Math.min(one.at, one.looks.length - 1)] ?? {};
    return {
      ...{
        id: `ecs-svc/${one.revision}`,
        status: index === 0 ? "PRIMARY" : "ACTIVE",
        taskDefinition: arnOf(one.revision),
      },
      ...{ desiredCount: 2, runningCount: running, failedTasks: failed },
      ...(rollout === null ? {} : { rolloutState: rollout, rolloutStateReason: `${one.revision} is ${rollout}.` }),
    };
  };
  const put = (revision: string, look: Looks[number] = done) => {
    shown = [{ revision, looks: [look], at: 0 }];
  };
  put("app:1");
  answers.set("DescribeServices", () => {
    const service = {
      serviceName: "app",
      status: "ACTIVE",
      deployments: shown.map(view),
      events: [{ message: "It said." }],
    };
    for (const one of shown) one.at += 1;
    return { services: [service] };
  });
  answers.set("UpdateService", ({ taskDefinition }) => {
    const revision = String(taskDefinition).replace(/^.*\//, "");
    shown = [{ revision, looks: planned.get(revision) ?? [done], at: 0 }, ...shown.slice(0, 1)];
    return { service: {} };
  });
  return {
    deploy: (revision, ...looks) => void planned.set(revision, looks),
    put,
    sent: () =>
      changes.flatMap(([call, asked]) =>
        call === "UpdateService"
          ? [`${String(asked["taskDefinition"]).replace(/^.*\//, "")}${asked["forceNewDeployment"] ? " again" : ""}`]
          : [],
      ),
  };
}
