import { join } from "node:path";
import { UserError } from "../errors.ts";
import { type Answer, send } from "../oci/http.ts";
import { networkCode, patiently } from "../oci/patience.ts";
import { ownWords, RegistryError } from "../oci/rules/failure.ts";
import { type Session as HttpSession, newSession } from "../oci/session.ts";
import { type Listed, normalName, parseProject } from "../python/built_package.ts";
import { readText } from "./files.ts";
import { runOver } from "./interrupt.ts";

type Env = Readonly<Record<string, string | undefined>>;
type Login = { readonly username: string; readonly password: string };

/**
 * Who uploads, as twine finds it: TWINE_USERNAME and TWINE_PASSWORD, the section of ~/.pypirc with this address
 * (packaging.python.org, "The .pypirc file"), else ~/.netrc by its host (curl's manual, ".netrc"); null for nobody.
 */
function loadLogin(address: string, { env, home }: { readonly env: Env; readonly home: string }): Login | null {
  const [username, password] = [env["TWINE_USERNAME"] ?? "__token__", env["TWINE_PASSWORD"]];
  if (password !== undefined && password !== "") return { username, password };
  return (
    fromPypirc(readText(join(home, ".pypirc")) ?? "", address) ??
    fromNetrc(readText(join(home, ".netrc")) ?? "", address)
  );
}

function fromPypirc(text: string, address: string): Login | null {
  for (const section of text.split(/^(?=\[)/m)) {
    const at = (key: string) => new RegExp(`^${key}[ \\t]*[=:][ \\t]*(.*?)[ \\t]*$`, "m").exec(section)?.[1];
    const named = /^\[(test)?pypi\]/.exec(section);
    const usual = named && (named[1] ? "https://test.pypi.org/legacy/" : "https://upload.pypi.org/legacy/");
    const [repository, password] = [at("repository") ?? usual, at("password")];
    if (repository && password && repository.replace(/\/*$/, "/") === address)
      return { username: at("username") ?? "__token__", password };
  }
  return null;
}

function fromNetrc(text: string, address: string): Login | null {
  const { hostname } = new URL(address);
  for (const entry of text.split(/\bmachine\s+/)) {
    const at = (key: string) => new RegExp(`\\b${key}\\s+(\\S+)`).exec(entry)?.[1];
    const [username, password] = [at("login"), at("password")];
    if (entry.split(/\s/)[0] === hostname && username && password) return { username, password };
  }
  return null;
}

/** What every request to an index needs; a login is sent to no other host than the one that it is for. */
export type Session = { readonly login: Login | null; readonly host: string; readonly http: HttpSession };

/** Takes the address that files are uploaded to, gives what asks it, as registries are asked: by their proxies and CAs. */
export function indexSession(address: string, { env, home, signal }: Asker): Session {
  const timeouts = { answer: 120_000, connect: 30_000 };
  const http = newSession({ env, signal: AbortSignal.any([signal, runOver()]), timeouts });
  return { login: loadLogin(address, { env, home }), host: new URL(address).host, http };
}
type Asker = { readonly env: Env; readonly home: string; readonly signal: AbortSignal };

/** The login as a header says it (RFC 7617), in UTF-8. */
const basicOf = ({ username, password }: Login): string => Buffer.from(`${username}:${password}`).toString("base64");

/** More than any package is: PyPI takes files up to 100 MB without asking (docs.pypi.org, "Storage limits"). */
const largestFile = 2 ** 30;

type Asked = {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Looked at before a body is sent again: the index may have kept it and lost its answer. */
  readonly isKept?: () => Promise<boolean>;
};

/** Asked again after 429, 5xx and lost connections, as registries are. */
async function ask(
  url: URL,
  { login, host, http }: Session,
  { headers = {}, body, isKept }: Asked = {},
): Promise<Answer> {
  const authorization = login && url.host === host ? { authorization: `Basic ${basicOf(login)}` } : {};
  const length = body ? { "content-length": String(body.length) } : {};
  const sending = {
    ...{ url, repo: { registry: url.host, host: url.host }, method: body ? "POST" : "GET" },
    ...{ headers: { ...headers, ...length, ...authorization }, ...(body ? { body } : {}) },
  };
  let wasSent = false;
  const once = async (): Promise<Answer> => {
    if (wasSent && (await isKept?.())) return { status: 200, headers: new Headers(), body: new Uint8Array() };
    wasSent = true;
    return send(http, sending, largestFile);
  };
  return await patiently(http, { repo: sending.repo }, once).catch((error: unknown) => {
    http.signal?.throwIfAborted();
    // What a look at it between two tries ended with.
    if (error instanceof UserError && /^package/.test(error.kind)) throw error;
    const again = "Run the same command again once it does: what was uploaded is found there";
    // That a connection was lost says what is said here already; of a proxy or a CA there is more to tell.
    const isLost = error instanceof RegistryError && error.message === `${url.host} (${url.host}) does not answer`;
    const isTold = error instanceof UserError && !isLost;
    throw new UserError(`the package index ${url.host} does not answer`, {
      why: isTold ? `${error.message}. ${error.why}` : isLost ? error.why : networkCode(error),
      fix: isTold ? `${error.fix}. ${again}` : again,
      exitCode: 1,
      kind: "package_index",
    });
  });
}

const isGood = ({ status }: Answer): boolean => status >= 200 && status < 300;
const textOf = ({ body }: Answer): string => Buffer.from(body).toString("utf8");

/** The files that an index has of a project, none for one it does not know. */
export async function listProject(index: string, name: string, session: Session): Promise<readonly Listed[]> {
  const page = new URL(`${normalName(name)}/`, index);
  const headers = { accept: "application/vnd.pypi.simple.v1+json, text/html;q=0.5" };
  const answer = await ask(page, session, { headers });
  if (answer.status === 404) return [];
  // An index that knows a project elsewhere sends on to it, as pypiserver does to PyPI: it has none of its own.
  if (answer.status >= 300 && answer.status < 400) return [];
  if (!isGood(answer)) throw refused(page, answer, session);
  return parseProject(textOf(answer), page);
}

/** The bytes of a file of an index, which may send on to where it keeps them. */
export async function downloadFile(address: string, session: Session): Promise<Buffer> {
  let url = new URL(address);
  for (let hops = 0; ; hops += 1) {
    const answer = await ask(url, session);
    const location = answer.headers.get("location");
    if (isGood(answer)) return Buffer.from(answer.body);
    if (answer.status < 300 || answer.status >= 400 || location === null || hops === 5)
      throw refused(url, answer, session);
    url = new URL(location, url);
  }
}

type Upload = {
  readonly name: string;
  readonly bytes: Buffer;
  readonly fields: readonly (readonly [string, string])[];
  /** Whether the index has it, asked where an upload ended without an answer that counts. */
  readonly isKept: () => Promise<boolean>;
};

/** Uploads a file once; throws with the index's own words where it is refused. */
export async function uploadFile(
  address: string,
  { name, bytes, fields, isKept }: Upload,
  session: Session,
): Promise<void> {
  const body = new FormData();
  for (const [field, value] of fields) body.append(field, value);
  body.append("content", new Blob([new Uint8Array(bytes)]), name);
  const url = new URL(address);
  const form = new Response(body);
  const headers = { "content-type": form.headers.get("content-type") ?? "" };
  const answer = await ask(url, session, { headers, body: new Uint8Array(await form.arrayBuffer()), isKept });
  if (!isGood(answer)) throw refused(url, answer, session);
}

function refused(url: URL, answer: Answer, { login }: Session): UserError {
  const words = ownWords(textOf(answer), login ? [login.password, basicOf(login)] : []);
  const isDenied = answer.status === 401 || answer.status === 403;
  return new UserError(`the package index ${url.host} answered ${answer.status}`, {
    why: words || "It gave no reason.",
    fix: isDenied
      ? `Set TWINE_USERNAME and TWINE_PASSWORD, or the password of ${url.host} in ~/.pypirc or ~/.netrc`
      : "Fix the cause and run the same command again",
    exitCode: 1,
    kind: "package_index",
  });
}
