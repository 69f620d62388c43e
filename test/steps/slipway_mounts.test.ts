import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { loadInnerEngine } from "../../lib/doors/inner_engine.ts";
import { loadSlipway } from "../../lib/doors/slipway_mounts.ts";
import { keepAllowed, loadAllowed } from "../../lib/doors/trust.ts";
import { root as slipway } from "../unit/source.ts";

const base = realpathSync(mkdtempSync(join(tmpdir(), "slipway-mounts-")));
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** A file behind a link, as a package manager leaves it; gives the folder of the link. */
function program(folder: string, name: string, behind = `behind/${folder}/${name}`): string {
  for (const dir of [folder, join(behind, "..")]) mkdirSync(join(base, dir), { recursive: true });
  writeFileSync(join(base, behind), "");
  symlinkSync(join(base, behind), join(base, folder, name));
  return join(base, folder);
}
const home = { HOME: join(base, "home"), PATH: "relative:/nowhere" };
const rowsOf = (env: Readonly<Record<string, string>>, docker = true) =>
  Object.fromEntries(loadSlipway("/repo", env, { docker }).map(({ source, target }) => [target, source]));

it("what makes `i` work in a container is Slipway with its packages and a program that starts it, all to be read", () => {
  const mounts = loadSlipway("/repo", home, { docker: false });
  expect(mounts.map(({ target }) => target)).toEqual(["/opt/slipway", "/opt/slipway/node_modules", "/usr/local/bin/i"]);
  expect(mounts.filter(({ source, readOnly }) => !existsSync(source) || readOnly !== true)).toEqual([]);
  expect(`${mounts[0]?.source}/`).toBe(realpathSync(slipway).replace(/\/?$/, "/"));
});

it("the engine's client comes with its plugins, each the program behind the link that is found first", () => {
  const env = { ...home, PATH: `relative:${program("bin", "docker")}`, DOCKER_CONFIG: join(base, "config") };
  const plugins = program("config/cli-plugins", "docker-compose");
  expect(rowsOf(env)).toMatchObject({
    "/opt/slipway_docker/docker": join(base, "behind/bin/docker"),
    "/usr/local/lib/docker/cli-plugins/docker-compose": join(
      base,
      "behind",
      plugins.slice(base.length),
      "docker-compose",
    ),
  });
  expect(Object.keys(rowsOf(env, false)).filter((target) => target.includes("docker"))).toEqual([]);
});

it("a program that goes by the name of its link is not taken for the client", () => {
  const PATH = program("snap", "docker", "behind/snap/run");
  expect(Object.keys(rowsOf({ ...home, PATH }))).not.toContain("/opt/slipway_docker/docker");
});

it("what was allowed of the repo comes along, and of no other", () => {
  keepAllowed("/repo", home, [{ id: "socket", hash: "h" }]);
  expect(loadAllowed("/repo", home)).toEqual([{ id: "socket", hash: "h" }]);
  expect(existsSync(rowsOf(home)["/opt/slipway_allowed.json"] ?? "")).toBe(true);
  expect(loadSlipway("/other", home, { docker: false }).map(({ target }) => target)).not.toContain(
    "/opt/slipway_allowed.json",
  );
});

it("an engine inside gets what starts it, and the machine's own programs", () => {
  const names = ["dockerd", "containerd", "containerd-shim-runc-v2", "runc", "docker-proxy"];
  const folders = names.map((name) => program(`engine_${name}`, name));
  const init = program("engine_init", "docker-init", "behind/engine_init/tini-static");
  const targets = (...parts: readonly string[]) =>
    loadInnerEngine({ ...home, PATH: parts.join(":") }).map(({ target }) => target.replace("/opt/slipway_docker/", ""));
  expect(targets(...folders, init)).toEqual(expect.arrayContaining(["/slipway/engine", ...names, "docker-init"]));
  expect(existsSync(loadInnerEngine(home)[0]?.source ?? "")).toBe(true);
});
