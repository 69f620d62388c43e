import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Outcome } from "../../thin_client/engine/command.ts";
import { layout } from "../../thin_client/engine/layout.ts";
import { allProcesses, commandLine } from "../../thin_client/engine/processes.ts";
import { pathWithout } from "../bed/bad_machine.ts";
import { type ApartEngine, apartEngine } from "../bed/engine.ts";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** An `apt-get` before the real one, which is called in this network; `text` may end it before. */
const aptGet = (text: string) => `#!/bin/sh
sources=$(printf '%s\\n' "$@" | sed -n 's/^Dir::Etc::sourcelist=//p')
${text}
exec nsenter --net=/proc/${process.pid}/ns/net /usr/bin/apt-get "$@"
`;
const fails = "echo 'E: Hash Sum mismatch' >&2; exit 100";

/** A machine with a network, an engine and folders of its own, where the real suite's bed comes up on a bad day. */
type Machine = {
  readonly apart: ApartEngine;
  /** Puts a program before all others. */
  readonly shim: (name: string, text: string) => void;
  /** Runs the trial suite, wrapped in these words. */
  readonly trial: (...words: readonly string[]) => Promise<Outcome & { readonly verdict: unknown }>;
};

async function makeMachine(): Promise<Machine> {
  const apart = await apartEngine();
  const at = layout(apart.env);
  // Of what was fetched before, only the engine's programs are here.
  for (const folder of [at.packages, at.images]) {
    rmSync(folder);
    mkdirSync(folder);
  }
  symlinkSync(join(layout(process.env).packages, "engine"), join(at.packages, "engine"));
  const dir = join(at.home, "..");
  const bin = join(dir, "shims");
  mkdirSync(bin);
  const { PATH: path = "" } = pathWithout(dir, "chromium", "apt-get");
  const verdict = join(dir, "verdict.json");
  const env = { ...apart.env, PATH: `${bin}:${path}`, SLIPWAY_VERDICT: verdict, SLIPWAY_BED: undefined };
  const unset = { VITEST: undefined, VITEST_MODE: undefined, npm_lifecycle_event: undefined, NODE_ENV: undefined };
  return {
    apart,
    shim: (name, text) => {
      writeFileSync(join(bin, name), text);
      chmodSync(join(bin, name), 0o755);
    },
    trial: async (...words) => {
      const vitest = [
        join(root, "node_modules/.bin/vitest"),
        "run",
        "--config",
        join(root, "test/bed/trial/vitest.config.ts"),
      ];
      const ran = await apart.run([...words, ...vitest], { cwd: root, env: { ...env, ...unset } });
      return { ...ran, verdict: existsSync(verdict) ? JSON.parse(readFileSync(verdict, "utf8")) : null };
    },
  };
}

/** What runs of a machine's engine and registries, and what is mounted of it. */
const leftOf = ({ apart: { home } }: Machine) => [
  ...allProcesses().filter(({ pid }) => commandLine(pid).includes(`${home}/`)),
  ...readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => line.includes(`${home}/`)),
];

describe("the bed of the real tests", () => {
  let machine: Machine;
  beforeEach(async () => {
    machine = await makeMachine();
  });
  afterEach(() => machine.apart.end());

  it("comes up whole where apt fails twice and an index of a foreign architecture is broken", async () => {
    const counted = join(machine.apart.home, "failures");
    const twice = `n=$(cat '${counted}' 2>/dev/null || echo 0); [ "$n" -ge 2 ] || { echo $((n + 1)) > '${counted}'; ${fails}; }`;
    const broken = `case "$*" in *APT::Architecture=armhf*) if grep -q trixie "$sources"; then ${fails}; fi ;; esac`;
    machine.shim("apt-get", aptGet(`${twice}\n${broken}`));
    symlinkSync("/usr/bin/chromium", join(machine.apart.home, "..", "shims", "chromium"));
    const ran = await machine.trial();
    expect(ran.verdict, ran.stdout + ran.stderr).toEqual({ passed: 9, failed: 0 });
    expect(readFileSync(counted, "utf8").trim()).toBe("2");
    expect(leftOf(machine)).toEqual([]);
  });

  it("names what is missing on a very bad day, runs the rest, and leaves nothing running", async () => {
    machine.shim("apt-get", aptGet(`case "$*" in *APT::Architecture=arm*|*python3-moto*|*chromium*) ${fails} ;; esac`));
    const denied = `case "$*" in *binfmt_misc*) echo 'mount: permission denied' >&2; exit 32 ;; esac`;
    machine.shim("mount", `#!/bin/sh\n${denied}\nexec /usr/bin/mount "$@"\n`);
    const hidden = '/usr/bin/mount -t tmpfs none /proc/sys/fs/binfmt_misc && exec "$@"';
    const listens = "require('net').createServer().listen(5000, '127.0.0.2')";
    const listener = spawn("nsenter", [`--net=${machine.apart.network}`, process.execPath, "-e", listens]);
    const ran = await machine.trial("unshare", "--mount", "sh", "-c", hidden, "sh");
    listener.kill();
    expect(ran.verdict, ran.stdout + ran.stderr).toEqual({ passed: 2, failed: 7 });
    const missing = {
      registries: "no registry can be started on 127.0.0.2:5000",
      emulation: "permission denied",
      foreign: "Hash Sum mismatch",
      // Where the machine has it, and only this PATH has not, nothing is fetched.
      chromium: "(Hash Sum mismatch|chromium is still not there)",
      moto: "Hash Sum mismatch",
    };
    for (const [part, why] of Object.entries(missing))
      expect(ran.stdout).toMatch(new RegExp(`the bed has no ${part}: .*${why}`));
    expect(leftOf(machine)).toEqual([]);
  });
});
