import type { Ecs } from "../doors/aws.ts";
import { now, pause } from "../doors/clock.ts";
import { asWhole } from "../doors/interrupt.ts";
import { UserError } from "../errors.ts";
import { judge, primaryOf, revisionName, type Service } from "../names/aws.ts";
import { output, type World } from "../run/world.ts";
import type { EcsService } from "./ecs.ts";

export type Watching = { readonly ecs: Ecs; readonly action: EcsService; readonly world: World };

/** Milliseconds between two looks at last, and after how long an unchanged line is shown again. */
const longest = 3_000;
const repeated = 9_000;

/**
 * Looks at the service until it is healthy on a revision: null then, else what kept it from that. Throws when it is
 * interrupted and when AWS lets nobody look any more; the service goes on by itself in both cases.
 */
export async function watch(watching: Watching, revision: string): Promise<string | null> {
  const { action, world } = watching;
  const end = now() + action.seconds * 1000;
  const shown = { line: "", at: 0 };
  let seen = false;
  let last = "";
  for (let turn = 1; ; turn += 1) {
    const service = await look(watching, revision);
    if (world.signal.aborted) throw stopped(watching, revision, last);
    if (service) {
      const verdict = judge(service, revision);
      seen ||= primaryOf(service)?.revision === revision;
      // Right after the update ECS may still tell what was before.
      if (verdict.state === "done") return null;
      if (verdict.state === "failed" && seen) return reasonOf(watching, service, { revision, cause: verdict.cause });
      last = lineOf(service, revision);
      tell(world, shown, last);
    }
    if (now() >= end) {
      const cause = `${last || "ECS did not answer"} after ${action.seconds} s`;
      return service ? reasonOf(watching, service, { revision, cause }) : cause;
    }
    await pause(Math.min(turn * 500, longest, Math.max(end - now(), 50)), world.signal);
  }
}

/** One look; null where AWS did not answer this once. */
async function look({ ecs, action, world }: Watching, revision: string): Promise<Service | null> {
  try {
    return await ecs.service(action.target);
  } catch (error) {
    if (world.signal.aborted) return null;
    if (!(error instanceof UserError)) throw error;
    if (error.kind === "aws_unreachable") {
      output(world, `${error.message}: ${error.why}\n`);
      return null;
    }
    const { kind, exitCode } = error;
    const why = `${error.why} ${standing(action, revision)}`;
    const fix = `${error.fix}; then run the same command again, which watches on`;
    throw new UserError(error.message, { why, fix, kind, exitCode }, { cause: error });
  }
}

function lineOf(service: Service, revision: string): string {
  const own = service.deployments.find((one) => one.revision === revision);
  if (!own) return `${service.name}: ECS has not started ${revisionName(revision)}`;
  const failed = own.failed > 0 ? `, ${own.failed} failed` : "";
  return `${service.name}: ${own.running} of ${own.desired} run ${revisionName(revision)}${failed}`;
}

function tell(world: World, shown: { line: string; at: number }, line: string): void {
  if (line === shown.line && now() - shown.at < repeated) return;
  Object.assign(shown, { line, at: now() });
  output(world, `${line}\n`);
}

type Failed = { readonly revision: string; readonly cause: string };

/** What failed, and what ECS says of the last task that stopped. */
async function reasonOf({ ecs, action }: Watching, service: Service, { revision, cause }: Failed): Promise<string> {
  const deployment = service.deployments.find((one) => one.revision === revision)?.id ?? "";
  const task = await ecs.whyStopped({ ...action.target, deployment });
  const parts = [cause, task && `a task stopped: ${task}`, service.event].filter(Boolean);
  return parts.map((part) => part.replace(/\.$/, "")).join("; ");
}

const standing = ({ target, back }: EcsService, revision: string): string =>
  `Service ${target.service} goes on to ${revisionName(revision)} by itself${back ? `; before it ran ${revisionName(back)}` : ""}.`;

function awsLine({ account, target }: EcsService, revision: string): string {
  const more = `${account.region ? ` --region ${account.region}` : ""}${account.profile ? ` --profile ${account.profile}` : ""}`;
  return `aws ecs update-service --cluster ${target.cluster} --service ${target.service} --task-definition ${revisionName(revision)}${more}`;
}

const stopped = ({ action }: Watching, revision: string, last: string): UserError =>
  new UserError(`interrupted while service ${action.target.service} goes to ${revisionName(revision)}`, {
    why: `${standing(action, revision)}${last ? ` Last seen: ${last}.` : ""}`,
    fix: action.back
      ? `Run the same command again to watch on; or go back: ${awsLine(action, action.back)}`
      : `See how it stands: aws ecs describe-services --cluster ${action.target.cluster} --services ${action.target.service}`,
    exitCode: 130,
    kind: "interrupted",
  });

/** Sends the service back to what it ran before, watches that too, and gives the error that tells all of it. */
export async function goBack(watching: Watching, revision: string, cause: string): Promise<UserError> {
  const { action, world } = watching;
  const { service, cluster } = action.target;
  const what = `service ${service} in cluster ${cluster} did not become healthy on ${revisionName(revision)}`;
  const { back } = action;
  if (back === null) {
    const fix = "Name the revision to go back to: aws ecs update-service, or release a version that works";
    return deploymentError(what, `${cause}. No earlier revision of it is known.`, fix);
  }
  output(world, `${what}: ${cause}\n`);
  const sent = await sendBack(watching, revision, back).catch((error: unknown) => error);
  if (sent instanceof UserError && sent.kind.startsWith("aws_"))
    return deploymentError(what, `${cause}. It was not sent back: ${sent.message}: ${sent.why}`, awsLine(action, back));
  if (sent !== null) throw sent;
  const failed = await watch({ ...watching, action: { ...action, back: null } }, back);
  const name = revisionName(back);
  return failed === null
    ? deploymentError(what, `${cause}. It runs ${name} again.`, tasksLine(action))
    : deploymentError(what, `${cause}. It was sent back to ${name}, and that: ${failed}.`, awsLine(action, back));
}

const tasksLine = ({ target }: EcsService): string =>
  `See its tasks: aws ecs list-tasks --cluster ${target.cluster} --service-name ${target.service} --desired-status STOPPED; release what fixes it, then deploy that`;

/** Sends it back, unless ECS itself did; gives null, and throws where somebody else sent it elsewhere. */
async function sendBack({ action, ecs, world }: Watching, revision: string, back: string): Promise<null> {
  const seen = await ecs.service(action.target);
  const now = seen ? primaryOf(seen)?.revision : undefined;
  if (now !== undefined && now !== back && now !== revision) throw overtaken(action, revision, now);
  output(world, `${action.target.service} goes back to ${revisionName(back)}\n`);
  if (now !== back) await asWhole(() => ecs.update({ ...action.target, revision: back, again: false }));
  return null;
}

/** Somebody else's deployment is theirs to judge. */
const overtaken = ({ target }: EcsService, revision: string, now: string): UserError =>
  deploymentError(
    `service ${target.service} in cluster ${target.cluster} was sent to ${revisionName(now)} while it went to ${revisionName(revision)}`,
    "Someone else deployed at the same time, and that deployment is left alone.",
    "Ask who did: i release_history; then run the same command again if yours is the one to run",
  );

const deploymentError = (what: string, why: string, fix: string): UserError =>
  new UserError(what, { why, fix, exitCode: 1, kind: "deployment" });
