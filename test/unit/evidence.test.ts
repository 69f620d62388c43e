import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  artifactType,
  type Evidence,
  type EvidenceParts,
  evidenceFiles,
  lastOf,
  otherThan,
  parseEvidence,
  parseEvidenceConfig,
  renderEvidence,
  renderEvidenceConfig,
} from "../../lib/config/evidence.ts";

const digestOf = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;
const blob = (text: string) => ({ digest: digestOf(text), size: text.length });
const parts: EvidenceParts = {
  config: blob("{}"),
  files: { "junit.xml": blob("<testsuites/>"), "output.log": blob("ok\n") },
  subject: { mediaType: "application/vnd.oci.image.manifest.v1+json", ...blob("image") },
  proof: "ab".repeat(32),
};
const evidence: Evidence = {
  slipway: 1,
  run: "r1.fast_web",
  dir: "web",
  list: "fast",
  image: digestOf("image"),
  commit: "c".repeat(40),
  tree: "d".repeat(40),
  exitCode: 1,
  ran: true,
  failedRuns: 0,
  milliseconds: 5000,
};
/** The manifest with something else in it. */
const changed = (change: (manifest: Record<string, never>) => void): string => {
  const manifest = JSON.parse(renderEvidence(parts));
  change(manifest);
  return JSON.stringify(manifest);
};

describe("the artifact of a run of tests", () => {
  it("is an OCI manifest of its own type, whose subject is the image that was tested", () => {
    expect(JSON.parse(renderEvidence(parts))).toMatchObject({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      artifactType,
      subject: parts.subject,
      layers: [
        { digest: digestOf("<testsuites/>"), annotations: { "org.opencontainers.image.title": "junit.xml" } },
        { digest: digestOf("ok\n"), annotations: { "org.opencontainers.image.title": "output.log" } },
      ],
    });
  });

  it.each([parts, { ...parts, files: {}, subject: null, proof: null }])("is read as it was written", (one) => {
    expect(parseEvidence(renderEvidence(one))).toEqual(one);
  });

  it.each<[string, string, RegExp]>([
    ["no JSON", "{", /no JSON object/],
    ["an image", changed((one) => Object.assign(one, { artifactType: undefined })), /no artifact of test evidence/],
    [
      "a file of another type",
      changed((one) => Object.assign(one["layers"]?.[0] ?? {}, { mediaType: "x" })),
      /none of evidence/,
    ],
    [
      "a file without a digest",
      changed((one) => Object.assign(one["layers"]?.[0] ?? {}, { digest: "md5:1" })),
      /no sha256/,
    ],
    [
      "a file that is too large",
      changed((one) => Object.assign(one["layers"]?.[0] ?? {}, { size: 2 ** 40 })),
      /at most/,
    ],
    ["a config without a size", changed((one) => Object.assign(one["config"] ?? {}, { size: -1 })), /no size/],
    ["another title", changed((one) => Object.assign(one["layers"]?.[0] ?? {}, { annotations: {} })), /not as Slipway/],
    ["something beside", changed((one) => Object.assign(one, { more: 1 })), /not as Slipway/],
    ["white space", `${renderEvidence(parts)}\n`, /not as Slipway/],
  ])("with %s is refused", (_, text, why) => {
    expect(() => parseEvidence(text)).toThrow(why);
  });

  it("has each file once", () => {
    const twice = changed((one) =>
      Object.assign(one, { layers: [...[one["layers"] ?? []].flat(), one["layers"]?.[0]] }),
    );
    expect(() => parseEvidence(twice)).toThrow(/not as Slipway/);
  });
});

describe("its config", () => {
  it("is read as it was written", () => {
    expect(parseEvidenceConfig(renderEvidenceConfig(evidence))).toEqual(evidence);
  });

  it.each<[keyof Evidence, unknown]>([
    ["slipway", 2],
    ["run", 1],
    ["dir", "a\nb"],
    ["list", null],
    ["image", "dev"],
    ["commit", 1],
    ["tree", undefined],
    ["exitCode", 256],
    ["ran", "yes"],
    ["failedRuns", -1],
    ["milliseconds", 1.5],
  ])("with a wrong %s is refused", (field, value) => {
    const wrong = JSON.stringify({ ...evidence, [field]: value });
    expect(() => parseEvidenceConfig(wrong)).toThrow(`"${field}" of its config`);
  });

  it.each(["run", "dir", "list", "image", "commit", "tree"] as const)("of another %s is told", (field) => {
    expect(otherThan(evidence, evidence)).toBeUndefined();
    expect(otherThan({ ...evidence, [field]: "other" }, evidence)).toContain(`its ${field} is other`);
  });
});

it("a log that is too long keeps its end, and says so", () => {
  const kept = lastOf(Buffer.from(`${"x".repeat(200)}end`), 100);
  expect(kept.length).toBe(100);
  expect(kept.toString()).toMatch(/^\.\.\. what came before is left out\nx+end$/);
  expect(lastOf(Buffer.from("short"), 100).toString()).toBe("short");
  expect(evidenceFiles.every(({ most }) => most > 2 ** 20)).toBe(true);
});
