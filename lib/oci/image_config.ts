import type { Repository } from "../names/address.ts";
import { apiUrl } from "../names/address.ts";
import { broken, digestOf, missing, nameOf } from "./digest.ts";
import { partsOf, readManifest } from "./manifests.ts";
import { ask, pull } from "./perform.ts";
import type { Descriptor } from "./rules/copy_plan.ts";
import type { Session } from "./session.ts";

/** Which config: the one of this manifest, or of the child of this index for a platform such as `linux/arm64`. */
export type ConfigOf = { readonly digest: string; readonly platform?: string };

/** Gives the JSON of an image config, its digest checked; throws `not_found` where manifest or platform is not there. */
export async function readConfig(session: Session, repo: Repository, of: ConfigOf): Promise<unknown> {
  const manifest = await readManifest(session, repo, of.digest);
  if (manifest === null) throw missing(repo, of.digest);
  const parts = partsOf(repo, manifest);
  if (parts.type === "image") return await readJson(session, repo, parts.config);
  const child = parts.children.find((one) => fits(one, of.platform));
  if (child === undefined) throw missing(repo, `${of.platform ?? "an image"} in ${of.digest}`);
  return await readConfig(session, repo, { digest: child.digest });
}

/** `linux/arm64` also means `linux/arm64/v8`; attestations are `unknown/unknown` and no images. */
function fits({ platform = "" }: Descriptor, wanted: string | undefined): boolean {
  return wanted === undefined ? platform !== "unknown/unknown" : `${platform}/`.startsWith(`${wanted}/`);
}

async function readJson(session: Session, repo: Repository, config: Descriptor): Promise<unknown> {
  const { body } = await ask(session, {
    repo,
    method: "GET",
    url: apiUrl(repo, `blobs/${config.digest}`),
    headers: {},
    scopes: pull(repo),
    accept: [200],
    doing: `read ${nameOf(repo, config.digest)}`,
  });
  const digest = await digestOf(body);
  if (digest !== config.digest) throw broken(repo, config.digest, `The bytes of the config are ${digest}.`);
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    throw broken(repo, config.digest, "The config is no JSON.");
  }
}
