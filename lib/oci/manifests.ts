import type { Repository } from "../names/address.ts";
import { apiUrl } from "../names/address.ts";
import { broken, digestOf, nameOf } from "./digest.ts";
import type { Answer } from "./http.ts";
import type { Ask } from "./perform.ts";
import { ask, pull, push } from "./perform.ts";
import type { ManifestParts } from "./rules/copy_plan.ts";
import { isDigest, manifestTypes, parseManifest } from "./rules/copy_plan.ts";
import type { Session } from "./session.ts";
import type { Found, Manifest, PutOptions } from "./types.ts";

const accept = manifestTypes.join(", ");

const question = (repo: Repository, method: string, reference: string): Ask => ({
  repo,
  method,
  url: apiUrl(repo, `manifests/${reference}`),
  headers: { accept },
  scopes: pull(repo),
  accept: [200, 404],
  doing: `read ${nameOf(repo, reference)}`,
});

const typeOf = (answer: Answer) => answer.headers.get("content-type")?.split(";")[0]?.trim() ?? "";

/**
 * Takes a tag or digest, gives what it names, null where there is none (OCI distribution spec, "Pulling manifests").
 * `pushed` is true right after an own push: then a 404 is waited out.
 */
export async function headManifest(
  session: Session,
  repo: Repository,
  { reference, pushed }: { readonly reference: string; readonly pushed?: boolean },
): Promise<Found | null> {
  const answer = await ask(session, { ...question(repo, "HEAD", reference), ...(pushed ? { again: [404] } : {}) });
  if (answer.status === 404) return null;
  const digest = answer.headers.get("docker-content-digest");
  // A registry need not send the header; then only the bytes tell.
  if (digest === null) return await readManifest(session, repo, reference);
  if (!isDigest(digest) || (isDigest(reference) && digest !== reference)) {
    throw broken(repo, reference, `Its Docker-Content-Digest is "${digest}".`);
  }
  return { digest, mediaType: typeOf(answer), size: Number(answer.headers.get("content-length") ?? 0) };
}

/** Takes a tag or digest, gives the manifest, its bytes untouched and their sha256 checked; null where there is none. */
export async function readManifest(session: Session, repo: Repository, reference: string): Promise<Manifest | null> {
  const known = knownManifest(session, repo, reference);
  if (known !== undefined) return known;
  const answer = await ask(session, question(repo, "GET", reference));
  if (answer.status === 404) return null;
  const digest = await digestOf(answer.body);
  const said = isDigest(reference) ? reference : answer.headers.get("docker-content-digest");
  if (said !== null && said !== digest) {
    throw broken(repo, reference, `The manifest should be ${said}, and its bytes are ${digest}.`);
  }
  const manifest = { digest, mediaType: typeOf(answer), size: answer.body.length, bytes: answer.body };
  // What a digest names never changes; a tag is asked anew each time.
  session.manifests.set(keyOf(repo, digest), manifest);
  return manifest;
}

const keyOf = (repo: Repository, digest: string): string => `${repo.host}/${repo.path}@${digest}`;

/** The manifest of a digest, where this client has read it. */
export const knownManifest = (session: Session, repo: Repository, digest: string): Manifest | undefined =>
  session.manifests.get(keyOf(repo, digest));

/** Takes a manifest, gives what it names; throws RegistryError `broken` when it is none. */
export function partsOf(repo: Repository, manifest: Manifest): ManifestParts {
  try {
    return parseManifest(new TextDecoder().decode(manifest.bytes));
  } catch (error) {
    throw broken(repo, manifest.digest, `It is no manifest: ${error instanceof Error ? error.message : error}.`);
  }
}

/**
 * Puts a manifest under a tag or digest, bytes untouched (OCI distribution spec, "Pushing Manifests"). Throws `broken`
 * when the registry names another digest than was sent; where it names none, the reference is read back.
 */
export async function writeManifest(
  session: Session,
  repo: Repository,
  { reference, manifest, ifMatch }: PutOptions & { readonly reference: string },
): Promise<void> {
  const answer = await ask(session, {
    ...question(repo, "PUT", reference),
    headers: { "content-type": manifest.mediaType, ...(ifMatch === undefined ? {} : { "if-match": `"${ifMatch}"` }) },
    body: manifest.bytes,
    scopes: push(repo),
    accept: [200, 201, 202],
    doing: `push ${nameOf(repo, reference)}`,
  });
  const said =
    answer.headers.get("docker-content-digest") ??
    (await headManifest(session, repo, { reference, pushed: true }))?.digest ??
    "nothing";
  if (said === manifest.digest) return;
  throw broken(repo, reference, `${manifest.digest} was sent, and ${repo.registry} holds ${said}.`);
}

/** Gives all tags of a repository, page by page (OCI distribution spec, "Listing Tags"); none where it does not exist. */
export async function listTags(session: Session, repo: Repository): Promise<string[]> {
  const tags: string[] = [];
  const first = apiUrl(repo, "tags/list?n=1000");
  const seen = new Set<string>();
  for (let url: URL | null = first; url !== null && !seen.has(url.href); ) {
    seen.add(url.href);
    const answer: Answer = await ask(session, {
      ...question(repo, "GET", "tags"),
      url,
      headers: { accept: "application/json" },
      doing: `list the tags of ${repo.reference}`,
    });
    if (answer.status === 404) return tags;
    tags.push(...tagsOf(repo, answer));
    url = nextPage(answer.headers.get("link"), url, first);
  }
  return tags;
}

function tagsOf(repo: Repository, answer: Answer): string[] {
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(answer.body));
    const list = typeof json === "object" && json !== null && "tags" in json ? json.tags : null;
    return Array.isArray(list) ? list.filter((tag) => typeof tag === "string") : [];
  } catch {
    throw broken(repo, "tags", "The list of tags is no JSON.");
  }
}

/** Of the link to the next page (RFC 5988) only the query counts: the list stays where it was asked for. */
function nextPage(link: string | null, base: URL, first: URL): URL | null {
  const target = /<([^>]*)>\s*;[^,]*rel="?next"?/.exec(link ?? "")?.[1];
  if (target === undefined || !URL.canParse(target, base.href)) return null;
  return new URL(`${first.pathname}${new URL(target, base).search}`, first);
}
