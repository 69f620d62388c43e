import { describe, expect, it } from "vitest";
import { pull, pullDevTools, pullIfMissing } from "../../lib/container/pull.ts";
import { chooseImage } from "../../lib/names/choose_image.ts";
import type { AllFacts, TagState } from "../../lib/plan/facts.ts";
import { config, engine, facts, lines, localImage, refusal, version } from "./factory.ts";
import { inEngine, local, repository } from "./known_images.ts";

describe("docker_pull", () => {
  const run = (more: Partial<AllFacts> = {}, options: Partial<Parameters<typeof pull>[1]> = {}) =>
    pull(facts(more), { stage: "dev", ...options });

  it("is refused where the first registry lets nobody in, for that is what the engine would meet too", () => {
    const state = (reason: "denied" | "unreachable"): TagState => ({
      ...{ state: "unknown", why: "cannot read dev: ecr answered 401" },
      error: { reason, why: "a helper hangs", fix: "take it out" },
    });
    expect(refusal(() => run({ registries: { ecr: { dev: state("denied") } } }))).toMatchObject({
      ...{ message: "cannot read dev: ecr answered 401", why: "a helper hangs", fix: "take it out" },
      ...{ kind: "registry_denied", exitCode: 1 },
    });
    for (const registries of [{ ecr: { dev: state("unreachable") } }, { dockerhub: { dev: state("denied") } }])
      expect(lines(run({ registries }))).toEqual([`docker pull ${repository}:dev`]);
  });
  const second = { targets: config().registries.slice(1) };

  it("pulls from the first target, under the name that the engine knows the image by", () => {
    const [step, ...more] = run({}, { version: version("1.1.0") });
    expect([step?.id, step?.title, step?.skip, lines([...(step ? [step] : [])]), more]).toEqual([
      "docker_pull",
      `Pull ${repository}:dev-1.1.0`,
      null,
      [`docker pull ${repository}:dev-1.1.0`],
      [],
    ]);
    expect(lines(run(second))).toEqual([
      "docker pull 127.0.0.1:5002/cmamp:dev",
      `docker tag 127.0.0.1:5002/cmamp:dev ${repository}:dev`,
    ]);
  });

  it("without a target takes the name that the engine would know", () => {
    expect(lines(run({ targets: [] }))).toEqual([`docker pull ${repository}:dev`]);
  });

  it("logs docker in where AWS is behind the registry", () => {
    expect(lines(run({ env: { AWS_ENDPOINT_URL: "http://127.0.0.1:1" } }))).toEqual([
      "docker login --username AWS --password-stdin 127.0.0.1:5001",
      `docker pull ${repository}:dev`,
    ]);
  });

  it("refuses a local image", () => {
    expect(refusal(() => run({}, { stage: "local" }))).toMatchObject({
      message: "a local image cannot be pulled",
      why: "It is private to its user and machine.",
      fix: "Build it: i docker_build_local; or pull a released one: i docker_pull --stage dev",
    });
  });
});

describe("docker_pull_dev_tools", () => {
  const run = (more: Partial<AllFacts> = {}, options: Partial<Parameters<typeof pullDevTools>[1]> = {}) =>
    pullDevTools(facts(more), { stage: "prod", ...options });

  it.each<[string, Parameters<typeof run>, string]>([
    ["the shared tools of the first registry", [], "127.0.0.1:5001/dev_tools:prod"],
    ["a version of them", [{}, { stage: "dev", version: version("1.1.0") }], "127.0.0.1:5001/dev_tools:dev-1.1.0"],
    [
      "those that the config names",
      [{ config: config({ container: { dev_tools: "kit" } }) }],
      "127.0.0.1:5001/kit:prod",
    ],
  ])("pulls %s", (_what, given, from) => {
    const steps = run(...given);
    expect([steps.map(({ id, title }) => [id, title]), lines(steps)]).toEqual([
      [["docker_pull_dev_tools", `Pull ${from}`]],
      [`docker pull ${from}`],
    ]);
  });

  it.each<[string, Parameters<typeof run>, string]>([
    ["a local image", [{}, { stage: "local" }], "a local image cannot be pulled"],
    ["a repo without a registry", [{ targets: [] }], "no registry is configured"],
  ])("refuses %s", (_what, given, message) => {
    expect(refusal(() => run(...given))).toMatchObject({
      message,
      why: "The image of the shared tools is pulled from the first registry of container_registry_info.",
      fix: "Add one to repo_config.yaml, and type i docker_pull_dev_tools --stage prod",
    });
  });
});

describe("an image that is needed", () => {
  const need = (stage: "local" | "dev", more: Partial<AllFacts> = {}) => {
    const world = facts(more);
    return pullIfMissing(world, chooseImage(world, stage, version("1.2.0")));
  };

  it("is pulled unless the engine has it", () => {
    expect(need("dev").map(({ skip }) => skip)).toEqual([null]);
    expect(need("dev", inEngine(localImage(`${repository}:dev-1.2.0`))).map(({ skip }) => skip)).toEqual([
      "the engine has it",
    ]);
  });

  it("is never pulled where it is local", () => {
    expect(need("local", inEngine(local()))).toEqual([]);
    expect(refusal(() => need("local"))).toMatchObject({
      message: `the engine has no ${repository}:local-gp-1.2.0`,
      why: "A local image is built on this machine and private to its user.",
      fix: "Build it: i docker_build_local --version 1.2.0",
    });
  });

  it("is not known where no engine answers", () => {
    expect(refusal(() => need("local", { engine: engine({ up: false, why: "no socket" }) }))).toMatchObject({
      message: "no Docker engine answers",
      fix: "Start Docker, or a private engine: i engine up",
    });
  });
});
