import { posix } from "node:path";
import { configReader } from "../config/config_reader.ts";
import { boundPaths, parseServiceFile, type ServiceFile, startedBy } from "../config/service_compose.ts";
import {
  isUp,
  type JoinedServices,
  parseServices,
  type SeenServices,
  type ServiceSettings,
  servicesProject,
} from "../config/services.ts";
import { isInside } from "../config/trust.ts";
import { insideRepo, readRepoText } from "../doors/files.ts";
import { loadServices } from "../doors/services.ts";
import { configSourceOf, loadConfigSource } from "../doors/settings.ts";
import { UserError } from "../errors.ts";
import type { Stage } from "../names/stage.ts";
import type { EngineFacts, Facts, Looked } from "../plan/facts.ts";
import { quote } from "../plan/render_plan.ts";
import { loadEngineFacts } from "./engine_facts.ts";

type Asking = Pick<Facts, "place" | "user">;

/** The services that a dir means: its own, or those of the dir that it names. */
export type ServicesOfDir = {
  /** The dir that has them, relative to the outermost repo, and its compose file. */
  readonly dir: string;
  readonly path: string;
  readonly settings: ServiceSettings;
  readonly file: ServiceFile;
  readonly project: string;
  readonly neededBy: JoinedServices["neededBy"];
};

/** Reads what `services:` of a dir means, without a look at the engine; null where it names none. */
export async function servicesOfDir({ place, user }: Asking): Promise<ServicesOfDir | null> {
  const named = parseServices(configReader(await loadConfigSource(place)));
  if (named === null) return null;
  const { neededBy } = named;
  const dir = "of" in named ? posix.join(place.dir, named.of) : place.dir;
  const settings = "of" in named ? await settingsOf(place.root, dir, named.of) : named.own;
  const path = pathInRepo(dir, settings.composeFile);
  const file = parseServiceFile(await composeSource(place.root, path), posix.dirname(path));
  const unknown = Object.keys(settings.ready).find((name) => !Object.hasOwn(file.services, name));
  if (unknown !== undefined)
    throw new UserError(`services.ready names "${unknown}", which ${path} does not have`, {
      why: "It says how a service of the compose file answers.",
      fix: `Name one of ${Object.keys(file.services).join(", ")}`,
      kind: "config",
    });
  for (const bound of boundPaths(file)) insideRepo([place.root], posix.join(file.folder, bound));
  return { dir, path, settings, file, project: servicesProject(user.name, { root: place.root, dir }), neededBy };
}

/** The settings of another dir of the repo. */
async function settingsOf(root: string, dir: string, of: string): Promise<ServiceSettings> {
  const named = dir.startsWith("..") ? null : parseServices(configReader(await loadConfigSource({ root, dir })));
  if (named && "own" in named) return named.own;
  throw new UserError(`services.of names "${of}", which has no services of its own`, {
    why: "A dir uses the services of another dir of its repo, whose repo_config.yaml says what they are.",
    fix: `Write services: {compose_file: ...} in ${posix.join(dir, "repo_config.yaml")}, or name another dir`,
    kind: "config",
  });
}

/** A path of the dir, relative to the outermost repo, which it may not leave: what lies there is the user's, not the repo's. */
function pathInRepo(dir: string, path: string): string {
  if (isInside(dir, path)) return posix.join(dir, path);
  throw new UserError(`services names "${path}", which leads out of the repo`, {
    why: "What services are and get is the repo's own, and is asked for by its content.",
    fix: "Put the file into the repo, and name it from the runnable dir",
    kind: "config",
  });
}

async function composeSource(root: string, path: string) {
  const text = readRepoText(root, path);
  if (text === null)
    throw new UserError(`there is no ${path}`, {
      why: "services.compose_file of repo_config.yaml names it.",
      fix: `Write it: services: {postgres: {image: postgres:17}}; or name another`,
      kind: "config",
    });
  // Compose takes such a number as octal, as YAML 1.1 did.
  return configSourceOf(path, text.replaceAll(/\bmode:(\s*)0(?=[0-7]{3}\b)/g, "mode:$10o"));
}

/** What service workflows know: what the dir means, and what the engine has of it. */
export type ServicesLook = {
  readonly services: ServicesOfDir;
  readonly engine: EngineFacts;
  readonly seen: SeenServices;
  /** The text of the stage's file of variables; null where the stage has none. */
  readonly variables: string | null;
};

const nothing: SeenServices = { containers: [], networks: [], volumes: [] };

/** Looks at the services of the dir, at the engine, and at the file of variables of a stage where one is meant. */
export async function lookAtServices(
  facts: Facts,
  { stage }: { readonly stage?: Stage | undefined },
): Promise<ServicesLook> {
  const [services, engine] = await Promise.all([
    servicesOfDir(facts),
    loadEngineFacts(facts, { tags: [], own: false }),
  ]);
  if (services === null) throw noServices(facts.place.dir);
  const seen = engine.up ? await loadServices(services.project, facts) : nothing;
  return { services, engine, seen, variables: stage ? readVariables(facts, services, stage) : null };
}

const noServices = (dir: string): UserError =>
  new UserError(`${dir === "." ? "this dir" : quote(dir)} names no services`, {
    why: "services: of its repo_config.yaml says which compose file has them.",
    fix: "Add it: services: {compose_file: devops/compose/services.yml}",
  });

/** Reads the file of variables of a stage; those that would move compose itself are refused. */
function readVariables({ place }: Facts, { dir, settings }: ServicesOfDir, stage: Stage): string | null {
  const named = settings.envFile[stage];
  if (named === undefined) return null;
  const path = pathInRepo(dir, named);
  const text = readRepoText(place.root, path);
  if (text === null)
    throw new UserError(`there is no ${path}`, {
      why: `services.env_file of repo_config.yaml names it for the stage ${stage}.`,
      fix: "Write it, a line NAME=VALUE for each variable of the compose file",
      kind: "config",
    });
  const steering = /^\s*(?:export\s+)?((?:COMPOSE|DOCKER)_\w*)\s*=/m.exec(text)?.[1];
  if (steering === undefined) return text;
  throw new UserError(`${path} sets ${steering}`, {
    why: "Variables of Docker say which engine and which files are meant, and Slipway says that itself.",
    fix: `Take ${steering} out of it`,
    kind: "config",
  });
}

/** What containers of a dir reach of its services; null where it names none. */
export async function joinedServices(facts: Facts): Promise<Looked["services"]> {
  const services = await servicesOfDir(facts);
  if (services === null) return null;
  const { project, file, neededBy } = services;
  const line = "i service_up";
  const seen = await loadServices(project, facts).catch((error: unknown) => {
    // Whoever starts the container tells that no engine answers.
    if (error instanceof UserError && error.kind === "engine") return null;
    throw error;
  });
  if (seen === null) return { network: null, missing: [], neededBy, line };
  const up = new Set(seen.containers.filter(isUp).map(({ service }) => service));
  const isJoined = seen.containers.some(({ state }) => state === "running");
  return {
    network: isJoined ? project : null,
    missing: startedBy(file).filter((name) => !up.has(name)),
    neededBy,
    line,
  };
}
