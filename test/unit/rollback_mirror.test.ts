import { describe, expect, it } from "vitest";
import { mirror } from "../../lib/flows/mirror.ts";
import { rollback } from "../../lib/flows/rollback.ts";
import type { Facts, RegistryFacts, TagState } from "../../lib/model/facts.ts";
import { active, digest, doing, facts, found, lines, logged, refusal, stepOf, version } from "./factory.ts";

const [old, now] = [digest("a"), digest("b")];
const silent: TagState = { state: "unknown", why: "connection refused" };
const registries = (ecr: RegistryFacts[string], dockerhub: RegistryFacts[string]) => ({
  registries: { ecr, dockerhub },
});
const both = { "dev-1.1.0": found(old), "dev-1.2.0": found(now), dev: found(now) };
const absent: TagState = { state: "absent" };

describe("docker_rollback_dev", () => {
  const roll = (world: Partial<Facts> = registries(both, both), to: string | null = "1.1.0") =>
    rollback(facts(world), { version: to === null ? undefined : version(to), message: ["it", "breaks"] });

  it("points dev at the digest of the version in every registry", () => {
    expect(doing(roll(), "move_tag")).toMatchObject([
      {
        tag: "dev",
        to: old,
        why: "rollback",
        reason: "it breaks",
        places: [
          { registry: "ecr", seen: now },
          { registry: "dockerhub", seen: now },
        ],
      },
    ]);
  });

  it("moves no versioned tag, copies nothing and starts no command", () => {
    const steps = roll();
    const moved = doing(steps, "move_tag").filter(({ tag }) => tag !== "dev");
    expect([moved, doing(steps, "copy_image"), lines(steps)]).toEqual([[], [], []]);
  });

  it("moves nothing where dev is that version everywhere", () => {
    const done = { ...both, dev: found(old) };
    expect(stepOf(roll(registries(done, done)), "flip_dev").skip).toBe("dev is 1.1.0 everywhere");
  });

  const history = { log: ["1.0.0", "1.1.0", "1.2.0"].map((one) => logged({ ...release, version: one })) };
  it.each<[string, Partial<Facts>, string | null, string, string]>([
    ["a version nobody released", registries(both, both), "1.0.0", "has no released dev 1.0.0", "i release_history"],
    [
      "a version that one registry lacks",
      registries(both, { ...both, "dev-1.1.0": absent }),
      "1.1.0",
      "dev-1.1.0 is not in dockerhub",
      "i release_mirror --version 1.1.0",
    ],
    ["no version", history, null, "no version was given", "docker_rollback_dev --version 1.1.0"],
    [
      "a registry that does not answer",
      registries(both, { ...both, dev: silent }),
      "1.1.0",
      "dockerhub does not answer",
      "Try again",
    ],
  ])("refuses %s", (_name, world, to, what, fix) => {
    expect(refusal(() => roll(world, to))).toMatchObject({
      message: expect.stringContaining(what),
      fix: expect.stringContaining(fix),
    });
  });
});

const release = {
  type: "release",
  stage: "dev",
  digest: old,
  commit: "c",
  registries: ["ecr"],
} as const;

describe("release_mirror", () => {
  const run = (world: Partial<Facts>, check = false) => mirror(facts(world), { check });
  const lacking = registries(both, { dev: found(old), "dev-1.2.0": absent });

  it("copies by digest to the registries that lag", () => {
    expect(doing(run(lacking), "copy_image")).toMatchObject([
      { digest: now, from: { registry: "ecr" }, to: [{ registry: "dockerhub" }] },
    ]);
  });

  it("points dev at it only where it lags", () => {
    expect(doing(run(lacking), "move_tag").map(({ places }) => places.map(({ registry }) => registry))).toEqual([
      ["dockerhub"],
    ]);
  });

  it("leaves dev alone where it is another version everywhere", () => {
    const rolled = { ...both, dev: found(old) };
    expect(stepOf(run(registries(rolled, rolled)), "flip_dev").skip).toBe("dev is another version");
  });

  it("does nothing twice", () => {
    expect(active(run(registries(both, both)))).not.toContain("copy_to_others");
  });

  it.each([
    ["1 where one lags", lacking, 1, ["dockerhub"]],
    ["0 where all agree", registries(both, both), 0, []],
  ])("--check only tells, with exit code %s", (_name, world, exitCode, behind) => {
    expect(run(world, true).flatMap((one) => one.do)).toMatchObject([{ kind: "announce", exitCode, data: { behind } }]);
  });

  it("refuses a version that no registry has", () => {
    expect(refusal(() => run({})).fix).toContain("i docker_release_dev --version 1.2.0");
  });
});
