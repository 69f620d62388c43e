import { pause } from "../doors/clock.ts";
import { endProcess, startedWith, startTime } from "../doors/processes.ts";
import { capture } from "../doors/shell.ts";
import { UserError } from "../errors.ts";
import { lifeOf } from "../names/claim.ts";
import { sentence } from "../text/visible.ts";
import { assertEngineNow } from "./engine_facts.ts";
import { output, type World } from "./world.ts";

const docker = (world: World, words: readonly string[]) =>
  capture(["docker", ...words], { cwd: world.facts.place.root, env: world.facts.env });

type Owned = { readonly id: string; readonly state: string; readonly run: string; readonly owner: string };

async function containers(world: World, filter: string): Promise<readonly Owned[]> {
  const format = '{{.ID}} {{.State}} {{.Label "dev.slipway.run"}} {{.Label "dev.slipway.owner"}}';
  const { stdout } = await docker(world, ["ps", "--all", "--no-trunc", "--filter", filter, "--format", format]);
  return stdout.split("\n").flatMap((line) => {
    const [id, state = "", run = "", ...owner] = line.split(" ");
    return id ? [{ id, state, run, owner: owner.join(" ") }] : [];
  });
}

const ofStep = ({ step }: World) => ["--all", "--no-trunc", "--filter", `label=dev.slipway.run=${step.run}`];
const ofRun = (world: World, run: string) => containers(world, `label=dev.slipway.run=${run}`);

/** The containers that were started inside those of a run: when it ends, nobody is left who would end these. */
async function insideOf(world: World, run: string): Promise<readonly Owned[]> {
  if (!world.facts.config.container.slipway) return [];
  const all = await containers(world, "label=dev.slipway.run");
  return all.filter((one) => one.run.startsWith(`${run}/`));
}

/** Removes containers, running or not, with the volumes that are theirs alone. */
const remove = (world: World, ids: readonly string[]) => docker(world, ["rm", "--force", "--volumes", ...ids]);
const idsOf = (owned: readonly Owned[]): readonly string[] => owned.map(({ id }) => id);

/** An engine under load makes a container seconds after the client that asked for it was ended: waits for it up to three. */
export async function endLateContainers(world: World, run = world.step.run): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) {
    const late = [...(await insideOf(world, run)), ...(await ofRun(world, run))];
    if (late.length > 0) await remove(world, idsOf(late));
    if (late.length > 0) return;
    await pause(300);
  }
}

/**
 * Ends the clients of the engine that a killed run left behind, and removes their containers: one that is only about to ask
 * for its container would have it made after every look. What a client started lives on, as ssh's master of a remote engine,
 * which other connections share.
 */
export async function endLeftClients(world: World): Promise<void> {
  const left = startedWith("SLIPWAY_OWNER").filter(
    ({ program, env }) => clients.has(program) && env["SLIPWAY_RUN"] && isGone(env["SLIPWAY_OWNER"] ?? "", world),
  );
  for (const { pid, env } of left) {
    output(world, `ending process ${pid}, left by process ${holderOf(env["SLIPWAY_OWNER"]).pid} that is gone\n`);
    endProcess(pid);
  }
  for (const run of new Set(left.map(({ env }) => env["SLIPWAY_RUN"]))) await endLateContainers(world, run);
}

/** Docker's client and its plugin that asks for containers; and what runs a workflow that another one started. */
const clients = new Set(["docker", "docker-compose", "bun", "bun.exe", "node", "MainThread"]);

/** Removes what this run started, and what a run on this host left behind that is dead: it was killed (design.md, "Containers"). */
export async function reapContainers(world: World): Promise<void> {
  const all = await containers(world, "label=dev.slipway.owner");
  const own = all.filter(({ run }) => run.startsWith(world.step.run));
  const left = all.filter((one) => !own.includes(one) && isLeft(one, world));
  for (const { id, owner } of left)
    output(world, `removing container ${id.slice(0, 12)}, left by process ${holderOf(owner).pid} that is gone\n`);
  if (own.length + left.length > 0) await remove(world, idsOf([...own, ...left]));
}

/** Whether the process that owns it was one that this one can look at, and is gone; or it ended before this host started. */
function isLeft({ owner, state }: Owned, world: World): boolean {
  const { host, boot } = holderOf(owner);
  return isGone(owner, world) || (host === world.owner.host && boot !== world.owner.boot && state !== "running");
}

function holderOf(owner = "") {
  const [host = "", boot = "", pid = "", started = "", namespace = ""] = owner.split("|");
  return { host, boot, pid: Number(pid), started, namespace };
}

/** Whether the process that owns something was one that this one can look at, and is gone. */
export function isGone(owner: string, world: World): boolean {
  const holder = holderOf(owner);
  return lifeOf(holder, world.owner, startTime(holder.pid)) === "gone";
}

/** The container's own exit code, whatever compose says; one that never started is 125, 126 or 127 with the engine's reason. Removes it. */
export async function exitOfContainer(world: World, composeCode: number): Promise<number> {
  const { stdout } = await docker(world, ["ps", ...ofStep(world), "--format", "{{.ID}} {{.Status}}"]);
  const own = stdout.split("\n").flatMap((line) => (line === "" ? [] : [line.split(" ")[0] ?? ""]));
  const [found] = own;
  if (!found) {
    await assertEngineNow(world.facts, "compose");
    // Compose leaves the container of a run behind: one that is gone was removed, and nobody knows how it would have ended.
    if (composeCode === 0 || composeCode > 128) throw endedOutside(composeCode || 137);
    throw neverStarted(125, "the engine made no container");
  }
  // From 125 on the engine may have a reason of its own, which only a look at the container tells.
  const [, ended] = /^\S+ Exited \((\d+)\)/.exec(stdout) ?? [];
  const all = [...idsOf(await insideOf(world, world.step.run)), ...own];
  if (ended !== undefined && Number(ended) < 125) {
    await remove(world, all);
    return Number(ended);
  }
  const inspected = await docker(world, [
    "inspect",
    "--format",
    "{{.State.Status}}|{{.State.ExitCode}}|{{.State.Error}}",
    found,
  ]);
  if (inspected.code !== 0) throw endedOutside(137);
  const [status = "", code = "", ...why] = inspected.stdout.trim().split("|");
  await remove(world, all);
  if (status !== "created" && why.join("") === "") return Number(code);
  throw neverStarted([126, 127].includes(Number(code)) ? Number(code) : 125, why.join("|") || `it stayed "${status}"`);
}

const endedOutside = (code: number): UserError =>
  new UserError("the container was stopped from outside", {
    why: "Someone removed it while it was running, e.g. with i docker_kill.",
    fix: "Run the same command again to start another",
    exitCode: code,
    kind: "command",
  });

const neverStarted = (code: number, why: string): UserError =>
  new UserError("the container did not start", {
    why: sentence(why),
    fix: "Fix what it names, then run the same command again",
    exitCode: code,
    kind: "command",
  });
