import { describe, expect, it } from "vitest";
import type { AllFacts, RegistryFacts, TagState } from "../../lib/plan/facts.ts";
import { copyImage } from "../../lib/release/copy_image.ts";
import { mirror } from "../../lib/release/mirror.ts";
import { moveTag } from "../../lib/release/move_tag.ts";
import { commit, config, digest, doing, facts, found, ids, logged, refusal, stepOf } from "./factory.ts";

const [old, now] = [digest("a"), digest("b")];
const ecr = { registry: "ecr", repository: "127.0.0.1:5001/cmamp" };
const hub = { registry: "dockerhub", repository: "127.0.0.1:5002/cmamp" };
const both = { "dev-1.2.0": found(now), dev: found(now) };
const gone: RegistryFacts[string] = { "dev-1.2.0": { state: "absent" } };
const log = [
  logged({ type: "release", stage: "dev", version: "1.2.0", digest: now, commit: commit("c"), registries: ["ecr"] }),
];
const silent: TagState = { state: "unknown", why: "timeout" };
const plan = (registries: RegistryFacts, more: Partial<AllFacts> = {}, check = false) =>
  mirror(facts({ registries, ...more }), { check });

describe("release_mirror", () => {
  const lacking = { ecr: both, dockerhub: { dev: found(old) } };

  it("copies by digest, points the mutable tag at it, reads back and tells", () => {
    const text = "cmamp:dev-1.2.0 is <digest> in ecr, dockerhub";
    expect(plan(lacking).map(({ id, title, skip, do: actions }) => [id, title, skip, actions])).toEqual([
      ["preflight", "Check for an unfinished tag move", null, [{ kind: "settle_move" }]],
      [
        "copy_to_others",
        "Copy dev-1.2.0 to dockerhub",
        null,
        [{ kind: "copy_image", digest: now, tag: "dev-1.2.0", from: ecr, to: [hub] }],
      ],
      [
        "flip_dev",
        "Point dev at 1.2.0 where it lags",
        null,
        [
          {
            ...{ kind: "move_tag", image: "cmamp", tag: "dev", version: "1.2.0", why: "mirror", to: now },
            places: [{ ...hub, seen: old }],
          },
        ],
      ],
      [
        "verify",
        "Read dev-1.2.0 back",
        null,
        [{ kind: "verify_digest", tag: "dev-1.2.0", digest: now, places: [ecr, hub] }],
      ],
      ["tell", "Report the result", null, [{ kind: "announce", digest: now, text }]],
    ]);
  });

  it("copies from the first registry that has it, to all that lag", () => {
    const row = (port: number) => ({ address: `127.0.0.1:${port}`, kind: "oci" });
    const settings = config({ container_registry_info: { a: row(1), b: row(2), c: row(3) } });
    const steps = plan({ a: {}, b: both, c: {} }, { config: settings });
    expect([stepOf(steps, "copy_to_others").title, doing(steps, copyImage)[0]?.from.registry]).toEqual([
      "Copy dev-1.2.0 to a, c",
      "b",
    ]);
  });

  it.each<[string, RegistryFacts, string, string]>([
    ["copies nothing where all have it", { ecr: both, dockerhub: both }, "copy_to_others", "all have it"],
    ["moves nothing where all point at it", { ecr: both, dockerhub: both }, "flip_dev", "dev is it everywhere"],
    [
      "moves nothing where none points at it",
      { ecr: { ...both, dev: found(old) }, dockerhub: { ...both, dev: found(old) } },
      "flip_dev",
      "dev is another version",
    ],
  ])("%s", (_what, registries, id, skip) => {
    expect(stepOf(plan(registries), id).skip).toBe(skip);
  });

  it("says so where there is nothing to copy", () => {
    expect(stepOf(plan({ ecr: both, dockerhub: both }), "copy_to_others").title).toBe("Copy dev-1.2.0 to no registry");
  });

  const release = (of: string, stage: "dev" | "prod" = "dev") =>
    logged({ type: "release", stage, version: of, digest: old, commit: commit("a"), registries: ["ecr"] });
  it("moves no tag that is a higher version", () => {
    expect(doing(plan(lacking, { log: [release("1.3.0")] }), moveTag)).toEqual([]);
    expect(stepOf(plan(lacking, { log: [release("1.3.0")] }), "flip_dev").skip).toBe(
      "dev is a higher version where it is another",
    );
    expect(doing(plan(lacking, { log: [release("1.1.0")] }), moveTag)).toHaveLength(1);
  });

  it("moves a tag that is not there yet", () => {
    expect(doing(plan({ ecr: both, dockerhub: { "dev-1.2.0": found(now) } }), moveTag)[0]?.places).toEqual([
      { ...hub, seen: null },
    ]);
  });

  it.each<[string, Partial<AllFacts>, object]>([
    [
      "what no registry has",
      { registries: {} },
      {
        message: "no registry has dev-1.2.0",
        why: "A mirror copies what was released.",
        fix: "Release it: i docker_release_dev --version 1.2.0",
      },
    ],
    [
      "what no registry has of prod",
      { registries: {}, stage: "prod" },
      { message: "no registry has prod-1.2.0", fix: "Release it: i docker_release_prod --version 1.2.0" },
    ],
    [
      "what was released, and was removed everywhere since",
      { registries: { ecr: gone, dockerhub: gone }, log },
      {
        message: "dev-1.2.0 was released, and is no longer in any of ecr, dockerhub",
        why: `ann recorded it at 2025-01-02T10:00:00Z as ${now}; a rule of retention, or a person, has removed it since.`,
        fix: `Take dev-* out of such rules, and push it from an engine that has it: docker push ${ecr.repository}:dev-1.2.0; or release the next one: add its entry and --version 1.2.1`,
        kind: "registry_not_found",
      },
    ],
    [
      "what was released, where not all answer",
      { registries: { ecr: gone, dockerhub: { "dev-1.2.0": silent } }, log },
      { message: "no registry has dev-1.2.0" },
    ],
    [
      "to work on a registry that does not answer",
      { registries: { ecr: both, dockerhub: { "dev-1.2.0": silent } } },
      { message: "dockerhub does not answer", why: "timeout.", kind: "unreachable" },
    ],
    [
      "to work without a version",
      { version: null },
      { message: "no version was given and changelog.txt has no entries" },
    ],
  ])("refuses %s", (_what, more, wanted) => {
    expect(refusal(() => plan({}, more))).toMatchObject(wanted);
  });
});

describe("release_mirror --check", () => {
  const check = (registries: RegistryFacts) => plan(registries, {}, true);
  it.each<[string, RegistryFacts, readonly string[], string]>([
    ["all agree", { ecr: both, dockerhub: both }, [], "cmamp:dev-1.2.0 is the same everywhere"],
    [
      "one lacks it",
      { ecr: both, dockerhub: { dev: found(now) } },
      ["dockerhub"],
      "cmamp:dev-1.2.0 is behind in dockerhub",
    ],
    [
      "one points elsewhere",
      { ecr: both, dockerhub: { ...both, dev: found(old) } },
      ["dockerhub"],
      "cmamp:dev-1.2.0 is behind in dockerhub",
    ],
    [
      "one lags in both",
      { ecr: both, dockerhub: { dev: found(old) } },
      ["dockerhub"],
      "cmamp:dev-1.2.0 is behind in dockerhub",
    ],
    [
      "one lacks it and the other points elsewhere",
      { ecr: { ...both, dev: found(old) }, dockerhub: { dev: found(now) } },
      ["dockerhub", "ecr"],
      "cmamp:dev-1.2.0 is behind in dockerhub, ecr",
    ],
  ])("where %s tells which lag, and changes nothing", (_what, registries, behind, text) => {
    const [step, ...more] = check(registries);
    expect([step?.id, step?.title, more, step?.do]).toEqual([
      "report",
      "Report which registries lag behind",
      [],
      [{ kind: "announce", text, data: { tag: "dev-1.2.0", behind }, exitCode: behind.length > 0 ? 1 : 0 }],
    ]);
  });

  it("is only asked for", () => {
    expect(ids(plan({ ecr: both, dockerhub: both }))).not.toContain("report");
  });
});
