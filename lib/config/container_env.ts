import { namesIn } from "../formats/dotenv.ts";
import type { Stage } from "../names/stage.ts";
import type { Facts } from "../plan/facts.ts";

/** What a container is told about itself: the labels of its image where the engine has it, else what was asked for. */
export type About = {
  readonly stage: Stage;
  readonly version: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Where this machine has the code that is mounted. */
  readonly root: string;
};

/** What tells a container where its run stands, and is no secret (design.md, "From the documents"). */
const passedOn =
  /^(CSFY_AWS_(PROFILE|DEFAULT_REGION|S3_BUCKET)|CSFY_FORCE_TEST_FAIL|CSFY_ECR_BASE_PATH|CSFY_CI|CI|SKIP_VERSION_CHECK|TERM)$/;

/**
 * The variables of the runner that a container gets, by name only: those that are no secret, those that repo_config.yaml
 * names, and those that the person names for all repos in SLIPWAY_PASS_ENV.
 */
export function passedNames({ env, config }: Pick<Facts, "env" | "config">): string[] {
  // It counts only beside CI, and what it allows was allowed for this container.
  const trust = config.container.slipway ? ["SLIPWAY_TRUST"] : [];
  const named = [...config.container.passEnv, ...namesIn(env["SLIPWAY_PASS_ENV"]), ...trust];
  return Object.keys(env).filter(
    (name) => (passedOn.test(name) || named.includes(name)) && !(name in config.container.env),
  );
}

/** The variables every container gets: ours, and the original's beside them (design.md, "Names" and "Containers"). */
export function containerEnv(facts: Facts, about: About): Record<string, string> {
  const image = facts.config.imageName;
  const version = about.labels["org.opencontainers.image.version"] ?? about.version;
  const { dir, helpersRoot } = facts.place;
  const helpers = helpersRoot ?? (facts.config.nestedHelpers ? "helpers_root" : null);
  return {
    // What nobody knows here the image may say of itself; the code's version would never be out of sync.
    ...(version === null ? {} : { CONTAINER_VERSION: `${image}-${version}` }),
    BUILD_TAG: buildTag(facts, version ?? "unknown", about.labels),
    ...(version === null ? {} : { AM_CONTAINER_VERSION: version }),
    SLIPWAY_STAGE: about.stage,
    // Whoever types `i` inside is the same user to images and containers.
    ...(facts.config.container.slipway ? { SLIPWAY_USER: facts.user.name } : {}),
    PYTHONDONTWRITEBYTECODE: "x",
    // What other programs left in a __pycache__ of the tree is not the code of the commit.
    PYTHONPYCACHEPREFIX: "/tmp/pycache",
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "safe.directory",
    GIT_CONFIG_VALUE_0: "*",
    CSFY_ENABLE_DIND: facts.config.container.privileged ? "1" : "0",
    CSFY_REPO_CONFIG_CHECK: "True",
    CSFY_REPO_CONFIG_PATH: dir === "." ? "/app/repo_config.yaml" : `/app/${dir}/repo_config.yaml`,
    ...ecrBasePath(facts),
    CSFY_HOST_NAME: facts.host.name,
    CSFY_HOST_OS_NAME: facts.host.system,
    CSFY_HOST_OS_VERSION: facts.host.release,
    CSFY_HOST_USER_NAME: facts.user.name,
    CSFY_HOST_GIT_ROOT_PATH: about.root,
    CSFY_GIT_ROOT_PATH: "/app",
    CSFY_HELPERS_ROOT_PATH: helpers ? `/app/${helpers}` : "/app",
    CSFY_USE_HELPERS_AS_NESTED_MODULE: helpers ? "1" : "0",
    ...facts.config.container.env,
  };
}

/** The address of the images, without which the original's entrypoint ends; the caller's own is passed on by its name. */
function ecrBasePath({ config, env }: Facts): Record<string, string> {
  const { registries } = config;
  const registry = registries.find(({ kind }) => kind === "ecr") ?? registries[0];
  return env["CSFY_ECR_BASE_PATH"] || !registry ? {} : { CSFY_ECR_BASE_PATH: registry.address };
}

/** `<image>-X.Y.Z-<yyyymmdd>_<hhmmss>-<branch>-<hash>`, time and hash of what the image was built from (design.md, "Names"). */
function buildTag(facts: Facts, version: string, labels: About["labels"]): string {
  const created = (labels["org.opencontainers.image.created"] ?? "")
    .replaceAll(/[-:Z]/g, "")
    .replace("T", "_")
    .slice(0, 15);
  const revision = labels["org.opencontainers.image.revision"] ?? "";
  return [
    `${facts.config.imageName}-${version}`,
    created || "unknown",
    facts.git.branch ?? "detached",
    revision || facts.git.commit,
  ].join("-");
}
