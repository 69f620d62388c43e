import { loopbackRegistries } from "../engine/registries.ts";

const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** Loopback is asked past every proxy, as Docker does: bun's fetch heeds HTTP_PROXY, Node's does not. */
const direct: RequestInit & { readonly proxy: false } = { proxy: false };

async function ask(address: string, path: string, init: RequestInit = {}): Promise<Response | null> {
  const url = `http://${address}/v2/${path}`;
  return fetch(url, { ...direct, ...init, signal: AbortSignal.timeout(5_000) }).catch(() => null);
}

/** Whether every loopback registry answers already, whoever started it. */
export async function allAnswer(): Promise<boolean> {
  const answers = await Promise.all(loopbackRegistries.map(({ address }) => ask(address, "")));
  return answers.every((answer) => answer?.ok === true);
}

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

/** Removes every image of this name from the loopback registries. */
export async function forgetImage(image: string): Promise<void> {
  await Promise.all(loopbackRegistries.map(({ address }) => forgetIn(address, image)));
}

async function forgetIn(address: string, image: string): Promise<void> {
  const heads = (await tagsOf(address, image)).map((tag) =>
    ask(address, `${image}/manifests/${tag}`, { method: "HEAD", headers: { Accept: manifestTypes } }),
  );
  const digests = (await Promise.all(heads)).flatMap((head) => head?.headers.get("docker-content-digest") ?? []);
  for (const digest of new Set(digests)) await ask(address, `${image}/manifests/${digest}`, { method: "DELETE" });
}
