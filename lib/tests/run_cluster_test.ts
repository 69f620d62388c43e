import { randomBytes } from "node:crypto";
import { dirname } from "node:path";
import { evidenceTag, type Job, jobVariable, runtimeFolder, secretFolder, serviceName } from "../config/cluster.ts";
import type { Evidence } from "../config/evidence.ts";
import { now, pause } from "../doors/clock.ts";
import { askCluster } from "../doors/cluster.ts";
import { namedInRepo, privateFolder, readText, remove, writePrivate } from "../doors/files.ts";
import { interrupted } from "../doors/interrupt.ts";
import { UserError } from "../errors.ts";
import { failedCommand } from "../kinds/run_command.ts";
import { type Manifest, type RegistryClient, registryClient } from "../oci/registry.ts";
import { addLayers, blobOf } from "../oci/rules/added_layers.ts";
import { parseManifest } from "../oci/rules/copy_plan.ts";
import { RegistryError } from "../oci/rules/failure.ts";
import { commandEnv } from "../run/facts.ts";
import { type Outcome, output, ownLabels, type World } from "../run/world.ts";
import { jsonOf, valueAt } from "../text/shape.ts";
import { seconds } from "../text/units.ts";
import type { ClusterTest } from "./cluster_test.ts";
import { pushedLayers, removeSecret, repoLabel } from "./run_cluster_code.ts";
import { type Taken, takeEvidence } from "./take_evidence.ts";

/** One list that runs on a cluster. */
type Running = {
  readonly action: ClusterTest;
  /** The words of its service that all runs have. */
  readonly words: readonly string[];
  readonly image: string;
  readonly world: World;
  readonly service: string;
  readonly key: string;
  readonly client: RegistryClient;
};

/** Runs a list on a node of a swarm; how it ended is what its evidence says, and nothing else. */
export async function runOnCluster(action: ClusterTest, words: readonly string[], world: World): Promise<Outcome> {
  const { image } = action;
  if (image === null)
    throw new UserError(action.missing, {
      why: "A node of the cluster pulls the image that is tested from a registry.",
      fix: `Release one: i docker_release_dev --dir ${action.dir}; or run it here, without --on`,
    });
  const service = serviceName(world.owner.nonce, world.step.id);
  const key = randomBytes(32).toString("hex");
  const running = { action, words, image, world, service, key, client: await world.registries() };
  let made: string | null = null;
  count(world, 1);
  try {
    made = await pushImage(running);
    await start(running, made);
    const { repo, does, dir } = action;
    const wanted = { repo, of: expected(running), key, does: `${does} of ${dir}` };
    return judge(running, await takeEvidence(running.client, wanted, await arrival(running)));
  } finally {
    count(world, -1);
    await clear(running, made);
  }
}

const where = ({ facts }: World) => ({ cwd: facts.place.root, env: commandEnv(process.env) });

/** The manifest of the platform behind the digest that is tested. */
async function manifestOf({
  action,
  image,
  client,
}: Running): Promise<{ readonly whole: Manifest; readonly own: Manifest }> {
  const whole = await client.manifest(action.repo, image);
  if (whole === null) throw gone(action, image);
  const parts = parseManifest(new TextDecoder().decode(whole.bytes));
  if (parts.type === "image") return { whole, own: whole };
  const child = parts.children.find(({ platform = "" }) => `${platform}/`.startsWith(`${action.platform}/`));
  const own = child ? await client.manifest(action.repo, child.digest) : null;
  if (own === null)
    throw new UserError(`${action.repo.reference}@${image} has nothing for ${action.platform}`, {
      why: "What runs the list inside of the image is a program of this machine's platform.",
      fix: "Run it here, without --on; or from a machine of the image's platform",
    });
  return { whole, own };
}

const gone = ({ repo }: ClusterTest, image: string): UserError =>
  new UserError(`${repo.registry} has no ${repo.reference}@${image} any more`, {
    why: "Somebody removed it since the run was planned.",
    fix: "Run the same command again",
  });

/** Puts the image with the code in it under its digest, which no other run has, and gives that. */
async function pushImage(running: Running): Promise<string> {
  const { action, client, world, service } = running;
  const { repo } = action;
  const { whole, own } = await manifestOf(running);
  const parts = parseManifest(new TextDecoder().decode(own.bytes));
  if (parts.type !== "image") throw gone(action, own.digest);
  const config = new TextDecoder().decode(await client.blob(repo, parts.config));
  const entrypoint = valueAt(jsonOf(config), "config", "Entrypoint");
  const words = action.entrypoint && Array.isArray(entrypoint) ? entrypoint.map(String) : [];
  const job: Job = {
    repo: { ...repo, scheme: (await client.access(repo)).authorities === null ? "http" : "https" },
    tag: evidenceTag(running.image, service),
    subject: { mediaType: whole.mediaType, digest: whole.digest, size: whole.size },
    of: expected(running),
    argv: [...words, "/slipway/run", "/slipway/cmd"],
    cwd: action.cwd,
    runner: action.runner,
    script: action.script,
    does: action.does,
    retries: action.retries,
    passing: codes(action, (one) => one.passes === true),
    meant: codes(action, () => true),
    junit: `/slipway/reports/${action.list}.xml`,
    coverage: action.files.coverage === null ? null : `/slipway/reports/${action.files.coverage.split("/").at(-1)}`,
  };
  const made = addLayers(
    { mediaType: own.mediaType, manifest: new TextDecoder().decode(own.bytes), config },
    {
      layers: pushedLayers(world),
      settings: {
        Entrypoint: [`${runtimeFolder}/loader`, "--library-path", runtimeFolder, `${runtimeFolder}/bun`],
        Cmd: ["/slipway/own/thin_client/inside/run_list.ts"],
        WorkingDir: "/slipway/work",
        ...(action.user === null ? {} : { User: action.user }),
      },
      env: { ...action.environment, [jobVariable]: JSON.stringify(job) },
    },
  );
  const bytes = Buffer.from(made.config.text);
  await client.putBlob(repo, { blob: blobOf(bytes), from: null, read: () => oneChunk(bytes) });
  const { mediaType, digest } = made.manifest;
  const text = Buffer.from(made.manifest.text);
  await client.putManifest(repo, digest, { manifest: { mediaType, digest, size: text.length, bytes: text } });
  return digest;
}

async function* oneChunk(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}

const codes = ({ meaning }: ClusterTest, counts: (one: ClusterTest["meaning"][string]) => boolean): number[] =>
  Object.entries(meaning).flatMap(([code, one]) => (counts(one) ? [Number(code)] : []));

const expected = ({ action, image, service }: Running): Job["of"] => ({
  run: service,
  dir: action.dir,
  list: action.list,
  image,
  commit: action.code.commit,
  tree: action.code.tree,
});

/** Gives Swarm the service, with what lets it push its evidence as a secret that no list of words has. */
async function start(running: Running, made: string): Promise<void> {
  const { action, words, world, service, client, key } = running;
  const { repo } = action;
  const login = jsonOf((await client.dockerConfigFor(repo)) ?? "{}");
  const authorities = (await client.access(repo)).authorities ?? [];
  const authority = authorities.map((file) => readText(file) ?? "").join("\n");
  const secret = JSON.stringify({ ...(login as object), slipway: { key, authority } });
  const labels = Object.entries(ownLabels(world)).flatMap(([name, value]) => ["--label", `${name}=${value}`]);
  await must(running, ["secret", "create", ...labels, service, "-"], secret);
  const [uid = "0", gid = "0"] = (action.user ?? "0:0").split(":");
  const mounted = `source=${service},target=${secretFolder}/config.json,uid=${uid},gid=${gid},mode=0444`;
  const own = [
    "--name",
    service,
    ...labels,
    "--label",
    `${repoLabel}=${JSON.stringify(repo)}`,
    "--secret",
    mounted,
    `${repo.reference}@${made}`,
  ];
  await must(running, [...words, ...own]);
}

async function must({ action, world }: Running, words: readonly string[], input?: string): Promise<void> {
  const asked = { ...where(world), ...(input === undefined ? {} : { input }) };
  const { code, stderr } = await askCluster(action.on, words, asked);
  if (world.signal.aborted) throw interrupted();
  if (code === 0) return;
  throw new UserError(`the swarm did not take ${action.does} of ${action.dir}`, {
    why: stderr.trim().split("\n").at(-1) || "It gave no reason.",
    fix: "Fix what it names, then run the same command again",
    exitCode: 125,
    kind: "cluster",
  });
}

/** Lists that wait in this run. */
const waiting = new WeakMap<World["state"], number>();
const waitingIn = ({ state }: World): number => waiting.get(state) ?? 0;
const count = ({ state }: World, by: 1 | -1) => waiting.set(state, (waiting.get(state) ?? 0) + by);

/** Milliseconds between two questions for evidence, and between two looks at where a list is: more where many lists wait. */
const asks = (world: World): number => Math.max(700, 30 * waitingIn(world));
const looks = (world: World): number => 8_000 + 500 * waitingIn(world);

/** Waits until there is evidence; gives the digest of what came first, which is what counts. */
async function arrival(running: Running): Promise<string> {
  const { action, image, world, client, service } = running;
  const end = now() + action.deadline * 1000;
  let looked = now();
  let last = "";
  for (;;) {
    if (world.signal.aborted) throw interrupted();
    const found = await client.head(action.repo, evidenceTag(image, service)).catch(notNow(world));
    if (found) return found.digest;
    if (now() >= end) throw missing(action, last);
    if (now() - looked >= looks(world)) {
      last = await look(running, last);
      looked = now();
    }
    await pause(asks(world), world.signal);
  }
}

/** A registry that does not answer once is asked again. */
const notNow = (world: World) => (error: unknown) => {
  if (world.signal.aborted) throw interrupted();
  if (error instanceof RegistryError && ["unreachable", "throttled"].includes(error.reason)) return null;
  throw error;
};

/** Tells where the list is, where that is something new; throws where somebody took its service away. */
async function look({ action, world, service }: Running, last: string): Promise<string> {
  const format = "{{.Node}}|{{.CurrentState}}|{{.Error}}";
  const words = ["service", "ps", "--no-trunc", "--format", format, service];
  const { code, stdout, stderr } = await askCluster(action.on, words, where(world));
  if (code !== 0 && /no such service|not found/i.test(stderr))
    throw new UserError(`the service of ${action.does} of ${action.dir} was removed from outside`, {
      why: "Someone removed it from the swarm while it was waited for.",
      fix: "Run the same command again",
      exitCode: 137,
      kind: "cluster",
    });
  const [node = "", state = "", error = ""] = (stdout.split("\n")[0] ?? "").split("|");
  const [word = ""] = state.split(" ");
  const line = [word.toLowerCase(), node && `on ${node}`, error && `: ${error}`]
    .filter(Boolean)
    .join(" ")
    .replace(" :", ":");
  if (line !== "" && line !== last) output(world, `${action.dir} ${action.list}: ${line}\n`);
  return line || last;
}

const missing = ({ does, dir, deadline }: ClusterTest, last: string): UserError =>
  new UserError(`${does} of ${dir} left no evidence in ${seconds(deadline)}`, {
    why: `What no evidence says is no pass.${last ? ` Last seen: ${last}.` : ""}`,
    fix: "See what the nodes say: docker node ls; or give it longer: tests: {swarm: {deadline: 4h}} in repo_config.yaml",
    exitCode: 124,
    kind: "cluster",
  });

/** Leaves the files where a run on this machine does, and ends as that would. */
function judge({ action, world }: Running, { evidence, files }: Taken): Outcome {
  const { root } = world.facts.place;
  const put = (path: string | null, content: Uint8Array | undefined) => {
    if (path === null) return;
    const file = namedInRepo(root, path);
    privateFolder(dirname(file));
    if (content) writePrivate(file, Buffer.from(content));
    else remove(file);
  };
  put(action.files.junit, files["junit.xml"]);
  put(action.files.coverage, files["coverage.data"]);
  put(action.files.log, files["output.log"]);
  output(world, new TextDecoder().decode(files["output.log"] ?? new Uint8Array()));
  const { exitCode, ran, failedRuns } = evidence;
  if (failedRuns > 0) world.step.failedRuns = failedRuns;
  const passes = exitCode === 0 || action.meaning[String(exitCode)]?.passes === true;
  if (ran && passes) return "done";
  throw ended(action, evidence, world);
}

/** The error that the list's own workflow ends with on this machine. */
function ended(
  { does, list, meaning, reason, dir }: ClusterTest,
  { exitCode, ran }: Evidence,
  { step }: World,
): UserError {
  const error = ran
    ? failedCommand({ does, program: "docker", meaning, reason }, { code: exitCode, tail: step.tail })
    : new UserError(`the image's entrypoint ended with ${exitCode}, and did not run the command`, {
        why: "An image whose ENTRYPOINT takes its words for something else ends as if they had passed, so only the receipt that the command leaves counts.",
        fix: `Let the entrypoint end in exec "$@"; or start it without: tests: {${list}: {entrypoint: false}} in the repo_config.yaml of ${dir}`,
        exitCode: exitCode || 125,
      });
  const name = `run_${list}_tests`;
  return new UserError(`${name} stopped at step "${name}": ${error.message}`, {
    why: error.why,
    fix: error.fix,
    exitCode: error.exitCode,
    kind: "workflow",
  });
}

/** Takes service, secret and image away on every way out; what cannot be is told, and no failure. */
async function clear({ action, world, service }: Running, made: string | null): Promise<void> {
  await askCluster(action.on, ["service", "rm", service], where(world));
  await removeSecret(action.on, service, where(world));
  if (made === null) return;
  // An interrupt ends the run's own client, and this is done all the same.
  const client = registryClient({ env: world.facts.env });
  await client.remove(action.repo, [{ digest: made, tags: [] }]).catch((error: unknown) => {
    output(
      world,
      `${action.repo.reference}@${made} stays: ${error instanceof Error ? error.message : String(error)}\n`,
    );
  });
}
