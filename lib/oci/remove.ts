import { apiUrl, isLoopback, type Repository } from "../names/address.ts";
import type { Removal } from "../names/prune.ts";
import { jsonOf, textAt, valueAt } from "../text/shape.ts";
import { type Answer, send } from "./http.ts";
import { currentCredentials } from "./login.ts";
import { type Head, patiently } from "./patience.ts";
import { ask } from "./perform.ts";
import { fixOf, ownWords, RegistryError, reasonOf } from "./rules/failure.ts";
import type { Credentials, Session } from "./session.ts";
import type { RemoveResult } from "./types.ts";

/** Takes images away one by one, by what their registry offers; gives of each whether it was there. */
export async function removeImages(
  session: Session,
  repo: Repository,
  removals: readonly Removal[],
): Promise<RemoveResult[]> {
  const results: RemoveResult[] = [];
  const remove = await removerFor(session, repo);
  for (const removal of removals) {
    session.signal?.throwIfAborted();
    results.push({ ...removal, outcome: (await remove(removal)) ? "removed" : "absent" });
  }
  return results;
}

type Remover = (removal: Removal) => Promise<boolean>;

/** GitHub's and Docker Hub's registries take no DELETE, their own APIs do; a loopback registry only stands for one of them. */
async function removerFor(session: Session, repo: Repository): Promise<Remover> {
  if (isLoopback(repo.host) && !session.apis.onLoopback) return (removal) => deleteManifest(session, repo, removal);
  if (repo.kind === "ghcr") return onGithub(session, repo);
  if (repo.kind === "dockerhub") return onHub(session, repo);
  return (removal) => deleteManifest(session, repo, removal);
}

/** By digest, with all its tags (OCI distribution spec, "Deleting Manifests"). */
async function deleteManifest(session: Session, repo: Repository, { digest }: Removal): Promise<boolean> {
  const answer = await ask(session, {
    ...{ repo, method: "DELETE", url: apiUrl(repo, `manifests/${digest}`), headers: {} },
    scopes: [{ path: repo.path, actions: ["delete", "pull", "push"] }],
    accept: [200, 202, 204, 404, 405],
    doing: `remove ${repo.reference}@${digest}`,
  });
  if (answer.status !== 405) return answer.status !== 404;
  throw new RegistryError(`${repo.registry} does not let images be removed`, {
    registry: repo.registry,
    reason: "refused",
    why: "Its settings forbid DELETE.",
    fix: "Allow it, of Distribution by REGISTRY_STORAGE_DELETE_ENABLED=true; or leave it out: --target-registries",
  });
}

/** One request to an API beside a registry. */
type Call = {
  readonly base: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: object;
  readonly accept: readonly number[];
  readonly doing: string;
};

async function call(session: Session, repo: Repository, asked: Call): Promise<Answer> {
  const { base, method, path, headers, body, accept, doing } = asked;
  const url = new URL(`${base}${path}`);
  const json = body === undefined ? {} : { body: new TextEncoder().encode(JSON.stringify(body)) };
  const type: Readonly<Record<string, string>> = body === undefined ? {} : { "content-type": "application/json" };
  const one = () => send(session, { repo, url, method, headers: { ...type, ...headers }, ...json });
  const answer: Head & Answer = await patiently(session, { repo }, one);
  if (accept.includes(answer.status)) return answer;
  const reason = reasonOf(answer.status);
  const text = textOf(answer);
  const said = ownWords(textAt(jsonOf(text), "message") ?? text, session.secrets);
  throw new RegistryError(`cannot ${doing}: ${url.host} answered ${answer.status}`, {
    ...{ registry: repo.registry, reason },
    why: `Images of ${repo.registry} are removed by ${url.host}. It said: ${said || "nothing"}`,
    fix: fixOf(reason, repo.registry),
  });
}

const textOf = ({ body }: Answer): string => new TextDecoder().decode(body);

async function passwordOf(session: Session, repo: Repository): Promise<Credentials & { type: "password" }> {
  const credentials = await currentCredentials(session, repo);
  if (credentials?.type === "password") return credentials;
  throw new RegistryError(`cannot remove images from ${repo.registry}: no password is known for it`, {
    ...{ registry: repo.registry, reason: "denied" },
    why: "Its own API takes the user's name and a password or token.",
    fix: fixOf("denied", repo.registry),
  });
}

/** A version of a package of GitHub is an image with its tags (GitHub REST API, "Packages"). */
type PackageVersion = { readonly id: string; readonly tags: readonly string[] };

async function onGithub(session: Session, repo: Repository): Promise<Remover> {
  const { password } = await passwordOf(session, repo);
  const headers = {
    accept: "application/vnd.github+json",
    authorization: `Bearer ${password}`,
    "x-github-api-version": "2022-11-28",
  };
  const [owner = "", ...name] = repo.path.split("/");
  const ask = (method: string, path: string, accept: readonly number[], doing: string) =>
    call(session, repo, { base: session.apis.github, method, path, headers, accept, doing });
  const account = await ask("GET", `/users/${owner}`, [200], `look who ${owner} is`);
  const isOrganization = textAt(jsonOf(textOf(account)), "type") === "Organization";
  const versions = `/${isOrganization ? "orgs" : "users"}/${owner}/packages/container/${encodeURIComponent(name.join("/"))}/versions`;
  const known = new Map<string, PackageVersion>();
  for (let page = 1, isLast = false; !isLast; page += 1) {
    const answer = await ask("GET", `${versions}?per_page=100&page=${page}`, [200], `list ${repo.reference}`);
    for (const [digest, version] of versionsIn(jsonOf(textOf(answer)))) known.set(digest, version);
    isLast = !/rel="next"/.test(answer.headers.get("link") ?? "");
  }
  return async ({ digest, tags }) => {
    const version = known.get(digest);
    // Tagged meanwhile: it is no longer what was to go.
    if (!version || version.tags.some((tag) => !tags.includes(tag))) return false;
    const path = `${versions}/${version.id}`;
    return (await ask("DELETE", path, [204, 404], `remove ${repo.reference}@${digest}`)).status === 204;
  };
}

function versionsIn(json: unknown): (readonly [string, PackageVersion])[] {
  return (Array.isArray(json) ? json : []).flatMap((one: unknown) => {
    const digest = textAt(one, "name");
    const id = valueAt(one, "id");
    const tags = valueAt(one, "metadata", "container", "tags");
    if (digest === undefined || typeof id !== "number" || !Array.isArray(tags)) return [];
    return [[digest, { id: String(id), tags: tags.map(String) }] as const];
  });
}

/** Docker Hub removes tags; what no tag names any more it cleans up itself (Docker Hub API, "Repositories"). */
async function onHub(session: Session, repo: Repository): Promise<Remover> {
  const { username, password } = await passwordOf(session, repo);
  const base = session.apis.hub;
  const body = { identifier: username, secret: password };
  const asked = { base, method: "POST", path: "/v2/auth/token", headers: {}, body, accept: [200] };
  const login = await call(session, repo, { ...asked, doing: "log in to the API of Docker Hub" });
  const token = textAt(jsonOf(textOf(login)), "access_token") ?? "";
  session.secrets.add(token);
  const headers = { authorization: `Bearer ${token}` };
  return async ({ digest, tags }) => {
    let removed = false;
    for (const tag of tags) {
      const path = `/v2/repositories/${repo.path}/tags/${tag}/`;
      const one = { base, path, headers, doing: `remove ${repo.reference}:${tag}` };
      const now = await call(session, repo, { ...one, method: "GET", accept: [200, 404] });
      if (now.status === 404 || textAt(jsonOf(textOf(now)), "digest") !== digest) continue;
      await call(session, repo, { ...one, method: "DELETE", accept: [204, 404] });
      removed = true;
    }
    return removed;
  };
}
