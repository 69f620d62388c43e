import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { availableParallelism, hostname } from "node:os";
import { filesIn, readText } from "./files.ts";

/** What tells this process from any other: host, boot, PID namespace, pid and start time (design.md, "claim"). */
export function loadProcess(): { host: string; boot: string; namespace: string; pid: number; started: string } {
  const read = (path: string) => (existsSync(path) ? readFileSync(path, "utf8").trim() : "");
  return {
    host: hostname(),
    boot: read("/proc/sys/kernel/random/boot_id"),
    namespace: pidNamespace(),
    pid: process.pid,
    started: startTime(process.pid) ?? "",
  };
}

/** The number of this process's PID namespace (namespaces(7)); "" where the system has none. */
function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid").replaceAll(/\D/g, "");
  } catch {
    return "";
  }
}

/**
 * A process's start time in the kernel's words, "" when it does not live; a reused pid has another, a zombie has none. Null
 * where it lives and permission denied look at it (proc(5), hidepid), or the system does not tell.
 */
export function startTime(pid: number): string | null {
  const text = readText(`/proc/${pid}/stat`);
  if (text === null) return isThere(pid) ? null : "";
  // After the name in parentheses: the state, and 19 fields later the start time (proc(5), /proc/pid/stat).
  const fields = text.split(") ").at(-1)?.split(" ") ?? [];
  return ["Z", "X"].includes(fields[0] ?? "") ? "" : (fields[19] ?? "");
}

/** A process, its program's name, and the variables that it was started with. */
type Started = { readonly pid: number; readonly program: string; readonly env: Readonly<Record<string, string>> };

/** The processes that were started with a variable, as far as this user may look at them (proc(5), /proc/pid/environ). */
export function startedWith(name: string): readonly Started[] {
  return filesIn("/proc").flatMap((pid) => {
    const text = /^\d+$/.test(pid) ? readText(`/proc/${pid}/environ`) : null;
    if (!text?.includes(`${name}=`)) return [];
    const env = Object.fromEntries(text.split("\0").map((pair) => [pair.split("=")[0], pair.replace(/^[^=]*=/, "")]));
    const program = (readText(`/proc/${pid}/comm`) ?? "").trimEnd();
    return name in env ? [{ pid: Number(pid), program, env }] : [];
  });
}

/** Ends a process at once; one that is gone is none to end. */
export function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** Whether the system knows a process, also one of another user (kill(2), signal 0). */
function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** How many things that compute this machine does at once. */
export const cores = (): number => availableParallelism();
