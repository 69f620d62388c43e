import type { SignedEntry } from "../../lib/names/log.ts";
import { run } from "../../thin_client/engine/command.ts";
import { git } from "./git.ts";
import { needs } from "./parts.ts";
import type { Request } from "./registry.ts";

/** The digest that skopeo reads behind a reference; null where there is none. */
export async function digestAt(reference: string): Promise<string | null> {
  await needs("skopeo");
  const words = ["inspect", "--tls-verify=false", "--no-tags", "--format", "{{.Digest}}", `docker://${reference}`];
  const { code, stdout, stderr } = await run(["skopeo", ...words]);
  if (code === 0) return stdout.trim();
  if (/manifest unknown|name unknown/.test(stderr)) return null;
  throw new Error(`skopeo ${words.join(" ")}: ${stderr}`);
}

/** The digests behind `<address>/<image>:<tag>` at each address. */
export const digestsAt = (addresses: readonly string[], name: string): Promise<(string | null)[]> =>
  Promise.all(addresses.map((address) => digestAt(`${address}/${name}`)));

/** The log of an image as the bare remote has it, read by Git alone. */
export async function logOf(remote: string, image: string): Promise<readonly SignedEntry[]> {
  const text = await git(remote, "log", "--reverse", "--format=%B", `refs/slipway/log/${image}`);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as SignedEntry);
}

/** The refs of a repo with their objects, as Git tells them. */
export const refsOf = async (repo: string): Promise<readonly string[]> =>
  (await git(repo, "for-each-ref", "--format=%(refname) %(objectname)")).split("\n").filter((line) => line !== "");

/** Requests that change a registry: everything but looking. */
export const changes = (requests: readonly Request[]): readonly string[] =>
  requests.filter(({ method }) => method !== "GET" && method !== "HEAD").map(({ method, path }) => `${method} ${path}`);
