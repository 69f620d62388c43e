import { describe, expect, it } from "vitest";
import type { PackageFacts } from "../../lib/doors/pyproject.ts";
import { comparePackages } from "../../lib/packages/compare_packages.ts";
import { packageUse } from "../../lib/packages/package_use.ts";
import { compareImages, findUnused, type UnusedOptions } from "../../lib/packages/packages.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { config, digest, doing, engine, facts, ids, localImage, refusal, stepOf, version } from "./factory.ts";

const image = "127.0.0.1:5001/cmamp";
const pyproject = {
  folder: "devops/docker_build",
  text: "",
  value: { tool: { poetry: { dependencies: { foo: "1" } } } },
  lock: null,
  pipList: null,
};
const python: PackageFacts = { nested: [], pyproject };

describe("find_unused_packages", () => {
  const find = (more: Partial<AllFacts> = {}, options: Partial<UnusedOptions> = {}, packages = python) =>
    findUnused(facts(more), { stage: "dev", also: [], ...options }, packages);
  const use = (...given: Parameters<typeof find>) => doing(find(...given), packageUse)[0];
  const place = (more: object) => ({ place: { ...facts().place, ...more } });

  it("looks in the image of a stage, pulled first where the engine lacks it, as the caller", () => {
    expect(find().map(({ id, title }) => [id, title])).toEqual([
      ["docker_pull", `Pull ${image}:dev`],
      ["package_use", `Look who uses the packages in ${image}:dev`],
    ]);
    expect(use()).toEqual({
      kind: "package_use",
      image: `${image}:dev`,
      user: "1000:1000",
      dirs: ["."],
      without: [],
      roots: [".", "src"],
      started: ["pytest", "pytest", "pytest", "pytest"],
      declared: [expect.objectContaining({ name: "foo" })],
      allowed: {},
      where: null,
    });
  });

  it("looks for one place alone where it is named, with or without a pyproject.toml", () => {
    const bare = { nested: ["sub"], pyproject: null };
    expect(find({}, { where: "dill" }, bare).at(-1)?.title).toBe(`Look who uses dill in ${image}:dev`);
    expect(use({}, { where: "dill" }, bare)).toMatchObject({ where: "dill", declared: [], without: ["sub"] });
  });

  it("looks in the image of the version that is named", () => {
    expect(use({}, { version: version("1.1.0") })?.image).toBe(`${image}:dev-1.1.0`);
  });

  it.each<[string, Partial<AllFacts>, readonly string[], readonly string[], readonly string[]]>([
    ["the root, which holds all others", {}, ["lib"], ["."], [".", "src", "lib"]],
    ["a dir and its own sources", place({ dir: "sub" }), [], ["sub"], [".", "src", "sub", "sub/src"]],
    ["a dir and others", place({ dir: "sub" }), ["lib", "sub"], ["sub", "lib"], [".", "src", "sub", "sub/src", "lib"]],
    [
      "a dir and the toolchain that the repo has in it",
      place({ dir: "sub", helpersRoot: "helpers_root" }),
      ["lib"],
      ["sub", "helpers_root", "lib"],
      [".", "src", "sub", "sub/src", "helpers_root", "lib"],
    ],
  ])("reads %s", (_what, more, also, dirs, roots) => {
    expect(use(more, { also })).toMatchObject({ dirs, roots });
  });

  it("knows the commands that tests start, and what the config lets stay", () => {
    const settings = config({
      tests: { fast: { command: ["make", "fast"] } },
      packages: { allow_unused: { foo: "typed by hand" } },
    });
    expect(use({ config: settings })).toMatchObject({
      started: ["make fast", "pytest", "pytest", "pytest"],
      allowed: { foo: "typed by hand" },
    });
  });

  it("is refused where there is no pyproject.toml", () => {
    expect(refusal(() => find({}, {}, { nested: [], pyproject: null }))).toMatchObject({
      message: 'there is no pyproject.toml in "."',
      why: "The packages of an image are asked for in devops/docker_build/pyproject.toml, or at the top of its dir.",
      fix: "Start from the template: i init_runnable_dir; or name another runnable dir: --dir DIR",
    });
  });
});

describe("compare_packages", () => {
  const compare = (...images: readonly string[]) =>
    compareImages(facts({ engine: engine({ images: [localImage(`${image}:dev`)] }) }), { images });
  it("pulls what the engine lacks, then compares", () => {
    expect(compare("dev", "debian:12").map(({ id, title, skip }) => [id, title, skip])).toEqual([
      ["pull_1", `Pull ${image}:dev`, "the engine has it"],
      ["pull_2", "Pull debian:12", null],
      ["compare", "Compare the packages of dev and debian:12", null],
    ]);
    expect(stepOf(compare("dev", "debian:12"), "compare").do).toEqual([
      { kind: "compare_packages", before: `${image}:dev`, after: "debian:12", names: ["dev", "debian:12"] },
    ]);
  });

  it("pulls an image once that is named twice", () => {
    expect(ids(compare("debian:12", "debian:12"))).toEqual(["pull_1", "compare"]);
  });

  it.each<[readonly string[], object]>([
    [
      ["dev"],
      {
        message: "1 images were named, not two",
        why: "A comparison tells how one image's packages became another's.",
        fix: "Name the older one first: i compare_packages dev local",
      },
    ],
    [
      ["dev", "local-9.9.9"],
      {
        message: `the engine has no ${image}:local-gp-9.9.9`,
        why: "A local image is built on this machine and private to its user.",
        fix: "Build it: i docker_build_local --version X.Y.Z",
      },
    ],
  ])("of %j is refused", (images, wanted) => {
    expect(refusal(() => compare(...images))).toMatchObject(wanted);
  });

  it("takes a digest for what it is", () => {
    expect(doing(compare("dev", digest("e")), comparePackages)[0]?.after).toBe(`${image}@${digest("e")}`);
  });
});
