import { posix } from "node:path";
import { renderNames, renderServices, startedBy } from "../config/service_compose.ts";
import { isServiceName, renderServiceTable, type SeenServices, type ServiceContainer } from "../config/services.ts";
import { shortHash, slipwayFile } from "../container/own_files.ts";
import { UserError } from "../errors.ts";
import { announce } from "../kinds/announce.ts";
import { type Command, cmd } from "../kinds/command.ts";
import { writeFile } from "../kinds/write_file.ts";
import { assertEngine } from "../names/engine.ts";
import type { Stage } from "../names/stage.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import type { ServicesLook } from "../run/look_services.ts";
import { someOf } from "../text/units.ts";
import { awaitServices } from "./await_services.ts";

type Up = { readonly stage: Stage };

/** Starts the services of a dir, waits until each has answered, and tells where they are reached. */
export function serviceUp(facts: Facts, { stage }: Up, look: ServicesLook): Step[] {
  const { services, seen } = look;
  assertEngine(look.engine, ["compose"]);
  assertStage(look, stage);
  const names = startedBy(services.file);
  const { path, content, madeFrom } = fileOf(facts, stage, look);
  const there = new Map(seen.containers.map((one) => [one.service, one]));
  const isThere = names.every((name) => {
    const one = there.get(name);
    return one !== undefined && one.madeFrom === madeFrom && (one.state === "running" || isEnded(one));
  });
  const skip = isThere ? "they run" : null;
  const envFile = services.settings.envFile[stage];
  const compose = (...words: readonly string[]): Command => ({
    ...cmd`docker compose --progress quiet --file ${path} --project-directory ${services.file.folder} --env-file ${envFile === undefined ? "/dev/null" : posix.join(services.dir, envFile)} ${words}`,
    ofRepo: "service",
  });
  const write = writeFile({ path, content });
  const start: Command = {
    ...compose("up", "--detach", "--remove-orphans"),
    again: inUse,
    does: "the start of the services",
  };
  const { project, settings } = services;
  return [
    step(
      "pull_services",
      "Pull the images that the engine lacks",
      [write, compose("pull", "--policy", "missing", "--ignore-buildable")],
      { skip },
    ),
    step("start_services", `Start ${names.join(", ")}`, [write, start], { skip }),
    step("await_services", `Wait until ${names.join(", ")} answer${names.length === 1 ? "s" : ""}`, [
      awaitServices({
        project,
        services: names.map((name) => ({ name, ready: settings.ready[name] ?? null })),
        within: settings.within,
      }),
    ]),
  ];
}

/** What the engine says where the same line makes a container or network at the same time. */
const inUse = "is already in use by container|network with name .* already exists";

/** A job that did what it had to. */
const isEnded = ({ state, exitCode }: ServiceContainer): boolean => state === "exited" && exitCode === 0;

/** The compose file of a stage; its name says what containers are made from, values of the stage included. */
function fileOf(facts: Facts, stage: Stage, { services, variables }: ServicesLook) {
  const owner = { project: services.project, user: facts.user.name, stage };
  const madeFrom = shortHash(JSON.stringify([renderServices(services.file, { ...owner, madeFrom: "" }), variables]));
  const content = renderServices(services.file, { ...owner, madeFrom });
  return { path: slipwayFile(facts, "services", `${madeFrom}.yml`), content, madeFrom };
}

function assertStage({ services: { settings }, seen }: ServicesLook, stage: Stage): void {
  const known = Object.keys(settings.envFile);
  if (known.length > 0 && settings.envFile[stage] === undefined)
    throw new UserError(`services.env_file has none for the stage ${stage}`, {
      why: "The services of each stage get their own variables.",
      fix: `Use --stage ${known.join(" or --stage ")}; or add it to repo_config.yaml: env_file: {${stage}: devops/env/${stage}.env}`,
    });
  const other = seen.containers.find((one) => one.stage !== stage);
  if (other)
    throw new UserError(`the services of the stage ${other.stage} are there: ${other.service} in ${other.name}`, {
      why: "A dir has the services of one stage at a time; others would take their containers and volumes over.",
      fix: "Take them down first: i service_down; or use what is up",
    });
}

/** Services that are there and are made from another file are made anew, which ends them. */
export function asksServiceUp(facts: Facts, { stage }: Up, look: ServicesLook): string | null {
  const { madeFrom } = fileOf(facts, stage, look);
  const changed = look.seen.containers.filter((one) => one.madeFrom !== madeFrom).map(({ service }) => service);
  if (changed.length === 0) return null;
  return `The compose file or its variables changed: make ${someOf(changed)} anew, where that concerns them? Volumes stay.`;
}

type Down = { readonly volumes: boolean };

/** Ends and removes what service_up made; volumes only where that is asked for. */
export function serviceDown(_: Facts, { volumes }: Down, { engine, seen }: ServicesLook): Step[] {
  assertEngine(engine, []);
  const { containers, networks } = seen;
  const removed = volumes ? seen.volumes : [];
  if (containers.length + networks.length + removed.length === 0)
    return [
      step("report", "Report that there is nothing to remove", [
        announce({ text: `no services are up${kept(seen)}`, data: seen }),
      ]),
    ];
  assertNoGuests(seen);
  const running = containers.filter(({ state }) => state !== "exited" && state !== "created").map(({ id }) => id);
  const told = [...containers.map(({ name }) => name), ...networks.map(({ name }) => `network ${name}`)];
  const gone = [...told, ...removed.map((name) => `volume ${name}`)];
  return [
    step("service_down", `Stop and remove ${gone.join(", ")}`, [
      ...(running.length > 0 ? [cmd`docker stop ${running}`] : []),
      ...(containers.length > 0
        ? [cmd`docker rm --force ${volumes && "--volumes"} ${containers.map(({ id }) => id)}`]
        : []),
      ...(networks.length > 0 ? [cmd`docker network rm ${networks.map(({ id }) => id)}`] : []),
      ...(removed.length > 0 ? [cmd`docker volume rm ${removed}`] : []),
      announce({ text: `removed ${gone.join(", ")}${volumes ? "" : kept(seen)}`, data: { removed: gone } }),
    ]),
  ];
}

const kept = ({ volumes }: SeenServices): string =>
  volumes.length > 0 ? `; kept ${volumes.join(", ")}, which i service_down --volumes removes` : "";

function assertNoGuests({ networks }: SeenServices): void {
  const guests = networks.flatMap((one) => one.guests);
  if (guests.length === 0) return;
  throw new UserError(`containers use these services: ${someOf(guests)}`, {
    why: "They would lose what they work with, and their network cannot be removed.",
    fix: "End them first: i docker_kill, or wait until their tests are through",
  });
}

/** Volumes hold data that nobody else has. */
export const asksServiceDown = (_: Facts, { volumes }: Down, { seen }: ServicesLook): string | null =>
  volumes && seen.volumes.length > 0 ? `Remove the data of the services for good: ${seen.volumes.join(", ")}?` : null;

/** The services of a dir and how they are; those that are not there too. */
export function servicePs(_: Facts, __: unknown, { engine, seen, services }: ServicesLook): Step[] {
  assertEngine(engine, []);
  const { containers } = seen;
  const absent = startedBy(services.file).filter((name) => containers.every(({ service }) => service !== name));
  const lines = [
    ...(containers.length > 0 ? [renderServiceTable(containers)] : []),
    ...(absent.length > 0 ? [`not there: ${absent.join(", ")}; i service_up starts what is lacking`] : []),
  ];
  return [
    step("report", "List the services", [
      announce({ text: lines.join("\n"), data: { project: services.project, services: containers, absent } }),
    ]),
  ];
}

type Logs = {
  readonly follow: boolean;
  readonly tail: number | undefined;
  readonly services: readonly string[];
};

/** What services log, as it comes until Ctrl-C, or what is there. */
export function serviceLogs(
  facts: Facts,
  { follow, tail, services }: Logs,
  { engine, seen, ...look }: ServicesLook,
): Step[] {
  assertEngine(engine, ["compose"]);
  const { project } = look.services;
  const known = [...new Set(seen.containers.map(({ service }) => service))].filter(isServiceName);
  const wrong = services.find((name) => !known.includes(name));
  if (known.length === 0 || wrong !== undefined)
    throw new UserError(wrong === undefined ? "no services are up" : `no service ${JSON.stringify(wrong)} is up`, {
      why: known.length > 0 ? `There are ${known.join(", ")}.` : "A service has a log once it was started.",
      fix: known.length > 0 ? `Name one of them: i service_logs ${known[0]}` : "Start them: i service_up",
    });
  const content = renderNames(project, known);
  const path = slipwayFile(facts, "services", `${shortHash(content)}.yml`);
  const logs: Command = {
    ...cmd`docker compose --file ${path} logs ${follow && "--follow"} ${tail !== undefined && ["--tail", String(tail)]} ${services}`,
    interactive: true,
    ownCode: true,
  };
  return [
    step("service_logs", `Show what ${(services.length > 0 ? services : known).join(", ")} log`, [
      writeFile({ path, content }),
      logs,
    ]),
  ];
}
