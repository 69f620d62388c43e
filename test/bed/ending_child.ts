import { registryClient, repositoryOf } from "../../lib/oci/registry.ts";

/** Asks a registry by every method, copies an image of it to another, says so, and has nothing more to do. */
const [digest = "", address = "", other = ""] = process.argv.slice(2);
const [from, to] = [address, other].map((at) =>
  repositoryOf(
    { name: at, kind: "oci", required: true, address: at, ...(process.env["INSECURE"] ? { insecure: true } : {}) },
    "cmamp",
  ),
);
if (from === undefined || to === undefined) throw new Error("ending_child DIGEST FROM TO");
const client = registryClient({ env: process.env });
const manifest = await client.manifest(from, digest);
if (manifest === null) throw new Error(`${address} has no ${digest}`);
const results = await client.copy({ from, to: [to], digest, tag: "dev" });
const isThere = results.every(({ outcome }) => outcome !== "error");
await client.head(to, "nothing");
await client.putManifest(to, "again", { manifest });
if (isThere) await client.tags(to);
await client.remove(to, [{ digest, tags: ["dev", "again"] }]);
await client.assertCanPush(to);
const said = results.map((result) => (result.outcome === "error" ? result.error.message : result.outcome));
process.stdout.write(`${said.join(", ")}\n`);
