import { startSwarm, swarmRepo } from "../bed/swarm.ts";
import { workflow } from "../bed/workflow.ts";
import { type Row, timeOnce } from "./measure.ts";

const dirs = Array.from({ length: 24 }, (_, at) => `dir${at}`);
const sleeping = Object.fromEntries(dirs.map((dir) => [dir, { script: "sleep 5" }]));

/** The same dirs on one node of a swarm and on three, each of which takes as many lists as the machine has cores. */
export async function swarmTime(): Promise<Row[]> {
  const bed = await startSwarm(3);
  try {
    const repo = await swarmRepo(bed, "bench", sleeping);
    const others = bed.nodes.slice(1).map(({ name }) => name);
    const set = async (availability: string) => {
      for (const name of others) await bed.docker("node", "update", "--availability", availability, name);
    };
    const run = async () => {
      const line = [...bed.enter, ...workflow("bun", "main_pytest", "--on", "swarm")];
      const { seconds, code } = await timeOnce(line, { cwd: repo, env: { ...process.env, ...bed.nodes[0]?.env } });
      if (code !== 0) throw new Error(`main_pytest --on swarm ended with ${code}`);
      return seconds;
    };
    await run();
    const three = await run();
    await set("drain");
    const one = await run();
    return [
      {
        what: "24 dirs of 5 s on three nodes of a swarm",
        seen: `${three.toFixed(1)} s, on one ${one.toFixed(1)} s: ${(three / one).toFixed(2)} x`,
        bar: "<= 0.45 x",
        ok: three / one <= 0.45,
      },
    ];
  } finally {
    await bed.end();
  }
}
