import { createHash } from "node:crypto";
import { join } from "node:path";
import {
  type Evidence,
  type EvidenceFile,
  evidenceFiles,
  lastOf,
  layoutFile,
  layoutIndex,
  renderEvidence,
  renderEvidenceConfig,
} from "../config/evidence.ts";
import { now } from "../doors/clock.ts";
import { changedAt, namedInRepo, privateFolder, readOwnBytes, remove, rename, writePrivate } from "../doors/files.ts";
import type { OfEvidence } from "../kinds/command.ts";
import { comfort } from "./comfort.ts";
import { knownValue, type World } from "./world.ts";

type Ended = Pick<Evidence, "exitCode" | "ran">;
/** Writes evidence of what was watched. */
type Keep = (of: OfEvidence, ended: Ended) => void;

const [, , logFile] = evidenceFiles;

/** Watches what the step that runs prints, and gives what writes evidence of it. */
export function watchRun(world: World): Keep {
  const began = now();
  const { show } = world.step;
  let log = "";
  world.step.show = (text) => {
    log += text;
    if (log.length > 2 * logFile.most) log = log.slice(-logFile.most);
    show(text);
  };
  return (of, ended) => {
    world.step.show = show;
    comfort(world, () => writeLayout(of, { ended, began, log }, world));
  };
}

type Run = { readonly ended: Ended; readonly began: number; readonly log: string };

/** Writes it as an OCI layout, in place of the one of the list's last run. */
function writeLayout(of: OfEvidence, { ended, began, log }: Run, world: World): void {
  const { root } = world.facts.place;
  // A container may have put a link there, and what it leads to would be written, or removed.
  const to = namedInRepo(root, of.to);
  const beside = `${to}.${process.pid}`;
  const blobs = join(beside, "blobs", "sha256");
  privateFolder(blobs);
  const put = (content: Buffer) => {
    const hex = createHash("sha256").update(content).digest("hex");
    writePrivate(join(blobs, hex), content);
    return { digest: `sha256:${hex}`, size: content.length };
  };
  const config: Evidence = {
    slipway: 1,
    run: world.step.run,
    dir: of.dir,
    list: of.list,
    image: of.image === null ? null : knownValue(world, of.image),
    commit: of.code?.commit ?? null,
    tree: of.code?.tree ?? null,
    ...ended,
    failedRuns: world.step.failedRuns ?? 0,
    milliseconds: Math.max(0, Math.round(now() - began)),
  };
  const files: Partial<Record<EvidenceFile, ReturnType<typeof put>>> = {};
  for (const { name, most } of evidenceFiles) {
    const path = name === "output.log" ? undefined : of.files[name];
    // What an earlier run left is none of this one's.
    const file = path === undefined ? undefined : namedInRepo(root, path);
    const isNew = file !== undefined && changedAt(file) >= world.step.began - clockTick;
    const content = name === "output.log" ? lastOf(Buffer.from(log), most) : isNew && readOwnBytes(file, most);
    if (content) files[name] = put(content);
  }
  const manifest = renderEvidence({
    config: put(Buffer.from(renderEvidenceConfig(config))),
    files,
    // Its descriptor needs the size of the manifest, which no engine tells: a registry does, to which it is pushed.
    subject: null,
    proof: null,
  });
  writePrivate(join(beside, "index.json"), layoutIndex(put(Buffer.from(manifest)), of.list));
  writePrivate(join(beside, "oci-layout"), layoutFile);
  remove(to);
  rename(beside, to);
}

/** Milliseconds by which a file system's clock may be behind. */
const clockTick = 20;
