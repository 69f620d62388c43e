import { spawn } from "node:child_process";
import { createHash, createHmac, randomUUID } from "node:crypto";
import { join } from "node:path";
import { type Job, jobVariable, secretFolder } from "../../config/cluster.ts";
import { receiptPath } from "../../config/container.ts";
import {
  type Evidence,
  type EvidenceFile,
  evidenceFiles,
  evidenceType,
  lastOf,
  renderEvidence,
  renderEvidenceConfig,
} from "../../config/evidence.ts";
import { registryClient } from "../../oci/registry.ts";
import { jsonOf, textAt } from "../../text/shape.ts";
import { alarm, pause } from "../clock.ts";
import { appendPrivate, readOwnBytes, readText, writeForAll, writePrivate, writeProgram } from "../files.ts";

type Ended = Pick<Evidence, "exitCode" | "ran" | "failedRuns" | "milliseconds"> & { readonly log: Buffer };

const [, , logFile] = evidenceFiles;
const tell = (line: string): void => void process.stdout.write(`slipway: ${line}\n`);

/** Keeps the end of what a list prints. */
function keepLog() {
  let chunks: Buffer[] = [];
  let size = 0;
  return {
    add: (chunk: Buffer) => {
      process.stdout.write(chunk);
      chunks.push(chunk);
      size += chunk.length;
      if (size <= 2 * logFile.most) return;
      const kept = Buffer.concat(chunks).subarray(-logFile.most);
      chunks = [kept];
      size = kept.length;
    },
    whole: () => lastOf(Buffer.concat(chunks), logFile.most),
  };
}

/** The container is to stop. */
let isStopped = false;

function comfort(work: () => void): void {
  try {
    work();
  } catch (error) {
    tell(`going on without it: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Ends a group of processes, where there is one left. */
function endAll(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, "SIGKILL");
  } catch {
    // All have ended.
  }
}

/** The exit code of a program, as a container's would be. */
function exitOf({ argv, cwd }: Job, add: (chunk: Buffer) => void): Promise<number> {
  const { [jobVariable]: _, ...env } = process.env;
  const [program = "", ...words] = argv;
  return new Promise((resolve) => {
    const child = spawn(program, words, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    // Where memory runs out the kernel takes the list, and not what tells of it (proc(5), "oom_score_adj").
    if (child.pid !== undefined) comfort(() => appendPrivate(`/proc/${child.pid}/oom_score_adj`, "1000"));
    // A node that is drained, or a service that goes, is no verdict: the list ends without evidence.
    process.once("SIGTERM", () => {
      isStopped = true;
      endAll(child.pid);
    });
    child.stdout.on("data", add);
    child.stderr.on("data", add);
    child.once("error", (error: NodeJS.ErrnoException) => {
      add(Buffer.from(`${program}: ${error.message}\n`));
      resolve(error.code === "ENOENT" ? 127 : 126);
    });
    child.once("exit", (code, signal) => {
      // What it started and left behind ends with a container, and here with it; of what it printed the rest is read.
      endAll(child.pid);
      const end = () => {
        callOff();
        for (const pipe of [child.stdout, child.stderr]) pipe.destroy();
        resolve(code ?? 128 + (signals[signal ?? ""] ?? 1));
      };
      const callOff = alarm(1_000, end);
      child.once("close", end);
    });
  });
}
const signals: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
};

/** Runs the list once; its own exit code counts, which an entrypoint may hide. */
async function once(job: Job, add: (chunk: Buffer) => void): Promise<Pick<Evidence, "exitCode" | "ran">> {
  const nonce = randomUUID();
  writeForAll(receiptPath, `${nonce}\n`);
  const code = await exitOf(job, add);
  const [, own] = new RegExp(`^${nonce} (\\d{1,3})\n$`).exec(readText(receiptPath) ?? "") ?? [];
  if (own === undefined) return { exitCode: code, ran: code > 125 };
  return { exitCode: code === 0 || job.passing.includes(code) ? Number(own) : code, ran: true };
}

async function runList(job: Job): Promise<Ended> {
  writeProgram("/slipway/run", job.runner);
  writeProgram("/slipway/cmd", job.script);
  const log = keepLog();
  const began = Date.now();
  const passes = (code: number) => code === 0 || job.passing.includes(code);
  const isOwn = (code: number) => !passes(code) && code < 125 && !job.meant.includes(code);
  let failedRuns = 0;
  let ended = await once(job, log.add);
  for (let failed = 1; failed <= job.retries && ended.ran && !isStopped && isOwn(ended.exitCode); failed += 1) {
    log.add(Buffer.from(`${job.does} exited with ${ended.exitCode}: running again, ${failed} of ${job.retries}\n`));
    ended = await once(job, log.add);
    if (passes(ended.exitCode)) failedRuns = failed;
  }
  return { ...ended, failedRuns, milliseconds: Date.now() - began, log: log.whole() };
}

function filesOf(job: Job, log: Buffer): Readonly<Partial<Record<EvidenceFile, Buffer>>> {
  const own = (path: string | null, name: EvidenceFile) => {
    const most = evidenceFiles.find((one) => one.name === name)?.most ?? 0;
    const content = path === null ? null : readOwnBytes(path, most);
    return content === null ? {} : { [name]: content };
  };
  return { ...own(job.junit, "junit.xml"), ...own(job.coverage, "coverage.data"), "output.log": log };
}

const blobOf = (content: Buffer) => ({
  mediaType: "application/octet-stream",
  digest: `sha256:${createHash("sha256").update(content).digest("hex")}`,
  size: content.length,
});

/** A client with the login of this job alone. */
function clientOf(secret: unknown) {
  const authority = textAt(secret, "slipway", "authority") ?? "";
  const env: Record<string, string> = { DOCKER_CONFIG: secretFolder, HOME: "/slipway/home" };
  if (authority !== "") {
    const file = "/slipway/work/authority.pem";
    writePrivate(file, authority);
    env["NODE_EXTRA_CA_CERTS"] = file;
  }
  return registryClient({ env });
}

async function push(job: Job, ended: Ended, secret: unknown): Promise<void> {
  const client = clientOf(secret);
  const put = async (content: Buffer) => {
    const blob = blobOf(content);
    await client.putBlob(job.repo, {
      blob,
      from: null,
      read: async function* () {
        if (content.length > 0) yield content;
      },
    });
    return { digest: blob.digest, size: blob.size };
  };
  const { log, ...how } = ended;
  const files: Partial<Record<EvidenceFile, { digest: string; size: number }>> = {};
  for (const [name, content] of Object.entries(filesOf(job, log))) files[name as EvidenceFile] = await put(content);
  const parts = {
    config: await put(Buffer.from(renderEvidenceConfig({ slipway: 1, ...job.of, ...how }))),
    files,
    subject: job.subject,
  };
  const key = textAt(secret, "slipway", "key") ?? "";
  const proof = createHmac("sha256", key)
    .update(renderEvidence({ ...parts, proof: null }))
    .digest("hex");
  const bytes = Buffer.from(renderEvidence({ ...parts, proof }));
  const manifest = { ...blobOf(bytes), mediaType: evidenceType, bytes };
  await client.putManifest(job.repo, job.tag, { manifest });
}

/** What a node is told when it or the network was at fault, so that Swarm starts the list again (sysexits.h, EX_TEMPFAIL). */
const again = 75;

/**
 * Runs one test list in its image on a node of a swarm, and pushes what it leaves as one artifact. Gives 0 whatever the verdict is;
 * one that ran and was lost before Swarm heard of its end is not run again.
 */
export async function runListHere(): Promise<number> {
  const job = jsonOf(process.env[jobVariable] ?? "") as Job;
  const secret = jsonOf(readText(join(secretFolder, "config.json")) ?? "");
  if ((await clientOf(secret).head(job.repo, job.tag)) !== null) return 0;
  const ended = await runList(job);
  for (let left = 4; !isStopped; left -= 1) {
    try {
      await push(job, ended, secret);
      return 0;
    } catch (error) {
      tell(`evidence was not pushed: ${error instanceof Error ? error.message : String(error)}`);
      if (left === 0) break;
      await pause(3_000);
    }
  }
  return again;
}
