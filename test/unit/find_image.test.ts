import { describe, expect, it } from "vitest";
import { imageLabels } from "../../lib/build/build.ts";
import { pull, pullDevTools, pullIfMissing } from "../../lib/container/pull.ts";
import { command } from "../../lib/kinds/command.ts";
import { asksRegistries, chooseImage, chooseReleased } from "../../lib/names/choose_image.ts";
import type { AllFacts, TagState } from "../../lib/plan/facts.ts";
import { findImage } from "../../lib/release/find_image.ts";
import {
  commit,
  config,
  digest,
  doing,
  engine,
  facts,
  found,
  inputs,
  lines,
  localImage,
  logged,
  refusal,
  version,
} from "./factory.ts";

const repository = "127.0.0.1:5001/cmamp";
const built = digest("a");
const labels = imageLabels(facts(), version("1.2.0"), "no_update");
const revision = "org.opencontainers.image.revision";
const find = (more: Partial<AllFacts> = {}) => findImage(facts(more), version("1.2.0"));
const inEcr = (given: Parameters<typeof found>[1]) => ({ registries: { ecr: { "dev-1.2.0": found(built, given) } } });
const inEngine = (...images: ReturnType<typeof localImage>[]) => ({ engine: engine({ images }) });
const local = (more: Parameters<typeof localImage>[1] = {}) =>
  localImage(`${repository}:local-gp-1.2.0`, { id: built, labels, ...more });

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

/** 1.2.0 was released after 1.1.0 and rolled back. */
const back = (tag: "dev" | "prod") =>
  [
    ["1.1.0", "release"],
    ["1.2.0", "release"],
    ["1.1.0", "rollback"],
  ].map(([version = "", why]) =>
    logged({
      ...{ type: "flip", id: version, tag, version, to: "sha256:x", from: {}, registries: ["ecr"] },
      why: why === "release" ? "release" : "rollback",
    }),
  );

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

describe("the image that a command means", () => {
  const everywhere = {
    ...inEngine(localImage(`${repository}:dev-1.2.0`), localImage(`${repository}:prod-1.2.0`)),
    ...inEcr({}),
  };
  const tag = (stage: "local" | "dev" | "prod", of: string | null, more: Partial<AllFacts> = {}) =>
    chooseImage(facts(more), stage, of === null ? null : version(of)).tag;
  const mine = (...versions: readonly string[]) =>
    inEngine(...versions.map((of) => localImage(`${repository}:local-gp-${of}`)));

  it.each<[string, "local" | "dev" | "prod", string | null, Partial<AllFacts>, string]>([
    ["the one that is named", "dev", "1.1.0", {}, "dev-1.1.0"],
    ["dev where nobody has the code's version", "dev", null, {}, "dev"],
    [
      "the code's version where the engine has it",
      "dev",
      null,
      inEngine(localImage(`${repository}:dev-1.2.0`)),
      "dev-1.2.0",
    ],
    ["the code's version where a registry has it", "dev", null, inEcr({}), "dev-1.2.0"],
    [
      "dev where a registry lacks it",
      "dev",
      null,
      { registries: { ecr: { "dev-1.2.0": { state: "absent" } } } },
      "dev",
    ],
    ["dev where the code's version was rolled back", "dev", null, { ...everywhere, lastLog: back("dev") }, "dev"],
    ["prod where the code's version was rolled back", "prod", null, { ...everywhere, lastLog: back("prod") }, "prod"],
    [
      "the code's version where prod was rolled back",
      "dev",
      null,
      { ...everywhere, lastLog: back("prod") },
      "dev-1.2.0",
    ],
    ["the one that was rolled back and is named", "dev", "1.2.0", { lastLog: back("dev") }, "dev-1.2.0"],
    ["dev without a changelog", "dev", null, { changelog: [] }, "dev"],
    ["prod where there is no entry of prod alone", "prod", null, { changelog: [] }, "prod"],
    ["the newest own local one by number", "local", null, mine("1.2.9", "1.2.10", "1.2.8"), "local-gp-1.2.10"],
    ["the newest own one that fits the code", "local", null, mine("1.3.0", "1.2.1"), "local-gp-1.2.1"],
    ["the newest of all where none fits", "local", null, mine("1.4.0", "1.3.0"), "local-gp-1.4.0"],
    [
      "the newest of all without a changelog",
      "local",
      null,
      { changelog: [], ...mine("1.4.0", "1.3.0") },
      "local-gp-1.4.0",
    ],
    ["nobody else's", "local", null, inEngine(localImage(`${repository}:local-ann-1.2.0`), local()), "local-gp-1.2.0"],
  ])("is %s", (_which, stage, of, more, wanted) => {
    expect(tag(stage, of, more)).toBe(wanted);
  });

  it("comes with what the engine knows of it", () => {
    const image = localImage(`${repository}:dev-1.2.0`);
    const world = facts(inEngine(localImage("x:y"), image));
    expect(chooseImage(world, "dev", version("1.2.0"))).toEqual({
      reference: `${repository}:dev-1.2.0`,
      tag: "dev-1.2.0",
      stage: "dev",
      version: "1.2.0",
      local: image,
    });
    expect(chooseReleased(world, "dev", version("1.2.0")).local).toBeNull();
  });

  it("is pulled again where the engine has cleaned up after a removed image of the same layers meanwhile", () => {
    const [line] = doing(pull(facts(), { stage: "dev" }), command);
    const said = `failed to prepare extraction snapshot "extract-1-a": parent snapshot ${digest("b")} does not exist`;
    expect(said).toMatch(new RegExp(line?.again ?? "^$"));
  });

  it("says why it is not the one that fits the code", () => {
    const { note } = chooseReleased(facts({ lastLog: back("dev") }), "dev", null);
    expect(note).toBe("1.2.0 was rolled back, dev is 1.1.0");
    expect(lines(pull(facts({ lastLog: back("dev") }), { stage: "dev" }))).toEqual([`docker pull ${repository}:dev`]);
    expect(pull(facts({ lastLog: back("dev") }), { stage: "dev" })[0]?.title).toBe(`Pull ${repository}:dev (${note})`);
  });

  it.each<[string, string, Partial<AllFacts>, string | null]>([
    ["was pulled before a rollback", "1.2.0", { lastLog: back("dev") }, null],
    ["is what was rolled back to", "1.1.0", { lastLog: back("dev") }, "the engine has it"],
    ["is what was rolled back in prod alone", "1.2.0", { lastLog: back("prod") }, "the engine has it"],
    ["has no version", "", { lastLog: back("dev") }, "the engine has it"],
  ])("is pulled again where the engine's dev %s", (_what, of, more, skip) => {
    const image = { ...localImage(`${repository}:dev`), labels: { "org.opencontainers.image.version": of } };
    const world = facts({ ...inEngine(image), changelog: [], ...more });
    expect(pullIfMissing(world, chooseImage(world, "dev", null)).map((one) => one.skip)).toEqual([skip]);
  });

  it("needs no log where it is local", () => {
    const unread = { ...facts(mine("1.2.0")) };
    Object.defineProperty(unread, "lastLog", { get: () => expect.unreachable() });
    expect(chooseImage(unread, "local", null).tag).toBe("local-gp-1.2.0");
  });

  it.each<[string, "local" | "dev", string | null, Partial<AllFacts>, boolean]>([
    ["nobody else can tell", "dev", null, {}, true],
    ["the engine has the code's version", "dev", null, everywhere, false],
    ["the code's version was rolled back", "dev", null, { lastLog: back("dev") }, false],
    ["a version is named", "dev", "1.2.0", {}, false],
    ["the changelog is empty", "dev", null, { changelog: [] }, false],
    ["it is local", "local", null, {}, false],
  ])("is asked of registries, or not, where %s", (_why, stage, of, more, wanted) => {
    expect(asksRegistries(facts(more), stage, of === null ? null : version(of))).toBe(wanted);
  });

  it("is refused where no engine answers, which is not the same as one that has no local one", () => {
    const down = { engine: engine({ up: false, why: "no socket" }) };
    expect(refusal(() => tag("local", null, down)).message).toBe("no Docker engine answers");
  });

  it("is refused where a user has no local one", () => {
    expect(refusal(() => tag("local", null, inEngine(localImage(`${repository}:local-ann-1.2.0`))))).toMatchObject({
      message: "gp has no local image of cmamp in the engine",
      why: "A local image is built on this machine and private to its user.",
      fix: "Build one: i docker_build_local --version X.Y.Z",
    });
  });
});

describe("docker_pull", () => {
  const run = (more: Partial<AllFacts> = {}, options: Partial<Parameters<typeof pull>[1]> = {}) =>
    pull(facts(more), { stage: "dev", ...options });

  it("is refused where the first registry lets nobody in, for that is what the engine would meet too", () => {
    const state = (reason: "denied" | "unreachable"): TagState => ({
      ...{ state: "unknown", why: "cannot read dev: ecr answered 401" },
      error: { reason, why: "a helper hangs", fix: "take it out" },
    });
    expect(refusal(() => run({ registries: { ecr: { dev: state("denied") } } }))).toMatchObject({
      ...{ message: "cannot read dev: ecr answered 401", why: "a helper hangs", fix: "take it out" },
      ...{ kind: "registry_denied", exitCode: 1 },
    });
    for (const registries of [{ ecr: { dev: state("unreachable") } }, { dockerhub: { dev: state("denied") } }])
      expect(lines(run({ registries }))).toEqual([`docker pull ${repository}:dev`]);
  });
  const second = { targets: config().registries.slice(1) };

  it("pulls from the first target, under the name that the engine knows the image by", () => {
    const [step, ...more] = run({}, { version: version("1.1.0") });
    expect([step?.id, step?.title, step?.skip, lines([...(step ? [step] : [])]), more]).toEqual([
      "docker_pull",
      `Pull ${repository}:dev-1.1.0`,
      null,
      [`docker pull ${repository}:dev-1.1.0`],
      [],
    ]);
    expect(lines(run(second))).toEqual([
      "docker pull 127.0.0.1:5002/cmamp:dev",
      `docker tag 127.0.0.1:5002/cmamp:dev ${repository}:dev`,
    ]);
  });

  it("without a target takes the name that the engine would know", () => {
    expect(lines(run({ targets: [] }))).toEqual([`docker pull ${repository}:dev`]);
  });

  it("logs docker in where AWS is behind the registry", () => {
    expect(lines(run({ env: { AWS_ENDPOINT_URL: "http://127.0.0.1:1" } }))).toEqual([
      "docker login --username AWS --password-stdin 127.0.0.1:5001",
      `docker pull ${repository}:dev`,
    ]);
  });

  it("refuses a local image", () => {
    expect(refusal(() => run({}, { stage: "local" }))).toMatchObject({
      message: "a local image cannot be pulled",
      why: "It is private to its user and machine.",
      fix: "Build it: i docker_build_local; or pull a released one: i docker_pull --stage dev",
    });
  });
});

describe("docker_pull_dev_tools", () => {
  const run = (more: Partial<AllFacts> = {}, options: Partial<Parameters<typeof pullDevTools>[1]> = {}) =>
    pullDevTools(facts(more), { stage: "prod", ...options });

  it.each<[string, Parameters<typeof run>, string]>([
    ["the shared tools of the first registry", [], "127.0.0.1:5001/dev_tools:prod"],
    ["a version of them", [{}, { stage: "dev", version: version("1.1.0") }], "127.0.0.1:5001/dev_tools:dev-1.1.0"],
    [
      "those that the config names",
      [{ config: config({ container: { dev_tools: "kit" } }) }],
      "127.0.0.1:5001/kit:prod",
    ],
  ])("pulls %s", (_what, given, from) => {
    const steps = run(...given);
    expect([steps.map(({ id, title }) => [id, title]), lines(steps)]).toEqual([
      [["docker_pull_dev_tools", `Pull ${from}`]],
      [`docker pull ${from}`],
    ]);
  });

  it.each<[string, Parameters<typeof run>, string]>([
    ["a local image", [{}, { stage: "local" }], "a local image cannot be pulled"],
    ["a repo without a registry", [{ targets: [] }], "no registry is configured"],
  ])("refuses %s", (_what, given, message) => {
    expect(refusal(() => run(...given))).toMatchObject({
      message,
      why: "The image of the shared tools is pulled from the first registry of container_registry_info.",
      fix: "Add one to repo_config.yaml, and type i docker_pull_dev_tools --stage prod",
    });
  });
});

describe("an image that is needed", () => {
  const need = (stage: "local" | "dev", more: Partial<AllFacts> = {}) => {
    const world = facts(more);
    return pullIfMissing(world, chooseImage(world, stage, version("1.2.0")));
  };

  it("is pulled unless the engine has it", () => {
    expect(need("dev").map(({ skip }) => skip)).toEqual([null]);
    expect(need("dev", inEngine(localImage(`${repository}:dev-1.2.0`))).map(({ skip }) => skip)).toEqual([
      "the engine has it",
    ]);
  });

  it("is never pulled where it is local", () => {
    expect(need("local", inEngine(local()))).toEqual([]);
    expect(refusal(() => need("local"))).toMatchObject({
      message: `the engine has no ${repository}:local-gp-1.2.0`,
      why: "A local image is built on this machine and private to its user.",
      fix: "Build it: i docker_build_local --version 1.2.0",
    });
  });

  it("is not known where no engine answers", () => {
    expect(refusal(() => need("local", { engine: engine({ up: false, why: "no socket" }) }))).toMatchObject({
      message: "no Docker engine answers",
      fix: "Start Docker, or a private engine: i engine up",
    });
  });
});

it("inputs with other contents are another image", () => {
  const other = inputs({ hash: "d".repeat(64) });
  expect(find({ ...inEngine(local()), inputs: other }).where).toBeNull();
});
