import { pause } from "../doors/clock.ts";
import { startTime } from "../doors/settings.ts";
import { capture } from "../doors/shell.ts";
import { UserError } from "../model/errors.ts";
import { output, type World } from "./world.ts";

const docker = (world: World, words: readonly string[]) =>
  capture(["docker", ...words], { cwd: world.facts.place.root, env: world.facts.env });

async function containers(world: World, filter: string): Promise<{ id: string; owner: string }[]> {
  const { stdout } = await docker(world, [
    "ps",
    "--all",
    "--no-trunc",
    "--filter",
    filter,
    "--format",
    '{{.ID}} {{.Label "dev.slipway.owner"}}',
  ]);
  return stdout.split("\n").flatMap((line) => {
    const [id, ...owner] = line.split(" ");
    return id ? [{ id, owner: owner.join(" ") }] : [];
  });
}

/** Finds what this run started in the engine. */
export const ofThisRun = (world: World): string => `label=dev.slipway.run=${world.run}`;

/** Removes the containers of a filter, running or not; gives how many there were. */
export async function endContainers(world: World, filter: string): Promise<number> {
  const ids = (await containers(world, filter)).map(({ id }) => id);
  if (ids.length > 0) await docker(world, ["rm", "--force", "--volumes", ...ids]);
  return ids.length;
}

/** An engine under load makes a container seconds after the client that asked for it was ended: waits for it up to three. */
export async function endLateContainers(world: World): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) {
    if ((await endContainers(world, ofThisRun(world))) > 0) return;
    await pause(300);
  }
}

/** Removes containers whose owner on this host is dead: a killed run leaves its own behind (design.md, "Containers"). */
export async function reapContainers(world: World): Promise<void> {
  for (const { id, owner } of await containers(world, "label=dev.slipway.owner")) {
    const [host, boot, pid, started] = owner.split("|");
    const alive = boot === world.owner.boot && startTime(Number(pid)) === started;
    if (host !== world.owner.host || alive) continue;
    output(world, `removing container ${id.slice(0, 12)}, left by process ${pid} that is gone\n`);
    await docker(world, ["rm", "--force", "--volumes", id]);
  }
}

/** The container's own exit code, whatever compose says; one that never started is 125, 126 or 127 with the engine's reason. Removes it. */
export async function exitOfContainer(world: World, composeCode: number): Promise<number> {
  const filter = ofThisRun(world);
  const [found] = await containers(world, filter);
  if (!found) {
    // Compose leaves the container of a run behind: one that is gone was removed, and nobody knows how it would have ended.
    if (composeCode === 0 || composeCode > 128) throw endedOutside(composeCode || 137);
    throw neverStarted(125, "the engine made no container");
  }
  const inspected = await docker(world, [
    "inspect",
    "--format",
    "{{.State.Status}}|{{.State.ExitCode}}|{{.State.Error}}",
    found.id,
  ]);
  if (inspected.code !== 0) throw endedOutside(137);
  const [status = "", code = "", ...why] = inspected.stdout.trim().split("|");
  await endContainers(world, filter);
  if (status !== "created" && why.join("") === "") return Number(code);
  throw neverStarted([126, 127].includes(Number(code)) ? Number(code) : 125, why.join("|") || `it stayed "${status}"`);
}

const endedOutside = (code: number): UserError =>
  new UserError("the container was ended from outside", {
    why: "Somebody removed it while it ran, e.g. with i docker_kill.",
    fix: "Type the same command again to start another",
    exitCode: code,
    kind: "command",
  });

const neverStarted = (code: number, why: string): UserError =>
  new UserError("the container did not start", {
    why: `${why}.`,
    fix: "Mend what it names, then type the same command again",
    exitCode: code,
    kind: "command",
  });
