import { describe, expect, it } from "vitest";
import { type About, containerEnv, passedNames } from "../../lib/config/container_env.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { commit, config, facts, git } from "./factory.ts";

const label = "org.opencontainers.image.";
const env = (world: Partial<AllFacts> = {}, about: Partial<About> = {}) =>
  containerEnv(facts(world), { stage: "dev", version: "1.1.0", labels: {}, root: "/repo", ...about });

describe("a container is told", () => {
  it.each<[string, string, Partial<AllFacts>, Partial<About>]>([
    ["CONTAINER_VERSION", "cmamp-1.1.0", {}, {}],
    ["CONTAINER_VERSION", "cmamp-1.0.0", {}, { labels: { [`${label}version`]: "1.0.0" } }],
    ["AM_CONTAINER_VERSION", "1.0.0", {}, { labels: { [`${label}version`]: "1.0.0" } }],
    ["AM_CONTAINER_VERSION", "1.1.0", {}, {}],
    ["BUILD_TAG", `cmamp-1.1.0-unknown-main-${commit("a")}`, {}, {}],
    [
      "BUILD_TAG",
      `cmamp-1.1.0-unknown-detached-${commit("e")}`,
      { git: git({ branch: null, commit: commit("e") }) },
      {},
    ],
    ["SLIPWAY_STAGE", "prod", {}, { stage: "prod" }],
    ["PYTHONDONTWRITEBYTECODE", "x", {}, {}],
    ["GIT_CONFIG_COUNT", "1", {}, {}],
    ["GIT_CONFIG_KEY_0", "safe.directory", {}, {}],
    ["GIT_CONFIG_VALUE_0", "*", {}, {}],
    ["CSFY_ENABLE_DIND", "0", {}, {}],
    ["CSFY_ENABLE_DIND", "1", { config: config({ container: { privileged: true } }) }, {}],
    ["SLIPWAY_USER", "gp", { config: config({ container: { socket: true } }) }, {}],
    ["CSFY_REPO_CONFIG_CHECK", "True", {}, {}],
    ["CSFY_REPO_CONFIG_PATH", "/app/repo_config.yaml", {}, {}],
    ["CSFY_REPO_CONFIG_PATH", "/app/a/b/repo_config.yaml", { place: { ...facts().place, dir: "a/b" } }, {}],
    ["CSFY_HOST_NAME", "laptop", {}, {}],
    ["CSFY_HOST_OS_NAME", "Linux", {}, {}],
    ["CSFY_HOST_OS_VERSION", "6.1", {}, {}],
    ["CSFY_HOST_USER_NAME", "gp", {}, {}],
    ["CSFY_HOST_GIT_ROOT_PATH", "/repo", {}, {}],
    ["CSFY_GIT_ROOT_PATH", "/app", {}, {}],
    ["CSFY_HELPERS_ROOT_PATH", "/app", {}, {}],
    ["CSFY_USE_HELPERS_AS_NESTED_MODULE", "0", {}, {}],
    ["CSFY_HELPERS_ROOT_PATH", "/app/x/h", { place: { ...facts().place, helpersRoot: "x/h" } }, {}],
    ["CSFY_USE_HELPERS_AS_NESTED_MODULE", "1", { place: { ...facts().place, helpersRoot: "x/h" } }, {}],
    [
      "CSFY_HELPERS_ROOT_PATH",
      "/app/helpers_root",
      { config: config({ runnable_dir_info: { use_helpers_as_nested_module: 1 } }) },
      {},
    ],
    ["CSFY_GIT_ROOT_PATH", "/mine", { config: config({ container: { env: { CSFY_GIT_ROOT_PATH: "/mine" } } }) }, {}],
    ["OWN", "x", { config: config({ container: { env: { OWN: "x" } } }) }, {}],
  ])("%s=%s", (name, value, world, about) => {
    expect(env(world, about)[name]).toBe(value);
  });

  it("nothing else", () => {
    expect(Object.keys(env()).sort()).toEqual(
      [
        ...["AM_CONTAINER_VERSION", "BUILD_TAG", "CONTAINER_VERSION", "CSFY_ECR_BASE_PATH"],
        ...["CSFY_ENABLE_DIND", "CSFY_GIT_ROOT_PATH"],
        ...["CSFY_HELPERS_ROOT_PATH", "CSFY_HOST_GIT_ROOT_PATH", "CSFY_HOST_NAME", "CSFY_HOST_OS_NAME"],
        ...["CSFY_HOST_OS_VERSION", "CSFY_HOST_USER_NAME", "CSFY_REPO_CONFIG_CHECK", "CSFY_REPO_CONFIG_PATH"],
        ...["CSFY_USE_HELPERS_AS_NESTED_MODULE", "GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_0"],
        ...["PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "SLIPWAY_STAGE"],
      ].sort(),
    );
  });

  it("no version that nobody knows: the code's would hide that the image has another, which it may say itself", () => {
    const told = env({}, { version: null });
    expect(["CONTAINER_VERSION", "AM_CONTAINER_VERSION"].filter((name) => name in told)).toEqual([]);
    expect(told["BUILD_TAG"]).toBe(`cmamp-unknown-unknown-main-${commit("a")}`);
  });

  it("the address of its images, unless the caller has one", () => {
    const address = (world: Partial<AllFacts> = {}) => env(world)["CSFY_ECR_BASE_PATH"];
    const only = (kind: string) => ({ config: config({ container_registry_info: { [kind]: "a.example/b" } }) });
    expect([address(), address(only("ghcr")), address({ env: { CSFY_ECR_BASE_PATH: "x" } })]).toEqual([
      ...[facts().config.registries.find(({ kind }) => kind === "ecr")?.address, "a.example/b", undefined],
    ]);
  });

  it("when and of which commit its image was built", () => {
    const labels = { [`${label}created`]: "2025-01-02T03:04:05.678Z", [`${label}revision`]: "abc" };
    expect(env({}, { labels })["BUILD_TAG"]).toBe("cmamp-1.1.0-20250102_030405-main-abc");
  });
});

describe("a container gets from the host the value of", () => {
  const passed = (name: string, world: Partial<AllFacts> = {}) =>
    passedNames(facts({ env: { [name]: "x" }, ...world }));

  it.each([
    ...["CSFY_AWS_PROFILE", "CSFY_AWS_DEFAULT_REGION", "CSFY_AWS_S3_BUCKET"],
    ...["CSFY_FORCE_TEST_FAIL", "CSFY_ECR_BASE_PATH", "CSFY_CI", "CI", "SKIP_VERSION_CHECK", "TERM"],
  ])("%s", (name) => {
    expect(passed(name)).toEqual([name]);
  });

  it.each([
    ...["GH_TOKEN", "GH_ACTION_ACCESS_TOKEN", "OPENAI_API_KEY", "CSFY_TELEGRAM_TOKEN", "CSFY_AWS_SECRET_ACCESS_KEY"],
    "HOME",
    "XCI",
    "CI_TOKEN",
    "MY_TERM",
    "CSFY_AWS_",
    "_API_KEY",
    "A-B_API_KEY",
    "OPENAI_API_KEYS",
    "gh_token",
  ])("no %s", (name) => {
    expect(passed(name)).toEqual([]);
  });

  it("what repo_config.yaml names, and what the person does for all repos", () => {
    const named = { config: config({ container: { pass_env: ["GH_TOKEN", "UNSET"] } }) };
    expect(passed("GH_TOKEN", named)).toEqual(["GH_TOKEN"]);
    expect(passed("GH_TOKENS", named)).toEqual([]);
    const env = { SLIPWAY_PASS_ENV: "OPENAI_API_KEY, MINE", OPENAI_API_KEY: "x", MINE: "x", OTHER: "x" };
    expect(passedNames(facts({ env }))).toEqual(["OPENAI_API_KEY", "MINE"]);
  });

  it("what a CI's settings allow goes only where `i` works", () => {
    const at = (container: object) => passed("SLIPWAY_TRUST", { config: config({ container }) });
    expect([at({}), at({ privileged: true }), at({ slipway: true })]).toEqual([[], [], ["SLIPWAY_TRUST"]]);
  });

  it("no name that the config gives a value of its own", () => {
    expect(passed("CI", { config: config({ container: { env: { CI: "" } } }) })).toEqual([]);
    expect(passed("CI", { config: config({ container: { env: { TERM: "" } } }) })).toEqual(["CI"]);
  });
});
