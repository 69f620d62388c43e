import { ecrSettings } from "../doors/aws.ts";
import { mayMove } from "../model/aws.ts";
import { UserError } from "../model/errors.ts";
import { kind } from "../model/kind.ts";
import { repositoryAt } from "../model/names.ts";
import { accountOfRepository, type Repository } from "../model/oci/address.ts";
import type { Place } from "../model/plan.ts";
import type { World } from "../run/world.ts";

/** Looks before anything changes whether repositories of ECR exist and let a tag move. */
export type CheckEcr = { readonly kind: "check_ecr"; readonly places: readonly Place[]; readonly tag: string };

export const checkEcr = kind<CheckEcr>("check_ecr", {
  always: true,
  lines: ({ places, tag }) =>
    places.map(
      ({ repository }) =>
        `aws ecr describe-repositories --repository-names ${repository.replace(/[^/]*\//, "")}   # there, and ${tag} may move`,
    ),
  run: async ({ places, tag }, world) => {
    for (const place of places) await assertMoves(repositoryAt(world.facts, place), tag, world);
    return "done";
  },
});

async function assertMoves(repo: Repository, tag: string, world: World): Promise<void> {
  const settings = await ecrSettings(accountOfRepository(repo), repo, world.facts.env).catch((error: unknown) => {
    if (!(error instanceof UserError) || !["aws_login", "aws_denied"].includes(error.kind)) throw error;
    // Docker's own login may do for a push; then the registry says itself what it does not take.
    world.console.progress(`      ${error.message}; whether ${tag} may move is seen when it is pushed`);
    return undefined;
  });
  if (settings === null) throw noRepository(repo);
  if (settings && !mayMove(settings, tag)) throw immutable(repo, tag);
}

function accountWords(repo: Repository): string {
  const { region, profile } = accountOfRepository(repo);
  return `${region ? ` --region ${region}` : ""}${profile ? ` --profile ${profile}` : ""}`;
}

const noRepository = (repo: Repository): UserError =>
  new UserError(`${repo.registry} has no repository ${repo.path}`, {
    why: "ECR makes none by itself when an image is pushed.",
    fix: `aws ecr create-repository --repository-name ${repo.path}${accountWords(repo)}`,
    kind: "registry_not_found",
  });

const immutable = (repo: Repository, tag: string): UserError =>
  new UserError(`repository ${repo.path} of ${repo.registry} has immutable tags, and ${tag} has to move`, {
    why: `A release points ${tag} at the new image; versions never move anyway.`,
    fix: `aws ecr put-image-tag-mutability --repository-name ${repo.path} --image-tag-mutability MUTABLE${accountWords(repo)}`,
    kind: "registry_refused",
  });
