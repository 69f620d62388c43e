import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { must, run } from "../../thin_client/engine/command.ts";
import type { Row } from "./measure.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const turns = 3;
const bars = { cold: 90, again: 12, "after --down": 12 } as const;
type Kind = keyof typeof bars;

/** The quickstart of a fresh clone whose user has nothing yet, the same again, and again after its `--down`. */
export async function quickstart(): Promise<Row[]> {
  const seconds: Record<Kind, number[]> = { cold: [], again: [], "after --down": [] };
  for (let turn = 1; turn <= turns; turn += 1) {
    const user = await newUser();
    try {
      for (const kind of ["cold", "again"] as const) seconds[kind].push(await user.quickstart(kind));
      await user.down();
      seconds["after --down"].push(await user.quickstart("after --down"));
    } finally {
      await user.end();
    }
  }
  return Object.entries(seconds).map(([kind, all]) => {
    const bar = bars[kind as Kind];
    const seen = all.map((each) => each.toFixed(1)).join(", ");
    return { what: `quickstart, ${kind}`, seen: `${seen} s`, bar: `<= ${bar} s`, ok: Math.min(...all) <= bar };
  });
}

/** Somebody with an empty home and a fresh clone of the last commit. */
async function newUser() {
  const dir = mkdtempSync(join(tmpdir(), "cold-"));
  const clone = join(dir, "clone");
  mkdirSync(join(dir, "home"));
  await must(["git", "clone", "--quiet", root, clone]);
  // What npm tells its own programs names the caches of who runs the bench.
  const own = Object.entries(process.env).filter(([name]) => !/^(npm_|XDG_|DOCKER_|SLIPWAY_)/i.test(name));
  const env = { ...Object.fromEntries(own), HOME: join(dir, "home") };
  const npm = (...words: readonly string[]) => run(["npm", "run", "quickstart", "--", ...words], { cwd: clone, env });
  const down = () => npm("--down");
  return {
    quickstart: async (kind: Kind) => {
      const start = performance.now();
      const { code, stderr } = await npm();
      if (code !== 0) throw new Error(`quickstart, ${kind}, ended with ${code}:\n${stderr}`);
      const seconds = (performance.now() - start) / 1000;
      process.stdout.write(
        `quickstart, ${kind}: ${seconds.toFixed(1)} s\n${stderr.slice(stderr.indexOf("quickstart: done"))}`,
      );
      return seconds;
    },
    down,
    end: async () => {
      await down();
      await must(["rm", "-rf", "--one-file-system", dir]);
    },
  };
}
