import { engineVolume } from "../config/inner_engine.ts";
import type { ContainerStats } from "../doors/containers.ts";
import { UserError } from "../errors.ts";
import { announce } from "../kinds/announce.ts";
import { cmd, command } from "../kinds/command.ts";
import {
  chooseContainer,
  type EngineContainer,
  ownContainers,
  requireContainer,
  shortId,
  userLabel,
} from "../names/engine_container.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { renderTable } from "../text/table.ts";
import type { ToKill } from "./look_containers.ts";

type All = { readonly all: boolean };
type Containers = readonly EngineContainer[];
type Named = { readonly container?: string | undefined };

const report = (title: string, text: string, data: unknown): Step[] => [
  step("report", title, [announce({ text, data })]),
];

const none = (facts: Facts, { all }: All, running = ""): string =>
  all
    ? `the engine has no ${running}container`
    : `${facts.user.name} has no ${running}container of ${facts.config.imageName}; --all shows everyone's`;

/** The own containers of this image, or everyone's of every image: who started it, from what, since when, on which ports. */
export function listContainers(facts: Facts, options: All, containers: Containers): Step[] {
  const shown = options.all ? containers : ownContainers(facts, containers);
  const rows = shown.map((one) => [
    shortId(one.id),
    one.labels[userLabel] ?? "-",
    one.image,
    cut(one.command, 32),
    one.status,
    one.ports.join(", ") || "-",
    one.name,
  ]);
  const head = ["ID", "USER", "IMAGE", "COMMAND", "STATUS", "PORTS", "NAME"];
  return report("List the containers", shown.length > 0 ? renderTable(head, rows) : none(facts, options), shown);
}

const cut = (text: string, length: number): string => {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > length ? `${line.slice(0, length - 3)}...` : line;
};

/** What the own running containers use just now, or everyone's. */
export function containerStats(facts: Facts, options: All, stats: readonly ContainerStats[]): Step[] {
  const rows = stats.map((one) => [
    shortId(one.id),
    one.name,
    one.cpu,
    one.memory,
    one.memoryShare,
    one.network,
    one.disk,
    one.processes,
  ]);
  const head = ["ID", "NAME", "CPU", "MEMORY", "MEMORY %", "NETWORK", "DISK", "PROCESSES"];
  const text = rows.length > 0 ? renderTable(head, rows) : none(facts, options, "running ");
  return report("Show what containers use", text, stats);
}

type Kill = All & Named & { readonly purge: boolean };

/** Ends and removes the last own container, the named one, or all own ones, then what their engine kept; never anyone else's. */
export function killContainers(facts: Facts, options: Kill, seen: ToKill): Step[] {
  const ended = toKill(facts, options, seen.containers);
  const purged = toPurge(facts, options, seen);
  if (ended.length + purged.length === 0)
    return report("Report that there is nothing to stop", none(facts, { all: false }).replace(/; .*/, ""), []);
  const told = [
    ...ended.map(({ id, name, image }) => `ended ${shortId(id)} ${name} (${image})`),
    ...purged.map((name) => `removed volume ${name}`),
  ];
  const names = [...ended.map(({ name }) => name), ...purged.map((name) => `volume ${name}`)];
  return [
    step("docker_kill", `End and remove ${names.join(", ")}`, [
      ...(ended.length > 0 ? [cmd`docker rm --force --volumes ${ended.map(({ id }) => id)}`] : []),
      ...(purged.length > 0 ? [cmd`docker volume rm ${purged}`] : []),
      announce({
        text: told.join("\n"),
        data: [...ended.map(({ id, name }) => ({ id, name })), ...purged.map((volume) => ({ volume }))],
      }),
    ]),
  ];
}

/** The volume of this dir's engine, where there is one. */
function toPurge(facts: Facts, { all, purge }: Kill, { volumes }: ToKill): readonly string[] {
  if (!purge) return [];
  if (!all)
    throw new UserError("--purge was given without --all", {
      why: "All containers of the dir share the volume of its engine, and none may use it when it goes.",
      fix: "Type i docker_kill --all --purge",
    });
  const { name } = engineVolume(facts);
  return volumes.filter((one) => one === name);
}

function toKill(facts: Facts, { all, container }: All & Named, containers: Containers): Containers {
  if (all && container !== undefined)
    throw new UserError("--all and --container were both given", {
      why: "One means every container of yours, the other a single one.",
      fix: "Drop one of them",
    });
  if (all) return ownContainers(facts, containers);
  return [chooseContainer(facts, containers, container) ?? []].flat();
}

/** --all ends what somebody may be working in, and --purge what nobody else has, so it asks. */
export const asksKill = (facts: Facts, options: Kill, seen: ToKill): string | null => {
  const ended = options.all ? toKill(facts, options, seen.containers) : [];
  const parts = [
    ...(ended.length > 0
      ? [`${ended.length} container${ended.length > 1 ? "s" : ""}: ${ended.map(({ name }) => name).join(", ")}`]
      : []),
    ...toPurge(facts, options, seen).map((name) => `the images and containers in the volume ${name}`),
  ];
  return parts.length > 0 ? `End and remove ${parts.join(", and ")}?` : null;
};

type Exec = Named & { readonly cmd?: string | undefined; readonly asRoot: boolean; readonly words: readonly string[] };

/** A shell, shell text or words in a running own container, as its user and in its dir; the exit code is the command's. */
export function execInContainer(facts: Facts, options: Exec, containers: Containers): Step[] {
  const container = requireContainer(facts, containers, { wanted: options.container, running: true });
  if (options.cmd !== undefined && options.words.length > 0)
    throw new UserError("--cmd and words after -- were both given", {
      why: "One command is run in the container.",
      fix: "Drop one of them",
    });
  const words = options.words.length > 0 ? options.words : shellWords(options.cmd);
  const line = cmd`docker exec --interactive ${facts.terminal && "--tty"} ${options.asRoot && ["--user", "0:0"]} ${container.id} ${words}`;
  return [
    step("docker_exec", `Run in ${container.name} (${container.image})`, [
      command({ ...line, interactive: true, ownCode: true }),
    ]),
  ];
}

/** bash where the container has it, else sh; the text is a word of its own and reaches that one shell unchanged. */
function shellWords(text: string | undefined): readonly string[] {
  const choose = "command -v bash >/dev/null 2>&1 && exec bash";
  if (text === undefined) return ["sh", "-c", `${choose}; exec sh`];
  return ["sh", "-c", `${choose} -c "$1"; exec sh -c "$1"`, "sh", text];
}
