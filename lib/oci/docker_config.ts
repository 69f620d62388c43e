import { capture } from "../doors/shell.ts";
import { UserError } from "../errors.ts";
import type { Repository } from "../names/address.ts";
import type { AwsAccount } from "../names/aws.ts";
import { quote } from "../plan/render_plan.ts";
import { type CredentialSource, type Helper, hostOfKey } from "./rules/credentials.ts";
import { fixOf } from "./rules/failure.ts";
import type { Credentials, Session } from "./session.ts";

/** Docker's configuration: its file, and what it holds; null where it is not there. */
export type DockerConfig = { readonly path: string; readonly content: unknown };
/** What a source gave, or why it gave nothing, with the line to type; neither where it has none for the host. */
type Given = { readonly credentials: Credentials | null; readonly note?: string; readonly fix?: string };
type Env = Readonly<Record<string, string | undefined>>;

/** Reads `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`; missing or dangling is null, unreadable JSON a UserError. */
export async function readDockerConfig(env: Env): Promise<DockerConfig> {
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
    return { path, content: text === null || text.trim() === "" ? null : JSON.parse(text) };
  } catch {
    throw unreadable(path, null);
  }
}

const unreadable = (path: string, cause: NodeJS.ErrnoException | null) =>
  new UserError(`docker's configuration "${path}" cannot be read`, {
    why: cause === null ? "It is not JSON, and the credentials of registries are in it." : cause.message,
    fix: `Correct the file, or point DOCKER_CONFIG at another folder.`,
  });

/** Whom credentials are for, and the file that names their source. */
type For = { readonly repo: Repository; readonly path: string };

/** Gives the credentials of a source, or a note why it has none; runs helpers, never a shell, and asks AWS. */
export async function resolveSource(session: Session, source: CredentialSource, to: For): Promise<Given> {
  if (source.from === "login")
    return { credentials: { type: "password", username: source.username, password: source.password } };
  if (source.from === "identity_token") return { credentials: { type: "identity", token: source.token } };
  if (source.from === "helper") return await fromHelper(session, source, to);
  return await fromAws(session, source);
}

/** A password of ECR, taken for run out a little before it does, so that none runs out on the way. */
async function fromAws(session: Session, account: AwsAccount): Promise<Given> {
  const asked = session.clock.now();
  try {
    const { password, until } = await session.ecrLogin(account, session.env);
    const lasts = until - asked;
    const soon = asked + Math.max(lasts - 60_000, lasts / 2);
    return { credentials: { type: "password", username: "AWS", password, until: soon } };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { credentials: null, note: `${error.message}: ${error.why}`, fix: error.fix };
  }
}

/** The name of a helper's program (docker-credential-helpers, "Usage"). */
const programOf = ({ helper }: Pick<Helper, "helper">): string => `docker-credential-${helper}`;

/** A helper as an error names it: its program, and what names that. */
export const shownHelper = (source: Helper, path: string): string => `${programOf(source)} (${source.key} of ${path})`;

async function fromHelper(session: Session, source: Helper, { repo, path }: For): Promise<Given> {
  const program = programOf(source);
  const without = `take it out of ${source.key} in ${path}, and log in: ${fixOf("denied", repo.registry)}`;
  const failed = (what: string, fix = `See why: echo ${source.server} | ${program} get; or ${without}`): Given => ({
    credentials: null,
    note: `${shownHelper(source, path)} ${what}`,
    fix,
  });
  if (!/^[A-Za-z0-9._-]+$/.test(source.helper)) return failed("is no name of a program", `Correct it in ${path}`);
  const { code, stdout, stderr, isLate } = await run(session, [program, "get"], source.server);
  if (isLate) return failed(`did not answer within ${session.timeouts.helper / 1000} s`);
  if ((code === 127 || code === 128) && stderr.startsWith(`${program}: `)) {
    const found = await onPath(program, session.env);
    if (found === null) return failed("is not installed", `Install ${program}; or ${without}`);
    if (!found.isExecutable) return failed("is not executable", `chmod +x ${quote(found.file)}; or ${without}`);
    return failed(`cannot be started: ${stderr.slice(program.length + 2)}`);
  }
  // A helper's words go to stdout (docker-credential-helpers, "Error"); those of a success hold the secret.
  if (code !== 0) {
    const words = stderr.trim() === "" ? stdout : stderr;
    if (/credentials not found/i.test(words)) return { credentials: null };
    return failed(`exited with ${code}: ${words.trim().replace(/^.*\n/s, "").slice(0, 200)}`);
  }
  if (stdout.trim() === "") return failed("printed nothing");
  const answer = parseHelper(stdout);
  if (answer === null) return failed("printed no credentials");
  const { server, credentials } = answer;
  // A password is for the host that it was kept for; a helper that names none keeps it for whoever asks.
  if (server !== "" && hostOfKey(server).toLowerCase() !== hostOfKey(source.server).toLowerCase())
    return failed(`gave credentials of ${server}, and ${source.server} was asked for`);
  return { credentials };
}

function parseHelper(stdout: string): { readonly server: string; readonly credentials: Credentials } | null {
  try {
    const json: unknown = JSON.parse(stdout);
    if (typeof json !== "object" || json === null || !("Username" in json) || !("Secret" in json)) return null;
    const { Username: username, Secret: secret } = json;
    if (typeof username !== "string" || typeof secret !== "string" || secret === "") return null;
    const server = "ServerURL" in json && typeof json.ServerURL === "string" ? json.ServerURL : "";
    if (username === "<token>") return { server, credentials: { type: "identity", token: secret } };
    return { server, credentials: { type: "password", username, password: secret } };
  } catch {
    return null;
  }
}

/** Where a program lies that could not be started; null where it is not there. */
async function onPath(program: string, env: Env) {
  const [{ existsSync, statSync }, { delimiter, join }] = await Promise.all([import("node:fs"), import("node:path")]);
  const files = (env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, program));
  const file = files.find((one) => existsSync(one));
  return file === undefined ? null : { file, isExecutable: (statSync(file).mode & 0o111) !== 0 };
}

type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string; readonly isLate: boolean };

/** Bytes that a helper may print. */
const longestAnswer = 1 << 20;

/** Runs a helper, and ends it with all that it started where it does not answer. */
async function run(session: Session, argv: readonly string[], input: string): Promise<Ran> {
  const signal = AbortSignal.timeout(session.timeouts.helper);
  const options = { cwd: "/", env: session.env, input, apart: true, signal, limit: longestAnswer };
  const { code, stdout, stderr } = await capture(argv, options);
  return { code, stdout, stderr, isLate: signal.aborted };
}
