import { join } from "node:path";
import { type Listed, normalName, parseProject } from "../model/built_package.ts";
import { UserError } from "../model/errors.ts";
import { pastProxy } from "../model/oci/address.ts";
import { ownWords } from "../model/oci/failure.ts";
import { deadline } from "./clock.ts";
import { readText } from "./files.ts";
import { networkCode } from "./registry/patience.ts";

type Env = Readonly<Record<string, string | undefined>>;
export type Login = { readonly username: string; readonly password: string };

/**
 * Who uploads, as twine finds it: TWINE_USERNAME and TWINE_PASSWORD, the section of ~/.pypirc with this address
 * (packaging.python.org, "The .pypirc file"), else ~/.netrc by its host (curl's manual, ".netrc"); null for nobody.
 */
export function loadLogin(address: string, { env, home }: { readonly env: Env; readonly home: string }): Login | null {
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
export type Session = { readonly login: Login | null; readonly host: string; readonly signal: AbortSignal };

/** The login as a header says it (RFC 7617), in UTF-8. */
const basicOf = ({ username, password }: Login): string => Buffer.from(`${username}:${password}`).toString("base64");

async function ask(url: URL, { login, host, signal }: Session, more: RequestInit = {}): Promise<Response> {
  const basic = login && url.host === host ? basicOf(login) : null;
  const headers = { "user-agent": "slipway", ...more.headers, ...(basic ? { authorization: `Basic ${basic}` } : {}) };
  const until = AbortSignal.any([signal, deadline(120_000)]);
  try {
    return await fetch(url, { ...pastProxy(url), redirect: "manual", ...more, headers, signal: until });
  } catch (error) {
    throw new UserError(`the package index ${url.host} does not answer`, {
      why: networkCode(error),
      fix: "Type the same command again once it does: what was uploaded is found there",
      exitCode: 1,
      kind: "package_index",
    });
  }
}

/** The files that an index has of a project, none for one it does not know. */
export async function listProject(index: string, name: string, session: Session): Promise<readonly Listed[]> {
  const page = new URL(`${normalName(name)}/`, index);
  const headers = { accept: "application/vnd.pypi.simple.v1+json, text/html;q=0.5" };
  const answer = await ask(page, session, { headers });
  if (answer.status === 404) return [];
  // An index that knows a project elsewhere sends on to it, as pypiserver does to PyPI: it has none of its own.
  if (answer.status >= 300 && answer.status < 400) return [];
  if (!answer.ok) throw await refused(page, answer, session);
  return parseProject(await answer.text(), page);
}

export async function downloadFile(url: string, session: Session): Promise<Buffer> {
  const answer = await ask(new URL(url), session, { redirect: "follow" });
  if (!answer.ok) throw await refused(new URL(url), answer, session);
  return Buffer.from(await answer.arrayBuffer());
}

type Upload = {
  readonly name: string;
  readonly bytes: Buffer;
  readonly fields: readonly (readonly [string, string])[];
};

/** Uploads a file once; throws with the index's own words where it is refused. */
export async function uploadFile(address: string, { name, bytes, fields }: Upload, session: Session): Promise<void> {
  const body = new FormData();
  for (const [field, value] of fields) body.append(field, value);
  body.append("content", new Blob([new Uint8Array(bytes)]), name);
  const url = new URL(address);
  const answer = await ask(url, session, { method: "POST", body });
  if (!answer.ok) throw await refused(url, answer, session);
}

async function refused(url: URL, answer: Response, { login }: Session): Promise<UserError> {
  const words = ownWords(await answer.text(), login ? [login.password, basicOf(login)] : []) || answer.statusText;
  const isDenied = answer.status === 401 || answer.status === 403;
  return new UserError(`the package index ${url.host} answered ${answer.status}`, {
    why: words || "It gave no reason.",
    fix: isDenied
      ? `Set TWINE_USERNAME and TWINE_PASSWORD, or the password of ${url.host} in ~/.pypirc or ~/.netrc`
      : "Mend the cause, then type the same command again",
    exitCode: 1,
    kind: "package_index",
  });
}
