import { describe, expect, it } from "vitest";
import { imageLabels } from "../../lib/build/build.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { findImage } from "../../lib/release/find_image.ts";
import { commit, digest, facts, found, inputs, localImage, refusal, version } from "./factory.ts";
import { inEcr, inEngine, local, repository } from "./known_images.ts";
import { built, labels } from "./release_plans.ts";

const revision = "org.opencontainers.image.revision";
const find = (more: Partial<AllFacts> = {}) => findImage(facts(more), version("1.2.0"));

describe("the image of a version is found", () => {
  it.each<[string, Partial<AllFacts>, unknown]>([
    ["nowhere", {}, { where: null, digest: null }],
    ["in a registry, and not in the engine", inEcr(labels), { where: "registry", digest: built, pulled: false }],
    [
      "in a registry and in the engine",
      { ...inEcr(labels), ...inEngine(localImage("x:y"), localImage("x:z", { digests: [digest("b"), built] })) },
      { where: "registry", digest: built, pulled: true },
    ],
    [
      "in the second registry",
      { registries: { ecr: { dev: found(digest("b")) }, dockerhub: { "dev-1.2.0": found(built, labels) } } },
      { where: "registry", digest: built, pulled: false },
    ],
    ["in the engine", inEngine(localImage("x:y"), local()), { where: "engine", digest: built }],
    ["not in the engine under another name", inEngine(localImage("x:y", { labels })), { where: null, digest: null }],
    [
      "not in the engine with other inputs",
      inEngine(local({ labels: { ...labels, "dev.slipway.inputs": "x" } })),
      { where: null, digest: null },
    ],
    [
      "not in the engine of another commit",
      inEngine(local({ labels: { ...labels, [revision]: commit("c") } })),
      { where: null, digest: null },
    ],
    [
      "not in the engine with files that are not the commit's",
      inEngine(local({ labels: { ...labels, "dev.slipway.context": "with a.py" } })),
      { where: null, digest: null },
    ],
  ])("%s", (_where, more, wanted) => {
    expect(find(more)).toEqual(wanted);
  });

  const on = (content: string | null) => ({ inputs: inputs({ bases: [{ name: "debian:12", content }] }) });
  const builtOn = (content: string | null) => imageLabels(facts(on(content)), version("1.2.0"), "no_update");
  it.each<[string, string | null, string | null, boolean]>([
    ["on the same image", "c1", "c1", true],
    ["on an image that is another by now", "c1", "c2", false],
    ["on an image that the engine lacks by now", "c1", null, false],
    ["on an image that nobody could name", null, "c1", false],
    ["on an image that nobody can name", null, null, false],
  ])("in the engine only where it was built %s, and in a registry anyway", (_what, then, now, taken) => {
    const where = (more: Partial<AllFacts>) => find({ ...more, ...on(now) }).where;
    expect(where(inEngine(local({ labels: builtOn(then) })))).toBe(taken ? "engine" : null);
    expect(where(inEcr(builtOn(then)))).toBe("registry");
  });

  it("as prod, which has no poetry mode", () => {
    const prodLabels = imageLabels(facts(), version("1.2.0"), "prod");
    const image = localImage(`${repository}:prod-1.2.0`, { id: built, labels: prodLabels });
    expect(find({ stage: "prod", ...inEngine(image) })).toEqual({ where: "engine", digest: built });
    expect(find({ stage: "prod", ...inEngine({ ...image, labels }) }).where).toBeNull();
    expect(find(inEngine(local({ labels: prodLabels }))).where).toBeNull();
  });

  const onDev = (of: string, formerHash?: string): Partial<AllFacts> => {
    const base = { version: version("1.2.0"), why: "the newest dev", digest: digest(of), repository };
    return { stage: "prod", inputs: inputs({ base, ...(formerHash ? { formerHash } : {}) }) };
  };
  const ofProd = (of: string) => imageLabels(facts(onDev(of)), version("1.2.0"), "prod");
  const prodInEcr = (had: Readonly<Record<string, string>>, wanted: Partial<AllFacts>) => ({
    ...wanted,
    registries: { ecr: { "prod-1.2.0": found(built, had) } },
  });
  it("as prod on the same dev image alone, in registry and engine", () => {
    const image = localImage(`${repository}:prod-1.2.0`, { id: built, labels: ofProd("d") });
    expect([
      find({ ...onDev("d"), ...inEngine(image) }).where,
      find({ ...onDev("e"), ...inEngine(image) }).where,
    ]).toEqual(["engine", null]);
    expect(find(prodInEcr(ofProd("d"), onDev("d"))).where).toBe("registry");
    expect(refusal(() => find(prodInEcr(ofProd("d"), onDev("e")))).message).toContain("was already built from");
  });

  it("as prod that Slipway 0.1 labelled, by inputs that had the digest of dev in them", () => {
    const former = imageLabels(
      facts({ stage: "prod", inputs: inputs({ hash: "f".repeat(64) }) }),
      version("1.2.0"),
      "prod",
    );
    const had = { ...ofProd("d"), "dev.slipway.inputs": former["dev.slipway.inputs"] ?? "" };
    const image = localImage(`${repository}:prod-1.2.0`, { id: built, labels: had });
    expect(find(prodInEcr(had, onDev("d", "f".repeat(64)))).where).toBe("registry");
    expect(find({ ...onDev("d", "f".repeat(64)), ...inEngine(image) }).where).toBe("engine");
    expect(refusal(() => find(prodInEcr(had, onDev("d", "e".repeat(64))))).message).toContain("was already built from");
    expect(refusal(() => find(prodInEcr(had, onDev("d")))).message).toContain("was already built from");
  });

  it.each<[string, Partial<AllFacts>, string]>([
    ["another commit", inEcr({ ...labels, [revision]: commit("e") }), "eeeeeeeeeeee"],
    ["other inputs", inEcr({ ...labels, "dev.slipway.inputs": "x" }), "aaaaaaaaaaaa"],
    ["nobody knows what", inEcr({}), "another source"],
  ])("or refused, where a registry has it built from %s", (_from, more, from) => {
    expect(refusal(() => find(more))).toMatchObject({
      message: `dev-1.2.0 was already built from ${from}`,
      why: "A version always names the same image, and this build would be a different one.",
      fix: "Release the next one: add its entry and --version 1.2.1",
    });
  });

  it("or refused, where a registry that does not know its labels has it", () => {
    const registries = { ecr: { "dev-1.2.0": { state: "found", digest: built } } } as const;
    expect(refusal(() => find({ registries })).message).toBe("dev-1.2.0 was already built from another source");
  });
});

describe("what a registry has of a release of several platforms", () => {
  const both = { platforms: ["linux/amd64", "linux/arm64"] };
  const ofBoth = imageLabels(facts(both), version("1.2.0"), "no_update");
  const inRegistry = (more: object) => ({
    ...both,
    registries: { ecr: { "dev-1.2.0": { ...found(built, ofBoth), ...more } } },
  });

  it("is taken as the index that it is", () => {
    expect(find(inRegistry({}))).toMatchObject({ where: "registry", digest: built });
  });

  it("is refused where it is one image, which an engine pushes that lacks content of the other", () => {
    expect(refusal(() => find(inRegistry({ platform: "linux/amd64" })))).toMatchObject({
      kind: "drift",
      message: "dev-1.2.0 is one image of linux/amd64, not an index of linux/amd64 and linux/arm64",
      fix: expect.stringContaining("--version 1.2.1"),
    });
  });
});

it("inputs with other contents are another image", () => {
  const other = inputs({ hash: "d".repeat(64) });
  expect(find({ ...inEngine(local()), inputs: other }).where).toBeNull();
});
