import type { AwsAccount } from "../../model/aws.ts";
import { UserError } from "../../model/errors.ts";
import type { CredentialSource } from "../../model/oci/credentials.ts";
import { capture } from "../shell.ts";
import type { Credentials, Session } from "./session.ts";

type Given = { readonly credentials: Credentials | null; readonly note: string | null };
type Env = Readonly<Record<string, string | undefined>>;

/** Reads `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`; missing or dangling is null, unreadable JSON a UserError. */
export async function readDockerConfig(env: Env): Promise<unknown> {
  const [{ readFile }, { join }, { homedir }] = await Promise.all([
    import("node:fs/promises"),
    import("node:path"),
    import("node:os"),
  ]);
  const path = join(env["DOCKER_CONFIG"] || join(env["HOME"] || homedir(), ".docker"), "config.json");
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (["ENOENT", "ENOTDIR", "ELOOP"].includes(error.code ?? "")) return null;
    throw unreadable(path, error);
  });
  try {
    return text === null || text.trim() === "" ? null : JSON.parse(text);
  } catch {
    throw unreadable(path, null);
  }
}

const unreadable = (path: string, cause: NodeJS.ErrnoException | null) =>
  new UserError(`docker's configuration "${path}" cannot be read`, {
    why: cause === null ? "It is not JSON, and the credentials of registries are in it." : cause.message,
    fix: `Correct the file, or point DOCKER_CONFIG at another folder.`,
  });

/** Takes a source, gives its credentials, or null and a note why it has none; runs helpers, never a shell, and asks AWS. */
export async function resolveSource(session: Session, source: CredentialSource): Promise<Given> {
  if (source.from === "login") return given({ type: "password", username: source.username, password: source.password });
  if (source.from === "identity_token") return given({ type: "identity", token: source.token });
  if (source.from === "helper") return await fromHelper(session, source);
  return await fromAws(session, source);
}

/** A password of ECR, taken for run out a little before it does, so that none runs out on the way. */
async function fromAws(session: Session, account: AwsAccount): Promise<Given> {
  const asked = session.clock.now();
  try {
    const { password, until } = await session.ecrLogin(account, session.env);
    const lasts = until - asked;
    return given({ type: "password", username: "AWS", password, until: asked + Math.max(lasts - 60_000, lasts / 2) });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { credentials: null, note: `${error.message}: ${error.why}` };
  }
}

const given = (credentials: Credentials): Given => ({ credentials, note: null });
const ended = (code: number | null, words: string) =>
  code === null ? "is not installed" : `exited with ${code}: ${words.trim().replace(/^.*\n/s, "").slice(0, 200)}`;

async function fromHelper(session: Session, source: CredentialSource & { from: "helper" }): Promise<Given> {
  const program = `docker-credential-${source.helper}`;
  if (!/^[A-Za-z0-9._-]+$/.test(source.helper))
    return { credentials: null, note: `"${program}" is no name of a program` };
  const { code, stdout, stderr, isLate } = await run(session, [program, "get"], source.server);
  if (isLate)
    return {
      credentials: null,
      note: `\`${program} get\` did not answer within ${session.timeouts.idle / 1000} s; try it: echo ${source.server} | ${program} get`,
    };
  // A helper's words go to stdout (docker-credential-helpers, "Error"); those of a success hold the secret.
  if (code !== 0) {
    const words = stderr.trim() === "" ? stdout : stderr;
    const none = /credentials not found/i.test(words);
    return { credentials: null, note: none ? null : `\`${program} get\` ${ended(code, words)}` };
  }
  return parseHelper(stdout) ?? { credentials: null, note: `\`${program} get\` printed no credentials` };
}

function parseHelper(stdout: string): Given | null {
  try {
    const json: unknown = JSON.parse(stdout);
    if (typeof json !== "object" || json === null || !("Username" in json) || !("Secret" in json)) return null;
    const { Username: username, Secret: secret } = json;
    if (typeof username !== "string" || typeof secret !== "string" || secret === "") return null;
    return given(
      username === "<token>" ? { type: "identity", token: secret } : { type: "password", username, password: secret },
    );
  } catch {
    return null;
  }
}

type Ran = { readonly code: number | null; readonly stdout: string; readonly stderr: string; readonly isLate: boolean };

/** Bytes that a helper may print. */
const longestAnswer = 1 << 20;

/** Runs a helper, and ends it with all that it started where it does not answer; its code is null where it is not there. */
async function run(session: Session, argv: readonly string[], input: string): Promise<Ran> {
  const signal = AbortSignal.timeout(session.timeouts.idle);
  const options = { cwd: "/", env: session.env, input, apart: true, signal, limit: longestAnswer };
  const { code, stdout, stderr } = await capture(argv, options);
  return {
    code: code === 127 && stderr === `${argv[0]}: not found` ? null : code,
    stdout,
    stderr,
    isLate: signal.aborted,
  };
}
