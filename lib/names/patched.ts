import { UserError } from "../errors.ts";
import type { Facts } from "../plan/facts.ts";
import { oneLine } from "../text/visible.ts";
import { isTag } from "./image.ts";
import { imageTag } from "./stage.ts";
import { isVersion, type Version } from "./version.ts";

/** Says of an image that a container was committed into it; images that are built on it inherit the label. */
export const patchedLabel = "dev.slipway.patched";

/** Says of an image that its build context was not what its commit has. */
export const contextLabel = "dev.slipway.context";

type Image = { readonly reference: string; readonly labels: Readonly<Record<string, string>> };

/** Refuses to tag or release what no commit describes. */
export function assertOfCommit(image: Image | undefined): void {
  assertNotPatched(image);
  if (image?.labels[contextLabel]) throw builtFromOther(image, image.labels[contextLabel]);
}

/** Refuses to build over, tag or release what was made by hand. */
export function assertNotPatched(image: Image | undefined): void {
  const patched = image?.labels[patchedLabel];
  if (!image || !patched) return;
  const version = image.labels["org.opencontainers.image.version"];
  throw new UserError(`${image.reference} is a patched image: ${patched}`, {
    why: "It was changed by hand inside a container, so nobody can build it again from Git; what is released can be.",
    fix: `Put the change into devops/docker_build, then build it: i docker_build_local${version ? ` --version ${version}` : ""}`,
  });
}

function builtFromOther({ reference, labels }: Image, context: string): UserError {
  const { "org.opencontainers.image.version": version, "org.opencontainers.image.revision": revision } = labels;
  return new UserError(`${reference} was built ${oneLine(context)}`, {
    why: `Its label names the commit ${oneLine(revision?.slice(0, 12) ?? "of nobody")}, and nobody could build it again from there.`,
    fix: `Commit the files, then build it again: i docker_build_local --version ${version && isVersion(version) ? version : "X.Y.Z"}`,
  });
}

/** `dev_<name>` for an image with a name, else the user's local image of the version, which `-s local` finds. */
export function patchTag(facts: Pick<Facts, "user">, name: string | undefined, version: Version | null): string {
  if (name !== undefined) {
    if (isTag(`dev_${name}`)) return `dev_${name}`;
    throw new UserError(`"${name}" is not a name for a patched image`, {
      why: "It becomes a tag, dev_NAME, of letters, digits, dots, dashes and underscores.",
      fix: "Use --name ccxtpro",
    });
  }
  if (version) return imageTag("local", facts.user.name, version);
  throw new UserError("the patched image has no version", {
    why: "The container's image has none, and no --version was given.",
    fix: "Pass --version X.Y.Z, or a name: --name ccxtpro",
  });
}
