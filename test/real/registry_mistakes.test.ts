import { chmodSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repositoryOf } from "../../lib/oci/registry.ts";
import { type FaultGround, type FaultRepo, keys, makeFaultGround } from "../bed/fault_ground.ts";
import { type Asked, type Fault, type FaultyProxy, startFaultyProxy } from "../bed/faulty_proxy.ts";
import { git } from "../bed/git.ts";
import { handImage, pushByHand } from "../bed/hand_image.ts";
import { writeLog } from "../bed/log.ts";
import { refsOf } from "../bed/oracle.ts";
import {
  type DockerConfig,
  filesWithSecrets,
  homeWith,
  identity,
  login,
  ownFiles,
  passwordOnly,
  secrets,
  watchWords,
} from "../bed/secrets.ts";
import { expiringTokens } from "../bed/token_server.ts";
import { docker, workflowsIn } from "../bed/workflow.ts";

const name = "mistaken";
const [released, next] = [handImage("released", [100]), handImage("next", [100])];
let ground: FaultGround;
let repo: FaultRepo;
/** A host that is not the registry's, and what it was brought. */
let elsewhere: FaultyProxy;
const brought: string[] = [];
const times: string[] = [];

/** `dev` of r1 is `dev-0.9.0`, which r2 has too; `dev-0.9.1` is in r1 alone, and `dev-0.8.0` in neither, though the log has its release. */
beforeAll(async () => {
  ground = await makeFaultGround();
  repo = await ground.repo(name);
  elsewhere = await startFaultyProxy(ground.real.r2.address);
  elsewhere.fault(name, ({ authorization = "", form }) => {
    brought.push(`${authorization} ${form}`);
    return { kind: "reply", status: 401 };
  });
  const push = (key: "r1" | "r2", tag: string, image = released) => {
    const registry = { name: key, kind: "oci", required: true, address: ground.real[key].address } as const;
    return pushByHand(repositoryOf(registry, name), image, { tag });
  };
  await Promise.all([
    push("r1", "dev-0.9.0"),
    push("r1", "dev"),
    push("r2", "dev-0.9.0"),
    push("r1", "dev-0.9.1", next),
  ]);
  const signed = { at: "2025-01-02T10:00:00.000Z", by: "ann", host: "ci" };
  const commit = await git(repo.dir, "rev-parse", "HEAD");
  const digest = `sha256:${"8".repeat(64)}`;
  const entry = { type: "release", stage: "dev", version: "0.8.0", digest, commit, registries: ["r1", "r2"] } as const;
  await writeLog(repo.remote, name, [{ ...entry, ...signed }]);
});
afterAll(async () => {
  process.stdout.write(`${times.join("\n")}\n`);
  await elsewhere.stop();
  await ground.end();
});

/** An answer of a registry's, as its users have recorded it. */
const says = (fits: (asked: Asked) => boolean, status: number, code: string, message: string): Fault => {
  const body = JSON.stringify({ errors: [{ code, message, detail: null }] });
  const headers = { "content-type": "application/json", "retry-after": "120" };
  return (asked) => (fits(asked) ? { kind: "reply", status, headers, body } : null);
};
const put =
  (path: RegExp) =>
  (asked: Asked): boolean =>
    asked.method === "PUT" && path.test(asked.path);
/** Tokens that may pull, whatever they were asked for (RFC 6750, 3.1). */
const pullOnly: Fault = (asked) => {
  const tokens = expiringTokens(login, { uses: 1000 });
  if (asked.path === "/token") {
    const verdict = tokens(asked);
    return verdict?.kind === "reply" && verdict.status === 200
      ? { ...verdict, body: JSON.stringify({ token: "small" }) }
      : verdict;
  }
  const isPull = asked.method === "GET" || asked.method === "HEAD";
  if (asked.authorization === "Bearer small" && isPull) return null;
  const more = asked.authorization === undefined ? "" : `,error="insufficient_scope"`;
  const challenge = `Bearer realm="http://${asked.address}/token",service="t",scope="repository:${name}:pull,push"${more}`;
  return { kind: "reply", status: 401, headers: { "www-authenticate": challenge }, body: "{}" };
};
const sentElsewhere: Fault = () => ({
  kind: "reply",
  status: 401,
  headers: { "www-authenticate": `Bearer realm="http://${elsewhere.address}/token",service="t"` },
  body: "{}",
});

type Mistake = {
  readonly config?: (address: string) => DockerConfig | string;
  /** The helper's program. */
  readonly program?: string;
  readonly mode?: number;
  readonly fault: Fault;
  readonly typed?: readonly [string, ...string[]];
  /** What is told: of the file, variable or rule, and what to type. `HOME` and `R1` stand for what differs. */
  readonly why: string;
  readonly fix: string;
};
const helped = (address: string): DockerConfig => ({ credHelpers: { [address]: "planted" }, credsStore: "nowhere" });
const stored = (entry: object) => (address: string) => ({ auths: { [address]: entry } });
const auth = { auth: btoa(`${login.user}:${login.password}`) };
const answers = (json: object) => `#!/bin/sh\ncat >/dev/null\necho '${JSON.stringify(json)}'\n`;
const release = ["docker_release_dev", "--version", "1.0.0", "--target-registries", "r1"] as const;
const mirror = (version: string) => ["release_mirror", "--version", version, "--target-registries", "r1,r2"] as const;
const helper = "docker-credential-planted (credHelpers of HOME/.docker/config.json)";
const seeWhy = "fix: See why: echo R1 | docker-credential-planted get; or take it out of credHelpers in HOME/.docker";

const credentials: Readonly<Record<string, Mistake>> = {
  "a helper that hangs": {
    config: helped,
    program: "#!/bin/sh\nexec sleep 600\n",
    fault: passwordOnly(),
    why: `${helper} did not answer within 6 s`,
    fix: seeWhy,
  },
  "a helper that prints nothing": {
    config: helped,
    program: "#!/bin/sh\ntrue\n",
    fault: passwordOnly(),
    why: `${helper} printed nothing`,
    fix: seeWhy,
  },
  "a helper that prints rubbish": {
    config: helped,
    program: `#!/bin/sh\necho 'password: ${login.password}'\n`,
    fault: passwordOnly(),
    why: `${helper} printed no credentials`,
    fix: seeWhy,
  },
  "a helper of no use to a pull": {
    config: helped,
    program: "#!/bin/sh\ntrue\n",
    fault: passwordOnly(),
    typed: ["docker_pull", "--target-registries", "r1"],
    why: `${helper} printed nothing`,
    fix: seeWhy,
  },
  "a helper that fails": {
    config: helped,
    program: "#!/bin/sh\necho 'the keychain is locked' >&2; exit 1\n",
    fault: passwordOnly(),
    why: `${helper} exited with 1: the keychain is locked`,
    fix: seeWhy,
  },
  "a helper that answers for another host": {
    config: helped,
    program: answers({ ServerURL: "https://other.invalid", Username: login.user, Secret: login.password }),
    fault: passwordOnly(),
    why: `${helper} gave credentials of https://other.invalid, and R1 was asked for`,
    fix: seeWhy,
  },
  "a helper that is not there": {
    config: () => ({ credsStore: "nowhere" }),
    fault: passwordOnly(),
    why: "docker-credential-nowhere (credsStore of HOME/.docker/config.json) is not installed",
    fix: "fix: Install docker-credential-nowhere; or take it out of credsStore in HOME/.docker/config.json",
  },
  "a helper that nobody may execute": {
    config: helped,
    mode: 0o600,
    fault: passwordOnly(),
    why: `${helper} is not executable`,
    fix: "fix: chmod +x HOME/bin/docker-credential-planted; or",
  },
  "a token for another scope": {
    config: stored(auth),
    fault: pullOnly,
    why: `the login from HOME/.docker/config.json has no right to repository:${name}:pull,push`,
    fix: "fix: i docker_login --target-registries r1",
  },
  "a token server elsewhere, for a password": {
    config: stored(auth),
    fault: sentElsewhere,
    why: "cannot log in to r1: it wants the login for R1 sent to ELSEWHERE",
    fix: 'fix: If ELSEWHERE is its token server, write token_server: "ELSEWHERE" below container_registry_info: r1',
  },
  "a token server elsewhere, for an identity token": {
    config: stored({ auth: btoa("ada:"), identitytoken: identity }),
    fault: sentElsewhere,
    why: "cannot log in to r1: it wants the login for R1 sent to ELSEWHERE",
    fix: 'fix: If ELSEWHERE is its token server, write token_server: "ELSEWHERE" below container_registry_info: r1',
  },
  "an identity token that has run out": {
    config: stored({ auth: btoa("ada:"), identitytoken: identity }),
    fault: expiringTokens(login, { uses: 1000, identity: "a newer one" }),
    why: "the login from HOME/.docker/config.json was not accepted: R1 answered 401, UNAUTHORIZED: who?",
    fix: "fix: i docker_login --target-registries r1",
  },
  "a wrong password": {
    config: stored(auth),
    fault: passwordOnly({ login: { user: login.user, password: "another" } }),
    why: "the login from HOME/.docker/config.json was not accepted",
    fix: "fix: i docker_login --target-registries r1",
  },
  "no login at all": {
    config: () => ({}),
    fault: passwordOnly(),
    why: "The registry needs a login that is allowed to do this.",
    fix: "fix: i docker_login --target-registries r1",
  },
  "a configuration that is no JSON": {
    config: () => `{"auths": {"R1": ${JSON.stringify(auth)}`,
    fault: passwordOnly(),
    why: `docker's configuration "HOME/.docker/config.json" cannot be read`,
    fix: "fix: Correct the file, or point DOCKER_CONFIG at another folder.",
  },
};

const rules: Readonly<Record<string, Mistake>> = {
  "tags that ECR lets nobody move": {
    fault: says(
      put(/\/manifests\/dev$/),
      400,
      "TAG_INVALID",
      `The image tag 'dev' already exists in the '${name}' repository and cannot be overwritten because the repository is immutable.`,
    ),
    typed: mirror("0.9.0"),
    why: "The registry keeps each tag at the image that it was first pushed for",
    fix: `fix: Take dev and prod out of the immutable tags of ${name} in r2`,
  },
  "tags that Harbor lets nobody move": {
    fault: says(
      put(/\/manifests\/dev$/),
      412,
      "PRECONDITION",
      `Failed to process request due to '${name}:dev' configured as immutable.`,
    ),
    typed: mirror("0.9.0"),
    why: "The registry keeps each tag at the image that it was first pushed for",
    fix: `fix: Take dev and prod out of the immutable tags of ${name} in r2`,
  },
  "a quota that is used up": {
    fault: says(
      put(/\/blobs\/uploads\//),
      403,
      "DENIED",
      "adding 10.2 MiB of storage resource, which when updated to current usage of 95.0 MiB will exceed the configured upper limit of 100.0 MiB.",
    ),
    typed: mirror("0.9.1"),
    why: "What the registry may hold is used up, and it took nothing of this.",
    fix: `fix: Delete images that nobody needs, or raise the quota of ${name} in r2`,
  },
  "a repository that is not there": {
    fault: says(
      ({ method }) => method === "POST",
      404,
      "NAME_UNKNOWN",
      `The repository with name '${name}' does not exist in the registry with id '123456789012'`,
    ),
    typed: mirror("0.9.1"),
    why: "The registry has no such repository, and makes none by itself when an image is pushed.",
    fix: `fix: Create ${name} in r2, or the project that it is in`,
  },
  "a limit of requests": {
    fault: says(({ method }) => method === "POST", 429, "TOOMANYREQUESTS", "Rate exceeded"),
    typed: mirror("0.9.1"),
    why: "The registry accepts no more requests for now.",
    fix: "fix: Wait, or log in for a higher limit: i docker_login --target-registries r2",
  },
  "a scan that lets nobody pull": {
    fault: says(
      ({ method, path }) => method === "GET" && path.includes("/manifests/"),
      412,
      "PROJECTPOLICYVIOLATION",
      `current image with 3 vulnerabilities cannot be pulled due to configured policy in 'Prevent images with vulnerability severity of "High" or higher from running.'`,
    ),
    typed: mirror("0.9.0"),
    why: "A policy of the registry lets nobody pull this image",
    fix: `fix: See what it has against ${name} in r2`,
  },
  "retention that removed a version": {
    fault: () => ({ kind: "count" }),
    typed: mirror("0.8.0"),
    why: "a rule of retention, or a person, has removed it since",
    fix: "fix: Take dev-* out of such rules, and push it from an engine that has it: docker push",
  },
};

/** All that a mistake may not change: what the registries keep, the remote's refs, the engine's images and the work tree. */
async function everything(): Promise<unknown> {
  const kept = keys.flatMap((key) => {
    const { storage } = ground.real[key];
    const files = readdirSync(storage, { recursive: true }).map(String);
    // An upload that was opened is none of the images; the registry forgets it by itself.
    return files
      .filter((path) => !path.includes("/_uploads"))
      .sort()
      .map((path) => `${key} ${path} ${path.endsWith("/link") ? readFileSync(join(storage, path), "utf8") : ""}`);
  });
  const listed = await docker("image", "ls", "--all", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}");
  const addresses = keys.map((key) => ground.proxies[key].address);
  const images = listed.split("\n").filter((line) => addresses.some((address) => line.startsWith(address)));
  const tree = await git(repo.dir, "status", "--porcelain", "--ignored");
  // What a clone remembers of the remote's log is comfort.
  const own = (await refsOf(repo.dir)).filter((line) => !line.startsWith("refs/slipway-seen/"));
  return { kept, refs: await refsOf(repo.remote), images: images.sort(), tree, own };
}

/** Types a line at a registry with a fault; gives what it said, and how long that took. */
async function type({ config = () => ({}), program, mode, fault, typed = release }: Mistake) {
  const key = typed.at(-1) === "r1" ? "r1" : "r2";
  const { address } = ground.proxies[key];
  const home = mkdtempSync(join(ground.dir, "mistake-"));
  const env = homeWith(home, config(address), program);
  if (mode) chmodSync(join(home, "bin/docker-credential-planted"), mode);
  let struck = 0;
  const counted: Fault = (asked) => {
    const verdict = fault(asked);
    if (verdict !== null) struck += 1;
    return verdict;
  };
  for (const image of [name, ""]) ground.proxies[key].fault(image, counted);
  const watching = watchWords();
  const began = performance.now();
  const [word, ...words] = typed;
  const ended = await workflowsIn(repo.dir, { env })(word, ...words);
  const seconds = (performance.now() - began) / 1000;
  for (const image of [name, ""]) ground.proxies[key].fault(image, null);
  const named = (text: string) =>
    text
      .replaceAll(home, "HOME")
      .replaceAll(ground.proxies.r1.address, "R1")
      .replaceAll(elsewhere.address, "ELSEWHERE");
  return { ...ended, said: named(ended.stdout + ended.stderr), seconds, struck, home, found: watching.end().found };
}

it("thirty secrets and more are planted", () => {
  expect(new Set(secrets.filter((secret) => secret.length > 8)).size).toBeGreaterThanOrEqual(30);
});

describe.each([
  ["a login", credentials],
  ["a rule of the registry", rules],
])("what is wrong with %s", (_what, mistakes) => {
  it.each(Object.entries(mistakes))("is named with what to type, and changes nothing: %s", async (title, mistake) => {
    const before = await everything();
    const { code, said, seconds, struck, home, found } = await type(mistake);
    times.push(`${title.padEnd(50)}${seconds.toFixed(1)} s`);
    expect(said).toContain(mistake.why);
    expect(said).toContain(mistake.fix);
    expect([code === 0, said.includes("    at "), struck > 0]).toEqual([false, false, true]);
    expect(seconds).toBeLessThan(10);
    expect(await everything()).toEqual(before);
    expect(secrets.filter((secret) => said.includes(secret))).toEqual([]);
    expect(found).toEqual([]);
    expect(filesWithSecrets(repo.dir)).toEqual([]);
    const own = ownFiles(home);
    expect(filesWithSecrets(home).filter(({ path, mode }) => !own.includes(path) || !/^[67]00$/.test(mode))).toEqual(
      [],
    );
    expect([readdirSync(join(home, "tmp")), brought]).toEqual([[], []]);
  });
});
