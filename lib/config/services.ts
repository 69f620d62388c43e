import { createHash } from "node:crypto";
import { posix } from "node:path";
import { UserError } from "../errors.ts";
import { type Stage, stages, userTag } from "../names/stage.ts";
import type { Facts } from "../plan/facts.ts";
import { renderTable } from "../text/table.ts";
import { someOf } from "../text/units.ts";
import type { ConfigReader, Keys, Values } from "./config_reader.ts";
import { type ListName, listNames } from "./tests.ts";

/** What `services:` of a runnable dir says. Paths are relative to the dir. */
export type ServiceSettings = {
  readonly composeFile: string;
  /** Stage -> file of variables that the compose file's `${NAME}` are taken from. */
  readonly envFile: Readonly<Partial<Record<Stage, string>>>;
  /** Service -> words that run in its container and end with 0 once it answers. */
  readonly ready: Readonly<Record<string, readonly string[]>>;
  /** Seconds that all of them have to get ready. */
  readonly within: number;
};
/** The settings, or the dir whose services are meant; and the test lists that do not run without them. */
export type NamedServices = { readonly neededBy: readonly ListName[] } & (
  | { readonly own: ServiceSettings }
  | { readonly of: string }
);

/** A name that stands in argv, in a network's names and on the screen (Compose, "services"). */
export const isServiceName = (name: string): boolean => /^[A-Za-z0-9][\w.-]{0,62}$/.test(name);

const variables = (stage: Stage) => ({ is: "text", about: `Those of ${stage}, from the runnable dir.` }) as const;

/** The keys of `services`. */
export const servicesKeys = {
  compose_file: { is: "text", about: "The compose file of the services, from the runnable dir." },
  env_file: {
    is: "section",
    keys: { local: variables("local"), dev: variables("dev"), prod: variables("prod") },
    about: "Files of the variables that the compose file names.",
  },
  ready: {
    is: "named",
    each: { is: "words", about: "Words that run in a service's container and end with 0 once it answers." },
    about: "What shows that services answer.",
  },
  within: { is: "text", about: "Seconds that they have to get ready (default: 60)." },
  needed_by: { is: "words", of: listNames, about: "Test lists that do not run without them (default: all)." },
  of: { is: "text", about: "Instead of all that: the dir whose services are meant." },
} as const satisfies Keys;

/** Reads `services:`; null where a dir names none. */
export function parseServices(read: ConfigReader): NamedServices | null {
  if (read.at(["services"]) === undefined) return null;
  const { needed_by: neededBy = listNames, of, ...own } = read.section(["services"], servicesKeys);
  if (of === undefined) return { neededBy, own: parseOwn(read, own) };
  const beside = Object.keys(own).find((key) => read.at(["services", key]) !== undefined);
  if (beside !== undefined)
    read.fail(["services", beside], "stands beside of", `Write it in repo_config.yaml of ${JSON.stringify(of)}`);
  return { neededBy, of: parsePath(read, ["services", "of"], of) };
}

type OwnKeys = Omit<Values<typeof servicesKeys>, "needed_by" | "of">;

function parseOwn(read: ConfigReader, own: OwnKeys): ServiceSettings {
  const at = (...path: readonly string[]) => ["services", ...path];
  const composeFile =
    own.compose_file ??
    read.fail(at("compose_file"), "is missing", "Name it: compose_file: devops/compose/services.yml");
  const envFile = stages.flatMap((stage) => {
    const path = own.env_file?.[stage];
    return path === undefined ? [] : [[stage, parsePath(read, at("env_file", stage), path)] as const];
  });
  const ready = Object.entries(own.ready ?? {}).map(
    ([name, words]) => [name, parseReady(read, at("ready", name), words)] as const,
  );
  return {
    composeFile: parsePath(read, at("compose_file"), composeFile),
    envFile: Object.fromEntries(envFile),
    ready: Object.fromEntries(ready),
    within: parseSeconds(read, at("within"), own.within ?? "60"),
  };
}

function parseReady(read: ConfigReader, path: readonly string[], words: readonly string[] = []): readonly string[] {
  if (!isServiceName(path.at(-1) ?? ""))
    read.fail(path, "is not the name of a service", "Name it as the compose file does");
  if (words.length > 0 && words[0] !== "") return words;
  return read.fail(path, "has no command", 'Write the words of a query: [psql, -h, localhost, -c, "select 1"]');
}

function parseSeconds(read: ConfigReader, path: readonly string[], text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  return read.fail(path, `is ${JSON.stringify(text)}, no number of seconds`, "Write it like within: 60");
}

/** A path that stays what it is in argv and in a compose file. */
function parsePath(read: ConfigReader, path: readonly string[], text: string): string {
  if (/^(?![-/])[\w./+-]+$/.test(text)) return posix.normalize(text);
  return read.fail(path, `is ${JSON.stringify(text)}`, "Write a path from the runnable dir, like devops/env/local.env");
}

/** Where a compose file of services lies, relative to the outermost repo. */
export type ServicePlace = { readonly root: string; readonly dir: string };

/** The name of project and network: the user's own for each path of a runnable dir, so that no two meet in one engine. */
export function servicesProject(user: string, { root, dir }: ServicePlace): string {
  const path = posix.join(root, dir);
  const legal = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9_-]+/g, "-");
  const hash = createHash("sha256").update(JSON.stringify([user, path]));
  return `slipway-${legal(userTag(user))}-${legal(posix.basename(path)).slice(0, 30)}-${hash.digest("hex").slice(0, 12)}`;
}

/** The label of everything that service_up makes, with the project as its value; the stage stands in one of its own. */
export const servicesLabel = "dev.slipway.services";
export const stageLabel = "dev.slipway.stage";
/** A hash of the compose file that a container was made from. */
export const madeFromLabel = "dev.slipway.made_from";

/** A container of a service as the engine has it. */
export type ServiceContainer = {
  readonly id: string;
  readonly name: string;
  readonly service: string;
  readonly image: string;
  /** The engine's word: `running`, `exited`, `created`, `restarting`. */
  readonly state: string;
  readonly exitCode: number;
  /** `healthy`, `unhealthy`, `starting`; null without a healthcheck. */
  readonly health: string | null;
  /** Published ports, e.g. `127.0.0.1:32768->5432/tcp`. */
  readonly ports: readonly string[];
  readonly stage: string;
  readonly madeFrom: string;
};
/** All that the engine has of one project. */
export type SeenServices = {
  readonly containers: readonly ServiceContainer[];
  /** Networks by id, each with the names of containers in it that are no services of it. */
  readonly networks: readonly { readonly id: string; readonly name: string; readonly guests: readonly string[] }[];
  readonly volumes: readonly string[];
};

/** A service that runs, or did what it had to and ended well. */
export const isUp = ({ state, exitCode }: ServiceContainer): boolean =>
  state === "running" || (state === "exited" && exitCode === 0);

/** What containers of a dir that names services have to know. */
export type JoinedServices = {
  /** The network in which they answer by their names; null where none of them runs. */
  readonly network: string | null;
  /** Services that are not up. */
  readonly missing: readonly string[];
  readonly neededBy: readonly ListName[];
  /** What brings them up. */
  readonly line: string;
};

/** Refuses test lists that need services which are not up. */
export function assertServices({ services }: Pick<Facts<"services">, "services">, lists: readonly ListName[]): void {
  const needing = lists.filter((list) => services?.neededBy.includes(list));
  if (!services || services.missing.length === 0 || needing.length === 0) return;
  throw new UserError(`services that the ${needing.join(" and ")} tests need are not up: ${someOf(services.missing)}`, {
    why: "repo_config.yaml names services for them, and without these they would fail for another reason than the code.",
    fix: `Start them: ${services.line}; lists that need none: services: {needed_by: [slow]}`,
    kind: "services",
  });
}

/** Services as a table: what each is, how it is, and where this machine reaches it. */
export function renderServiceTable(services: readonly ServiceContainer[]): string {
  const rows = services.map((one) => [
    one.service,
    one.state === "exited" ? `exited with ${one.exitCode}` : (one.health ?? one.state),
    one.stage,
    one.ports.join(", ") || "-",
    one.image,
    one.name,
  ]);
  return renderTable(["SERVICE", "STATE", "STAGE", "PORTS", "IMAGE", "CONTAINER"], rows);
}
