import type { Registry } from "../config/registry.ts";
import { type Command, cmd } from "../kinds/command.ts";
import { accountOfRepository, isAwsAt, repositoryOf } from "../names/address.ts";
import { cleanedMeanwhile } from "../names/engine.ts";
import { targetPlaces } from "../names/names.ts";
import type { Facts } from "../plan/facts.ts";
import type { Action, Value } from "../plan/plan.ts";
import { shown } from "../plan/render_plan.ts";
import { checkEcr } from "./check_ecr.ts";

type Known = Pick<Facts, "config" | "env">;

/** Whether AWS itself stands behind a registry of the config. */
export const isAws = (facts: Known, registry: Registry): boolean =>
  isAwsAt(repositoryOf(registry, facts.config.imageName), facts.env);

/** The look at the targets' repositories in ECR before a release moves its stage's tag; none where no target is in ECR. */
export function ecrChecks(facts: Known & Pick<Facts, "targets" | "stage">): Action[] {
  const targets = facts.targets.filter((registry) => isAws(facts, registry));
  if (targets.length === 0) return [];
  const create = targets.flatMap((registry) => (registry.create ? [registry.name] : []));
  const places = targetPlaces({ config: facts.config, targets });
  return [checkEcr({ places, tag: facts.stage, ...(create.length > 0 ? { create } : {}) })];
}

/**
 * Logs docker in to a registry, where that is ECR, with a password of now. A push may come hours after docker's last login, and the one that
 * preflight found to be good was Slipway's own.
 */
export function ecrLogin(facts: Known, name: string): Command[] {
  const registry = facts.config.registries.find((one) => one.name === name);
  return registry && isAws(facts, registry) ? [loginToEcr(registry, facts.config.imageName)] : [];
}

/** The pull of an image, and before it docker's login where ECR has it: every pull logs in (design.md, "From the documents"). */
export function pullOf(facts: Known, reference: Value, words: readonly string[] = []): Command[] {
  const { registries, imageName } = facts.config;
  const registry = registries.find((one) => shown(reference).startsWith(`${repositoryOf(one, imageName).host}/`));
  const pull = { ...cmd`docker pull ${words} ${reference}`, again: cleanedMeanwhile };
  return [...ecrLogin(facts, registry?.name ?? ""), pull];
}

/** The command that logs docker in to a registry of ECR; the password goes in by standard input. */
export function loginToEcr(registry: Registry, image: string): Command {
  const repo = repositoryOf(registry, image);
  const command = cmd`docker login --username AWS --password-stdin ${repo.host}`;
  return { ...command, input: { ecr: accountOfRepository(repo) } };
}
