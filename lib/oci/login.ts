import type { Repository } from "../names/address.ts";
import { readDockerConfig, resolveSource, shownHelper } from "./docker_config.ts";
import { send } from "./http.ts";
import { patiently } from "./patience.ts";
import type { Challenge } from "./rules/challenge.ts";
import {
  chooseChallenge,
  covers,
  isTokenServerOf,
  lackingScopes,
  parseChallenges,
  parseToken,
  tokenRequest,
  widened,
} from "./rules/challenge.ts";
import type { CredentialSource } from "./rules/credentials.ts";
import { credentialSources } from "./rules/credentials.ts";
import { fixOf, ownWords, RegistryError, reasonOf } from "./rules/failure.ts";
import { isPassing } from "./rules/retry.ts";
import type { Credentials, Held, Login, Session } from "./session.ts";

/** Gives the memory of getting in to a repository's registry. */
export function loginOf(session: Session, repo: Repository): Login {
  const key = `${repo.registry} ${repo.host}`;
  const known = session.logins.get(key);
  if (known !== undefined) return known;
  const login: Login = {
    challenge: null,
    sources: null,
    file: "",
    at: 0,
    credentials: null,
    held: [],
    wider: new Set(),
    pending: new Map(),
    notes: new Map(),
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
    const got =
      challenge.scheme === "basic"
        ? (basicHeld(credentials) ?? "")
        : await bearerHeld(session, { repo, challenge, scopes, credentials });
    if (typeof got !== "string") {
      session.secrets.add(got.header.replace(/^\S+ /, ""));
      login.held.push(got);
      return got;
    }
    if (at >= (login.sources?.length ?? 0)) return null;
    tellRefused(login, repo, at, got === "" ? "was not accepted" : `was not accepted: ${got}`);
    if (login.at === at) nextSource(login);
  }
}

const serves = (held: Held, scopes: readonly string[]) => held.scopes === null || covers(held.scopes, scopes);

/** A source as an error names it: by the file, variable or program that it stands in. */
function nameOf(source: CredentialSource, path: string): string {
  if (source.from === "ecr") return "AWS";
  if (source.from === "helper") return shownHelper(source, path);
  return (source.from === "login" && source.variable) || path;
}

/** Notes why what a source gave, by its place in the order, does not let in. */
function tellRefused({ sources, file, notes }: Login, repo: Repository, at: number, why: string): void {
  const source = sources?.[at];
  if (source === undefined) return;
  const isVariable = source.from === "login" && source.variable;
  const fix = isVariable ? `Give ${source.variable} a token that may; or unset it` : fixOf("denied", repo.registry);
  notes.set(`the login from ${nameOf(source, file)} ${why}`, fix);
}

function nextSource(login: Login): void {
  login.at += 1;
  login.credentials = null;
}

/** Where the credentials of a registry come from, in words; null where there are none. Helpers are not asked. */
export async function loginSource(session: Session, repo: Repository): Promise<string | null> {
  const login = loginOf(session, repo);
  const source = (await sourcesOf(session, repo))[login.at];
  return source === undefined ? null : nameOf(source, login.file);
}

async function sourcesOf(session: Session, repo: Repository): Promise<readonly CredentialSource[]> {
  const login = loginOf(session, repo);
  session.config ??= readDockerConfig(session.env);
  const { content, path } = await session.config;
  login.file = path;
  login.sources ??= credentialSources(content, session.env, repo);
  return login.sources;
}

/** Who the user is to a registry, by the first source of credentials that it has not refused. */
export async function currentCredentials(session: Session, repo: Repository): Promise<Credentials | null> {
  const login = loginOf(session, repo);
  const sources = await sourcesOf(session, repo);
  await dropPast(session, login);
  for (;;) {
    const source = sources[login.at];
    if (source === undefined) return null;
    login.credentials ??= resolveSource(session, source, { repo, path: login.file }).then(
      ({ credentials, note, fix }) => {
        if (note) login.notes.set(note, fix ?? fixOf("denied", repo.registry));
        return credentials;
      },
    );
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

/** Fetches a token, or gives the words that say why there is none. */
async function bearerHeld(session: Session, wanted: Wanted): Promise<Held | string> {
  const { repo, challenge, scopes, credentials } = wanted;
  const identity = credentials?.type === "identity" ? { identityToken: credentials.token } : {};
  const request = tokenRequest(challenge, scopes, { secure: repo.scheme === "https", ...identity });
  if (request === null) return `${repo.registry} names no token server with an https address`;
  const { host } = new URL(request.url);
  if (credentials !== null && !isTokenServerOf(repo, host)) throw strangeServer(repo, host);
  const basic = basicHeld(credentials);
  if (basic !== null) session.secrets.add(basic.header.replace(/^\S+ /, ""));
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
  if (isPassing({ status: answer.status })) throw noToken(repo, host, answer.status);
  if (answer.status !== 200) {
    const words = ownWords(new TextDecoder().decode(answer.body), session.secrets);
    return `${host} answered ${answer.status}${words === "" ? "" : `, ${words}`}`;
  }
  const parsed = parseToken(parseJson(answer.body));
  if (parsed === null) return `${host} gave no token`;
  // A token is renewed a little before its end, so that none runs out on the way.
  const until = session.clock.now() + Math.max(parsed.seconds - 10, parsed.seconds / 2) * 1000;
  return { scopes, header: `Bearer ${parsed.token}`, until, proved: false };
}

/** Who gives tokens does not work: that says nothing about the login, which another source would not mend. */
const noToken = (repo: Repository, host: string, status: number): RegistryError =>
  new RegistryError(`cannot log in to ${repo.registry}: its token server ${host} answered ${status}`, {
    registry: repo.registry,
    reason: reasonOf(status),
    why: "The registry lets in who brings a token of that server, and it gives none now.",
    fix: fixOf(reasonOf(status), repo.registry),
  });

/** A registry wants its login sent to a host that nobody said is its own. */
const strangeServer = (repo: Repository, host: string): RegistryError =>
  new RegistryError(`cannot log in to ${repo.registry}: it wants the login for ${repo.host} sent to ${host}`, {
    registry: repo.registry,
    reason: "denied",
    why: "A password or token goes to the registry's own domain, and to a token server that repo_config.yaml names; any other host could be anybody's.",
    fix: `If ${host} is its token server, write token_server: "${host}" below container_registry_info: ${repo.registry} in repo_config.yaml`,
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
    const { at } = login;
    if (at >= (login.sources?.length ?? 0)) return false;
    nextSource(login);
    const { error, scope } = challenge?.params ?? {};
    const isSmall = error === "insufficient_scope" && scope !== undefined;
    tellRefused(login, repo, at, isSmall ? `has no right to ${scope}` : "was not accepted");
    return true;
  }
  login.at = 0;
  login.credentials = null;
  return true;
}
export type RefusedWith = { readonly challenge: string | null; readonly sent: Held | null };
