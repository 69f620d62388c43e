import { readFileSync } from "node:fs";
import { registryClient, repositoryOf } from "../../lib/oci/registry.ts";

/** Copies `digest` from the first address to the others in a process of its own and prints its peak memory in KiB. */
const [digest = "", ...addresses] = process.argv.slice(2);
const [from, ...to] = addresses.map((address, at) =>
  repositoryOf({ name: `r${at}`, kind: "oci", required: true, address }, "big"),
);
if (from === undefined) throw new Error("copy_child DIGEST FROM TO...");
const start = Date.now();
const results = await registryClient({ env: process.env }).copy({ from, to, digest, tag: "dev" });
const outcomes = results.map((result) => (result.outcome === "error" ? result.error.why : result.outcome));
const peak = /VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
process.stdout.write(`${JSON.stringify({ outcomes, peak: Number(peak), milliseconds: Date.now() - start })}\n`);
