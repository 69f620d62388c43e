import type { Repository } from "../../model/oci/address.ts";
import type { Challenge } from "../../model/oci/challenge.ts";
import {
  chooseChallenge,
  covers,
  lackingScopes,
  parseChallenges,
  parseToken,
  tokenRequest,
  widened,
} from "../../model/oci/challenge.ts";
import type { CredentialSource } from "../../model/oci/credentials.ts";
import { credentialSources } from "../../model/oci/credentials.ts";
import { fixOf, RegistryError, reasonOf } from "../../model/oci/failure.ts";
import { isPassing } from "../../model/oci/retry.ts";
import { readDockerConfig, resolveSource } from "./docker_config.ts";
import { send } from "./http.ts";
import { patiently } from "./patience.ts";
import type { Credentials, Held, Login, Session } from "./session.ts";

/** Gives the memory of getting in to a repository's registry. */
export function loginOf(session: Session, repo: Repository): Login {
  const key = `${repo.registry} ${repo.host}`;
  const known = session.logins.get(key);
  if (known !== undefined) return known;
  const login: Login = {
    challenge: null,
    sources: null,
    at: 0,
    credentials: null,
    held: [],
    wider: new Set(),
    pending: new Map(),
    notes: new Set(),
  };
  session.logins.set(key, login);
  return login;
}

/**
 * Gives the value of `Authorization` for scopes, null for none: as long as the registry has not asked, and when no
 * source has credentials it would take. One token per scope is fetched, however many requests wait for it.
 */
export async function authorization(
  session: Session,
  repo: Repository,
  asked: readonly string[],
): Promise<Held | null> {
  const login = loginOf(session, repo);
  if (login.challenge === null) return null;
  const scopes = widened(asked, [...login.wider]);
  const held = login.held.find((one) => one.until > session.clock.now() && serves(one, scopes));
  if (held !== undefined) return held;
  const key = scopes.join(" ");
  const pending = login.pending.get(key) ?? fetchHeld(session, repo, scopes).finally(() => login.pending.delete(key));
  login.pending.set(key, pending);
  return await pending;
}

async function fetchHeld(session: Session, repo: Repository, scopes: readonly string[]): Promise<Held | null> {
  const login = loginOf(session, repo);
  for (;;) {
    const challenge = login.challenge;
    if (challenge === null) return null;
    const credentials = await currentCredentials(session, repo);
    const at = login.at;
    const held =
      challenge.scheme === "basic"
        ? basicHeld(credentials)
        : await bearerHeld(session, { repo, challenge, scopes, credentials });
    if (held !== null) {
      session.secrets.add(held.header.replace(/^\S+ /, ""));
      login.held.push(held);
      return held;
    }
    if (at >= (login.sources?.length ?? 0)) return null;
    login.notes.add(`the login from ${nameOf(login.sources?.[at])} was not accepted`);
    if (login.at === at) nextSource(login);
  }
}

const serves = (held: Held, scopes: readonly string[]) => held.scopes === null || covers(held.scopes, scopes);

const sourceNames = {
  helper: "docker's credential helper",
  login: "docker's configuration or the environment",
  identity_token: "docker's configuration",
  ecr: "AWS",
} as const;
const nameOf = (source: CredentialSource | undefined) => (source === undefined ? "nobody" : sourceNames[source.from]);

function nextSource(login: Login): void {
  login.at += 1;
  login.credentials = null;
}

/** Where the credentials of a registry come from, in words; null where there are none. Helpers are not asked. */
export async function loginSource(session: Session, repo: Repository): Promise<string | null> {
  const source = (await sourcesOf(session, repo))[loginOf(session, repo).at];
  return source === undefined ? null : nameOf(source);
}

async function sourcesOf(session: Session, repo: Repository): Promise<readonly CredentialSource[]> {
  const login = loginOf(session, repo);
  session.config ??= readDockerConfig(session.env);
  login.sources ??= credentialSources(await session.config, session.env, repo);
  return login.sources;
}

async function currentCredentials(session: Session, repo: Repository): Promise<Credentials | null> {
  const login = loginOf(session, repo);
  const sources = await sourcesOf(session, repo);
  await dropPast(session, login);
  for (;;) {
    const source = sources[login.at];
    if (source === undefined) return null;
    login.credentials ??= resolveSource(session, source).then(({ credentials, note }) => {
      if (note !== null) login.notes.add(note);
      return credentials;
    });
    const at = login.at;
    const credentials = await login.credentials;
    if (credentials !== null) {
      session.secrets.add(credentials.type === "password" ? credentials.password : credentials.token);
      return credentials;
    }
    if (login.at === at) nextSource(login);
  }
}

/** Forgets a password that has run out, so that its source is asked for a new one. */
async function dropPast({ clock }: Session, login: Login): Promise<void> {
  const kept = login.credentials;
  const known = await kept;
  if (known?.type !== "password" || (known.until ?? Number.POSITIVE_INFINITY) > clock.now()) return;
  if (login.credentials === kept) login.credentials = null;
}

const base64 = (text: string) => Buffer.from(text, "utf8").toString("base64");

function basicHeld(credentials: Credentials | null): Held | null {
  if (credentials?.type !== "password") return null;
  const header = `Basic ${base64(`${credentials.username}:${credentials.password}`)}`;
  return { scopes: null, header, until: credentials.until ?? Number.POSITIVE_INFINITY, proved: false };
}

type Wanted = {
  readonly repo: Repository;
  readonly challenge: Challenge;
  readonly scopes: readonly string[];
  readonly credentials: Credentials | null;
};

async function bearerHeld(session: Session, wanted: Wanted): Promise<Held | null> {
  const { repo, challenge, scopes, credentials } = wanted;
  const identity = credentials?.type === "identity" ? { identityToken: credentials.token } : {};
  const request = tokenRequest(challenge, scopes, { secure: repo.scheme === "https", ...identity });
  if (request === null) return null;
  const basic = basicHeld(credentials);
  const answer = await patiently(session, { repo }, () =>
    send(session, {
      repo,
      url: new URL(request.url),
      method: request.form === undefined ? "GET" : "POST",
      headers: {
        ...(basic === null ? {} : { authorization: basic.header }),
        ...(request.form === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
      },
      ...(request.form === undefined ? {} : { body: new TextEncoder().encode(request.form) }),
    }),
  );
  if (isPassing({ status: answer.status })) throw noToken(repo, request.url, answer.status);
  if (answer.status !== 200) return null;
  const parsed = parseToken(parseJson(answer.body));
  if (parsed === null) return null;
  // A token is renewed a little before its end, so that none runs out on the way.
  const until = session.clock.now() + Math.max(parsed.seconds - 10, parsed.seconds / 2) * 1000;
  return { scopes, header: `Bearer ${parsed.token}`, until, proved: false };
}

/** Who gives tokens does not work: that says nothing about the login, which another source would not mend. */
const noToken = (repo: Repository, url: string, status: number): RegistryError =>
  new RegistryError(`cannot log in to ${repo.registry}: its token server ${new URL(url).host} answered ${status}`, {
    registry: repo.registry,
    reason: reasonOf(status),
    why: "The registry lets in who brings a token of that server, and it gives none now.",
    fix: fixOf(reasonOf(status), repo.registry),
  });

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

/**
 * Takes the `WWW-Authenticate` of a 401 and what was sent with the question; answers whether asking again makes
 * sense. What was taken before has run out and is fetched anew; what never was makes room for the next source.
 */
export function refusedLogin(session: Session, repo: Repository, given: RefusedWith): boolean {
  const login = loginOf(session, repo);
  const challenge = chooseChallenge(parseChallenges(given.challenge ?? ""));
  login.challenge = challenge ?? login.challenge;
  if (given.sent === null) return login.challenge !== null;
  if (!login.held.includes(given.sent)) return true;
  login.held = login.held.filter((one) => one !== given.sent);
  const lacking = challenge === null ? [] : lackingScopes(given.sent.scopes ?? [], challenge);
  if (lacking.length > 0) {
    for (const scope of lacking) login.wider.add(scope);
    return true;
  }
  if (!given.sent.proved) {
    if (login.at >= (login.sources?.length ?? 0)) return false;
    login.notes.add(`the login from ${nameOf(login.sources?.[login.at])} was not accepted`);
    nextSource(login);
    return true;
  }
  login.at = 0;
  login.credentials = null;
  return true;
}
export type RefusedWith = { readonly challenge: string | null; readonly sent: Held | null };
