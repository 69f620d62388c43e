import { describe, expect, it } from "vitest";
import type { ProdWay } from "../../lib/config/tests.ts";
import { announce } from "../../lib/kinds/announce.ts";
import { command } from "../../lib/kinds/command.ts";
import { record } from "../../lib/kinds/record.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import type { AllFacts, BuildInputs } from "../../lib/plan/facts.ts";
import { usesRefs } from "../../lib/plan/plan.ts";
import { takeClaim } from "../../lib/release/claim.ts";
import { gitTag } from "../../lib/release/git_tag.ts";
import { moveTag } from "../../lib/release/move_tag.ts";
import { buildProd, createCandidate } from "../../lib/release/prod.ts";
import { type ReleaseOptions, release } from "../../lib/release/release.ts";
import {
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
  inputs,
  lines,
  localImage,
  logged,
  refusal,
  releaseOptions,
  stepOf,
  version,
} from "./factory.ts";

const repository = "127.0.0.1:5001/cmamp";
const base = { version: version("1.2.0"), why: "the newest dev", digest: digest("d"), repository };
const below = (more: Partial<BuildInputs> = {}) =>
  inputs({ base, dockerfile: "devops/docker_build/prod.Dockerfile", tagged: ["cmamp-prod-1.2.0"], ...more });
const ways = (way: ProdWay) => ({
  fast: { command: ["make", "fast"], prod: way },
  slow: { prod: way },
  qa: { prod: "from_outside" },
});
const settings = (way: ProdWay = "in_image") => config({ tests: ways(way) });
const world = (more: Partial<AllFacts> = {}) => facts({ stage: "prod", config: settings(), inputs: below(), ...more });
const plan = (more: Partial<AllFacts> = {}, options: Partial<ReleaseOptions> = {}) =>
  release(world(more), { ...releaseOptions, ...options });
const buildLine = (text: string, more: Partial<AllFacts> = {}) =>
  lines(buildProd(world({ inputs: below({ dockerfileText: text }), ...more }), { ...options, candidate: false })).find(
    (line) => line.startsWith("docker buildx build"),
  );
const options = { cache: true, buildArg: [] };

describe("a prod build", () => {
  it.each([
    ["the template's argument", "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n", `BASE_IMAGE=${repository}@${digest("d")}`],
    [
      "the original's three",
      "ARG VERSION ECR_BASE_PATH IMAGE_NAME\nFROM ${ECR_BASE_PATH}/${IMAGE_NAME}:dev-${VERSION}\n",
      "VERSION=1.2.0 --build-arg ECR_BASE_PATH=127.0.0.1:5001 --build-arg IMAGE_NAME=cmamp",
    ],
  ])("gives the dev image to %s", (_whose, text, wanted) => {
    expect(buildLine(text)).toContain(wanted);
  });

  it("means the digest wherever the Dockerfile names the tag of dev", () => {
    expect(buildLine("FROM scratch\n")).toContain(
      `--build-context ${repository}:dev-1.2.0=docker-image://${repository}@${digest("d")}`,
    );
  });

  it("says on which dev it stands", () => {
    expect(buildLine("FROM scratch\n")).toContain(
      `--label org.opencontainers.image.base.digest=${digest("d")} --label org.opencontainers.image.base.name=${repository}:dev-1.2.0`,
    );
  });

  it("does not take the base image of dev for its own", () => {
    const theirs = config({ tests: ways("in_image"), release: { build_args: { BASE_IMAGE: "debian:12" } } });
    expect(buildLine("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n", { config: theirs })).not.toContain("debian:12");
  });

  it("is refused from a dirty tree", () => {
    const dirty = world({ git: git({ dirty: ["a.py"] }) });
    expect(refusal(() => buildProd(dirty, { ...options, candidate: false })).message).toContain("not committed: a.py");
  });
});

describe("the steps of a prod release", () => {
  it("stand in the order of design.md", () => {
    const order = ["preflight", "claim", "pull_base", "build_prod", "run_fast_tests", "run_qa_tests"];
    const rest = ["tag_prod", "git_tag", "push_prod", "copy_to_others", "push_git_tag", "flip_prod", "verify"];
    const wanted = [...order, ...rest, "record_release", "release_claim", "tell"];
    expect(ids(plan()).filter((id) => wanted.includes(id))).toEqual(wanted);
  });

  it("pull nothing where the engine has the dev image", () => {
    const here = engine({ images: [localImage(`${repository}:dev-1.2.0`, { digests: [digest("d")] })] });
    expect(stepOf(plan({ engine: here }), "pull_base").skip).toBe("the engine has it");
  });

  it("tag and claim prod, beside the dev tag of the same number", () => {
    expect(doing(plan(), takeClaim).map(({ ref }) => ref)).toEqual(["refs/slipway/claim/cmamp-prod-1.2.0"]);
    expect(doing(plan(), gitTag).map(({ tag }) => tag)).toEqual(["cmamp-prod-1.2.0"]);
  });

  it("record the dev image below", () => {
    const [entry] = doing(plan(), record).flatMap(({ entry }) => (entry.type === "release" ? [entry] : []));
    expect(entry).toMatchObject({ stage: "prod", base: { version: "1.2.0", digest: digest("d") } });
  });

  it("leave prod where a higher version is, and say so", () => {
    const higher = logged({
      type: "release",
      stage: "prod",
      version: "1.3.0",
      digest: digest("e"),
      commit: commit("a"),
      registries: ["ecr"],
    });
    const later = plan({ log: [higher], registries: { ecr: { prod: found(digest("e")) }, dockerhub: {} } });
    expect(stepOf(later, "flip_prod").skip).toBe("prod stays 1.3.0, which is higher");
    expect(doing(later, announce).at(-1)?.text).toContain("prod stays 1.3.0, which is higher than 1.2.0");
  });
});

describe("a prod release is refused", () => {
  it.each<[string, Partial<AllFacts>, string]>([
    ["where no dev of its major.minor is released", { inputs: inputs() }, "prod 1.2.0 has no dev 1.2 to build on"],
    [
      "on a dev of another",
      { version: version("1.3.0"), changelog: changelog("prod-1.3.0") },
      "prod 1.3.0 cannot be built on dev 1.2.0",
    ],
    ["where a gate does not say how it runs", { config: config() }, "does not say how the fast tests run"],
    ["without an entry", { version: version("1.2.1"), changelog: changelog("1.2.0") }, "newest prod entry"],
  ])("%s", (_why, more, what) => {
    expect(refusal(() => plan(more)).message).toContain(what);
  });

  it("by no gate that is left out", () => {
    expect(ids(plan({ config: config() }, { skipTests: true }))).toContain("build_prod");
  });
});

describe("tests of a prod image", () => {
  const composeOf = (steps: ReturnType<typeof plan>, id: string) => {
    const file = doing([stepOf(steps, id)], writeFile).find(({ path }) => path.endsWith(".yml"));
    if (!file) throw new Error(`${id} writes no compose file`);
    return file.content;
  };

  it("in it see no code of the caller", () => {
    expect(composeOf(plan(), "run_fast_tests")).not.toContain('"target": "/app"');
  });

  it("from outside run in the dev image with the code, and are told what to drive", () => {
    const outside = stepOf(plan(), "run_qa_tests");
    const starts = outside.do.flatMap((action) => (command.is(action) && action.container ? [action.env] : []));
    expect(starts[0]).toEqual({
      IMAGE: `${repository}@${digest("d")}`,
      SLIPWAY_IMAGE_UNDER_TEST: { from: "build_prod" },
    });
    expect(composeOf(plan(), "run_qa_tests")).toContain('"target": "/app"');
  });

  it("with the packages of dev run in a throw-away image, which is removed", () => {
    const made = lines([stepOf(plan({ config: settings("with_dev_packages") }), "run_fast_tests")]);
    expect(made.find((line) => line.startsWith("docker buildx build"))).toContain("UNDER_TEST=");
    expect(made.at(-1)).toMatch(/^docker image rm .*-with-dev-packages /);
  });

  it.each<[ProdWay, string]>([
    ["in_image", ""],
    ["with_dev_packages", ""],
    ["from_outside", commit("a")],
  ])("%s are recorded with commit %j: the code of prod is in its digest", (way, wanted) => {
    const entries = doing(plan({ config: settings(way) }), record).map(({ entry }) => entry);
    expect(entries.flatMap((entry) => (entry.type === "pass" && entry.list === "fast" ? [entry.commit] : []))).toEqual([
      wanted,
    ]);
  });
});

describe("a candidate", () => {
  it("has the user and the commit in its tag, and moves nothing", () => {
    const steps = createCandidate(world(), options);
    expect(lines(steps)).toContain(`docker push ${repository}:prod-gp-aaaaaaaaa`);
    expect([doing(steps, moveTag), steps.filter(usesRefs), doing(steps, record)]).toEqual([[], [], []]);
  });

  it("is refused where much lies in the context, with the list", () => {
    const large = world({ inputs: below({ large: [{ path: "data", bytes: 300 * 2 ** 20 }] }) });
    expect(refusal(() => createCandidate(large, options)).message).toContain("more than 200 MiB in data (300 MiB)");
  });
});
