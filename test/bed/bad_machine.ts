import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { must } from "../../thin_client/engine/command.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** A PATH on which everything of the machine is but these programs. */
export function pathWithout(dir: string, ...missing: readonly string[]): Env {
  const bin = join(dir, `without-${missing.join("-")}`);
  mkdirSync(bin, { recursive: true });
  const seen = new Set<string>(missing);
  for (const folder of (process.env["PATH"] ?? "").split(":")) {
    for (const name of programsIn(folder)) {
      if (seen.has(name)) continue;
      seen.add(name);
      symlinkSync(join(folder, name), join(bin, name));
    }
  }
  return { PATH: bin };
}

function programsIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** A docker configuration that has only these plugins. */
export function onlyPlugins(dir: string, ...plugins: readonly string[]): Env & { readonly DOCKER_CONFIG: string } {
  const config = join(dir, `plugins-${plugins.join("-")}`);
  mkdirSync(join(config, "cli-plugins"), { recursive: true });
  const all = join(process.env["DOCKER_CONFIG"] ?? "/root/.docker", "cli-plugins");
  for (const plugin of plugins.filter((name) => !existsSync(join(config, "cli-plugins", name))))
    symlinkSync(join(all, plugin), join(config, "cli-plugins", plugin));
  return { DOCKER_CONFIG: config };
}

/** A docker configuration that is no JSON, with all plugins. */
export function brokenConfig(dir: string): Env {
  const plugins = onlyPlugins(join(dir, "broken-config"), "docker-buildx", "docker-compose");
  writeFileSync(join(plugins.DOCKER_CONFIG, "config.json"), "{auths");
  return plugins;
}

/** A `docker` that says nothing but this and ends with 1. */
export function sayingDocker(dir: string, words: string): Env {
  const bin = join(dir, "saying");
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, "docker"), `#!/bin/sh\necho '${words}' >&2\nexit 1\n`);
  chmodSync(join(bin, "docker"), 0o755);
  return { PATH: `${bin}:${process.env["PATH"]}` };
}

/** A folder of so many kilobytes that is a file system of its own; `end` takes it away. */
export async function smallDisk(dir: string, kilobytes: number) {
  mkdirSync(dir, { recursive: true });
  await must(["mount", "-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", dir]);
  /** Writes into `.git` of a clone there until there is no room; fails where there is room still. */
  const fill = (clone: string) => {
    try {
      writeFileSync(join(clone, ".git/filling"), Buffer.alloc((kilobytes + 4) * 1024));
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOSPC") return;
      throw error;
    }
    throw new Error(`${dir} is not full`);
  };
  return { dir, fill, end: () => must(["umount", dir]) };
}

/** An engine that tells an old version on its socket and can do nothing else. */
export async function oldEngine(dir: string, version: string) {
  const socket = join(dir, "old-engine.sock");
  const headers = { "api-version": "1.40", "content-type": "application/json", server: `Docker/${version} (linux)` };
  const answers: Readonly<Record<string, unknown>> = {
    version: { Version: version, ApiVersion: "1.40", MinAPIVersion: "1.12", Os: "linux", Arch: "amd64" },
    info: {
      ServerVersion: version,
      OSType: "linux",
      Architecture: "x86_64",
      DriverStatus: [["Backing Filesystem", "extfs"]],
    },
    _ping: "OK",
    json: [],
  };
  const server = createServer(({ url = "" }, response) => {
    const answer = answers[new URL(url, "http://engine").pathname.split("/").at(-1) ?? ""];
    response.writeHead(answer === undefined ? 404 : 200, headers);
    response.end(answer === "OK" ? "OK" : JSON.stringify(answer ?? { message: "no such image" }));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const end = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { env: { DOCKER_HOST: `unix://${socket}` }, end };
}
