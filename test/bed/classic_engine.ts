import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "../../thin_client/engine/command.ts";
import { daemonAnswers } from "../../thin_client/engine/daemon.ts";
import { layout } from "../../thin_client/engine/layout.ts";
import { endProcesses, findProcess, startDaemon } from "../../thin_client/engine/processes.ts";
import { apartEngine } from "./engine.ts";
import { needs } from "./parts.ts";
import { ensureTiny } from "./tiny.ts";
import { openWay, type Way } from "./way.ts";
import { runtimes } from "./workflow.ts";

/** An engine with the classic image store, in a network of its own that has ways to a few registries of this one. */
export type ClassicEngine = {
  /** What makes programs talk to it. */
  readonly env: Readonly<Record<string, string>>;
  readonly end: () => Promise<void>;
};

const program = fileURLToPath(new URL("./way_inside.ts", import.meta.url));

/** Starts it; it has the tiny image, and finds each of the registries under the address that they have here. */
export async function classicEngine(addresses: readonly string[]): Promise<ClassicEngine> {
  const apart = await apartEngine();
  await needs("tiny");
  const [at, bin] = [layout(apart.env), layout(process.env).bin];
  for (const folder of [at.exec, at.log, at.data]) mkdirSync(folder, { recursive: true });
  const settings = join(at.run, "daemon.json");
  writeFileSync(settings, JSON.stringify({ features: { "containerd-snapshotter": false } }));
  const socket = `unix://${join(at.run, "docker.sock")}`;
  const places = ["--data-root", at.data, "--exec-root", at.exec, "--pidfile", join(at.run, "docker.pid")];
  const inside = (name: string, ...argv: readonly string[]) =>
    startDaemon({
      argv: ["nsenter", `--net=${apart.network}`, ...argv],
      env: { ...apart.env, PATH: `${bin}:${process.env["PATH"]}:/usr/sbin:/sbin` },
      pidFile: join(at.run, name),
      out: join(at.log, `${name}.log`),
      err: join(at.log, `${name}.log`),
    });
  await inside("dockerd.pid", join(bin, "dockerd"), "--config-file", settings, ...places, "--host", socket);
  const ways = await Promise.all(addresses.map((address, index) => openWay(address, join(at.run, `way${index}`))));
  const listener = await inside("ways.pid", ...runtimes.bun, program, ...ways.flatMap(({ words }) => words));
  const env = { DOCKER_HOST: socket };
  if (!(await until(() => daemonAnswers(at), 300_000))) throw new Error(`no engine; see ${at.log}`);
  await ensureTiny(at, { ...process.env, ...apart.env, DOCKER_CONFIG: process.env["DOCKER_CONFIG"], ...env });
  const end = async () => {
    await endProcesses([findProcess(listener) ?? []].flat(), 2_000);
    await Promise.all(ways.map((way: Way) => way.close()));
    await apart.end();
  };
  return { env, end };
}
