import { describe, expect, it } from "vitest";
import {
  type Evidence,
  type EvidenceParts,
  evidenceType,
  renderEvidence,
  renderEvidenceConfig,
} from "../../lib/config/evidence.ts";
import { proofOf, takeEvidence } from "../../lib/tests/take_evidence.ts";
import { type OciServer, sha256 } from "./oci_server.ts";
import { clientOf, repoAt, startRegistry } from "./registry_ground.ts";

const key = "ab".repeat(32);
const of = {
  run: "slipway-fast-web-1",
  dir: "web",
  list: "fast",
  image: sha256("image"),
  commit: "c".repeat(40),
  tree: "d".repeat(40),
};
const ended = { slipway: 1, exitCode: 1, ran: true, failedRuns: 0, milliseconds: 5 } as const;

type Left = {
  readonly evidence: Evidence;
  readonly junit: string;
  readonly subject: EvidenceParts["subject"];
  readonly key: string;
};
const left: Left = {
  evidence: { ...ended, ...of },
  junit: "<testsuites/>",
  subject: { mediaType: evidenceType, digest: of.image, size: 5 },
  key,
};

/** Puts evidence into a registry as a run's container does; gives its digest. */
function put(server: OciServer, { evidence, junit, subject, key }: Left): string {
  const blob = (text: string) => {
    server.blobs.set(sha256(text), Buffer.from(text));
    return { digest: sha256(text), size: text.length };
  };
  const files = { "junit.xml": blob(junit), "output.log": blob("printed\n") };
  const parts = { config: blob(renderEvidenceConfig(evidence)), files, subject };
  return hold(server, renderEvidence({ ...parts, proof: proofOf(key, parts) }));
}

function hold(server: OciServer, manifest: string): string {
  const stored = { bytes: Buffer.from(manifest), mediaType: evidenceType };
  server.manifests.set(`cmamp@${sha256(manifest)}`, stored);
  return sha256(manifest);
}

const take = (server: OciServer, digest: string) =>
  takeEvidence(clientOf(), { repo: repoAt(server), of, key, does: "the fast tests of web" }, digest);

describe("evidence in a registry", () => {
  it("is taken with its files", async () => {
    const server = await startRegistry();
    const { evidence, files } = await take(server, put(server, left));
    expect(evidence).toEqual(left.evidence);
    expect(Object.entries(files).map(([name, bytes]) => [name, Buffer.from(bytes).toString()])).toEqual([
      ["junit.xml", "<testsuites/>"],
      ["output.log", "printed\n"],
    ]);
  });

  it.each<[string, Partial<Left>, RegExp]>([
    ["of another run", { evidence: { ...left.evidence, run: "other" } }, /its run is other/i],
    ["of another commit", { evidence: { ...left.evidence, commit: "e".repeat(40) } }, /its commit is e+/i],
    ["of another image", { evidence: { ...left.evidence, image: sha256("other") } }, /its image is/i],
    ["of another list", { evidence: { ...left.evidence, list: "slow" } }, /its list is slow/i],
    ["with another subject", { subject: { ...evidenceOther(), size: 5 } }, /its subject is/i],
    ["without a subject", { subject: null }, /its subject is none/i],
    ["of who does not know the key", { key: "cd".repeat(32) }, /lacks the proof/],
  ])("%s is refused", async (_, other, why) => {
    const server = await startRegistry();
    const taking = take(server, put(server, { ...left, ...other }));
    await expect(taking).rejects.toMatchObject({
      message: "the evidence of the fast tests of web is not what its run left",
      why: expect.stringMatching(why),
      exitCode: 125,
    });
  });

  /** What somebody who may push changes of what a run left; each has to find what it changes. */
  it.each<[string, (manifest: string, server: OciServer) => string, RegExp]>([
    [
      "another exit code",
      (manifest, server) => {
        const config = renderEvidenceConfig({ ...left.evidence, exitCode: 0 });
        server.blobs.set(sha256(config), Buffer.from(config));
        return manifest.replace(sha256(renderEvidenceConfig(left.evidence)), sha256(config));
      },
      /lacks the proof/,
    ],
    [
      "another report",
      (manifest, server) => {
        server.blobs.set(sha256("<testsuite/> "), Buffer.from("<testsuite/> "));
        return manifest.replace(sha256(left.junit), sha256("<testsuite/> "));
      },
      /lacks the proof/,
    ],
    ["no proof", (manifest) => manifest.replace(/,"annotations":\{"dev[^}]*\}/, ""), /lacks the proof/],
    [
      "more in its manifest",
      (manifest) => manifest.replace('"schemaVersion":2', '"schemaVersion":2,"x":1'),
      /not as Slipway/,
    ],
    ["no evidence at all", (manifest) => manifest.replace("slipway.tests.v1", "other.v1"), /no artifact/],
  ])("with %s is refused", async (_, change, why) => {
    const server = await startRegistry();
    const whole = server.manifests.get(`cmamp@${put(server, left)}`)?.bytes.toString() ?? "";
    const changed = change(whole, server);
    expect(changed).not.toBe(whole);
    await expect(take(server, hold(server, changed))).rejects.toMatchObject({
      why: expect.stringMatching(why),
      exitCode: 125,
    });
  });

  it.each<[string, (server: OciServer) => void, RegExp]>([
    [
      "other bytes of its report",
      (server) => server.blobs.set(sha256(left.junit), Buffer.from("<testsuite  />")),
      /bytes/,
    ],
    [
      "as many other bytes",
      (server) => server.blobs.set(sha256(left.junit), Buffer.from("<testsuiteS/>")),
      /bytes that came are/,
    ],
    ["no report", (server) => server.blobs.delete(sha256(left.junit)), /404/],
  ])("of which the registry has %s is refused", async (_, change, why) => {
    const server = await startRegistry();
    const digest = put(server, left);
    change(server);
    await expect(take(server, digest)).rejects.toMatchObject({ why: expect.stringMatching(why), exitCode: 125 });
  });

  it("that is gone is refused", async () => {
    const server = await startRegistry();
    await expect(take(server, sha256("nothing"))).rejects.toMatchObject({
      why: "Its manifest is not there.",
      exitCode: 125,
    });
  });
});

function evidenceOther() {
  return { mediaType: evidenceType, digest: sha256("another image") };
}
