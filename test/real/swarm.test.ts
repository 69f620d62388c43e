import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runAt, type SwarmBed, startSwarm, swarmRepo } from "../bed/swarm.ts";
import { workflow } from "../bed/workflow.ts";

const suite = (name: string, tests: number, failures: number) =>
  `<testsuites><testsuite name="${name}" tests="${tests}" failures="${failures}" errors="0" skipped="0">` +
  `<testcase classname="t" name="one" file="test/one.py"/></testsuite></testsuites>`;

let bed: SwarmBed;
beforeAll(async () => {
  bed = await startSwarm(3);
});
afterAll(() => bed?.end());

type Told = { readonly result: { readonly lists: readonly { readonly dir: string; readonly result: string }[] } };
const run = async (repo: string, ...words: readonly string[]) => {
  const done = await runAt(bed, workflow("bun", "main_pytest", "--json", ...words), { cwd: repo });
  const rows = () => (JSON.parse(done.stdout) as Told).result.lists.map(({ dir, result }) => [dir, result]);
  return { ...done, rows };
};

describe("main_pytest --on swarm", () => {
  it("ends as on one machine, in order and at once: verdict, JUnit and exit codes", async () => {
    const repo = await swarmRepo(bed, "equal", {
      passes: { script: `echo '${suite("whole", 2, 0)}' >/slipway/reports/fast.xml; pwd; id -u` },
      fails: { script: `echo '${suite("broken", 3, 1)}' >/slipway/reports/fast.xml; echo 'FAILED test/one.py' >&2; exit 1` },
      empty: { script: "exit 5" },
      killed: { script: "kill -9 $$" },
    });
    const there = await run(repo, "--on", "swarm");
    console.error(there.stderr, there.stdout);
    const xml = () => readFileSync(join(repo, ".git/slipway/reports/main_pytest.xml"), "utf8").replaceAll(/time="[^"]*"/g, "");
    const [code, rows, report] = [there.code, there.rows(), xml()];
    for (const atOnce of ["1", "4"]) {
      const here = await run(repo, "--snapshot", "--at-once", atOnce);
      expect([here.code, here.rows(), xml()]).toEqual([code, rows, report]);
    }
  });
});
