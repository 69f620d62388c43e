import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { baseImage } from "../../thin_client/engine/base.ts";
import { must, until } from "../../thin_client/engine/command.ts";
import { layout } from "../../thin_client/engine/layout.ts";
import { allProcesses, commandLine } from "../../thin_client/engine/processes.ts";
import { loopbackRegistries } from "../../thin_client/engine/registries.ts";
import { type ApartEngine, apartEngine, tsx } from "../bed/engine.ts";
import { needs } from "../bed/parts.ts";
import { start } from "../bed/thin_clone.ts";

const words = ["up", "--yes", "--registries", "--base", "--holder", String(process.pid)];
let apart: ApartEngine;
beforeEach(async () => {
  await needs("engine", "base");
  apart = await apartEngine();
});
afterEach(() => apart?.end());

const running = (part: string): boolean => allProcesses().some(({ pid }) => commandLine(pid).includes(part));
const below = (folder: string, name: string): boolean => existsSync(folder) && readdirSync(folder).includes(name);

/**
 * A folder for downloads that has nothing yet, and an `apt-get` before all others that gives the programs of the shared
 * engine as a package: it is unpacked as those of a mirror are, and needs none.
 */
async function withoutPrograms(): Promise<NodeJS.ProcessEnv> {
  const folder = join(dirname(apart.home), "apt");
  const root = join(folder, "root");
  mkdirSync(join(root, "DEBIAN"), { recursive: true });
  await must(["cp", "--archive", join(layout(process.env).packages, "engine", "usr"), root]);
  const control =
    "Package: all\nVersion: 1\nArchitecture: all\nMaintainer: Test <test@example.org>\nDescription: all\n";
  writeFileSync(join(root, "DEBIAN", "control"), control);
  await must(["dpkg-deb", "--build", "-Znone", root, join(folder, "all.deb")]);
  const text = `#!/bin/sh\ncase " $* " in *" download "*) exec cp '${folder}/all.deb' . ;; esac\n`;
  writeFileSync(join(folder, "apt-get"), text);
  chmodSync(join(folder, "apt-get"), 0o755);
  rmSync(apart.packages);
  return { ...apart.env, PATH: `${folder}:${process.env["PATH"]}` };
}

/** What is there when it is killed, by what is going on. */
const moments: Readonly<Record<string, () => boolean>> = {
  "the programs are unpacked": () => existsSync(join(apart.packages, "engine.unfinished", "usr", "bin")),
  "the engine starts": () => existsSync(join(apart.home, "run", "dockerd.pid")),
  "the registries start": () => below(join(apart.home, "registries", "ghcr"), "config.yml"),
  "the image is loaded": () => running(`load --quiet --input ${apart.images}/`),
};

describe("i engine up", () => {
  it.each(Object.keys(moments))("that is killed while %s converges when it is typed again", async (moment) => {
    const isUnpacked = moment === "the programs are unpacked";
    const env = isUnpacked ? await withoutPrograms() : apart.env;
    const up = tsx("thin_client/engine.ts", ...words);
    const child = start(["nsenter", `--net=${apart.network}`, ...up], {
      cwd: "/",
      env: { ...env } as NodeJS.ProcessEnv,
    });
    const seen = await until(() => moments[moment]?.() === true, 300_000).finally(() =>
      process.kill(child.group, "SIGKILL"),
    );
    await child.ended;
    expect(seen).toBe(true);
    // It may be killed between a start and its note.
    for (const { name } of loopbackRegistries) rmSync(join(apart.home, "registries", name, "pid"), { force: true });
    // It had not come to its end.
    const isDone = await apart.run(tsx("thin_client/engine.ts", "status", "--json"), { env });
    expect(JSON.parse(isDone.stdout).images).toEqual([]);

    const again = await apart.run(tsx("thin_client/engine.ts", ...words, "--json"), { env });
    expect(again.code, again.stderr).toBe(0);
    const status = JSON.parse(again.stdout);
    expect(status).toMatchObject({ engine: "private", images: [baseImage], holders: [process.pid] });
    expect(status.registries.map(({ up }: { up: boolean }) => up)).toEqual([true, true, true]);
    const daemons = allProcesses().filter(({ pid }) => commandLine(pid).includes(`--host unix://${apart.home}/`));
    expect(daemons).toHaveLength(1);
    expect(existsSync(join(apart.packages, "engine.unfinished"))).toBe(false);

    const third = await apart.run(tsx("thin_client/engine.ts", ...words, "--json"), { env });
    expect(JSON.parse(third.stdout)).toEqual(status);
    expect(third.stderr).not.toMatch(/starting|downloading|making/);
  });

  it("changes nothing as a dry run, which asks nobody", async () => {
    const before = readdirSync(apart.home);
    const { code, stdout } = await apart.engine("up", "--registries", "--base", "--dry-run", "--json");
    const plan = JSON.parse(stdout);
    expect([code, plan.workflow, plan.steps[0].id]).toEqual([0, "engine", "hold_engine"]);
    expect([readdirSync(apart.home), running(`--host unix://${apart.home}/`)]).toEqual([before, false]);
  });
});
