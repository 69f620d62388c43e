import { readdirSync } from "node:fs";
import { examplesOf, type Page, type Row, rowsOf, sharedRows, usageOf } from "../../../lib/run/help.ts";
import { type OptionSet, universal, universalBeside } from "../../../lib/run/options.ts";
import type { Script } from "../../../lib/run/script.ts";
import { fold } from "../../../lib/text/columns.ts";
import { root } from "../../unit/source.ts";

export type Workflow = Page & { readonly subject: string };

/** The subjects in the order in which `i` lists them. */
export const subjects = ["use", "build, test", "release", "report", "packages", "repo", "thin client"];

/** What the help of every workflow is made of: those of scripts/, and those of the thin client. */
export async function loadWorkflows(): Promise<readonly Workflow[]> {
  const names = readdirSync(`${root}/scripts`).map((file) => file.replace(/\.ts$/, ""));
  const paths = [
    ...names.map((name) => `scripts/${name}`),
    ...["engine", "quickstart", "tmux"].map((name) => `thin_client/${name}`),
  ];
  return Promise.all(
    paths.sort().map(async (path) => {
      const { default: made } = (await import(`${root}/${path}.ts`)) as { default: Script<OptionSet> };
      const { about, subject = "", options, examples = [] } = made;
      return { name: path.replace(/.*\//, ""), about, subject, options, examples, universal: universalBeside(options) };
    }),
  );
}

/** The pages of all workflows, by their path in the project. */
export function renderPages(workflows: readonly Workflow[]): ReadonlyMap<string, string> {
  const all = new Map([["docs/workflows/README.md", renderIndex(workflows)]]);
  for (const one of workflows) {
    all.set(`docs/workflows/${one.name}.md`, renderMarkdown(one));
    all.set(`thin_client/man/man1/${manName(one.name)}.1`, renderMan(one));
  }
  return all;
}

const made = "<!-- Made by npm run pages from the workflow's own help. -->";

function renderIndex(workflows: readonly Workflow[]): string {
  const sections = subjects.flatMap((subject) => {
    const rows = workflows.filter((one) => one.subject === subject);
    const lines = rows.map(({ name, about }) => `| [${name}](${name}.md) | ${cell(about)} |`);
    return rows.length === 0 ? [] : ["", `## ${subject}`, "", "| workflow | what it does |", "| --- | --- |", ...lines];
  });
  const shared = sharedRows({ name: "", about: "", options: {}, examples: [], universal }).map(optionRow);
  const all = ["", "## Every workflow takes", "", "| option | what happens |", "| --- | --- |", ...shared];
  return [made, "", "# Workflows", "", "`i NAME --help` says the same.", ...sections, ...all, ""].join("\n");
}

function renderMarkdown(page: Workflow): string {
  const rows = rowsOf(page.options).map(optionRow);
  const options = rows.length === 0 ? [] : ["", "| option | what happens |", "| --- | --- |", ...rows];
  return [
    ...[made, "", `# ${page.name}`, "", page.about, "", "```sh", ...examplesOf(page), "```", "", usageOf(page)],
    ...[...options, "", "And what [every workflow takes](README.md#every-workflow-takes).", ""],
  ].join("\n");
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll(/[<>*_]/g, "\\$&");
const optionRow = ({ spelling, text, notes }: Row): string =>
  `| \`${spelling.trim()}\` | ${cell(text)}${notes.length > 0 ? ` (${cell(notes.join("; "))})` : ""} |`;

export const manName = (name: string): string => `slipway-${name.replaceAll("_", "-")}`;

/** A page of man(7); no word of it is a request or an escape. */
function renderMan(page: Workflow): string {
  const option = ({ spelling, text, notes }: Row) => [
    ".TP",
    `.B ${plain(spelling.trim())}`,
    ...fold(notes.length > 0 ? `${text} (${notes.join("; ")})` : text, 100).map(plain),
  ];
  return [
    `.TH ${manName(page.name).toUpperCase()} 1 "" Slipway`,
    ...[".SH NAME", plain(`${manName(page.name)} - ${page.about}`)],
    ...[".SH SYNOPSIS", plain(usageOf(page).replace("Usage: ", ""))],
    ...[".SH EXAMPLES", ".nf", ...examplesOf(page).map(plain), ".fi"],
    ...(Object.keys(page.options).length > 0 ? [".SH OPTIONS", ...rowsOf(page.options).flatMap(option)] : []),
    ...[".SH ALL WORKFLOWS", ...sharedRows(page).flatMap(option), ""],
  ].join("\n");
}

const plain = (text: string): string =>
  text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^(?=[.'])/, "\\&");
