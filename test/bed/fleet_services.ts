/** How a deployment ends: as it should, failed by ECS, never, or with ECS going back by itself. */
export type Ending = "completes" | "fails" | "hangs" | "reverts";
export type Json = Readonly<Record<string, unknown>>;

type Attempt = { readonly id: string; readonly revision: string; readonly at: number; readonly ending: Ending };
/** All that the fleet knows. */
export type Park = {
  /** A service's deployments, newest first. */
  readonly services: Map<string, Attempt[]>;
  readonly passwords: Map<string, number>;
  readonly refused: Map<string, string>;
  endings: Ending[];
  calls: string[];
  seconds: number;
  count: number;
};

/** Milliseconds until a deployment ends. */
const takes = 400;
const isOver = ({ at }: Attempt) => Date.now() - at >= takes;

type Service = Json & { readonly serviceName: string; readonly taskDefinition: string; readonly desiredCount: number };

/** What the fleet knows better than moto. */
export const changedAnswers: Readonly<Record<string, (park: Park, told: Json) => Json>> = {
  "ecs:CreateService": (park, told) => {
    const service = told["service"] as Service;
    start(park, service, { ending: "completes", at: 0 });
    return { service: fleetView(park, service) };
  },
  "ecs:UpdateService": (park, told) => {
    const service = told["service"] as Service;
    start(park, service, { ending: park.endings.shift() ?? "completes", at: Date.now() });
    return { service: fleetView(park, service) };
  },
  "ecs:DescribeServices": (park, told) => ({
    ...told,
    services: (told["services"] as readonly Service[]).map((service) => fleetView(park, service)),
  }),
};

function start(park: Park, { serviceName, taskDefinition }: Service, how: Pick<Attempt, "ending" | "at">): void {
  park.count += 1;
  const before = (park.services.get(serviceName) ?? []).find((one) => isOver(one) && one.ending === "completes");
  const attempt = { id: `ecs-svc/${park.count}`, revision: taskDefinition, ...how };
  park.services.set(serviceName, [attempt, ...(before ? [before] : [])]);
}

function fleetView(park: Park, service: Service): Json {
  const [first, before] = park.services.get(service.serviceName) ?? [];
  if (!first) return service;
  if (first.ending === "reverts" && isOver(first) && before)
    park.services.set(service.serviceName, [{ ...before, id: `${before.id}-again`, at: Date.now() }, first]);
  const shown = park.services.get(service.serviceName) ?? [];
  const last = shown[0] ?? first;
  const kept = last.ending === "completes" && isOver(last) ? [last] : shown;
  const deployments = kept.map((one, index) => deploymentView(one, service.desiredCount, index === 0));
  const event = `(service ${service.serviceName}) ${last.ending === "completes" ? "has reached a steady state." : "is unable to place tasks."}`;
  return { ...service, taskDefinition: last.revision, deployments, events: [{ id: "1", message: event }] };
}

function deploymentView(one: Attempt, desired: number, isPrimary: boolean): Json {
  const over = isOver(one);
  const states = { completes: "COMPLETED", fails: "FAILED", reverts: "FAILED", hangs: "IN_PROGRESS" } as const;
  const reason = "ECS deployment circuit breaker: tasks failed to start.";
  const isBad = one.ending !== "completes";
  return {
    id: one.id,
    status: isPrimary ? "PRIMARY" : "ACTIVE",
    taskDefinition: one.revision,
    desiredCount: desired,
    pendingCount: 0,
    runningCount: over && !isBad ? desired : 0,
    failedTasks: over && isBad ? 3 : 0,
    rolloutState: over ? states[one.ending] : "IN_PROGRESS",
    rolloutStateReason: over && isBad ? reason : "in progress",
  };
}
