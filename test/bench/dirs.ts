import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { commitAll } from "../bed/git.ts";
import { tinyImage } from "../bed/tiny.ts";
import { changelog, type Ground, makeGround, write } from "../bed/tiny_repo.ts";
import { docker, workflow } from "../bed/workflow.ts";
import { median, milliseconds, type Row, timeOnce } from "./measure.ts";

/** Many runnable dirs: how long it takes to find 2,000 of them, and to run what 50 of them have for two seconds of a core each. */
export const manyDirs = async (): Promise<Row[]> => [await found(), await run()];

async function found(): Promise<Row> {
  const repo = mkdtempSync(join(tmpdir(), "slipway-dirs-"));
  try {
    for (let index = 0; index < 2000; index += 1) {
      const dir = join(repo, `group${index % 40}`, `dir${index}`);
      mkdirSync(dir, { recursive: true });
      writeFileSync(join(dir, "repo_config.yaml"), `docker_info: {docker_image_name: image${index}}\n`);
      for (let file = 0; file < 49; file += 1) writeFileSync(join(dir, `file${file}`), "");
    }
    await commitAll(repo, "Start");
    const times: number[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      const { seconds, code } = await timeOnce(workflow("bun", "main_pytest", "--dry-run", "--json"), { cwd: repo });
      if (code !== 0) throw new Error(`main_pytest --dry-run ended with ${code}`);
      times.push(seconds);
    }
    const seen = median(times);
    return { what: "2,000 dirs in 100,000 files, planned", seen: milliseconds(seen), bar: "<= 1000 ms", ok: seen <= 1 };
  } finally {
    rmSync(repo, { recursive: true, force: true });
  }
}

const dirs = Array.from({ length: 50 }, (_, index) => `dir${index}`);
const imageOf = (dir: string) => `bench-${dir}`;
const loop = (times: number) => `i=0; while [ $i -lt ${times} ]; do i=$((i+1)); done\n`;

async function run(): Promise<Row> {
  const ground = await makeGround(1);
  try {
    const repo = join(ground.dir, "many");
    const compose = `services: {app: {image: "${tinyImage}", network_mode: none}}\n`;
    // How many turns of the loop take a core two seconds.
    const turns = 2_000_000;
    const once = await timed(
      ["docker", "run", "--rm", "--network=none", tinyImage, "sh", "-c", loop(turns)],
      ground.dir,
    );
    const start = await timed(["docker", "run", "--rm", "--network=none", tinyImage, "true"], ground.dir);
    const work = loop(Math.round((turns * 2) / Math.max(0.1, once - start)));
    for (const dir of dirs) write(join(repo, dir), filesOf(dir, ground, work));
    write(repo, { "compose.yml": compose });
    await commitAll(repo, "Start");
    const address = ground.addresses["r1"];
    for (const dir of dirs) await docker("tag", tinyImage, `${address}/${imageOf(dir)}:local-root-1.0.0`);
    const bare: number[] = [];
    for (let turn = 0; turn < 5; turn += 1)
      bare.push(await timed(["docker", "compose", "--file", "compose.yml", "run", "--rm", "app", "true"], repo));
    const cores = availableParallelism();
    const took = await timed(workflow("bun", "main_pytest", "--stage", "local"), repo);
    const most = 1.2 * ((dirs.length * 2) / cores) + (median(bare) * dirs.length) / cores;
    const seen = `${took.toFixed(1)} s on ${cores} cores, one compose run ${milliseconds(median(bare))}`;
    return { what: "50 dirs of 2 s, tested", seen, bar: `<= ${most.toFixed(1)} s`, ok: took <= most };
  } finally {
    await ground.end();
  }
}

const filesOf = (dir: string, { addresses }: Ground, work: string): Readonly<Record<string, string>> => ({
  "repo_config.yaml": [
    `docker_info: {docker_image_name: ${imageOf(dir)}}`,
    `container_registry_info: {r1: {address: "${addresses["r1"]}", kind: oci}}`,
    "tests: {fast: {command: [sh, test.sh]}}",
    "",
  ].join("\n"),
  "changelog.txt": changelog(imageOf(dir), "1.0.0"),
  "test.sh": work,
});

async function timed(argv: readonly string[], cwd: string): Promise<number> {
  const { seconds, code } = await timeOnce(argv, { cwd });
  if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${code}`);
  return seconds;
}
