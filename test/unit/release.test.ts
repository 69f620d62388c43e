import { describe, expect, it } from "vitest";
import { imageLabels } from "../../lib/build/build.ts";
import { announce } from "../../lib/kinds/announce.ts";
import { record } from "../../lib/kinds/record.ts";
import { verifyDigest } from "../../lib/kinds/verify_digest.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import type { Step } from "../../lib/plan/plan.ts";
import { copyImage } from "../../lib/release/copy_image.ts";
import { pushTag } from "../../lib/release/git_tag.ts";
import { moveTag } from "../../lib/release/move_tag.ts";
import { type ReleaseOptions, release } from "../../lib/release/release.ts";
import {
  active,
  changelog,
  commit,
  config,
  digest,
  doing,
  engine,
  facts,
  found,
  git,
  ids,
  lines,
  localImage,
  logged,
  releaseOptions,
  stepOf,
  version,
} from "./factory.ts";

const plan = (world: Partial<AllFacts> = {}, more: Partial<ReleaseOptions> = {}): Step[] =>
  release(facts(world), { ...releaseOptions, ...more });

const labels = imageLabels(facts(), version("1.2.0"), "no_update");
const [built, other] = [digest("a"), digest("b")];
const local = "127.0.0.1:5001/cmamp:local-gp-1.2.0";
const here: Partial<AllFacts> = { engine: engine({ images: [localImage(local, { id: built, labels })] }) };
const released = (hash: string, dev = hash): Partial<AllFacts> => ({
  registries: {
    ecr: { "dev-1.2.0": found(hash, labels), dev: found(dev) },
    dockerhub: { "dev-1.2.0": found(hash, labels), dev: found(dev) },
  },
});
const passed = (list: string) =>
  logged({
    type: "pass",
    digest: built,
    version: "1.2.0",
    list,
    commit: commit("a"),
    tree: commit("b"),
    runner: list,
    platform: "linux/amd64",
  });

describe("the steps of a dev release", () => {
  it("stand in the order of design.md", () => {
    const wanted = ["preflight", "claim", "build_local", "run_fast_tests", "run_slow_tests", "run_qa_tests"];
    const rest = ["tag_local_as_dev", "git_tag", "push_dev", "copy_to_others", "push_git_tag", "flip_dev", "verify"];
    const order = [...wanted, ...rest, "record_release", "release_claim", "tell"];
    expect(ids(plan()).filter((id) => order.includes(id))).toEqual(order);
  });

  it("are all done the first time", () => {
    expect(plan().filter(({ skip }) => skip !== null)).toEqual([]);
  });

  it.each(["tag_local_as_dev", "git_tag", "push_dev", "flip_dev"])("never has %s before the last test", (id) => {
    const all = ids(plan({}, { superslowTests: true }));
    expect(all.indexOf(id)).toBeGreaterThan(all.findLastIndex((each) => each.endsWith("_tests")));
  });

  it("moves dev only when every registry has the version and Git has the tag", () => {
    const all = ids(plan());
    expect(all.indexOf("flip_dev")).toBeGreaterThan(
      Math.max(...["copy_to_others", "push_git_tag"].map((id) => all.indexOf(id))),
    );
  });

  it("builds without provenance, so that the same inputs make the same digest", () => {
    expect(lines(plan()).find((line) => line.startsWith("docker buildx build"))).toContain(
      "--provenance=false --sbom=false",
    );
  });

  it("uses the digest of the build wherever facts know none", () => {
    expect(doing(plan(), verifyDigest).map((action) => action.digest)).toContainEqual({ from: "build_local" });
  });

  it("pushes to one registry and copies from there to the others", () => {
    const [copy] = doing(plan(), copyImage);
    expect([copy?.from.registry, copy?.to.map(({ registry }) => registry)]).toEqual(["ecr", ["dockerhub"]]);
  });

  it("runs the end-to-end tests where they are configured", () => {
    const settings = config({ release: { end_to_end: { dev: { dir: "e2e", argv: ["make"] } } } });
    expect(active(plan({ config: settings }))).toContain("run_end_to_end_tests");
  });

  it("ends with the entry to add where the changelog comes after", () => {
    const settings = config({ release: { changelog_update: "after_release" } });
    const [told] = doing(plan({ config: settings, changelog: changelog("1.1.0") }), announce);
    expect(told?.text).toContain("i changelog_add --version 1.2.0");
  });
});

describe("with --no-push-to-repo", () => {
  const steps = plan({}, { pushToRepo: false });
  it("no image and no tag leaves the machine, and nothing but the passes is recorded", () => {
    const kinds = [...doing(steps, copyImage), ...doing(steps, moveTag)];
    const pushes = lines(steps).filter((line) => line.startsWith("docker push"));
    const tags = doing(steps, pushTag);
    const records = doing(steps, record).map(({ entry }) => entry.type);
    expect([kinds, pushes, tags]).toEqual([[], [], []]);
    expect(records).toEqual(["pass", "pass", "pass"]);
  });

  it("the claim is given back", () => {
    expect(ids(steps).at(-1)).toBe("release_claim");
  });
});

describe("tests that are left out", () => {
  it.each<[string, Partial<ReleaseOptions>, readonly string[]]>([
    ["--no-qa-tests", { qaTests: false }, ["qa"]],
    ["--skip-tests", { skipTests: true }, ["fast", "slow", "qa"]],
  ])("by %s are shown with the reason", (why, options, lists) => {
    const skipped = plan({}, options).filter(({ id, skip }) => /^run_\w+_tests$/.test(id) && skip === why);
    expect(ids(skipped)).toEqual(lists.map((list) => `run_${list}_tests`));
  });

  it("are recorded", () => {
    const entries = doing(plan({}, { skipTests: true }), record).map(({ entry }) => entry);
    expect(entries.flatMap((entry) => (entry.type === "skip" ? [entry.list] : []))).toEqual(["fast", "slow", "qa"]);
  });
});

describe("what exists is not made again", () => {
  it("an image in the engine with the same inputs is not built", () => {
    expect(stepOf(plan(here), "build_local").skip).toContain(built);
  });

  it("an image in the engine with other inputs is built anew", () => {
    const stale = localImage(local, { labels: { ...labels, "dev.slipway.inputs": "other" } });
    expect(active(plan({ engine: engine({ images: [stale] }) }))).toContain("build_local");
  });

  it("a recorded pass is not run again", () => {
    const log = [passed("fast")].map((one) => ({
      ...one,
      runner: 'pytest -m "not slow and not superslow and not qa"',
    }));
    expect(stepOf(plan({ ...here, log }), "run_fast_tests").skip).toBe("passed on 2025-01-02 10:00 by ann");
  });

  it.each<[string, Partial<ReleaseOptions>, object]>([
    ["with --rerun-tests", { rerunTests: true }, {}],
    ["of another digest", {}, { digest: other }],
    ["of another commit", {}, { commit: commit("c") }],
    ["of other code in a submodule", {}, { tree: commit("c") }],
    ["of another runner", {}, { runner: "make" }],
    ["of another platform", {}, { platform: "linux/arm64" }],
  ])("a recorded pass %s is run again", (_name, options, more) => {
    const log = [{ ...passed("fast"), runner: 'pytest -m "not slow and not superslow and not qa"', ...more }];
    expect(stepOf(plan({ ...here, log }, options), "run_fast_tests").skip).toBeNull();
  });

  it("a released version is neither built, pushed, copied nor flipped", () => {
    const done = ["build_local", "push_dev", "copy_to_others", "flip_dev"];
    expect(active(plan(released(built))).filter((id) => done.includes(id))).toEqual([]);
  });

  it("an image that only the second registry has is pulled from there", () => {
    const registries = { dockerhub: { "dev-1.2.0": found(built, labels) } };
    expect(lines(plan({ registries })).filter((line) => line.startsWith("docker pull"))).toEqual([
      `docker pull 127.0.0.1:5002/cmamp@${built}`,
    ]);
  });

  it("a Git tag on the remote is not pushed again", () => {
    const remoteTags = { "cmamp-1.2.0": commit("a") };
    expect(active(plan({ remoteTags, git: git({ tags: remoteTags }) }))).not.toContain("push_git_tag");
  });
});

describe("a subset of registries", () => {
  const settings = config();
  const steps = plan({ config: settings, targets: settings.registries.slice(0, 1) });
  it("moves dev only there", () => {
    expect(doing(steps, moveTag).flatMap(({ places }) => places.map(({ registry }) => registry))).toEqual(["ecr"]);
  });

  it("is recorded", () => {
    const entries = doing(steps, record).flatMap(({ entry }) => (entry.type === "release" ? entry.registries : []));
    expect(entries).toEqual(["ecr"]);
  });

  it("is told as a choice", () => {
    expect(doing(steps, announce)[0]?.text).toMatch(/^dockerhub +behind by choice$/m);
  });
});
