import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRefs } from "../../lib/doors/refs.ts";
import type { SignedEntry } from "../../lib/names/log.ts";
import { addRemote, commitAll } from "../bed/git.ts";
import { write } from "../bed/tiny_repo.ts";
import { median, milliseconds, type Row } from "./measure.ts";

const entries = 10_000;
const logRef = "refs/slipway/log/long";

/** A log of many entries: how long a clone that knows it takes to read it, and to put one more on it. */
export async function longLog(): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), "slipway-long-"));
  try {
    const repo = join(dir, "repo");
    write(repo, { README: "A long log.\n" });
    await commitAll(repo, "Start");
    const remote = await addRemote(repo);
    execFileSync("git", ["-C", remote, "fast-import", "--quiet"], { input: logText() });
    const open = () =>
      openRefs(placeOf(repo), { image: "long", prefix: "refs/slipway", remote: remoteAt(remote) }, env);
    const [reads, appends]: [number[], number[]] = [[], []];
    for (let turn = 0; turn < 6; turn += 1) {
      const refs = open();
      const all = await refs.list();
      const start = performance.now();
      const log = await refs.readLog(all[logRef]);
      const read = performance.now();
      if (log.length !== entries + turn) throw new Error(`${log.length} entries were read`);
      await refs.swap([], [{ entry: entryOf(entries + turn), again: false }]);
      // The first one fetches.
      if (turn > 0) reads.push((read - start) / 1000);
      if (turn > 0) appends.push((performance.now() - read) / 1000);
    }
    const [read, append] = [median(reads), median(appends)];
    return [
      { what: `a log of ${entries} entries, read`, seen: milliseconds(read), bar: "<= 300 ms", ok: read <= 0.3 },
      { what: "one entry more, pushed", seen: milliseconds(append), bar: "<= 300 ms", ok: append <= 0.3 },
    ];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" };
const remoteAt = (address: string) => ({ name: "origin", address, pushTo: address });
const placeOf = (repo: string) => ({
  ...{ root: repo, dir: ".", owner: repo, gitDir: join(repo, ".git"), cwd: "." },
  ...{ gitMounts: [], gitPrograms: [] },
});

const entryOf = (at: number): SignedEntry => ({
  ...{ type: "pass", digest: `sha256:${at.toString(16).padStart(64, "0")}`, version: "1.0.0", list: "fast" },
  ...{ commit: at.toString(16).padStart(40, "0"), tree: "", runner: "pytest -m fast", platform: "linux/amd64" },
  ...{ at: "2025-01-03T10:00:00.000Z", by: "ada", host: "here" },
});

/** As many commits of one entry each, for `git fast-import`. */
function logText(): string {
  const commits = Array.from({ length: entries }, (_, at) => {
    const text = `${JSON.stringify(entryOf(at))}\n`;
    const who = `committer Ada <ada@example.com> ${1_735_000_000 + at} +0000`;
    return `commit ${logRef}\nmark :${at + 1}\n${who}\ndata ${text.length}\n${text}${at > 0 ? `from :${at}\n` : ""}\n`;
  });
  return commits.join("");
}
