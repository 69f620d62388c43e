import { type Ecs, openEcs } from "../doors/aws.ts";
import { asWhole } from "../doors/interrupt.ts";
import { UserError } from "../errors.ts";
import {
  type AwsAccount,
  accountWords,
  containersOf,
  familyOf,
  isSameDefinition,
  primaryOf,
  revisionName,
  type Target,
  type TaskDefinition,
  withImage,
} from "../names/aws.ts";
import { kind } from "../plan/kind.ts";
import { quote } from "../plan/render_plan.ts";
import { type Outcome, output, type World } from "../run/world.ts";
import { goBack, watch } from "./watch_service.ts";

/** Registers a revision of a task definition of ECS: `from` with another image in these containers. */
export type EcsRevision = {
  readonly kind: "ecs_revision";
  readonly account: AwsAccount;
  readonly from: string;
  readonly containers: readonly string[];
  readonly image: string;
};

/** Unless the newest of the family is it already; reads back that it has the image. */
export const ecsRevision = kind<EcsRevision>("ecs_revision", {
  lines: ({ account, from, image, containers }) => [
    `aws ecs register-task-definition ${accountWords(account)}--cli-input-json '<${revisionName(from)} with ${image} in ${containers.join(", ")}>'`,
  ],
  run: register,
});

async function register(action: EcsRevision, world: World): Promise<Outcome> {
  const ecs = await openEcs(action.account, world.facts.env, world.signal);
  const from = await ecs.definition(action.from);
  if (!from) throw gone(action.from);
  const wanted = withImage(from, action.containers, action.image);
  const newest = await ecs.definition(familyOf(action.from));
  if (newest && isSameDefinition(newest, wanted)) return "already";
  const made = await asWhole(() => ecs.register(wanted));
  if (!hasImage(made, action.image)) throw gone(made.arn);
  output(world, `registered ${revisionName(made.arn)}\n`);
  return "done";
}

export const hasImage = (definition: TaskDefinition, image: string): boolean =>
  containersOf(definition).some((one) => one.image === image);

const gone = (arn: string): UserError =>
  new UserError(`task definition ${revisionName(arn)} of ECS is not what it was a moment ago`, {
    why: "Someone else changed it at the same time.",
    fix: "Find out who did, then run the same command again",
    kind: "deployment",
  });

/** Sends a service of ECS to the newest revision of its family, which has this image, and watches until it is healthy. */
export type EcsService = {
  readonly kind: "ecs_service";
  readonly account: AwsAccount;
  readonly target: Target;
  readonly image: string;
  /** The revision to go back to where it does not become healthy in time; null where none is known. */
  readonly back: string | null;
  readonly seconds: number;
};

/** Unless it is on its way; where it fails the service goes back. */
export const ecsService = kind<EcsService>("ecs_service", { lines: renderService, run: send });

function renderService({ account, target, back, seconds }: EcsService): string[] {
  const { cluster, service, family } = target;
  const words = accountWords(account);
  const name = `--cluster ${quote(cluster)} --service ${quote(service)}`;
  return [
    `aws ecs update-service ${words}${name} --task-definition ${quote(family)}`,
    `aws ecs wait services-stable ${words}--cluster ${quote(cluster)} --services ${quote(service)}   # up to ${seconds} s, else back to ${back ? revisionName(back) : "nothing"}`,
  ];
}

async function send(action: EcsService, world: World): Promise<Outcome> {
  const ecs = await openEcs(action.account, world.facts.env, world.signal);
  const revision = await wantedRevision(ecs, action);
  const now = await ecs.service(action.target);
  const primary = now ? primaryOf(now) : undefined;
  const isThere = primary?.revision === revision;
  if (isThere && primary.rollout === "COMPLETED") return "already";
  if (!isThere || primary.rollout === "FAILED") {
    await asWhole(() => ecs.update({ ...action.target, revision, again: isThere }));
    output(world, `${action.target.service} goes to ${revisionName(revision)}\n`);
  }
  const cause = await watch({ ecs, action, world }, revision);
  if (cause === null) return "done";
  throw await goBack({ ecs, action, world }, revision, cause);
}

/** What the service runs, where that has the image, else the newest revision of the family, which must have it. */
async function wantedRevision(ecs: Ecs, { target, image }: EcsService): Promise<string> {
  const service = await ecs.service(target);
  const current = service ? primaryOf(service)?.revision : undefined;
  for (const name of [...(current ? [current] : []), target.family]) {
    const definition = await ecs.definition(name);
    if (definition && hasImage(definition, image)) return definition.arn;
  }
  throw gone(target.family);
}
