import { askRegistry as ask, loopbackRegistries } from "../engine/registries.ts";

const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

async function tagsOf(address: string, image: string): Promise<readonly string[]> {
  const answer = await ask(address, `${image}/tags/list`);
  if (!answer?.ok) return [];
  return ((await answer.json()) as { readonly tags?: readonly string[] | null }).tags ?? [];
}

/** The loopback registries that hold images of this name. */
export async function holding(image: string): Promise<readonly string[]> {
  const rows = loopbackRegistries.map(async ({ address }) =>
    (await tagsOf(address, image)).length > 0 ? [`${address}/${image}`] : [],
  );
  return (await Promise.all(rows)).flat();
}

/** Removes every image of this name from the loopback registries; gives whether there was one. */
export async function forgetImage(image: string): Promise<boolean> {
  const found = await Promise.all(loopbackRegistries.map(({ address }) => forgetIn(address, image)));
  return found.includes(true);
}

async function forgetIn(address: string, image: string): Promise<boolean> {
  const tags = await tagsOf(address, image);
  const heads = tags.map((tag) =>
    ask(address, `${image}/manifests/${tag}`, { method: "HEAD", headers: { Accept: manifestTypes } }),
  );
  const digests = (await Promise.all(heads)).flatMap((head) => head?.headers.get("docker-content-digest") ?? []);
  for (const digest of new Set(digests)) await ask(address, `${image}/manifests/${digest}`, { method: "DELETE" });
  return tags.length > 0;
}
