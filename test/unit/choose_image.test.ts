import { describe, expect, it } from "vitest";
import { pull, pullIfMissing } from "../../lib/container/pull.ts";
import { command } from "../../lib/kinds/command.ts";
import { asksRegistries, chooseImage, chooseReleased } from "../../lib/names/choose_image.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { digest, doing, engine, facts, lines, localImage, logged, refusal, version } from "./factory.ts";
import { inEcr, inEngine, local, repository } from "./known_images.ts";

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
