import type { Registry, RegistryKind } from "../config/registry.ts";
import { UserError } from "../errors.ts";
import { type Command, cmd } from "../kinds/command.ts";
import { repositoryOf } from "../names/address.ts";
import { chooseImage, shownImage } from "../names/choose_image.ts";
import type { Stage } from "../names/stage.ts";
import type { Version } from "../names/version.ts";
import type { Facts, ImageFacts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { type Run, runContainer, typedText } from "./compose_file.ts";
import { isAws, loginToEcr } from "./ecr_login.ts";
import { readyImage } from "./ready_image.ts";

export type UseOptions = {
  readonly stage: Stage;
  readonly version?: Version | undefined;
  readonly asRoot: boolean;
  readonly entrypoint: boolean;
};

type InStage = Omit<Run, "title" | "image" | "what" | "interactive" | "asRoot" | "entrypoint"> & {
  readonly title: (image: string) => string;
};

/** A container of a stage in which somebody works; its image is pulled first where the engine lacks it. */
export function workIn(facts: ImageFacts, options: UseOptions, { title, ...run }: InStage): Step[] {
  const { stage, version = null, asRoot, entrypoint } = options;
  const image = chooseImage(facts, stage, version);
  const own = { title: title(shownImage(image)), image, what: image.reference, interactive: true as const };
  const services = facts.services?.network;
  return [...readyImage(facts, image), runContainer(facts, { ...run, ...own, services, asRoot, entrypoint })];
}

/** A shell in the container of a stage. */
export const bash = (facts: ImageFacts, options: UseOptions): Step[] =>
  workIn(facts, options, { id: "docker_bash", title: (image) => `Open a shell in ${image}`, argv: ["bash"] });

type CommandOptions = UseOptions & { readonly cmd?: string | undefined; readonly words: readonly string[] };

/**
 * One command in the container of a stage; its exit code is the script's. `--cmd` text reaches one shell unchanged: it
 * is what a mounted file runs whose path is the command, so no entrypoint can split it; words after `--` are an argv.
 */
export function command(facts: ImageFacts, options: CommandOptions): Step[] {
  const { cmd: text, words } = options;
  const typed = text === undefined ? { argv: wordsOf(words) } : typedText(facts, text);
  return workIn(facts, options, { id: "docker_cmd", title: (image) => `Run a command in ${image}`, ...typed });
}

function wordsOf(words: readonly string[]): readonly string[] {
  if (words.length > 0) return words;
  throw new UserError("no command was given", {
    why: "docker_cmd runs one command in the container.",
    fix: `Pass shell text, i docker_cmd --cmd "ls | wc -l", or words, i docker_cmd -- ls -l`,
  });
}

export type LoginOptions = { readonly username?: string | undefined; readonly passwordStdin: boolean };

/** How one logs in to each kind of registry; a password never stands in argv. */
const logins = {
  ecr: (_host: string, registry: Registry, _options: LoginOptions, facts: Facts): Command =>
    loginToEcr(registry, facts.config.imageName),
  ghcr: (host: string, _registry: Registry, options: LoginOptions, facts: Facts): Command =>
    facts.env["GITHUB_TOKEN"] && !options.passwordStdin
      ? {
          ...cmd`docker login --username ${options.username ?? facts.env["GITHUB_ACTOR"] ?? facts.user.name} --password-stdin ${host}`,
          input: ["printenv", "GITHUB_TOKEN"],
        }
      : typed(host, options),
  dockerhub: (host: string, _registry: Registry, options: LoginOptions, _facts: Facts): Command => typed(host, options),
  oci: (host: string, _registry: Registry, options: LoginOptions, _facts: Facts): Command => typed(host, options),
} as const satisfies Record<
  RegistryKind,
  (host: string, registry: Registry, options: LoginOptions, facts: Facts) => Command
>;

const typed = (host: string, options: LoginOptions): Command => ({
  ...cmd`docker login ${options.username ? ["--username", options.username] : []} ${options.passwordStdin && "--password-stdin"} ${host}`,
  interactive: true,
});

/** Logs the docker client in to registries. Where AWS does not stand behind one of kind ecr, it is asked like any other. */
export function login(facts: Facts, options: LoginOptions): Step[] {
  if (options.passwordStdin && facts.targets.length !== 1)
    throw new UserError("--password-stdin is one password, but several registries were meant", {
      why: "Each registry has its own.",
      fix: `Name one: --target-registries ${facts.targets[0]?.name ?? "NAME"}`,
    });
  return facts.targets.map((registry) => {
    const { host } = repositoryOf(registry, facts.config.imageName);
    const kind = registry.kind === "ecr" && !isAws(facts, registry) ? "oci" : registry.kind;
    const shown = host === "registry-1.docker.io" ? "docker.io" : host;
    return step(
      `login_${registry.name.replaceAll(/[^a-z0-9]+/gi, "_").toLowerCase()}`,
      `Log in to ${registry.name} (${host})`,
      [logins[kind](shown, registry, options, facts)],
    );
  });
}
