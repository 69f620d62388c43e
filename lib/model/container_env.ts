import { newest } from "./changelog.ts";
import type { Facts } from "./facts.ts";
import type { Stage } from "./stage.ts";

/** What a container is told about itself: the labels of its image where the engine has it, else what was asked for. */
export type About = {
  readonly stage: Stage;
  readonly version: string | null;
  readonly labels: Readonly<Record<string, string>>;
};

/** Names that hold secrets or belong to the caller; passed on by name only (original.md, 3.4). */
const passedOn =
  /^(CSFY_AWS_\w+|CSFY_TELEGRAM_TOKEN|GH_ACTION_ACCESS_TOKEN|GH_TOKEN|\w+_API_KEY|CSFY_FORCE_TEST_FAIL|CSFY_ECR_BASE_PATH|CSFY_CI|CI|SKIP_VERSION_CHECK|TERM)$/;
export const passedNames = (facts: Pick<Facts, "env" | "config">): string[] =>
  Object.keys(facts.env).filter((name) => passedOn.test(name) && !(name in facts.config.container.env));

/** The variables every container gets: ours, and the original's beside them (design.md, "Names" and "Containers"). */
export function containerEnv(facts: Facts, about: About): Record<string, string> {
  const image = facts.config.imageName;
  const version =
    about.labels["org.opencontainers.image.version"] ?? about.version ?? newest(facts.changelog, "dev")?.version ?? "";
  const { root, dir, helpersRoot } = facts.place;
  const helpers = helpersRoot ?? (facts.config.nestedHelpers ? "helpers_root" : null);
  return {
    CONTAINER_VERSION: `${image}-${version}`,
    BUILD_TAG: buildTag(facts, version, about.labels),
    AM_CONTAINER_VERSION: version,
    SLIPWAY_STAGE: about.stage,
    PYTHONDONTWRITEBYTECODE: "x",
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "safe.directory",
    GIT_CONFIG_VALUE_0: "*",
    CSFY_ENABLE_DIND: "0",
    CSFY_REPO_CONFIG_CHECK: "True",
    CSFY_REPO_CONFIG_PATH: dir === "." ? "/app/repo_config.yaml" : `/app/${dir}/repo_config.yaml`,
    CSFY_HOST_NAME: facts.host.name,
    CSFY_HOST_OS_NAME: facts.host.system,
    CSFY_HOST_OS_VERSION: facts.host.release,
    CSFY_HOST_USER_NAME: facts.user.name,
    CSFY_HOST_GIT_ROOT_PATH: root,
    CSFY_GIT_ROOT_PATH: "/app",
    CSFY_HELPERS_ROOT_PATH: helpers ? `/app/${helpers}` : "/app",
    CSFY_USE_HELPERS_AS_NESTED_MODULE: helpers ? "1" : "0",
    ...facts.config.container.env,
  };
}

/** `<image>-X.Y.Z-<yyyymmdd>_<hhmmss>-<branch>-<hash>`, time and hash of what the image was built from (seed 002). */
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
