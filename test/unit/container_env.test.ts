import { describe, expect, it } from "vitest";
import { type About, containerEnv, passedNames } from "../../lib/model/container_env.ts";
import type { Facts } from "../../lib/model/facts.ts";
import { changelog, commit, config, facts, git } from "./factory.ts";

const label = "org.opencontainers.image.";
const env = (world: Partial<Facts> = {}, about: Partial<About> = {}) =>
  containerEnv(facts(world), { stage: "dev", version: "1.1.0", labels: {}, ...about });

describe("a container is told", () => {
  it.each<[string, string, Partial<Facts>, Partial<About>]>([
    ["CONTAINER_VERSION", "cmamp-1.1.0", {}, {}],
    ["CONTAINER_VERSION", "cmamp-1.0.0", {}, { labels: { [`${label}version`]: "1.0.0" } }],
    ["AM_CONTAINER_VERSION", "1.0.0", {}, { labels: { [`${label}version`]: "1.0.0" } }],
    ["AM_CONTAINER_VERSION", "1.1.0", {}, {}],
    ["AM_CONTAINER_VERSION", "1.2.0", { changelog: changelog("prod-1.3.0", "1.2.0") }, { version: null }],
    ["AM_CONTAINER_VERSION", "", { changelog: changelog("prod-1.3.0") }, { version: null }],
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
        ...["AM_CONTAINER_VERSION", "BUILD_TAG", "CONTAINER_VERSION", "CSFY_ENABLE_DIND", "CSFY_GIT_ROOT_PATH"],
        ...["CSFY_HELPERS_ROOT_PATH", "CSFY_HOST_GIT_ROOT_PATH", "CSFY_HOST_NAME", "CSFY_HOST_OS_NAME"],
        ...["CSFY_HOST_OS_VERSION", "CSFY_HOST_USER_NAME", "CSFY_REPO_CONFIG_CHECK", "CSFY_REPO_CONFIG_PATH"],
        ...["CSFY_USE_HELPERS_AS_NESTED_MODULE", "GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_0"],
        ...["PYTHONDONTWRITEBYTECODE", "SLIPWAY_STAGE"],
      ].sort(),
    );
  });

  it("when and of which commit its image was built", () => {
    const labels = { [`${label}created`]: "2025-01-02T03:04:05.678Z", [`${label}revision`]: "abc" };
    expect(env({}, { labels })["BUILD_TAG"]).toBe("cmamp-1.1.0-20250102_030405-main-abc");
  });
});

describe("a container gets from the host the value of", () => {
  const passed = (name: string, world: Partial<Facts> = {}) => passedNames(facts({ env: { [name]: "x" }, ...world }));

  it.each([
    ...["CSFY_AWS_PROFILE", "CSFY_TELEGRAM_TOKEN", "GH_ACTION_ACCESS_TOKEN", "GH_TOKEN", "OPENAI_API_KEY"],
    ...["CSFY_FORCE_TEST_FAIL", "CSFY_ECR_BASE_PATH", "CSFY_CI", "CI", "SKIP_VERSION_CHECK", "TERM"],
  ])("%s", (name) => {
    expect(passed(name)).toEqual([name]);
  });

  it.each([
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

  it("no name that the config gives a value of its own", () => {
    expect(passed("GH_TOKEN", { config: config({ container: { env: { GH_TOKEN: "" } } }) })).toEqual([]);
    expect(passed("GH_TOKEN", { config: config({ container: { env: { CI: "" } } }) })).toEqual(["GH_TOKEN"]);
  });
});
