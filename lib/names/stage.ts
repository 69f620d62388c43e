import { UserError } from "../errors.ts";
import type { Version } from "./version.ts";

/** A step of the workflow an image stands at: private to a user, used by the team, shipped (design.md, "From the documents"). */
export type Stage = "local" | "dev" | "prod";
export const stages = ["local", "dev", "prod"] as const satisfies readonly Stage[];

/** A stage that is released: pushed to registries, tagged in Git, pointed at by a mutable tag. */
export type ReleaseStage = Exclude<Stage, "local">;

/** Text to a stage; throws on any other word. */
export function parseStage(text: string): Stage {
  const found = stages.find((stage) => stage === text);
  if (found) return found;
  throw new UserError(`"${text}" is not a stage`, {
    why: "An image is local, dev or prod.",
    fix: "Use --stage local, --stage dev or --stage prod",
  });
}

/**
 * A user name as it stands in a tag: kept when it is lower-case letters, digits, `_` and `-`, else made legal with a hash
 * that keeps two users apart; a name that ends like such a hash gets one too.
 */
export function userTag(user: string): string {
  if (/^[a-z0-9][a-z0-9_-]{0,39}$/.test(user) && !/-[0-9a-f]{8}$/.test(user)) return user;
  const legal = user
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, "-")
    .replaceAll(/^[^a-z0-9]+/g, "")
    .slice(0, 31);
  return `${legal || "user"}-${hash8(user)}`;
}

/** FNV-1a, 32 bits, as 8 hex digits: enough to tell user names apart, and no module to load. */
function hash8(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const hash = bytes.reduce((value, byte) => Math.imul(value ^ byte, 0x01000193) >>> 0, 0x811c9dc5);
  return hash.toString(16).padStart(8, "0");
}

/** `local` images are private, so their tag carries the user; the others never do. Without a version it is the mutable tag. */
export function imageTag(stage: Stage, user: string, version?: Version): string {
  if (stage === "local") return `local-${userTag(user)}${version ? `-${version}` : ""}`;
  return version ? `${stage}-${version}` : stage;
}

/** `prod-<user>-<hash>`: a prod image of one commit that is tried before it is released (design.md, "From the documents"). */
export const candidateTag = (user: string, commit: string): string => `prod-${userTag(user)}-${commit.slice(0, 9)}`;

export const isCandidate = (tag: string): boolean => /^prod-[a-z0-9][a-z0-9._-]*-[0-9a-f]{9}$/.test(tag);

/** A candidate's tag as somebody types it. */
export function parseCandidate(value: string): string {
  if (isCandidate(value)) return value;
  throw new UserError(`"${value}" is not the tag of a candidate`, {
    why: "It is prod-<user>-<the first 9 digits of the commit>, as docker_create_candidate tells it.",
    fix: "Write it like --candidate prod-ada-0a1b2c3d4",
  });
}

/** The annotated Git tag of a release: `cmamp-1.2.0` for dev, `cmamp-prod-1.2.0` for prod. */
export const gitTag = (image: string, stage: ReleaseStage, version: Version): string =>
  stage === "dev" ? `${image}-${version}` : `${image}-prod-${version}`;
