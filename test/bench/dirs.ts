import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { must, type Outcome } from "../../thin_client/engine/command.ts";
import { commitAll } from "../bed/git.ts";
import { makePerson } from "../bed/person.ts";
import { tinyImage } from "../bed/tiny.ts";
import { changelog, type Ground, makeGround, write } from "../bed/tiny_repo.ts";
import { docker, workflow } from "../bed/workflow.ts";
import { median, milliseconds, type Row, timeOnce } from "./measure.ts";

/** Many runnable dirs: how long it takes to find 2,000 of them, and to run what 50 of them have for two seconds of a core each. */
export const manyDirs = async (): Promise<Row[]> => [await found(), ...(await run())];

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
const quick = "quick";
const imageOf = (dir: string) => `bench-${dir}`;
const loop = (times: number) => `i=0; while [ $i -lt ${times} ]; do i=$((i+1)); done\n`;
const uids = [0, 4321];

/** Fifty dirs, and what one list adds to its container, as root and as somebody else. */
async function run(): Promise<Row[]> {
  const ground = await makeGround(1);
  // Whoever is not root works in it, too.
  chmodSync(ground.dir, 0o755);
  const person = await makePerson(join(ground.dir, "person"), 4321);
  try {
    const rows: Row[] = [];
    for (const uid of uids) {
      const repo = join(ground.dir, `many${uid}`);
      await makeRepo(repo, ground, uid);
      const workflowIn = async (...[name, ...words]: [string, ...string[]]) =>
        uid === 0 ? timed(workflow("bun", name, ...words), repo) : timedOf(person.workflow(repo, name, ...words));
      // By the same way to the engine as the workflows go.
      const words = ["docker", "compose", "--file", "compose.yml", "run", "--rm", "app", "true"];
      const compose = async () => (uid === 0 ? timed(words, repo) : timedOf(person.runs(repo, ...words)));
      const bare: number[] = [];
      const lists: number[] = [];
      for (let turn = 0; turn < 7; turn += 1) {
        bare.push(await compose());
        lists.push(await workflowIn("run_fast_tests", "--stage", "local", "--dir", quick));
      }
      const cores = availableParallelism();
      const took = await workflowIn("main_pytest", "--stage", "local", "--dirs", dirs.join(","));
      const most = 1.2 * ((dirs.length * 2) / cores) + (median(bare) * dirs.length) / cores;
      const added = median(lists) - median(bare);
      const one = milliseconds(median(bare));
      rows.push(
        {
          what: `run_fast_tests of nothing, uid ${uid}`,
          seen: `${milliseconds(added)} beside compose run`,
          ...bar(added, 0.5),
        },
        {
          what: `50 dirs of 2 s, tested, uid ${uid}`,
          seen: `${took.toFixed(1)} s on ${cores} cores, one compose run ${one}`,
          ...bar(took, most),
        },
      );
    }
    return rows;
  } finally {
    await person.end();
    await ground.end();
  }
}

const bar = (seen: number, most: number): Pick<Row, "bar" | "ok"> => ({
  bar: `<= ${most.toFixed(1)} s`,
  ok: seen <= most,
});

/** A repo of a user, with a local image for each dir, whose tests take a core two seconds. */
async function makeRepo(repo: string, ground: Ground, uid: number): Promise<void> {
  // How many turns of the loop take so long.
  const turns = 2_000_000;
  const shell = (text: string) =>
    timed(["docker", "run", "--rm", "--network=none", tinyImage, "sh", "-c", text], ground.dir);
  const [once, start] = [await shell(loop(turns)), await shell("true")];
  const work = loop(Math.round((turns * 2) / Math.max(0.1, once - start)));
  for (const dir of [quick, ...dirs]) write(join(repo, dir), filesOf(dir, ground, dir === quick ? "true\n" : work));
  write(repo, { "compose.yml": `services: {app: {image: "${tinyImage}", network_mode: none}}\n` });
  await commitAll(repo, "Start");
  await must(["chown", "-R", `${uid}:${uid}`, repo]);
  const user = uid === 0 ? "root" : `uid${uid}`;
  const names = [quick, ...dirs].map((dir) => `${ground.addresses["r1"]}/${imageOf(dir)}:local-${user}-1.0.0`);
  for (const name of names) await docker("tag", tinyImage, name);
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

/** What somebody else runs. */
async function timedOf(running: Promise<Outcome>): Promise<number> {
  const start = performance.now();
  const { code, stderr } = await running;
  if (code !== 0) throw new Error(`ended with ${code}: ${stderr}`);
  return (performance.now() - start) / 1000;
}
