import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../thin_client/engine/command.ts";
import { git } from "../bed/git.ts";
import { type Late, startLateGit, startLateProxy } from "../bed/late.ts";
import { ensurePythonBase } from "../bed/python_base.ts";
import { makeSampleRepo } from "../bed/sample_repo.ts";
import { change, changelog, makeGround } from "../bed/tiny_repo.ts";
import { workflowsIn } from "../bed/workflow.ts";
import { median, type Row } from "./measure.ts";

const image = "bench-release";
/** A file of the image in which each version has a line of its own. */
const changed = "devops/docker_build/gitconfig";
/** How much later a far server answers, in milliseconds. */
const far = 200;

/** What a release of the sample costs: its pushes, reads and processes, its time beside that of what it needs, and with servers that are far away. */
export async function releaseCost(): Promise<Row[]> {
  const ground = await makeGround(3);
  const late: Late = { by: 0 };
  const remotes = await startLateGit(ground.dir, late);
  const proxies = await Promise.all(ground.registries.map(({ address }) => startLateProxy(address, late)));
  try {
    const [oci = "", ghcr = "", dockerhub = ""] = proxies.map(({ address }) => address);
    const repo = join(ground.dir, image);
    const base = await ensurePythonBase();
    await makeSampleRepo({ dir: repo, name: image, base, registries: { oci, ghcr, dockerhub }, remote: true });
    for (const [key, value] of [
      ["remote.origin.url", `git://${remotes.address}/${image}.git`],
      ["user.name", "Ada"],
      ["user.email", "ada@example.com"],
    ] as const)
      await git(repo, "config", key, value);
    const env = await countingPrograms(ground.dir);
    const text = readFileSync(join(repo, changed), "utf8");
    const release = async (minor: number) => {
      const versions = Array.from({ length: minor + 1 }, (_, at) => `1.${minor - at}.0`);
      await change(repo, { "changelog.txt": changelog(image, ...versions), [changed]: `${text}# ${minor}\n` });
      return run(repo, minor, env);
    };
    await release(0);
    const near = [await release(1), await release(2), await release(3)];
    const again = await run(repo, 3, env);
    late.by = far;
    const away = [await release(4), await release(5), await release(6)];
    return rowsOf(near, again, away);
  } finally {
    await Promise.all([remotes, ...proxies].map(({ stop }) => stop()));
    await ground.end();
  }
}

/** An environment in which git and docker keep how long each call took, in a file. */
async function countingPrograms(dir: string): Promise<NodeJS.ProcessEnv> {
  const bin = join(dir, "counting");
  mkdirSync(bin);
  for (const name of ["git", "docker"]) {
    const real = (await must(["sh", "-c", `command -v ${name}`])).trim();
    const call = ["start=$EPOCHREALTIME", `'${real}' "$@"`, "code=$?"];
    const keep = `echo "${name} $start $EPOCHREALTIME $*" >> "$COUNTED_CALLS"`;
    writeFileSync(join(bin, name), ["#!/bin/bash", ...call, keep, "exit $code", ""].join("\n"));
    chmodSync(join(bin, name), 0o755);
  }
  return { ...process.env, PATH: `${bin}:${process.env["PATH"]}`, COUNTED_CALLS: join(dir, "calls") };
}

/** A program that a release started, with its words, and how long it ran, in seconds. */
type Call = { readonly line: string; readonly seconds: number };
type Released = {
  readonly wall: number;
  readonly calls: readonly Call[];
  readonly steps: Readonly<Record<string, number>>;
};

async function run(repo: string, minor: number, env: NodeJS.ProcessEnv): Promise<Released> {
  const file = env["COUNTED_CALLS"] ?? "";
  rmSync(file, { force: true });
  const start = performance.now();
  const done = await workflowsIn(repo, { env })("docker_release_dev", "--version", `1.${minor}.0`, "--json");
  const wall = (performance.now() - start) / 1000;
  if (done.code !== 0) throw new Error(done.stderr);
  const told = JSON.parse(done.stdout) as { readonly steps: readonly { id: string; seconds: number }[] };
  const calls = readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((text) => {
      const [program, from, to, ...words] = text.split(" ");
      return { line: [program, ...words].join(" "), seconds: Number(to) - Number(from) };
    });
  return { wall, calls, steps: Object.fromEntries(told.steps.map(({ id, seconds }) => [id, seconds])) };
}

const needed = {
  builds: /^docker (buildx )?build /,
  containers: /^docker (compose .* run|rm) /,
  pushes: /^(docker push|git .* push --porcelain) /,
} as const;

/** Seconds of what no release can do without. */
function partsOf({ calls, steps }: Released): Readonly<Record<string, number>> {
  const sum = (form: RegExp) => calls.reduce((all, { line, seconds }) => all + (form.test(line) ? seconds : 0), 0);
  const programs = Object.entries(needed).map(([name, form]) => [name, sum(form)] as const);
  return { ...Object.fromEntries(programs), copies: steps["copy_to_others"] ?? 0 };
}

function rowsOf(near: readonly Released[], again: Released, away: readonly Released[]): Row[] {
  const parts = near.map(partsOf);
  const sums = parts.map((one) => Object.values(one).reduce((all, seconds) => all + seconds, 0));
  const ratios = near.map(({ wall }, at) => wall / (sums[at] ?? 0));
  const ratio = median(ratios);
  const middle = ratios.indexOf(ratio);
  const shown = Object.entries(parts[middle] ?? {}).map(([name, seconds]) => `${name} ${seconds.toFixed(2)}`);
  // Builds and tests speak to nobody, and on a busy machine they differ by more than what is asked here.
  const beside = (all: readonly Released[]) =>
    median(all.map((one) => one.wall - (partsOf(one)["builds"] ?? 0) - (partsOf(one)["containers"] ?? 0)));
  const longer = beside(away) - beside(near);
  // Tests of more than ten seconds, on a busy machine, are a push each.
  const quickest = near.reduce((one, other) => (other.wall < one.wall ? other : one));
  return [
    gitRow("a release of the sample", quickest, [4, 4, 25]),
    gitRow("the same release again", again, [1, 2, 12]),
    {
      what: "a release against what it needs",
      seen: `${ratio.toFixed(2)} x (${near[middle]?.wall.toFixed(2)} s; ${shown.join(", ")})`,
      bar: "<= 1.25 x",
      ok: ratio <= 1.25,
    },
    {
      what: `the same, remote and registries ${far} ms away`,
      seen: `${longer.toFixed(1)} s longer`,
      bar: "<= 4 s",
      ok: longer <= 4,
    },
  ];
}

function gitRow(what: string, { calls }: Released, bars: readonly [number, number, number]): Row {
  const lines = calls.map(({ line }) => line).filter((line) => line.startsWith("git "));
  const count = (form: RegExp) => lines.filter((line) => form.test(line)).length;
  const seen = [count(/ push /), count(/ (ls-remote|fetch) /), lines.length];
  const text = (counts: readonly number[]) => `${counts[0]} pushes, ${counts[1]} reads, ${counts[2]} processes`;
  return { what, seen: text(seen), bar: `<= ${text(bars)}`, ok: seen.every((one, at) => one <= (bars[at] ?? 0)) };
}
