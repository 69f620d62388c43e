import { describe, expect, it } from "vitest";
import { imageLabels } from "../../lib/build/build.ts";
import type { ListName, ProdWay } from "../../lib/config/tests.ts";
import { command } from "../../lib/kinds/command.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import type { Chosen } from "../../lib/names/choose_image.ts";
import type { AllFacts, BaseImage } from "../../lib/plan/facts.ts";
import { buildProd, createCandidate, prodBuild, pullBase, pushCandidate } from "../../lib/release/prod.ts";
import { assertProdWays, prodWay } from "../../lib/tests/prod_tests.ts";
import {
  config,
  digest,
  engine,
  facts,
  git,
  ids,
  inputs,
  lines,
  localImage,
  refusal,
  stepOf,
  version,
} from "./factory.ts";

const repository = "127.0.0.1:5001/cmamp";
const base = { version: version("1.2.3"), why: "the newest dev", digest: digest("d"), repository };
const below = inputs({ base, dockerfile: "devops/docker_build/prod.Dockerfile" });
const world = (more: Partial<AllFacts> = {}): AllFacts => facts({ stage: "prod", inputs: below, ...more });
const options = { cache: true, buildArg: [] };
const candidate = `${repository}:prod-gp-aaaaaaaaa`;
const engineWith = (...images: ReturnType<typeof localImage>[]) => ({ engine: engine({ images }) });
const dirty = { git: git({ dirty: ["a.py"] }) };

describe("docker_build_prod", () => {
  const steps = (isCandidate = false, more: Partial<AllFacts> = {}) =>
    buildProd(world(more), { ...options, candidate: isCandidate });
  it("brings the dev image below into the engine by its digest, then builds", () => {
    expect(ids(steps())).toEqual(["pull_base", "build_prod"]);
    expect([stepOf(steps(), "pull_base").title, lines([stepOf(steps(), "pull_base")])]).toEqual([
      "Pull dev-1.2.3, which prod is built on: the newest dev",
      [`docker pull ${repository}@${digest("d")}`],
    ]);
  });

  it.each([
    [false, `${repository}:prod-1.2.0`],
    [true, candidate],
  ])("as a candidate (%s) is called %s", (isCandidate, reference) => {
    const step = stepOf(steps(isCandidate), "build_prod");
    expect([step.title, lines([step]).at(-1)?.includes(` --tag ${reference} `)]).toEqual([`Build ${reference}`, true]);
  });

  it("is refused where the dev below is another generation, and from a dirty tree", () => {
    expect(refusal(() => steps(false, { version: version("1.3.0") })).message).toBe(
      "prod 1.3.0 cannot be built on dev 1.2.3",
    );
    expect(refusal(() => steps(true, dirty)).message).toBe("the code is not committed: a.py");
    expect(refusal(() => steps(true, { inputs: inputs({ base, other: ["a.py"] }) })).message).toBe(
      "the files of the image are not those of the commit: a.py",
    );
  });

  it.each<[string, readonly string[], string | null]>([
    ["has it", [digest("c"), digest("d")], "the engine has it"],
    ["has another", [digest("c")], null],
  ])("pulls the dev image below unless the engine %s", (_what, digests, skip) => {
    const images = [localImage("x:y"), localImage("x:z", { digests })];
    expect(pullBase(world(engineWith(...images))).skip).toBe(skip);
  });

  it("is a fault of ours where no rule has seen the dev image below", () => {
    const blind = () => pullBase(world({ inputs: inputs() }));
    expect(blind).toThrow(new Error("a prod build is planned before assertBase has seen its base"));
  });

  it("gives the Dockerfile what the original's and the template's ask for, and the config's own", () => {
    const settings = config({ release: { build_args: { EXTRA: "1", VERSION: "9.9.9" } } });
    const place = { ...facts().place, dir: "sub" };
    const build = prodBuild(world({ config: settings, place }), {
      version: version("1.2.0"),
      reference: "r:t",
      options,
    });
    expect(build).toMatchObject({
      id: "build_prod",
      reference: "r:t",
      args: {
        EXTRA: "1",
        AM_CONTAINER_VERSION: "1.2.0",
        BASE_IMAGE: `${repository}@${digest("d")}`,
        RUNNABLE_DIR: "sub",
        VERSION: "1.2.3",
        ECR_BASE_PATH: "127.0.0.1:5001",
        IMAGE_NAME: "cmamp",
      },
      images: { [`${repository}:dev-1.2.3`]: `docker-image://${repository}@${digest("d")}` },
    });
  });

  it("is labelled with inputs of its own kind, which no local image of the same files has", () => {
    const { labels } = prodBuild(world(), { version: version("1.2.0"), reference: "r:t", options });
    const local = imageLabels(world(), version("1.2.0"), "no_update");
    expect(labels).toEqual(imageLabels(world(), version("1.2.0"), "prod"));
    expect(labels["dev.slipway.inputs"]).not.toBe(local["dev.slipway.inputs"]);
  });
});

describe("a candidate", () => {
  const told = {
    kind: "announce",
    text: "cmamp:prod-gp-aaaaaaaaa is <digest> in ecr, dockerhub",
  };
  it("is built, pushed to every registry, and told", () => {
    const steps = createCandidate(world(), options);
    expect(ids(steps)).toEqual(["pull_base", "build_prod", "push_prod_candidate", "copy_to_others", "tell"]);
    expect(stepOf(steps, "build_prod").title).toBe(`Build ${candidate}`);
    expect(stepOf(steps, "push_prod_candidate").do.at(-1)).toMatchObject({
      digest: { from: "build_prod" },
      tag: "prod-gp-aaaaaaaaa",
    });
    expect([stepOf(steps, "tell").title, stepOf(steps, "tell").do]).toEqual([
      "Report what was pushed",
      [{ ...told, digest: { from: "build_prod" } }],
    ]);
  });

  it("that is built already is pushed by its digest", () => {
    const steps = pushCandidate(world(engineWith(localImage(candidate, { id: digest("e") }))));
    expect(ids(steps)).toEqual(["push_prod_candidate", "copy_to_others", "tell"]);
    expect(stepOf(steps, "push_prod_candidate").do.at(-1)).toMatchObject({ digest: digest("e") });
    expect(stepOf(steps, "tell").do).toEqual([{ ...told, digest: digest("e") }]);
  });

  it("is not pushed before it is built, or from a dirty tree", () => {
    expect(refusal(() => pushCandidate(world()))).toMatchObject({
      message: `the engine has no ${candidate}`,
      fix: "First type: i docker_build_prod --candidate",
    });
    expect(refusal(() => pushCandidate(world(dirty))).message).toBe("the code is not committed: a.py");
  });

  it("is refused with all that is large in its context", () => {
    const large = [
      { path: "data", bytes: 300 * 2 ** 20 },
      { path: "models", bytes: 201.4 * 2 ** 20 },
    ];
    expect(refusal(() => createCandidate(world({ inputs: { ...below, large } }), options))).toMatchObject({
      message: "the build context has more than 200 MiB in data (300 MiB), models (201 MiB)",
      why: "A candidate holds the outermost repo, and what is that large is seldom meant to ship.",
      fix: "Move it away, or name it in devops/docker_build/dockerignore.prod",
    });
  });
});

describe("lists that do not say how they run for prod", () => {
  const check = (tests: object, lists: readonly ListName[]) => () =>
    assertProdWays(facts({ config: config({ tests }) }), lists);
  it("are refused, the first one with the words to add", () => {
    expect(refusal(check({ fast: { prod: "in_image" } }, ["fast", "slow", "qa"]))).toMatchObject({
      message: "repo_config.yaml does not say how the slow tests run for a prod image",
      why: "A prod image has no code mounted and perhaps no test packages, so each gate says how it runs there.",
      fix: "Add tests: {slow: {prod: in_image}}, or one of from_outside, with_dev_packages; or leave slow out of release: {gates: [...]}",
    });
  });

  it("are no hindrance where they do not run", () => {
    expect(check({ fast: { prod: "in_image" } }, ["fast"])).not.toThrow();
  });
});

describe("how a list runs for a prod image", () => {
  const label = "org.opencontainers.image.base.";
  const labels = { [`${label}name`]: "ghcr.io:443/acme/cmamp:dev-1.2.3", [`${label}digest`]: digest("f") };
  const image = (given: Readonly<Record<string, string>> | null = labels): Chosen => ({
    reference: `${repository}:prod-1.2.0`,
    tag: "prod-1.2.0",
    stage: "prod",
    version: version("1.2.0"),
    local: given && localImage(`${repository}:prod-1.2.0`, { labels: given }),
  });
  const below = { version: version("1.2.5"), why: "the newest dev", digest: digest("d"), repository };
  const way = (prod: ProdWay | null, given = image(), base: BaseImage | null = below) =>
    prodWay(
      world({
        config: config({
          tests: { fast: prod === null ? {} : { prod } },
          release: { dev_packages: ["/venv", "/opt/x"] },
        }),
      }),
      {
        ...{ list: "fast", image: given, what: "WHAT", base },
      },
    );

  it.each<ProdWay | null>(["in_image", null])("%s: in the image itself, as it is", (prod) => {
    expect(way(prod)).toEqual({ image: image(), what: "WHAT" });
  });

  it("from_outside: in the dev image below, with the engine's socket, told what to drive", () => {
    const dev = `ghcr.io:443/acme/cmamp@${digest("f")}`;
    expect(way("from_outside")).toEqual({
      image: { reference: dev, tag: "dev", stage: "dev", version: version("1.2.3"), local: null },
      what: dev,
      socket: true,
      variables: { SLIPWAY_IMAGE_UNDER_TEST: "WHAT" },
    });
  });

  it("with_dev_packages: in a throw-away image, the prod image with what the dev image keeps packages in", () => {
    const made = way("with_dev_packages");
    const name = `${repository}:under-test-prod-1.2.0`;
    const [file] = made.before ?? [];
    const path = file && writeFile.is(file) ? file.path : "";
    expect(path).toMatch(/^\.git\/slipway\/with_dev_packages\/[0-9a-f]{12}\/Dockerfile$/);
    expect(file).toMatchObject({
      content:
        "ARG UNDER_TEST\nARG DEV_IMAGE\nFROM ${DEV_IMAGE} AS dev\nFROM ${UNDER_TEST}\nCOPY --from=dev /venv /venv\nCOPY --from=dev /opt/x /opt/x\n",
    });
    expect([made.image.reference, made.image.tag, made.what]).toEqual([
      `${name}-with-dev-packages`,
      "prod-1.2.0",
      `${name}-with-dev-packages`,
    ]);
    const argvs = [...(made.before ?? []), ...(made.after ?? [])].flatMap((one) =>
      command.is(one) ? [one.argv.join(" ")] : [],
    );
    expect(argvs).toEqual([
      `docker tag WHAT ${name}`,
      `docker buildx build --provenance=false --sbom=false --progress=plain --build-arg UNDER_TEST=${name} --build-arg DEV_IMAGE=ghcr.io:443/acme/cmamp@${digest("f")} --tag ${name}-with-dev-packages --load ${path.replace("/Dockerfile", "")}`,
      `docker image rm ${name}-with-dev-packages ${name}`,
    ]);
  });

  it.each<[string, Readonly<Record<string, string>> | null]>([
    ["is not in the engine", null],
    ["has no labels", {}],
    ["says no digest", { [`${label}name`]: "a/cmamp:dev-1.2.3" }],
    ["says no version", { [`${label}name`]: "a/cmamp:dev", [`${label}digest`]: digest("f") }],
    [
      "says no version, at an address of numbers",
      { [`${label}name`]: "127.0.0.1:5/cmamp:dev", [`${label}digest`]: digest("f") },
    ],
    ["says no name", { [`${label}digest`]: digest("f") }],
  ])("stands on the dev image of this run where it %s", (_what, given) => {
    const reference = `${repository}@${digest("d")}`;
    expect(way("from_outside", image(given))).toMatchObject({
      what: reference,
      image: { reference, version: "1.2.5" },
    });
  });

  it("is refused where nobody knows the dev image below", () => {
    expect(refusal(() => way("from_outside", image({}), null))).toMatchObject({
      message: `${repository}:prod-1.2.0 does not say which dev image it is built on`,
      why: "This list of tests needs the dev image too, and finds it by the label org.opencontainers.image.base.digest.",
      fix: "Build it with i docker_build_prod, which writes the label",
    });
    expect(refusal(() => way("from_outside", image(null), null))).toMatchObject({
      message: `${repository}:prod-1.2.0 is not in the engine`,
      why: "This list of tests needs the dev image below it too, which the labels of the image name.",
      fix: "Pull it first: i docker_pull --stage prod --version 1.2.0",
    });
    const nameless = { ...image(null), version: null };
    expect(refusal(() => way("from_outside", nameless, null)).fix).toBe("Pull it first: i docker_pull --stage prod");
  });
});
