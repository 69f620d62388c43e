import { isLoopback, type Repository } from "../names/address.ts";
import type { Sending } from "./connection.ts";
import type { Answer } from "./http.ts";
import { send } from "./http.ts";
import { authorization, loginOf, refusedLogin } from "./login.ts";
import type { Head } from "./patience.ts";
import { patiently } from "./patience.ts";
import type { Scope } from "./rules/challenge.ts";
import { scopeTexts } from "./rules/challenge.ts";
import { fixOf, ownWords, RegistryError, reasonOf, ruleIn, whereOf } from "./rules/failure.ts";
import type { Held, Session } from "./session.ts";

/** One question to a registry: what is sent, what it needs, which statuses are answers, and how errors call it. */
export type Ask = Sending & {
  readonly repo: Repository;
  readonly scopes: readonly Scope[];
  readonly accept: readonly number[];
  /** `read ghcr.io/acme/cmamp:dev`, as in "cannot ...". */
  readonly doing: string;
  /** As in Patience. */
  readonly again?: readonly number[];
  /** A redirect is the answer, not the way to it. */
  readonly stay?: true;
  /** One try with what is at hand: a refusal changes no login. */
  readonly once?: true;
};

/** The right to read a repository. */
export const pull = (repo: Repository): Scope[] => [{ path: repo.path, actions: ["pull"] }];
/** The right to write to a repository. */
export const push = (repo: Repository): Scope[] => [{ path: repo.path, actions: ["pull", "push"] }];

/** Asks a registry; gives the answer where its status is one of `accept`, else throws RegistryError. */
export async function ask(session: Session, question: Ask): Promise<Answer> {
  const answer = await perform(session, question, (sending) => send(session, sending));
  if (question.accept.includes(answer.status)) return answer;
  throw refusal(session, question, { status: answer.status, body: new TextDecoder().decode(answer.body) });
}

/** How a request reaches the registry: with its answer read whole, or as a stream. */
export type Transport<T> = (sending: Sending) => Promise<T>;

/** Asks over any transport: logs in as asked, follows redirects, waits out 429, 5xx and resets. Gives the last answer. */
export async function perform<T extends Head>(session: Session, question: Ask, transport: Transport<T>): Promise<T> {
  const { repo } = question;
  const scopes = scopeTexts(question.scopes);
  for (let tries = 0; ; tries += 1) {
    const sent = await authorization(session, repo, scopes);
    const one = () => follow(question, transport, sent);
    const answer = question.once ? await one() : await patiently(session, question, one);
    if (!isLocked(repo, answer.status)) {
      if (sent !== null) sent.proved = true;
      return answer;
    }
    const mayAgain = sent === null ? tries === 0 : !question.once && tries < 8;
    const challenge = answer.headers.get("www-authenticate");
    if (!mayAgain || !refusedLogin(session, repo, { challenge, sent })) return answer;
    answer.discard?.();
  }
}

/** ECR answers 403 to a password that has run out. */
const isLocked = (repo: Repository, status: number) => status === 401 || (status === 403 && repo.kind === "ecr");

const redirects = new Set([301, 302, 303, 307, 308]);

async function follow<T extends Head>(question: Ask, transport: Transport<T>, sent: Held | null): Promise<T> {
  let url = question.url;
  for (let hops = 0; ; hops += 1) {
    const headers = { ...question.headers, ...authorizationFor(question.repo, url, sent) };
    const answer = await transport({ ...question, url, headers });
    const location = answer.headers.get("location");
    const movable = !question.stay && (question.method === "GET" || question.method === "HEAD");
    if (!movable || location === null || !redirects.has(answer.status) || hops >= 5) return answer;
    answer.discard?.();
    url = nextUrl(question, new URL(location, url));
  }
}

function nextUrl({ repo, doing }: Ask, url: URL): URL {
  if (url.protocol === "https:" || (url.protocol === "http:" && repo.scheme === "http")) return url;
  throw new RegistryError(`cannot ${doing}: ${repo.registry} sends on to ${url.protocol}//${url.host}`, {
    registry: repo.registry,
    reason: "refused",
    why: "A registry that is reached by https may only send on to https.",
    fix: fixOf("refused", repo.registry),
  });
}

/** Credentials go to the registry's own host and port, never to where it points (RFC 9110, 15.4). */
export function authorizationFor(repo: Repository, url: URL, sent: Held | null): Record<string, string> {
  const own = new URL(`${repo.scheme}://${repo.host}`).origin === url.origin;
  return own && sent !== null ? { authorization: sent.header } : {};
}

const whys = {
  unreachable: "The registry answers but is failing.",
  denied: "The registry needs a login that is allowed to do this.",
  not_found: "The registry has no such repository, tag or blob.",
  throttled: "The registry accepts no more requests for now.",
  broken: "The content does not match its digest.",
  refused: "The registry refused it.",
} as const;

/** A limit of requests is none of what a registry may hold, and who is not let in is told of nothing else truly. */
const isRuled = (status: number): boolean => status < 500 && status !== 401 && status !== 429;
/** Servers of TLS say so of a request in plain http, in Go's words and in nginx's. */
const wantsTls = /HTTP request .*HTTPS/i;

/** Takes a final answer that is none of those accepted, gives the error with the registry's own words. */
export function refusal(session: Session, question: Ask, answer: { status: number; body: string }): RegistryError {
  const { repo, doing } = question;
  if (repo.scheme === "http" && answer.status === 400 && wantsTls.test(answer.body))
    return new RegistryError(`${repo.host} speaks https, and plain http was asked for`, {
      registry: repo.registry,
      reason: "unreachable",
      why: "Plain http is for loopback, and for what repo_config.yaml or the engine's insecure-registries call insecure.",
      fix: isLoopback(repo.host)
        ? `Give ${repo.registry} in repo_config.yaml the address that its certificate is for.`
        : `Take insecure: true of ${repo.registry} out of repo_config.yaml, or ${repo.host} out of insecure-registries in /etc/docker/daemon.json.`,
    });
  const own = ownWords(answer.body, session.secrets);
  const rule = isRuled(answer.status) ? ruleIn(own) : null;
  const reason = rule?.reason ?? reasonOf(answer.status);
  const notes = reason === "denied" ? [...loginOf(session, repo).notes] : [];
  const said = [own, ...notes.map(([note]) => ownWords(note, session.secrets))];
  const words = said.filter((word) => word !== "").join("; ");
  const why = rule?.why ?? whys[reason];
  return new RegistryError(`cannot ${doing}: ${repo.registry} answered ${answer.status}`, {
    registry: repo.registry,
    reason,
    why: words === "" ? why : `${why} It said: ${words}`,
    fix: rule?.fix(whereOf(repo)) ?? notes[0]?.[1] ?? fixOf(reason, repo.registry),
  });
}
