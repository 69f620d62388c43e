import { posix } from "node:path";
import { UserError } from "../errors.ts";
import { announce } from "../kinds/announce.ts";
import { writeFile } from "../kinds/write_file.ts";
import { currentEntry, newest, plainChange, readChangelog, renderEntry } from "../names/changelog.ts";
import { chooseImage } from "../names/choose_image.ts";
import {
  type Bump,
  bump,
  compareVersions,
  isBetweenReleases,
  parseVersion,
  type Version,
  versionIn,
} from "../names/version.ts";
import type { Facts, LocalImage } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { keepingEnds } from "../text/exact_text.ts";
import { dayOf } from "../text/units.ts";

export const changelogPath = ({ config, place }: Facts): string =>
  posix.join(config.imageOf ?? place.dir, "changelog.txt");

/** Format, order, dates and versions of changelog.txt, every problem with its line; exit code 2 when there is one. */
export function checkChangelog(facts: Facts): Step[] {
  const { entries, problems } = readChangelog(facts.changelogText ?? "", facts.config.imageName, dayOf(facts.now));
  const missing =
    facts.changelogText === null
      ? [{ line: 0, what: "is not there", fix: "Add the first entry: i changelog_add --message 'First version'" }]
      : [];
  const all = [...missing, ...problems];
  const file = changelogPath(facts);
  const text =
    all.length > 0
      ? all.map(({ line, what, fix }) => `${file}:${line} ${what}\n  fix: ${fix}`).join("\n")
      : `${file}: ${entries.length} entries, newest ${entries[0]?.version ?? "none"}, all well`;
  return [
    step("report", `Check ${file}`, [
      announce({ text, data: { entries, problems: all }, exitCode: all.length > 0 ? 2 : 0 }),
    ]),
  ];
}

export type AddOptions = {
  readonly version?: Version | undefined;
  readonly bump: Bump;
  readonly message: readonly string[];
  readonly prod: boolean;
};

/**
 * Adds an entry on top of changelog.txt, with the next version where none is given; nothing where today's entry on top
 * says exactly this, so that a line that is typed again adds no second one.
 */
export function addEntry(facts: Facts, options: AddOptions): Step[] {
  if (options.message.length === 0)
    throw new UserError("no change was given", {
      why: "An entry says what changed.",
      fix: 'Pass it: i changelog_add --message "Add package foobar"',
    });
  const broken = options.message.find((line) => /[\n\r\0]/.test(line) || plainChange(line).trim() === "");
  if (broken !== undefined)
    throw new UserError(`the change ${JSON.stringify(broken)} is not one line of text`, {
      why: "Each change is one line of the entry.",
      fix: "Give several: --message one --message another",
    });
  const stage = options.prod ? "prod" : "dev";
  const last = currentEntry(facts.changelog, stage);
  const entryOf = (version: Version) =>
    renderEntry(facts.config.imageName, stage, version, dayOf(facts.now), options.message);
  const there = options.version ?? last?.version;
  const before = facts.changelogText ?? "";
  if (there && `${before.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n")}\n`.startsWith(`${entryOf(there)}\n`))
    return [
      step("add_entry", `Add ${there} to ${changelogPath(facts)}`, [], {
        skip: `${there} of today says exactly this; add another one with --version`,
      }),
    ];
  const version = options.version ?? (last ? bump(last.version, options.bump) : parseVersion("1.0.0"));
  const content = keepingEnds(before, (text) => (text === "" ? entryOf(version) : `${entryOf(version)}\n${text}`));
  const problem = readChangelog(content, facts.config.imageName).problems[0];
  if (problem)
    throw new UserError(`the entry of ${version} does not fit: line ${problem.line} ${problem.what}`, {
      why: "The changelog stays readable and in order.",
      fix: problem.fix,
    });
  return [
    step("add_entry", `Add ${version} to ${changelogPath(facts)}`, [
      writeFile({ path: changelogPath(facts), content }),
    ]),
  ];
}

/** Are code and container in sync? Inside a container its own version counts, outside the one of the image that docker_bash takes. */
export function checkVersion(facts: Facts<"engine" | "lastLog">): Step[] {
  const code = newest(facts.changelog, "dev")?.version ?? null;
  const inside = facts.env["CONTAINER_VERSION"] ?? facts.env["AM_CONTAINER_VERSION"] ?? imageInUse(facts);
  const isBetween = isBetweenReleases(inside ?? "");
  const container = inside ? (isBetween ? inside : (versionIn(inside) ?? unreadable(inside))) : null;
  // The container of a prod-only release has that number.
  const fitting: readonly (string | null)[] = [code, newest(facts.changelog, "prod")?.version ?? null];
  const differ = code !== null && container !== null && !isBetween && !fitting.includes(container);
  const text = differ
    ? outOfSync(code, inside ?? "")
    : [`code_version='${code ?? "none"}'`, `container_version='${container ?? whyUnknown(facts)}'`].join("\n");
  return [
    step("report", "Compare code and container", [
      announce({ text, data: { code, container, inSync: !differ }, exitCode: differ ? 1 : 0 }),
    ]),
  ];
}

/** The dev image that the engine has; registries are not asked. */
const devImage = (facts: Facts<"engine" | "lastLog">): LocalImage | null =>
  chooseImage({ ...facts, registries: {}, services: null }, "dev", null).local;

/** Its version, as the image says it itself. */
const imageInUse = (facts: Facts<"engine" | "lastLog">): string | undefined =>
  devImage(facts)?.labels["org.opencontainers.image.version"];

function whyUnknown(facts: Facts<"engine" | "lastLog">): string {
  if (!facts.engine.up) return "unknown, no Docker engine answers";
  return devImage(facts) ? "unknown, the image of dev has no label of it" : "none, and the engine has no image of dev";
}

const unreadable = (text: string): never => {
  throw new UserError(`the container's version is "${text}"`, {
    why: "CONTAINER_VERSION holds a number like 1.0.0, whatever stands around it.",
    fix: "Start the container with i docker_bash, which sets it from the image",
  });
};

/** The documents' four lines word for word, then the one line that helps: a newer container or newer code. */
function outOfSync(code: Version, container: string): string {
  const line = "-".repeat(77);
  const version = versionIn(container);
  const older = version !== undefined && compareVersions(version, code) < 0;
  return [
    line,
    "This code is not in sync with the container:",
    `code_version='${code}' != container_version='${container}'`,
    line,
    "You need to:",
    older
      ? "- pull the latest container with `i docker_pull`"
      : "- merge origin/master into your branch with `i git_merge_master`",
  ].join("\n");
}
