import { describe, expect, it } from "vitest";
import { imageLabels } from "../../lib/build/build.ts";
import { updateTaskDefinition } from "../../lib/deploy/deploy.ts";
import type { Released, SignedEntry } from "../../lib/names/log.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import type { Step } from "../../lib/plan/plan.ts";
import { assertAsLogged, assertSameImage, assertTagAgrees } from "../../lib/release/agreement.ts";
import { mergeIndex } from "../../lib/release/merge_index.ts";
import { mirror } from "../../lib/release/mirror.ts";
import { buildProd } from "../../lib/release/prod.ts";
import { pushDev, pushProd, tagLocalAsDev } from "../../lib/release/promote.ts";
import { release } from "../../lib/release/release.ts";
import { rollback } from "../../lib/release/rollback.ts";
import { passedAt } from "../../lib/tests/tests.ts";
import {
  commit,
  config,
  digest,
  engine,
  facts,
  found,
  git,
  ids,
  inputs,
  localImage,
  logged,
  onEcs,
  refusal,
  releaseOptions,
  version,
} from "./factory.ts";

const [own, other] = [digest("a"), digest("f")];
const of = version("1.2.0");
const tag = "cmamp-1.2.0";
const record = (more: Partial<Released> = {}): SignedEntry =>
  logged({
    ...{ type: "release", stage: "dev", version: "1.2.0", digest: own, commit: commit("a") },
    ...{ registries: ["ecr", "dockerhub"], ...more },
  });
const never = "A release tag names the commit that was tested, and never moves.";

describe("a version's image", () => {
  const registries = (hash: string) => ({ ecr: { "dev-1.2.0": found(own) }, dockerhub: { "dev-1.2.0": found(hash) } });
  const check = (more: Partial<AllFacts>) => () => assertAsLogged(facts(more), of);

  it("is refused where a registry has another than the log, with the line that points it back", () => {
    expect(refusal(check({ log: [record()], registries: registries(other) }))).toMatchObject({
      message: `dev-1.2.0 is ${other} in dockerhub, and ${own} in the log`,
      why: "A version always names the same image. ann recorded it at 2025-01-02T10:00:00Z, so the tag in dockerhub was moved since, without Slipway.",
      fix: `Point it back: skopeo copy --all --preserve-digests docker://127.0.0.1:5002/cmamp@${own} docker://127.0.0.1:5002/cmamp:dev-1.2.0`,
      kind: "drift",
    });
  });

  it("is that of the first record, whatever was written since", () => {
    const log = [record(), record({ digest: other, commit: commit("c") })];
    expect(check({ log, registries: registries(own) })).not.toThrow();
    expect(check({ log, registries: registries(other) })).toThrow("in dockerhub");
  });

  it.each<[string, Partial<AllFacts>]>([
    ["all have what the log has", { log: [record()], registries: registries(own) }],
    ["some have none", { log: [record()], registries: { ecr: { "dev-1.2.0": { state: "absent" } } } }],
    ["the log does not know it", { registries: registries(other) }],
    ["the log knows it of prod", { log: [record({ stage: "prod" })], registries: registries(other) }],
  ])("goes on where %s", (_what, more) => {
    expect(check(more)).not.toThrow();
  });

  it.each<[string, readonly string[], string]>([
    ["another", [other, digest("e")], `this image is ${other}`],
    ["none", [], "ecr, dockerhub and the engine have no such image"],
  ])("is not released again as %s", (_what, names, here) => {
    expect(refusal(() => assertSameImage(facts({ log: [record({ registries: ["ghcr"] })] }), of, names))).toMatchObject(
      {
        message: `dev-1.2.0 is ${own} in the log, and ${here}`,
        why: "A version always names the same image. ann recorded it at 2025-01-02T10:00:00Z, and a new build may be another.",
        fix: "Copy it from where it is: i release_mirror --stage dev --version 1.2.0 --target-registries ghcr,ecr,dockerhub; or release the next one: add its entry and --version 1.2.1",
      },
    );
  });

  it("is released again as itself, and as anything where nothing is recorded", () => {
    expect(() => assertSameImage(facts({ log: [record()] }), of, [other, own])).not.toThrow();
    expect(() => assertSameImage(facts(), of, [])).not.toThrow();
  });
});

describe("a version's Git tag", () => {
  type World = { readonly remote?: string; readonly local?: string; readonly log?: string; readonly far?: null };
  /** Commits by a letter each; HEAD is `a`. */
  const check =
    ({ remote, local, log, far }: World, tested = "") =>
    () =>
      assertTagAgrees(
        facts({
          remoteTags: remote ? { [tag]: commit(remote) } : {},
          git: git({ tags: local ? { [tag]: commit(local) } : {}, ...(far === null ? { remote: null } : {}) }),
          log: log ? [record({ commit: commit(log) })] : [],
        }),
        of,
        (one) => one === commit(tested),
      );
  const because = "ann recorded it at 2025-01-02T10:00:00Z. ";
  const back = (letter: string) =>
    `Put it back: git tag --force --annotate ${tag} ${commit(letter)} --message 'Release ${tag}'`;
  const push = ` && git push --force origin refs/tags/${tag}`;

  it.each<[string, World, string, string, string]>([
    [
      "was moved after its release",
      { remote: "c", local: "a", log: "a" },
      "names cccccccccccc, and the log has its release from aaaaaaaaaaaa",
      `${because}${never}`,
      `${back("a")}${push}`,
    ],
    [
      "was moved to this commit after its release",
      { remote: "a", local: "a", log: "c" },
      "names aaaaaaaaaaaa, and the log has its release from cccccccccccc",
      `${because}${never}`,
      `${back("c")}${push}`,
    ],
    [
      "was removed after its release from another commit",
      { log: "c" },
      "is not there, and the log has its release from cccccccccccc",
      `${because}${never}`,
      `${back("c")}${push}`,
    ],
    [
      "was moved in a repo without a remote",
      { remote: "c", local: "c", log: "a", far: null },
      "names cccccccccccc, and the log has its release from aaaaaaaaaaaa",
      `${because}${never}`,
      back("a"),
    ],
    [
      "is another here",
      { remote: "a", local: "c", log: "a" },
      "names cccccccccccc here, and aaaaaaaaaaaa on origin",
      never,
      `Take the one that all have, git fetch --force origin tag ${tag}, and run the same command again`,
    ],
    [
      "was moved before a release was recorded",
      { remote: "c", local: "c" },
      "names cccccccccccc, of which the log has no passes, and this is aaaaaaaaaaaa",
      never,
      `Release it from there: git fetch origin tag ${tag} && git checkout ${tag}; or release the next one: add its entry and --version 1.2.1`,
    ],
  ])("is refused where it %s", (_what, world, says, why, fix) => {
    expect(refusal(check(world))).toMatchObject({ message: `the Git tag ${tag} ${says}`, why, fix, kind: "drift" });
  });

  it.each<[string, World, string]>([
    ["is nowhere", {}, ""],
    ["is at this commit and nothing is recorded", { remote: "a", local: "a" }, ""],
    ["is at the recorded commit", { remote: "c", local: "c", log: "c" }, ""],
    ["is at the recorded commit and not in this clone", { remote: "c", log: "c" }, ""],
    ["was removed after its release from this commit", { log: "a" }, ""],
    ["is at a commit that was tested", { remote: "c" }, "c"],
    ["is of an attempt that was never pushed", { local: "c" }, ""],
  ])("goes on where it %s", (_what, world, tested) => {
    expect(check(world, tested)).not.toThrow();
  });
});

describe("a commit is tested", () => {
  const pass = (list: string, hash: string, letter: string): SignedEntry =>
    logged({
      ...{ type: "pass", digest: hash, version: "1.2.0", list, commit: commit(letter), tree: "t" },
      ...{ runner: "pytest", platform: "linux/amd64" },
    });
  const check = (gates: readonly string[], log: readonly SignedEntry[], hash: string | null = own) =>
    passedAt(facts({ config: config({ release: { gates } }), log }), hash)(commit("c"));

  it.each<[string, boolean, boolean]>([
    ["all gates passed in the image", check(["fast", "qa"], [pass("fast", own, "c"), pass("qa", own, "c")]), true],
    ["one gate did not", check(["fast", "qa"], [pass("fast", own, "c")]), false],
    ["they passed in another image", check(["fast"], [pass("fast", other, "c")]), false],
    ["they passed with other code", check(["fast"], [pass("fast", own, "b")]), false],
    ["there is no gate", check([], []), false],
    ["the image is not known", check(["fast"], [pass("fast", own, "c")], null), false],
  ])("where %s: %s", (_what, is, wanted) => {
    expect(is).toBe(wanted);
  });
});

describe("what log, Git tag and registries do not agree on ends", () => {
  const repository = "127.0.0.1:5001/cmamp";
  const base = { version: version("1.2.0"), why: "the newest dev", digest: other, repository };
  const labels = imageLabels(facts(), "1.2.0", "no_update");
  const noGates = config({ release: { gates: [] } });
  const settings = { config: noGates, changelog: facts().changelog };
  const moved: Partial<AllFacts> = { ...settings, log: [record()], remoteTags: { [tag]: commit("c") } };
  const wrong: Partial<AllFacts> = {
    ...{ ...settings, log: [record()] },
    registries: { ecr: { "dev-1.2.0": found(other, labels) }, dockerhub: { "dev-1.2.0": found(other, labels) } },
  };
  const local: Partial<AllFacts> = {
    engine: engine({
      images: ["local-gp-1.2.0", "dev-1.2.0"].map((name) => localImage(`${repository}:${name}`, { id: other, labels })),
    }),
  };
  const right = { registries: { ecr: { "dev-1.2.0": found(own, labels) } } };
  const asProd = (more: Partial<AllFacts>): AllFacts =>
    facts({ ...more, stage: "prod", inputs: inputs({ base }), registries: wrong.registries ?? {} });
  const options = { skipTests: true };

  it.each<[string, () => readonly Step[], string]>([
    ["a release from a moved tag", () => release(facts({ ...moved, ...right }), releaseOptions), "the Git tag"],
    ["a release of a moved image", () => release(facts(wrong), releaseOptions), "in ecr"],
    ["a release of a lost image", () => release(facts({ ...wrong, registries: {} }), releaseOptions), "no such image"],
    [
      "a release of another image in the engine",
      () => release(facts({ ...wrong, ...local, registries: {} }), releaseOptions),
      `this image is ${other}`,
    ],
    ["docker_tag_local_as_dev", () => tagLocalAsDev(facts({ ...wrong, ...local }), options), `this image is ${other}`],
    [
      "docker_tag_local_as_dev with a moved tag",
      () => tagLocalAsDev(facts({ ...moved, ...local, log: [record({ digest: other })] }), options),
      "the Git tag",
    ],
    ["docker_push_dev", () => pushDev(facts({ ...moved, ...right }), {}), "the Git tag"],
    ["docker_push_dev of a moved image", () => pushDev(facts(wrong), {}), "in ecr"],
    [
      "docker_push_dev of another image",
      () => pushDev(facts({ ...wrong, ...local, registries: {} }), {}),
      `this image is ${other}`,
    ],
    [
      "docker_push_dev from another commit than the tag's",
      () => pushDev(facts({ ...local, git: git({ tags: { [tag]: commit("c") } }) }), {}),
      "names cccccccccccc, and this is aaaaaaaaaaaa",
    ],
    ["release_mirror", () => mirror(facts(wrong), { check: false }), "in ecr"],
    [
      "docker_rollback_dev",
      () => rollback(facts(wrong), { version: of, message: [] }, wrong.registries ?? {}),
      "in ecr",
    ],
    [
      "docker_build_prod on a moved dev image",
      () => buildProd(asProd({ log: [record()] }), { cache: true, buildArg: [], candidate: false }),
      "dev-1.2.0 is",
    ],
    ["release_merge_index", () => mergeIndex(facts(moved), { images: ["a", "b"] }), "the Git tag"],
    ["release_merge_index over a moved image", () => mergeIndex(facts(wrong), { images: ["a", "b"] }), "in ecr"],
    [
      "docker_update_prod_task_definition",
      () =>
        updateTaskDefinition(
          facts({
            ...{ stage: "prod", log: [record({ stage: "prod" })] },
            registries: { ecr: { "prod-1.2.0": found(other) } },
          }),
          { environment: "preprod", cluster: "main", timeout: 1 },
          onEcs("cmamp-preprod"),
        ),
      "prod-1.2.0 is",
    ],
  ])("%s", (_what, plan, message) => {
    expect(refusal(plan).message).toContain(message);
  });

  it("docker_push_prod of an image that stands on another dev than would be recorded, which it names", () => {
    const prod = (dev: string, more: Partial<AllFacts> = {}) =>
      facts({
        ...{ ...settings, stage: "prod", inputs: inputs({ base: { ...base, digest: own } }) },
        engine: engine({
          images: [
            localImage(`${repository}:prod-1.2.0`, {
              labels: {
                "org.opencontainers.image.base.digest": dev,
                "org.opencontainers.image.base.name": `${repository}:dev-1.2.7`,
              },
            }),
          ],
        }),
        ...more,
      });
    expect(ids(pushProd(prod(own), options))).toContain("record_release");
    expect(refusal(() => pushProd(prod(other), options))).toMatchObject({
      message: `the prod image is built on ${other}, and dev 1.2.0 is ${own}`,
      why: "Taken was the newest dev; the release is recorded with the dev image that prod was built on.",
      fix: "Name that one: --dev-version 1.2.7; or build it again: i docker_build_prod",
    });
  });
});
