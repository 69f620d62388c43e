import { describe, expect, it } from "vitest";
import { releaseHistory, releaseStatus } from "../../lib/flows/status.ts";
import type { RegistryFacts } from "../../lib/model/facts.ts";
import type { SignedEntry } from "../../lib/model/log.ts";
import { config, digest, doing, facts, found, logged } from "./factory.ts";

const [one, two] = [digest("a"), digest("b")];
const settings = config({
  container_registry_info: {
    ecr: { address: "127.0.0.1:5001", kind: "ecr" },
    hub: { address: "acme", kind: "dockerhub" },
    attic: { address: "127.0.0.1:5002", kind: "oci", required: false },
  },
});
const status = (registries: RegistryFacts, log = [flip]) =>
  doing(releaseStatus(facts({ config: settings, registries, log }), {}), "announce")[0];
const flip = logged({
  type: "flip",
  id: "f1",
  tag: "dev",
  version: "1.2.0",
  to: one,
  from: { ecr: two, hub: two },
  why: "rollback",
  reason: "it breaks",
  registries: ["ecr", "hub"],
});
type Flip = Extract<SignedEntry, { type: "flip" }>;
const at = (hash: string) => ({ dev: found(hash) });

describe("release_status", () => {
  it.each<[string, RegistryFacts, number, string]>([
    ["registries that agree are well", { ecr: at(one), hub: at(one), attic: at(one) }, 0, "all registries agree"],
    [
      "registries that differ are drift",
      { ecr: at(one), hub: at(two) },
      1,
      "drift: dev; mend it with: i release_mirror",
    ],
    ["a required registry without the tag is drift", { ecr: at(one), hub: {} }, 1, "drift: dev"],
    [
      "a registry that is not required may lag",
      { ecr: at(one), hub: at(one), attic: at(two) },
      0,
      "all registries agree",
    ],
    [
      "a registry that does not answer is bad news, not drift",
      { ecr: at(one), hub: { dev: { state: "unknown", why: "timeout" } } },
      1,
      "some registries do not answer",
    ],
  ])("%s", (_name, registries, exitCode, verdict) => {
    const told = status(registries);
    expect([told?.exitCode, told?.text.split("\n").at(-1)]).toEqual([exitCode, expect.stringContaining(verdict)]);
  });

  it("names the version behind a mutable tag, as the log knows it", () => {
    expect(status({ ecr: at(one), hub: at(one) })?.text).toMatch(/^dev +ecr +sha256:a+ is 1\.2\.0$/m);
  });

  it("says behind by choice of a registry that is not required", () => {
    expect(status({ ecr: at(one), hub: at(one), attic: {} })?.text).toMatch(/^dev +attic +- +behind by choice$/m);
  });

  const partial = logged({
    ...flip,
    id: "f2",
    to: two,
    version: "1.3.0",
    from: { ecr: one },
    registries: ["ecr"],
  } as Flip);
  it.each<[string, RegistryFacts, number, RegExp]>([
    ["is behind by choice", { ecr: at(two), hub: at(one) }, 0, /^dev +hub +sha256:a+ behind by choice, is 1\.2\.0$/m],
    ["is drift once somebody moved it", { ecr: at(two), hub: at(digest("c")) }, 1, /^dev +hub +sha256:c+ DRIFT$/m],
    ["is drift when the tag is gone", { ecr: at(two), hub: {} }, 1, /^dev +hub +- +DRIFT absent$/m],
  ])("a registry that the last move left out on purpose %s", (_name, registries, exitCode, row) => {
    const told = status(registries, [flip, partial]);
    expect([told?.exitCode, told?.text]).toEqual([exitCode, expect.stringMatching(row)]);
  });

  it("says DRIFT of the registry alone that differs from the log", () => {
    const text = status({ ecr: at(one), hub: at(two) })?.text;
    expect(text).toMatch(/^dev +ecr +sha256:a+ is 1\.2\.0$/m);
    expect(text).toMatch(/^dev +hub +sha256:b+ DRIFT$/m);
  });

  it("says why a registry does not answer", () => {
    expect(status({ ecr: { dev: { state: "unknown", why: "timeout" } } })?.text).toContain("does not answer: timeout");
  });
});

describe("release_history", () => {
  const pass = { version: "1.2.0", commit: "c0ffee", tree: "t", runner: "r", platform: "p", digest: one };
  const log = [
    logged({ type: "pass", list: "fast", ...pass }),
    logged({ type: "skip", list: "qa", why: "--no-qa-tests", version: "1.2.0", digest: one }),
    flip,
  ];
  const told = (all: boolean, entries = log) =>
    doing(releaseHistory(facts({ log: entries }), { all }), "announce")[0]?.text;

  it("tells who moved a tag, when and why", () => {
    expect(told(false)).toContain(
      `2025-01-02 10:00:00 ann        1.2.0    dev -> ${one} (rollback: it breaks) in ecr, hub`,
    );
  });

  it("shows tests that were left out", () => {
    expect(told(false)).toContain("qa tests SKIPPED: --no-qa-tests");
  });

  it.each([
    [false, false],
    [true, true],
  ])("with --all %s passes are told: %s", (all, expected) => {
    expect(told(all)?.includes("fast tests passed on c0ffee")).toBe(expected);
  });

  it("says that there is none", () => {
    expect(told(false, [])).toBe("nothing was released of cmamp yet");
  });
});
