import type { ContainerStats } from "../doors/containers.ts";
import { announce } from "../kinds/announce.ts";
import { cmd, command } from "../kinds/command.ts";
import {
  chooseContainer,
  type EngineContainer,
  ownContainers,
  requireContainer,
  shortId,
  userLabel,
} from "../model/engine_container.ts";
import { UserError } from "../model/errors.ts";
import type { Facts } from "../model/facts.ts";
import { type Step, step } from "../model/plan.ts";
import { renderTable } from "../model/table.ts";

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

/** Ends and removes the last own container, the named one, or all own ones; never anyone else's. */
export function killContainers(facts: Facts, options: All & Named, containers: Containers): Step[] {
  const ended = toKill(facts, options, containers);
  if (ended.length === 0)
    return report("Report that there is nothing to stop", none(facts, { all: false }).replace(/; .*/, ""), []);
  const told = ended.map(({ id, name, image }) => `ended ${shortId(id)} ${name} (${image})`).join("\n");
  return [
    step("docker_kill", `End and remove ${ended.map(({ name }) => name).join(", ")}`, [
      cmd`docker rm --force --volumes ${ended.map(({ id }) => id)}`,
      announce({ text: told, data: ended.map(({ id, name }) => ({ id, name })) }),
    ]),
  ];
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

/** --all ends what somebody may be working in, so it asks. */
export const asksKill = (facts: Facts, options: All & Named, containers: Containers): string | null => {
  const ended = options.all ? toKill(facts, options, containers) : [];
  return ended.length > 0
    ? `End and remove ${ended.length} container${ended.length > 1 ? "s" : ""}: ${ended.map(({ name }) => name).join(", ")}?`
    : null;
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
