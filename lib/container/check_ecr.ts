import { createEcr, ecrSettings } from "../doors/aws.ts";
import { UserError } from "../errors.ts";
import { accountOfRepository, type Repository } from "../names/address.ts";
import { mayMove } from "../names/aws.ts";
import { repositoryAt } from "../names/names.ts";
import { kind } from "../plan/kind.ts";
import type { Place } from "../plan/plan.ts";
import type { World } from "../run/world.ts";

/** Looks before anything changes whether repositories of ECR exist and let a tag move; makes those that it may. */
export type CheckEcr = {
  readonly kind: "check_ecr";
  readonly places: readonly Place[];
  readonly tag: string;
  /** The registries in which a repository that is lacking is made. */
  readonly create?: readonly string[];
};

export const checkEcr = kind<CheckEcr>("check_ecr", {
  always: true,
  lines: ({ places, tag, create = [] }) =>
    places.map(({ registry, repository }) => {
      const name = repository.replace(/[^/]*\//, "");
      const orMade = create.includes(registry) ? ` || aws ecr create-repository --repository-name ${name}` : "";
      return `aws ecr describe-repositories --repository-names ${name}${orMade}   # there, and ${tag} may move`;
    }),
  run: async ({ places, tag, create = [] }, world) => {
    for (const place of places) await assertMoves(repositoryAt(world.facts, place), { tag, create }, world);
    return "done";
  },
});

type Wanted = Required<Pick<CheckEcr, "tag" | "create">>;

async function assertMoves(repo: Repository, { tag, create }: Wanted, world: World): Promise<void> {
  const settings = await ecrSettings(accountOfRepository(repo), repo, world.facts.env).catch((error: unknown) => {
    if (!(error instanceof UserError) || !["aws_login", "aws_denied"].includes(error.kind)) throw error;
    // Docker's own login may do for a push; then the registry says itself what it does not take.
    world.console.progress(`      ${error.message}; whether ${tag} may move is seen when it is pushed`);
    return undefined;
  });
  if (settings === null) return await makeRepository(repo, create, world);
  if (settings === undefined || mayMove(settings, tag)) return;
  const what = `repository ${repo.path} of ${repo.registry} has immutable tags, and ${tag} has to move`;
  throw await ruled("immutable", repo, what);
}

/** One that is made now lets its tags move (ECR API, CreateRepository, imageTagMutability). */
async function makeRepository(repo: Repository, create: readonly string[], world: World): Promise<void> {
  if (!create.includes(repo.registry))
    throw await ruled("missing", repo, `${repo.registry} has no repository ${repo.path}`);
  await createEcr(accountOfRepository(repo), repo, world.facts.env);
  world.console.progress(`      made repository ${repo.path} in ${repo.registry}`);
}

async function ruled(name: "immutable" | "missing", repo: Repository, what: string): Promise<UserError> {
  const { rules, whereOf } = await import("../oci/rules/failure.ts");
  const { reason, why, fix } = rules[name];
  return new UserError(what, { why, fix: fix(whereOf(repo)), kind: `registry_${reason}` });
}
