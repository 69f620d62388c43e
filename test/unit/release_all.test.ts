import { describe, expect, it } from "vitest";
import { imageLabels } from "../../lib/build/build.ts";
import type { ProdWay } from "../../lib/config/tests.ts";
import { command } from "../../lib/kinds/command.ts";
import { record } from "../../lib/kinds/record.ts";
import type { AllFacts, BaseImage } from "../../lib/plan/facts.ts";
import { step, stepsOf } from "../../lib/plan/plan.ts";
import { renderAction } from "../../lib/plan/render_plan.ts";
import { takeClaim } from "../../lib/release/claim.ts";
import { releaseAll } from "../../lib/release/release_all.ts";
import { planDespite } from "../../lib/run/despite.ts";
import {
  commit,
  config,
  digest,
  doing,
  engine,
  facts,
  found,
  ids,
  inputs,
  lines,
  logged,
  owner,
  refusal,
  releaseOptions,
  stepOf,
  version,
} from "./factory.ts";
import { built, here, inRegistries, labels, noGates, released } from "./release_plans.ts";

const repository = "127.0.0.1:5001/cmamp";
const base: BaseImage = { version: version("1.2.0"), why: "the newest dev", digest: built, repository };
const below = inputs({ base, dockerfile: "devops/docker_build/prod.Dockerfile", tagged: ["cmamp-prod-1.2.0"] });
const seen = { prod: { inputs: below, claim: null }, nested: [], services: null, lint: null };
const all = (world: Partial<AllFacts> = {}, options = releaseOptions) =>
  releaseAll({ ...facts({ ...noGates, ...world }), ...seen }, options);
const steps = (world: Partial<AllFacts> = {}) => stepsOf({ steps: all(world) });

describe("a release of dev and prod is one plan", () => {
  it("in two groups, of which the second has the steps of prod under names of its own", () => {
    expect(all().map(({ id }) => id)).toEqual(["release_dev", "release_prod"]);
    const [dev, prod] = all().map((part) => ids("steps" in part ? stepsOf(part) : [part]));
    expect(dev).toContain("record_release");
    expect(prod).toEqual(expect.arrayContaining(["prod_claim", "build_prod", "push_prod", "prod_record_release"]));
    expect(new Set([...(dev ?? []), ...(prod ?? [])]).size).toBe(steps().length);
  });

  it("with a claim of each", () => {
    expect(doing(steps(), takeClaim).map(({ ref }) => ref)).toEqual([
      "refs/slipway/claim/cmamp-1.2.0",
      "refs/slipway/claim/cmamp-prod-1.2.0",
    ]);
  });

  it.each<[string, Partial<AllFacts>, string]>([
    ["that builds it", {}, "<digest of build_local>"],
    [
      "that pushes it, where the engine knows no digest before",
      { engine: engine({ store: "classic" }) },
      "<digest of push_dev>",
    ],
    ["or by the digest that the engine has", here, built],
    ["or by the digest that a registry has", { registries: { ecr: { "dev-1.2.0": found(built, labels) } } }, built],
  ])("in which prod stands on the digest of dev by the step %s", (_what, world, wanted) => {
    const told = lines([stepOf(steps(world), "build_prod")]).find((line) => line.startsWith("docker buildx build"));
    expect(told).toContain(`--build-context ${repository}:dev-1.2.0=docker-image://${repository}@${wanted}`);
    expect(told).toContain(`--label org.opencontainers.image.base.digest=${wanted}`);
    const [record] = stepOf(steps(world), "prod_record_release").do.flatMap((action) => renderAction(action));
    expect(record).toContain(`base={"version":"1.2.0","digest":"${wanted}"}`);
  });

  it("whose prod pulls no dev image that this engine has just made", () => {
    expect(stepOf(steps(), "prod_pull_base").skip).toBe("build_local has it from this engine");
    expect(stepOf(steps({ registries: { ecr: { "dev-1.2.0": found(built, labels) } } }), "prod_pull_base").skip).toBe(
      null,
    );
  });

  it.each<[ProdWay, (digest: unknown) => unknown]>([
    ["with_dev_packages", (digest) => ({ ...Object(digest), prefix: `DEV_IMAGE=${repository}@` })],
    ["from_outside", (digest) => ({ ...Object(digest), prefix: `${repository}@` })],
  ])("in which tests of prod that run %s find the dev image by what makes it", (prod, wanted) => {
    const tested = config({ release: { gates: ["fast"] }, tests: { fast: { command: ["make"], prod } } });
    const commands = doing([stepOf(steps({ config: tested }), "prod_run_fast_tests")], command);
    const words = commands.flatMap(({ argv, env }) => [...argv, ...Object.values(env)]);
    expect(words).toContainEqual(wanted({ from: "build_local" }));
  });

  it("whose records name what each step makes", () => {
    const of = (id: string) =>
      doing([stepOf(steps(), id)], record).map(({ entry }) => "digest" in entry && entry.digest);
    expect([of("record_release"), of("prod_record_release")]).toEqual([
      [{ from: "build_local" }],
      [{ from: "build_prod" }],
    ]);
  });

  it("that a dry run shows whole although the tree is dirty, of dev and of prod", () => {
    const known = { facts: facts({ ...noGates, inputs: inputs({ other: ["a.py"] }) }), seen };
    const dirty = { ...known, seen: { ...seen, prod: { ...seen.prod, inputs: { ...below, other: ["a.py"] } } } };
    const { steps: shown, refused } = planDespite(dirty, ({ facts: of, seen: more }) =>
      releaseAll({ ...of, ...seen, ...Object(more), nested: [] }, releaseOptions),
    );
    expect(refused.map(({ kind }) => kind)).toEqual(["dirty"]);
    expect(ids(stepsOf({ steps: shown }))).toEqual(ids(steps()));
  });

  it("that is refused where dev would stay in this engine, before it is built", () => {
    const alone = { ...releaseOptions, pushToRepo: false };
    expect(refusal(() => all({}, alone)).message).toBe(
      "--no-push-to-repo leaves prod 1.2.0 no dev image to be built on",
    );
    const there = { registries: { ecr: { "dev-1.2.0": found(built, labels) } } };
    expect(ids(stepsOf({ steps: all(there, alone) }))).toContain("build_prod");
  });

  it("of prod on the dev image of the same version alone", () => {
    const newer = logged({ ...released, version: "1.2.1", digest: digest("d") });
    expect(refusal(() => all({ log: [newer] }))).toMatchObject({
      message: "prod 1.2.0 would be built on dev 1.2.1, the newest dev 1.2",
      why: "docker_release_all releases prod from the dev image of the same version.",
      fix: "Name it: i docker_release_prod --version 1.2.0 --dev-version 1.2.0",
    });
    expect(steps({ log: [logged({ ...released, version: "1.1.0", digest: digest("d") })] }).length).toBeGreaterThan(9);
  });
});

const moved = (to: string, why: "release" | "rollback") =>
  logged({
    ...{ type: "flip", id: `${to}${why}`, tag: "dev", version: to, to: built, from: {}, why },
    registries: ["ecr", "dockerhub"],
  });

/** All registries have both, and the log prod alone. */
const ofProd = imageLabels(facts({ stage: "prod", inputs: below }), version("1.2.0"), "prod");
const both = { "dev-1.2.0": found(built, labels), "prod-1.2.0": found(digest("e"), ofProd) };
const onlyProd: Partial<AllFacts> = {
  registries: { ecr: both, dockerhub: both },
  log: [logged({ ...released, stage: "prod", digest: digest("e") })],
};

describe("dev", () => {
  const done = logged({ ...released, digest: built });
  const half = (world: Partial<AllFacts>) => ids(stepsOf({ steps: all(world) }));
  it("is one step that is skipped where every registry and the log have the version", () => {
    const world = { ...inRegistries, log: [logged({ ...released, version: "1.1.0" }), done] };
    expect(all(world)[0]).toEqual(step("release_dev", "Release dev 1.2.0", [], { skip: "it is released" }));
    expect(stepOf(stepsOf({ steps: all(world) }), "prod_pull_base").title).toContain("the newest dev");
  });

  it.each<[string, Partial<AllFacts>]>([
    ["no registry has it", {}],
    ["one registry lacks it", { registries: { ecr: { "dev-1.2.0": found(built, labels) } }, log: [done] }],
    [
      "one has lost it",
      { registries: { ...inRegistries.registries, ecr: { "dev-1.2.0": { state: "absent" } } }, log: [done] },
    ],
    ["the log does not know it", inRegistries],
    ["a run that ended after its record left its claim", { ...inRegistries, log: [done], claim: owner() }],
    ["the log has another version", { ...inRegistries, log: [logged({ ...released, version: "1.1.0" })] }],
    ["the log has it for prod", onlyProd],
    [
      "the log has only its announcement",
      {
        ...inRegistries,
        log: [logged({ type: "announce", stage: "dev", version: "1.2.0", digest: built, channel: "slack" })],
      },
    ],
  ])("is a whole release where %s", (_what, world) => {
    expect(half(world)).toContain("record_release");
  });

  it.each<[string, Partial<AllFacts>, string]>([
    ["no registry has it any more", { log: [done] }, `dev-1.2.0 is ${built} in the log`],
    [
      "it was rolled back",
      { ...inRegistries, log: [done, moved("1.2.0", "release"), moved("1.1.0", "rollback")] },
      "1.2.0 was rolled back to 1.1.0",
    ],
    [
      "its Git tag was moved",
      { ...inRegistries, log: [done], remoteTags: { "cmamp-1.2.0": commit("c") } },
      "the Git tag cmamp-1.2.0 names cccccccccccc, and the log has its release from aaaaaaaaaaaa",
    ],
    [
      "a registry has another image",
      { log: [done], registries: { ...inRegistries.registries, ecr: { "dev-1.2.0": found(digest("f"), labels) } } },
      `dev-1.2.0 is ${digest("f")} in ecr, and ${built} in the log`,
    ],
  ])("is refused where %s", (_what, world, message) => {
    expect(refusal(() => half(world)).message).toContain(message);
  });

  it("is refused without a version", () => {
    expect(refusal(() => half({ version: null })).message).toContain("no version was given");
  });
});
