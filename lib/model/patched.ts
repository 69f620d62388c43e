import { UserError } from "./errors.ts";
import type { Facts } from "./facts.ts";
import { isTag } from "./image.ts";
import { imageTag } from "./stage.ts";
import type { Version } from "./version.ts";

/** Says of an image that a container was committed into it; images that are built on it inherit the label. */
export const patchedLabel = "dev.slipway.patched";

type Image = { readonly reference: string; readonly labels: Readonly<Record<string, string>> };

/** Refuses to test, tag or release what no commit describes. */
export function assertNotPatched(image: Image | undefined): void {
  const patched = image?.labels[patchedLabel];
  if (!image || !patched) return;
  const version = image.labels["org.opencontainers.image.version"];
  throw new UserError(`${image.reference} is a patched image: ${patched}`, {
    why: "It was changed by hand inside a container, so nobody can build it again from Git; what is released can be.",
    fix: `Put the change into devops/docker_build, then build it: i docker_build_local${version ? ` --version ${version}` : ""}`,
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
    why: "The container's image tells none, and no --version was given.",
    fix: "Pass --version X.Y.Z, or a name: --name ccxtpro",
  });
}
