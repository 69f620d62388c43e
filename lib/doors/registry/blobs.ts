import type { Repository } from "../../model/oci/address.ts";
import { apiUrl } from "../../model/oci/address.ts";
import type { Descriptor } from "../../model/oci/copy_plan.ts";
import { fixOf, RegistryError } from "../../model/oci/failure.ts";
import { nameOf } from "./digest.ts";
import type { Ask } from "./perform.ts";
import { ask, perform, pull, push, refusal } from "./perform.ts";
import type { Session } from "./session.ts";
import type { Streamed } from "./stream.ts";
import { open } from "./stream.ts";

const question = (repo: Repository, method: string, rest: string): Ask => ({
  repo,
  method,
  url: apiUrl(repo, rest),
  headers: {},
  scopes: pull(repo),
  accept: [200],
  doing: `read ${repo.reference}`,
});

/** Answers whether a repository holds a blob (OCI distribution spec, "Checking if content exists in the registry"). */
export async function hasBlob(session: Session, repo: Repository, digest: string): Promise<boolean> {
  const answer = await ask(session, {
    ...question(repo, "HEAD", `blobs/${digest}`),
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
  const asked = { ...question(repo, "GET", `blobs/${blob.digest}`), doing: `read ${nameOf(repo, blob.digest)}` };
  const answer = await perform(session, asked, (sending) => open(session, sending));
  if (answer.status === 200) return answer;
  answer.discard?.();
  throw refusal(session, asked, { status: answer.status, body: "" });
}

/** Where an upload goes on, or `mounted` when the registry took the blob from the other repository. */
export type Opened = { readonly location: URL } | "mounted";

/**
 * Opens an upload; with `mount` ({ digest, from: another repository's path }) a cross-repository mount is tried, and
 * any refusal of it opens a plain upload (OCI distribution spec, "Mounting a blob from another repository").
 */
export async function openUpload(session: Session, repo: Repository, mount: Mount | null): Promise<Opened> {
  const asked = {
    ...question(repo, "POST", "blobs/uploads/"),
    scopes: push(repo),
    accept: [202],
    doing: `push to ${repo.reference}`,
  };
  const mounted = mount === null ? null : await tryMount(session, asked, mount);
  if (mounted !== null) return mounted;
  return { location: locationOf(repo, asked.url, (await ask(session, asked)).headers.get("location")) };
}
export type Mount = { readonly digest: string; readonly from: string };

async function tryMount(session: Session, plain: Ask, { digest, from }: Mount): Promise<Opened | null> {
  const url = new URL(plain.url);
  url.searchParams.set("mount", digest);
  url.searchParams.set("from", from);
  const scopes = [...plain.scopes, { path: from, actions: ["pull"] as const }];
  try {
    const answer = await ask(session, { ...plain, url, scopes, accept: [201, 202], once: true });
    if (answer.status === 201) return "mounted";
    return { location: locationOf(plain.repo, plain.url, answer.headers.get("location")) };
  } catch (error) {
    session.signal?.throwIfAborted();
    if (error instanceof Error) return null;
    throw error;
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

/** Opens an upload and cancels it; throws RegistryError where this login may not push. */
export async function assertCanPush(session: Session, repo: Repository): Promise<void> {
  const opened = await openUpload(session, repo, null);
  if (opened === "mounted") return;
  await cancelUpload(session, repo, opened.location);
}

/** Cancels an upload; a registry that knows no cancelling forgets it by itself. */
export async function cancelUpload(session: Session, repo: Repository, location: URL): Promise<void> {
  const asked = {
    ...question(repo, "DELETE", ""),
    url: location,
    scopes: push(repo),
    accept: [204],
    once: true,
  } as const;
  await ask(session, asked).catch((error: unknown) => {
    session.signal?.throwIfAborted();
    if (!(error instanceof Error)) throw error;
  });
}
