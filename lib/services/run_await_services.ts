import { renderServiceTable, type ServiceContainer } from "../config/services.ts";
import { alarm, now, pause } from "../doors/clock.ts";
import { interrupted } from "../doors/interrupt.ts";
import { loadServices } from "../doors/services.ts";
import { capture } from "../doors/shell.ts";
import { UserError } from "../errors.ts";
import { type Outcome, output, type World } from "../run/world.ts";
import { lastLine, visible } from "../text/visible.ts";
import type { AwaitServices } from "./await_services.ts";

type Service = AwaitServices["services"][number];
/** What a service is: it answered, nobody can ask it, it may still answer, or it never will. */
type Answer = { readonly is: "ready" | "unasked" } | { readonly is: "waiting" | "ended"; readonly why: string };

/** Asks all services again and again until each has answered; what never does is told with the last lines of its log. */
export async function runAwaitServices(action: AwaitServices, world: World): Promise<Outcome> {
  const end = now() + action.within * 1000;
  const answered = new Set<string>();
  for (;;) {
    const { containers } = await loadServices(action.project, world.facts);
    const left = Math.max(1000, end - now());
    const answers = await Promise.all(
      action.services.map(async (service) => {
        const container = containers.find((one) => one.service === service.name);
        return { service, container, answer: await ask(service, container, { left, world }) };
      }),
    );
    if (world.signal.aborted) throw interrupted();
    for (const { service, answer } of answers)
      if (answer.is === "ready" || answer.is === "unasked") tell(service, answer.is);
    const open = answers.filter(({ answer }) => answer.is === "waiting" || answer.is === "ended");
    const lost = open.find(({ answer }) => answer.is === "ended") ?? (now() >= end ? open[0] : undefined);
    if (lost) throw await notReady(action, lost, world);
    if (open.length === 0) {
      const started = containers.filter(({ service }) => action.services.some(({ name }) => name === service));
      world.state.text.push(renderServiceTable(started));
      world.state.data = started;
      return "done";
    }
    await pause(500, world.signal);
    if (world.signal.aborted) throw interrupted();
  }

  function tell({ name }: Service, is: "ready" | "unasked"): void {
    if (answered.has(name)) return;
    answered.add(name);
    const unasked = "has no healthcheck and no services.ready: it runs, and nobody asked whether it answers";
    output(world, `${name} ${is === "ready" ? "answers" : unasked}\n`);
  }
}

type Asking = { readonly left: number; readonly world: World };

async function ask(service: Service, container: ServiceContainer | undefined, asking: Asking): Promise<Answer> {
  if (container === undefined) return { is: "ended", why: "it has no container" };
  const { state, exitCode, health } = container;
  // A job that did what it had to is as ready as it gets.
  if (state === "exited" || state === "dead")
    return exitCode === 0 ? { is: "ready" } : { is: "ended", why: `it exited with ${exitCode}` };
  if (state !== "running") return { is: "waiting", why: `it is ${state}` };
  if (service.ready) return query(service.ready, container, asking);
  if (health === null) return { is: "unasked" };
  return health === "healthy" ? { is: "ready" } : { is: "waiting", why: `its healthcheck says ${health}` };
}

/** Runs the query in the container; one that hangs is ended when the time is up. */
async function query(ready: readonly string[], { id }: ServiceContainer, { left, world }: Asking): Promise<Answer> {
  const { place, env } = world.facts;
  const late = new AbortController();
  const callOff = alarm(left, () => late.abort());
  const signal = AbortSignal.any([world.signal, late.signal]);
  const { code, stdout, stderr } = await capture(["docker", "exec", id, ...ready], { cwd: place.root, env, signal });
  callOff();
  if (code === 0) return { is: "ready" };
  const said = late.signal.aborted
    ? "it did not end"
    : lastLine(stderr) || lastLine(stdout) || `it exited with ${code}`;
  return { is: "waiting", why: `its query was not answered: ${visible(said)}` };
}

type Lost = { readonly service: Service; readonly container: ServiceContainer | undefined; readonly answer: Answer };

async function notReady(
  { within }: AwaitServices,
  { service, container, answer }: Lost,
  world: World,
): Promise<UserError> {
  const { place, env } = world.facts;
  const words = ["docker", "logs", "--tail", "20", container?.id ?? ""];
  const log = container ? await capture(words, { cwd: place.root, env }) : null;
  const lines = visible(`${log?.stdout ?? ""}${log?.stderr ?? ""}`).trimEnd();
  const why = "why" in answer ? answer.why : "";
  const ended = answer.is === "ended" ? "ended before it was ready" : `was not ready after ${within} s`;
  return new UserError(`the service ${service.name} ${ended}: ${why}`, {
    why: lines === "" ? "It logged nothing." : `The last lines of its log:\n${lines}`,
    fix: `Fix the cause and run i service_up again; all that was started stays: i service_logs ${service.name}; i service_down removes it`,
    exitCode: 1,
    kind: "services",
  });
}
