import { describe, expect, it } from "vitest";
import { command } from "../../lib/kinds/command.ts";
import { record } from "../../lib/kinds/record.ts";
import type { AllFacts, BaseImage, RegistryFacts } from "../../lib/plan/facts.ts";
import { copyImage } from "../../lib/release/copy_image.ts";
import { moveTag } from "../../lib/release/move_tag.ts";
import { publish } from "../../lib/release/publish.ts";
import { publishedDigest, push, pushImage, releasedDigest, sourcePlace } from "../../lib/release/push.ts";
import {
  commit,
  config,
  digest,
  doing,
  engine,
  facts,
  found,
  ids,
  lines,
  logged,
  refusal,
  stepOf,
  version,
} from "./factory.ts";

const image = digest("a");
const made = { from: "push_x" } as const;
const ecr = { registry: "ecr", repository: "127.0.0.1:5001/cmamp" };
const hub = { registry: "dockerhub", repository: "127.0.0.1:5002/cmamp" };
const classic = engine({ store: "classic" });
const inEcr = { registries: { ecr: { "dev-1.2.0": found(image) } } };
const plan = (more: Partial<AllFacts> = {}) => push(facts(more), image, version("1.2.0"));
const named = { id: "push_x", tag: "dev-1.2.0", name: "127.0.0.1:5001/cmamp:dev-1.2.0" };

describe("a push", () => {
  it("goes to the first registry from the engine, then by digest to the others, and ends with the Git tag", () => {
    expect(ids(plan())).toEqual(["push_dev", "copy_to_others", "push_git_tag"]);
  });

  it("gives the image the registry's name where the engine knows it by another", () => {
    const targets = config().registries.slice(1);
    expect(lines([stepOf(plan({ targets }), "push_dev")])).toEqual([
      "docker tag 127.0.0.1:5001/cmamp:dev-1.2.0 127.0.0.1:5002/cmamp:dev-1.2.0",
      "docker push 127.0.0.1:5002/cmamp:dev-1.2.0",
    ]);
  });

  it("logs docker in first where AWS is behind the registry", () => {
    const env = { AWS_ENDPOINT_URL: "http://127.0.0.1:1" };
    expect(lines([stepOf(plan({ env }), "push_dev")])).toEqual([
      "docker login --username AWS --password-stdin 127.0.0.1:5001",
      "docker push 127.0.0.1:5001/cmamp:dev-1.2.0",
    ]);
  });

  it("by a builder copies nothing from the engine", () => {
    expect(lines(plan({ builder: "far" }))).toEqual([]);
    expect(ids(plan({ builder: "far" }))).toEqual(["push_dev", "copy_to_others", "push_git_tag"]);
  });

  it("has no copy to make where there is one registry", () => {
    const step = stepOf(plan({ targets: config().registries.slice(0, 1) }), "copy_to_others");
    expect([step.title, step.skip]).toEqual(["Copy dev-1.2.0 to no other registry", "there is one registry"]);
  });

  it("names all others in the title of the copy", () => {
    const row = (port: number) => ({ address: `127.0.0.1:${port}`, kind: "oci" });
    const settings = config({ container_registry_info: { a: row(1), b: row(2), c: row(3) } });
    expect(stepOf(plan({ config: settings }), "copy_to_others").title).toBe("Copy dev-1.2.0 to b, c");
  });
});

describe("a push of an index", () => {
  const both = { platforms: ["linux/amd64", "linux/arm64"] };
  it("goes under a name of the user's first, and gets the version's once that is read back", () => {
    const step = stepOf(plan(both), "push_dev");
    const [tag, aside] = ["dev-1.2.0", "local-gp-1.2.0"];
    expect(step.title).toBe("Push cmamp:dev-1.2.0 to ecr, as local-gp-1.2.0 first");
    expect(step.do.filter((action) => !command.is(action))).toEqual([
      { kind: "verify_digest", tag, digest: image, places: [ecr], mayBeAbsent: true },
      { kind: "verify_digest", tag: aside, digest: image, places: [ecr] },
      { kind: "copy_image", digest: image, tag, from: ecr, to: [ecr] },
      { kind: "verify_digest", tag, digest: image, places: [ecr] },
    ]);
    expect(lines([step])).toEqual([
      `docker tag ${ecr.repository}:${tag} ${ecr.repository}:${aside}`,
      `docker push ${ecr.repository}:${aside}`,
    ]);
    expect(doing(plan(both), copyImage).map(({ to }) => to)).toEqual([[ecr], [hub]]);
    expect(stepOf(plan({ ...both, ...inEcr }), "push_dev").skip).toBe("ecr has dev-1.2.0");
  });

  it("of prod goes as the commit's candidate first, and one that a builder pushed is only named", () => {
    expect(lines([stepOf(plan({ ...both, stage: "prod" }), "push_prod")]).at(-1)).toBe(
      `docker push ${ecr.repository}:prod-gp-aaaaaaaaa`,
    );
    expect(lines(plan({ ...both, builder: "far" }))).toEqual([]);
  });
});

describe("a push from the classic store, which knows an image by its config until it is pushed", () => {
  const step = (more: Partial<AllFacts> = {}) => pushImage(facts({ engine: classic, ...more }), image, named);

  it("learns the digest by reading it back, and compares the config with what was tested", () => {
    const readBack = { kind: "verify_digest", tag: "dev-1.2.0", digest: made, places: [ecr], tested: image };
    const [pushed, copied] = step();
    expect([pushed?.do[0], pushed?.do.at(-1)]).toEqual([{ ...readBack, mayBeAbsent: true }, readBack]);
    expect(copied?.do).toEqual([{ kind: "copy_image", digest: made, tag: "dev-1.2.0", from: ecr, to: [hub] }]);
  });

  it("knows the digest where a registry has the version", () => {
    const [pushed, copied] = step(inEcr);
    expect(pushed?.skip).toBe("ecr has dev-1.2.0");
    expect(copied?.do).toMatchObject([{ digest: image }]);
  });

  it("from the containerd store knows the digest before", () => {
    const [pushed] = step({ engine: engine() });
    expect(pushed?.do.at(-1)).toEqual({ kind: "verify_digest", tag: "dev-1.2.0", digest: image, places: [ecr] });
  });

  it.each<[string, Partial<AllFacts>, unknown]>([
    ["the one that the push yields", { engine: classic }, { from: "push_dev" }],
    ["the registry's where one has it", { engine: classic, ...inEcr }, image],
    ["what was tested in the containerd store", {}, image],
    ["what was tested in the containerd store, released or not", inEcr, image],
  ])("publishes %s", (_what, more, wanted) => {
    expect(publishedDigest(facts(more), image, version("1.2.0"))).toEqual(wanted);
  });
});

describe("the digest of a version", () => {
  const of = (registries: RegistryFacts) => releasedDigest(facts({ registries }), version("1.2.0"));
  it.each<[string, RegistryFacts, string | undefined]>([
    ["none where no registry has it", {}, undefined],
    ["none where registries have other tags", { ecr: { dev: found(image) } }, undefined],
    [
      "that of the one that has it",
      { ecr: { "dev-1.2.0": { state: "absent" } }, dockerhub: { "dev-1.2.0": found(image) } },
      image,
    ],
    ["the one that all have", { ecr: { "dev-1.2.0": found(image) }, dockerhub: { "dev-1.2.0": found(image) } }, image],
    ["none of a registry that is no target", { quay: { "dev-1.2.0": found(image) } }, undefined],
  ])("is %s", (_what, registries, wanted) => {
    expect(of(registries)).toBe(wanted);
  });

  it("is refused where two registries differ, as drift", () => {
    const two = { ecr: { "dev-1.2.0": found(image) }, dockerhub: { "dev-1.2.0": found(digest("b")) } };
    expect(refusal(() => of(two))).toMatchObject({
      message: `dev-1.2.0 is ${image} in ecr, but ${digest("b")} in dockerhub`,
      why: "A version is one image in every registry; one of them was pushed from elsewhere.",
      fix: "See which one was tested: i release_history; then remove the other tag in its registry by hand",
      kind: "drift",
    });
  });

  it("is copied from the registry that has it, else from the first target", () => {
    const second = { registries: { dockerhub: { "dev-1.2.0": found(image) } } };
    expect([sourcePlace(facts(second), "dev-1.2.0"), sourcePlace(facts(), "dev-1.2.0")]).toEqual([hub, ecr]);
  });
});

const asDev = { version: version("1.2.0"), base: null };

describe("what is published", () => {
  const base = { version: version("1.2.0"), why: "the newest dev", digest: digest("d"), repository: ecr.repository };
  const published = (more: Partial<AllFacts>, below: BaseImage | null = null) =>
    doing(publish(facts(more), image, { version: version("1.2.0"), base: below }), record).map(({ entry, index }) => [
      "base" in entry ? entry.base : null,
      index ?? null,
    ]);

  it.each<[string, Partial<AllFacts>, BaseImage | null, unknown]>([
    ["a dev release without a base", {}, null, null],
    ["a prod release with the dev image below", { stage: "prod" }, base, { version: "1.2.0", digest: digest("d") }],
  ])("is recorded: %s", (_what, more, below, wanted) => {
    expect(published(more, below)).toEqual([[wanted, null]]);
  });

  it("is recorded with the place of its index where it is one", () => {
    expect(published({ platforms: ["linux/amd64", "linux/arm64"] })).toEqual([[null, ecr]]);
    expect(published({ platforms: ["linux/amd64"] })).toEqual([[null, null]]);
  });

  it("moves the mutable tag from what was seen there", () => {
    const registries = {
      ecr: { dev: found(digest("b")) },
      dockerhub: { dev: { state: "unknown", why: "timeout" } },
    } as const;
    expect(doing(publish(facts({ registries }), image, asDev), moveTag)[0]?.places).toEqual([
      { ...ecr, seen: digest("b") },
      { ...hub, seen: null },
    ]);
  });

  it("is refused for dev below what dev is", () => {
    const log = [
      logged({
        type: "release",
        stage: "dev",
        version: "1.3.0",
        digest: digest("b"),
        commit: commit("a"),
        registries: ["ecr"],
      }),
    ];
    const world = facts({ log, registries: { ecr: { dev: found(digest("b")) } } });
    expect(refusal(() => publish(world, image, asDev))).toMatchObject({
      message: "dev is 1.3.0, and 1.2.0 is lower",
      why: "ann on ci moved it to 1.3.0 at 2025-01-02T10:00:00Z, and dev goes down only by a rollback.",
      fix: "Release a higher version, or go back on purpose: i docker_rollback_dev --version 1.2.0",
    });
  });

  it.each([
    ["the same version", "1.2.0"],
    ["a lower version", "1.1.0"],
    ["what is no version", "prod-gp-aaaaaaaaa"],
  ])("goes on where dev is %s", (_what, of) => {
    const log = [
      logged({
        type: "release",
        stage: "dev",
        version: of,
        digest: digest("b"),
        commit: commit("a"),
        registries: ["ecr"],
      }),
    ];
    const world = facts({ log, registries: { ecr: { dev: found(digest("b")) } } });
    expect(stepOf(publish(world, image, asDev), "flip_dev").skip).toBeNull();
  });
});
