import { isSecret } from "../config/build_secrets.ts";
import { announce } from "../kinds/announce.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { isNode } from "../text/shape.ts";
import { oneLine } from "../text/visible.ts";
import type { EnvLook } from "./look_env.ts";

/** One thing that the toolchain sees, and where it comes from. */
type Row = { readonly what: string; readonly value: unknown; readonly from: string };

/** Versions, the repo and its dir, each value of the config and the variables that matter; no secret is shown. */
export function printEnv(facts: Facts<"engine">, seen: EnvLook): Step[] {
  const sections = {
    toolchain: toolchainRows(facts, seen),
    repo: repoRows(facts),
    config: configRows(facts, seen),
    variables: variableRows(facts, seen),
  };
  const shown = Object.entries(sections).map(([name, rows]) => [name, ...rows.map(line)].join("\n"));
  return [step("report", "Show what the toolchain sees", [announce({ text: shown.join("\n"), data: sections })])];
}

const line = ({ what, value, from }: Row): string => {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return `  ${oneLine(what)} = ${oneLine(text, Number.POSITIVE_INFINITY)}  (${from})`;
};

function toolchainRows({ engine, user, host, ci }: Facts<"engine">, { programs, runtime }: EnvLook): Row[] {
  return [
    { what: "runtime", value: runtime, from: "this process" },
    ...programs.map(({ name, version }) => ({ what: name, value: version ?? "not there", from: "PATH" })),
    { what: "engine", value: engine.up ? `${engine.version} ${engine.platform}` : engine.why, from: "engine" },
    { what: "host", value: `${host.name} ${host.system} ${host.release}`, from: "this machine" },
    { what: "user", value: `${user.name} ${user.uid}:${user.gid}`, from: "this machine" },
    { what: "ci", value: ci, from: "CI or CSFY_CI" },
  ];
}

function repoRows({ place, changelog }: Facts): Row[] {
  return [
    { what: "root", value: place.root, from: "Git" },
    { what: "owner", value: place.owner, from: "Git" },
    { what: "runnable dir", value: place.dir, from: "--dir, or where you stand" },
    { what: "helpers root", value: place.helpersRoot ?? "none", from: "the repo" },
    { what: "newest version", value: changelog[0]?.version ?? "none", from: "changelog.txt" },
  ];
}

/** Where the config has what is called otherwise in repo_config.yaml. */
const keys: Readonly<Record<string, readonly string[]>> = {
  repoName: ["repo_info", "repo_name"],
  issuePrefix: ["repo_info", "issue_prefix"],
  imageName: ["docker_info", "docker_image_name"],
  imageOf: ["docker_info", "image_of"],
  source: ["repo_info", "github_repo_account"],
  dirSuffix: ["runnable_dir_info", "dir_suffix"],
  commandPrefix: ["runnable_dir_info", "command_prefix"],
  nestedHelpers: ["runnable_dir_info", "use_helpers_as_nested_module"],
  testMounts: ["tests", "mount"],
  testCpus: ["tests", "cpus"],
  testMemory: ["tests", "memory"],
  testCluster: ["tests", "swarm"],
  smoke: ["tests", "smoke"],
  linters: ["lint", "files"],
};
const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function configRows({ config, env }: Facts, { lineOf, lint, services }: EnvLook): Row[] {
  const row = (path: readonly string[], value: unknown): Row => ({
    what: path.join("."),
    value: withoutSecrets(path.at(-1) ?? "", value),
    from: lineOf(path) ?? "default",
  });
  const { registries, isPlaceholder: _, leftAlone: __, ...rest } = config;
  const { lint: isGate, ...release } = rest.release;
  const gates = [...(isGate ? ["lint"] : []), ...release.gates];
  const others = Object.entries({
    ...rest,
    release: { ...release, gates },
    lint,
    services: servicesValue(services),
  }).flatMap(([name, value]) => {
    const path = keys[name];
    if (path || !isNode(value)) return [row(path ?? [snake(name)], value)];
    return Object.entries(value).map(([key, inner]) => row(keys[key] ?? [snake(name), snake(key)], inner));
  });
  const isOther = Boolean(env["CSFY_ECR_BASE_PATH"]);
  const ofRegistries = registries.map(({ name, kind, address }) => {
    const made = row(["container_registry_info", name], address);
    return isOther && (name === "ecr" || kind === "ecr") ? { ...made, from: "CSFY_ECR_BASE_PATH" } : made;
  });
  return [...others, ...ofRegistries];
}

/** The settings as repo_config.yaml has them: those of the dir, or the dir whose services are meant. */
function servicesValue(services: EnvLook["services"]): Readonly<Record<string, unknown>> | null {
  if (services === null) return null;
  const { neededBy } = services;
  return "own" in services ? { ...services.own, neededBy } : { of: services.of, neededBy };
}

const matters =
  /^(SLIPWAY_\w+|CSFY_\w+|AM_\w+|CI|DOCKER_\w+|BUILDX_\w+|COMPOSE_\w+|AWS_(PROFILE|REGION|DEFAULT_REGION|CONFIG_FILE)|(HTTPS?|NO|ALL)_PROXY|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|GIT_(DIR|WORK_TREE))$/i;

const variableRows = ({ env }: Facts, { originOf }: EnvLook): Row[] =>
  Object.entries(env)
    .filter(([name]) => matters.test(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value = ""]) => ({ what: name, value: withoutSecrets(name, value), from: originOf(name) }));

const hidden = "(set, not shown)";
/** Names of variables whose values may let somebody in. */
const telling = /TOKEN|PASS|SECRET|KEY|CREDENTIAL|WEBHOOK|AUTH|COOKIE/;

/** A value without what may be a secret by its name or by what it is, however deep. */
function withoutSecrets(name: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(name, item));
  if (isNode(value))
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutSecrets(key, inner)]));
  if (typeof value !== "string" || value === "") return value;
  const isTelling = /^[A-Z][A-Z0-9_]*$/.test(name) && telling.test(name);
  return isTelling || isSecret(name, value) ? hidden : value;
}
