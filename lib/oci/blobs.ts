import type { Repository } from "../names/address.ts";
import { apiUrl } from "../names/address.ts";
import { nameOf } from "./digest.ts";
import type { Streamed } from "./http.ts";
import { open } from "./http.ts";
import type { Ask } from "./perform.ts";
import { ask, perform, pull, push, refusal } from "./perform.ts";
import type { Descriptor } from "./rules/copy_plan.ts";
import { fixOf, RegistryError } from "./rules/failure.ts";
import type { Session } from "./session.ts";

/** Answers whether a repository holds a blob (OCI distribution spec, "Checking if content exists in the registry"). */
export async function hasBlob(session: Session, repo: Repository, digest: string): Promise<boolean> {
  const answer = await ask(session, {
    repo,
    method: "HEAD",
    url: apiUrl(repo, `blobs/${digest}`),
    headers: {},
    scopes: push(repo),
    // A registry that says where the blob lies has it; the address it gives may serve GET only.
    accept: [200, 302, 307, 404],
    stay: true,
    doing: `look for ${nameOf(repo, digest)}`,
  });
  return answer.status !== 404;
}

/** Opens a blob for reading; the caller reads and checks its body. Throws RegistryError when it is not there. */
export async function openBlob(session: Session, repo: Repository, blob: Descriptor): Promise<Streamed> {
  const asked = {
    repo,
    method: "GET",
    url: apiUrl(repo, `blobs/${blob.digest}`),
    headers: {},
    scopes: pull(repo),
    accept: [200],
    doing: `read ${nameOf(repo, blob.digest)}`,
  };
  const answer = await perform(session, asked, (sending) => open(session, sending));
  if (asked.accept.includes(answer.status)) return answer;
  answer.discard?.();
  throw refusal(session, asked, { status: answer.status, body: "" });
}

const opening = (repo: Repository): Ask => ({
  repo,
  method: "POST",
  url: apiUrl(repo, "blobs/uploads/"),
  headers: {},
  scopes: push(repo),
  accept: [202],
  doing: `push to ${repo.reference}`,
});

/** Opens an upload, gives where it goes on (OCI distribution spec, "POST then PUT"). */
export async function openUpload(session: Session, repo: Repository): Promise<URL> {
  const asked = opening(repo);
  return locationOf(repo, asked.url, (await ask(session, asked)).headers.get("location"));
}

/** A blob of another repository of the same registry. */
export type Mount = { readonly digest: string; readonly from: string };

/**
 * Asks a registry to take a blob from its other repository (OCI distribution spec, "Mounting a blob from another
 * repository"). Gives `mounted`, or where the upload goes on that it opened instead; null where it refuses.
 */
export async function mount(
  session: Session,
  repo: Repository,
  { digest, from }: Mount,
): Promise<URL | "mounted" | null> {
  const plain = opening(repo);
  const url = new URL(plain.url);
  url.searchParams.set("mount", digest);
  url.searchParams.set("from", from);
  const scopes = [...plain.scopes, { path: from, actions: ["pull"] as const }];
  try {
    const answer = await ask(session, { ...plain, url, scopes, accept: [201, 202], once: true });
    return answer.status === 201 ? "mounted" : locationOf(repo, plain.url, answer.headers.get("location"));
  } catch {
    session.signal?.throwIfAborted();
    return null;
  }
}

/** Takes the `Location` of an upload, gives its URL; throws RegistryError when there is none, or it leaves https. */
export function locationOf(repo: Repository, base: URL, location: string | null): URL {
  if (location !== null && URL.canParse(location, base.href)) {
    const url = new URL(location, base);
    if (url.protocol === "https:" || repo.scheme === "http") return url;
    // Behind a proxy that ends TLS some registries write http with their own name.
    if (url.hostname === base.hostname) return new URL(`${url.pathname}${url.search}`, base);
  }
  throw new RegistryError(`cannot push to ${repo.reference}: ${repo.registry} opened no upload`, {
    registry: repo.registry,
    reason: "refused",
    why: "Its answer has no Location to go on at (OCI distribution spec, POST then PUT).",
    fix: fixOf("refused", repo.registry),
  });
}

/** Milliseconds in which a registry that means to says that it cancelled an upload. */
const cancelling = 500;

/** Opens an upload and has it cancelled, which nobody waits for; throws RegistryError where this login may not push. */
export async function assertCanPush(session: Session, repo: Repository): Promise<void> {
  const url = await openUpload(session, repo);
  // A registry that knows no cancelling forgets an upload by itself.
  const asked = { ...opening(repo), method: "DELETE", url, accept: [204], once: true, answer: cancelling } as const;
  ask(session, asked).catch(() => undefined);
}
