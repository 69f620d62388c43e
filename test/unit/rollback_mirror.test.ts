import { describe, expect, it } from "vitest";
import { announce } from "../../lib/kinds/announce.ts";
import type { AllFacts, RegistryFacts, TagState } from "../../lib/plan/facts.ts";
import { copyImage } from "../../lib/release/copy_image.ts";
import { mirror } from "../../lib/release/mirror.ts";
import { moveTag } from "../../lib/release/move_tag.ts";
import { asksRollback, type RollbackOptions, rollback } from "../../lib/release/rollback.ts";
import {
  active,
  commit,
  config,
  digest,
  doing,
  facts,
  found,
  lines,
  logged,
  refusal,
  stepOf,
  version,
} from "./factory.ts";

const [old, now] = [digest("a"), digest("b")];
const silent: TagState = { state: "unknown", why: "connection refused" };
const registries = (ecr: RegistryFacts[string], dockerhub: RegistryFacts[string]) => ({
  registries: { ecr, dockerhub },
});
const barred: TagState = {
  ...{ state: "unknown", why: "cannot read dev" },
  error: { reason: "refused", why: "a scan says no", fix: "build without it" },
};
const rolledBack = (world: Partial<AllFacts>, options: RollbackOptions) =>
  rollback(facts(world), options, world.registries ?? {});
const both = { "dev-1.1.0": found(old), "dev-1.2.0": found(now), dev: found(now) };
const absent: TagState = { state: "absent" };

describe("docker_rollback_dev", () => {
  const roll = (world: Partial<AllFacts> = registries(both, both), to: string | null = "1.1.0") =>
    rolledBack(world, { version: to === null ? undefined : version(to), message: ["it", "breaks"] });

  it("points dev at the digest of the version in every registry", () => {
    expect(doing(roll(), moveTag)).toMatchObject([
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
    const moved = doing(steps, moveTag).filter(({ tag }) => tag !== "dev");
    expect([moved, doing(steps, copyImage), lines(steps)]).toEqual([[], [], []]);
  });

  it("moves nothing where dev is that version everywhere", () => {
    const done = { ...both, dev: found(old) };
    expect(stepOf(roll(registries(done, done)), "flip_dev").skip).toBe("dev is 1.1.0 everywhere");
  });

  describe("without a version", () => {
    const pass = { digest: old, version: "1.1.0", commit: commit("a"), tree: "", runner: "x", platform: "linux/amd64" };
    const moved = { id: "f", tag: "dev", version: "1.2.0", to: now, from: {}, registries: ["ecr"] };
    const past: Partial<AllFacts> = {
      ...registries(both, { ...both, "dev-1.1.0": absent }),
      terminal: true,
      log: [
        logged({ ...release, version: "1.0.0", digest: digest("c") }),
        logged({ ...release, version: "1.1.0", digest: old }),
        logged({ ...release, version: "1.2.0", digest: now }),
        logged({ type: "pass", list: "fast", ...pass }),
        logged({ type: "skip", list: "qa", digest: old, version: "1.1.0", why: "--no-qa-tests" }),
        logged({ type: "flip", why: "release", ...moved }),
      ],
    };

    it("a person is shown what is known of each, and asked for the highest below", () => {
      expect(asksRollback(facts(past), { message: [] }, past.registries ?? {}).split("\n")).toEqual([
        "dev is 1.2.0; another version than the first one is named with --version:",
        "1.1.0  released by ann at 2025-01-02 10:00 UTC",
        "    ecr has it, dockerhub does not have it",
        "    fast passed, by ann on ci at 2025-01-02 10:00 UTC",
        "    qa left out by ann: --no-qa-tests",
        "    what is other in it: i compare_packages dev-1.1.0 dev",
        "1.0.0  released by ann at 2025-01-02 10:00 UTC",
        "    ecr does not have it, dockerhub does not have it",
        "    no test of it is recorded",
        "    what is other in it: i compare_packages dev-1.0.0 dev",
        "Point dev of cmamp back at 1.1.0 in ecr, dockerhub?",
      ]);
      expect(doing(rolledBack({ ...past, ...registries(both, both) }, { message: [] }), moveTag)).toMatchObject([
        { version: "1.1.0", to: old },
      ]);
    });

    it.each<[string, Partial<AllFacts>, boolean]>([
      ["nobody looks", past, true],
      ["there is no terminal", { ...past, terminal: false }, false],
      ["all below was rolled back", { ...past, log: [] }, false],
    ])("is refused where %s", (_why, world, yes) => {
      expect(refusal(() => rolledBack(world, { message: [], yes })).message).toBe("no version to go back to was given");
    });
  });

  const history = { log: ["1.0.0", "1.1.0", "1.2.0"].map((one) => logged({ ...release, version: one })) };
  it.each<[string, Partial<AllFacts>, string | null, string, string]>([
    ["a version nobody released", registries(both, both), "1.0.0", "has no released dev 1.0.0", "i release_history"],
    [
      "a version that one registry lacks",
      registries(both, { ...both, "dev-1.1.0": absent }),
      "1.1.0",
      "dev-1.1.0 is not in dockerhub",
      "i release_mirror --version 1.1.0",
    ],
    ["no version", history, null, "no version to go back to", "docker_rollback_dev --version 1.1.0"],
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

describe("the steps of a rollback", () => {
  const roll = (more: Partial<AllFacts> = {}, message: readonly string[] = []) =>
    rolledBack({ ...registries(both, both), ...more }, { version: version("1.1.0"), message });
  const inProd = { "prod-1.1.0": found(old), prod: found(now) };

  it("look for a move that somebody left, move the tag and tell", () => {
    const [ecr, hub] = [
      { registry: "ecr", repository: "127.0.0.1:5001/cmamp", seen: now },
      { registry: "dockerhub", repository: "127.0.0.1:5002/cmamp", seen: now },
    ];
    const move = { kind: "move_tag", image: "cmamp", tag: "dev", version: "1.1.0", why: "rollback", to: old };
    const text = [
      "cmamp: dev is 1.1.0 again, <digest>, in ecr, dockerhub",
      "It was an image that the log does not know, sha256:bbbbbbbbbbbb, in ecr, dockerhub",
      "Get it with: i docker_pull",
    ].join("\n");
    expect(roll().map(({ id, title, skip, do: actions }) => [id, title, skip, actions])).toEqual([
      ["preflight", "Check for an unfinished tag move", null, [{ kind: "settle_move" }]],
      ["flip_dev", "Point dev back at 1.1.0 in ecr, dockerhub", null, [{ ...move, places: [ecr, hub] }]],
      ["tell", "Report the result", null, [{ kind: "announce", digest: old, text }]],
    ]);
  });

  it("tell users of prod to ask for it", () => {
    const steps = roll({ stage: "prod", ...registries(inProd, inProd) });
    expect(doing(steps, announce)[0]?.text).toMatch(/\nGet it with: i docker_pull --stage prod$/);
  });

  it("tell what the tag was until then, each image with its registries", () => {
    const entry = { type: "release", stage: "dev", version: "1.2.0", digest: now, commit: commit("a") } as const;
    const log = [logged({ ...entry, registries: ["ecr", "dockerhub"] })];
    const was = (...[ecr, dockerhub]: Parameters<typeof registries>) =>
      doing(roll({ ...registries(ecr, dockerhub), log }), announce)[0]
        ?.text.split("\n")
        .slice(1, -1);
    const { dev: _, ...without } = both;
    expect(was(both, both)).toEqual(["It was 1.2.0, sha256:bbbbbbbbbbbb, in ecr, dockerhub"]);
    expect(was(both, without)).toEqual(["It was 1.2.0, sha256:bbbbbbbbbbbb, in ecr", "It was nothing in dockerhub"]);
    expect(was({ ...both, dev: found(old) }, both)).toEqual(["It was 1.2.0, sha256:bbbbbbbbbbbb, in dockerhub"]);
    expect(was({ ...both, dev: found(old) }, { ...both, dev: found(old) })).toEqual([]);
  });

  it("move the tag where one registry has another image", () => {
    expect(stepOf(roll(registries(both, { ...both, dev: found(old) })), "flip_dev").skip).toBeNull();
  });

  it("move a tag that one registry does not have yet", () => {
    const { dev: _, ...without } = both;
    expect(doing(roll(registries(both, without)), moveTag)[0]?.places[1]?.seen).toBeNull();
    expect(doing(roll(registries(both, { ...without, dev: absent })), moveTag)[0]?.places[1]?.seen).toBeNull();
  });

  it("are asked about before they are run", () => {
    expect(asksRollback(facts(), { version: version("1.1.0"), message: [] }, {})).toBe(
      "Point dev of cmamp back at 1.1.0 in ecr, dockerhub?",
    );
  });
});

describe("a rollback is refused", () => {
  const many = ["1.9.0", "1.10.0", "1.2.0", "1.3.0", "1.4.0", "1.5.0", "1.6.0", "1.7.0", "1.8.0"];
  const released = (of: string, stage: "dev" | "prod" = "dev") => logged({ ...release, version: of, stage });
  it.each<[string, Partial<AllFacts>, string, string]>([
    ["nothing was released", {}, "Nothing has been released yet.", "i docker_rollback_dev --version X.Y.Z"],
    [
      "one version was released",
      { log: [released("1.1.0")] },
      "Released are 1.1.0.",
      "i docker_rollback_dev --version 1.1.0",
    ],
    [
      "many were, each told once and the newest first",
      { log: [...many, ...many].map((of) => released(of)) },
      "Released are 1.10.0, 1.9.0, 1.8.0, 1.7.0, 1.6.0, 1.5.0, 1.4.0, 1.3.0.",
      "i docker_rollback_dev --version 1.9.0",
    ],
    [
      "others are of another stage, moved only or no version",
      {
        log: [
          released("1.1.0"),
          released("1.4.0", "prod"),
          released("prod-gp-aaaaaaaaa"),
          logged({ type: "skip", digest: old, version: "1.3.0", list: "qa", why: "--no-qa-tests" }),
        ],
      },
      "Released are 1.1.0.",
      "i docker_rollback_dev --version 1.1.0",
    ],
  ])("without a version where %s", (_what, world, why, fix) => {
    expect(refusal(() => rolledBack(world, { message: [] }))).toMatchObject({
      message: "no version to go back to was given",
      why,
      fix: `Pass one: ${fix}`,
    });
  });

  const roll =
    (world: Partial<AllFacts>, of = "1.1.0") =>
    () =>
      rolledBack(world, { version: version(of), message: [] });
  const third = config({
    container_registry_info: {
      a: { address: "127.0.0.1:5001", kind: "oci" },
      b: { address: "127.0.0.1:5002", kind: "oci" },
      c: { address: "127.0.0.1:5003", kind: "oci" },
    },
  });
  it.each<[string, () => unknown, object]>([
    [
      "to what nobody released",
      roll(registries(both, both), "1.0.0"),
      {
        message: "cmamp has no released dev 1.0.0",
        why: "No registry has dev-1.0.0.",
        fix: "See what there is: i release_history",
      },
    ],
    [
      "to what some registries lack",
      roll({ config: third, registries: { a: both, b: { dev: found(now) } } }),
      {
        message: "dev-1.1.0 is not in b, c",
        why: "A rollback keeps dev the same in every registry, so each must have the version.",
        fix: "Copy it there first: i release_mirror --version 1.1.0",
      },
    ],
    [
      "while a registry refuses to say",
      roll(registries(both, { ...both, dev: barred })),
      { message: "cannot read dev", why: "a scan says no", fix: "build without it", kind: "registry_refused" },
    ],
    [
      "while a registry does not answer",
      roll(registries(both, { ...both, dev: silent })),
      {
        message: "dockerhub does not answer",
        why: "connection refused.",
        fix: "Try again when it does, or name the registries to work on: --target-registries",
        kind: "unreachable",
      },
    ],
  ])("%s", (_what, run, wanted) => {
    expect(refusal(run)).toMatchObject(wanted);
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
  const run = (world: Partial<AllFacts>, check = false) => mirror(facts(world), { check });
  const lacking = registries(both, { dev: found(old), "dev-1.2.0": absent });

  it("copies by digest to the registries that lag", () => {
    expect(doing(run(lacking), copyImage)).toMatchObject([
      { digest: now, from: { registry: "ecr" }, to: [{ registry: "dockerhub" }] },
    ]);
  });

  it("points dev at it only where it lags", () => {
    expect(doing(run(lacking), moveTag).map(({ places }) => places.map(({ registry }) => registry))).toEqual([
      ["dockerhub"],
    ]);
  });

  it("leaves dev alone where it is another version everywhere", () => {
    const rolled = { ...both, dev: found(old) };
    expect(stepOf(run(registries(rolled, rolled)), "flip_dev").skip).toBe("dev is another version");
  });

  it("looks for a move that somebody left half-way first, also where nothing else is to be done", () => {
    const [first] = run(registries(both, both));
    expect([first?.skip, first?.do]).toEqual([null, [{ kind: "settle_move" }]]);
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
