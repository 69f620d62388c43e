import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { needs } from "../bed/parts.ts";
import { makeGround } from "../bed/tiny_repo.ts";
import { medians, milliseconds, type Row } from "./measure.ts";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const i = join(root, "thin_client/bin/i");
const tsx = join(root, "node_modules/.bin/tsx");
const plan = ["docker_pull", "--dry-run", "--offline"];

/** Start-up against its bars: `i` under bun, against Debian's bare `invoke --list`, under tsx, and sourcing. */
export async function startUp(): Promise<Row[]> {
  await needs("invoke");
  const ground = await makeGround(0);
  const empty = mkdtempSync(join(tmpdir(), "slipway-invoke-"));
  writeFileSync(join(empty, "tasks.py"), "");
  try {
    const repo = await ground.repo("bench-start", { registries: { r1: "127.0.0.1:5000" } });
    const at = { cwd: repo, env: { ...process.env, SLIPWAY_RUNTIME: "bun", VITEST: undefined } };
    const [list = 0, planned = 0] = await medians(
      [
        [i, "--list"],
        [i, ...plan],
      ],
      21,
      at,
    );
    // It says "No tasks found" and ends with 1.
    const [invoke = 0] = await medians([["invoke", "--list"]], 11, { cwd: empty, code: 1 });
    const [bare = 0, underTsx = 0] = await medians(
      [
        [tsx, "-e", ""],
        [tsx, join(root, "scripts/docker_pull.ts"), "--dry-run", "--offline"],
      ],
      9,
      { cwd: repo },
    );
    const [sh = 0, sourced = 0] = await medians(
      [
        ["bash", "-c", ":"],
        ["bash", "-c", `. ${join(root, "thin_client/setenv.sh")}`],
      ],
      15,
      { cwd: repo },
    );
    const ratio = underTsx / bare;
    return [
      {
        what: "i --list, whole process",
        seen: milliseconds(list),
        bar: `<= 60 ms and < invoke --list (${milliseconds(invoke)})`,
        ok: list <= 0.06 && list < invoke,
      },
      {
        what: "i docker_pull --dry-run --offline under bun",
        seen: milliseconds(planned),
        bar: `<= 60 ms and < invoke --list (${milliseconds(invoke)})`,
        ok: planned <= 0.06 && planned < invoke,
      },
      {
        what: "the same under tsx",
        seen: `${ratio.toFixed(2)} x tsx -e '' (${milliseconds(bare)})`,
        bar: "<= 1.3 x",
        ok: ratio <= 1.3,
      },
      {
        what: "sourcing the warm thin env",
        seen: milliseconds(sourced - sh),
        bar: "<= 50 ms",
        ok: sourced - sh <= 0.05,
      },
    ];
  } finally {
    await ground.end();
    rmSync(empty, { recursive: true, force: true });
  }
}
