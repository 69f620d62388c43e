import { announce } from "../kinds/announce.ts";
import { writeFile } from "../kinds/write_file.ts";
import { UserError } from "../model/errors.ts";
import type { Facts, NewDir } from "../model/facts.ts";
import { type HostedRepo, hostedRepo, placeholderAccount } from "../model/git_remote.ts";
import { parseImageName } from "../model/image.ts";
import { type Action, type Step, step } from "../model/plan.ts";
import { dayOf } from "../model/units.ts";

export type InitOptions = { readonly name?: string | undefined; readonly baseImage?: string | undefined };

/**
 * Adds the toolchain to a new or existing dir: the template's files under the given name; a file that is there is never
 * overwritten. A dir with tests of its own gets no sample of code and tests, and only its fast tests as a gate. `release` is
 * how a release is typed then.
 */
export function initRunnableDir(
  facts: Facts,
  options: InitOptions,
  seen: NewDir,
  release = "i docker_release_dev",
): Step[] {
  const name = freeName(seen, options.name);
  const account = seen.codeAt === null ? null : hostedRepo(seen.codeAt);
  const prefix = facts.place.dir === "." ? "" : `${facts.place.dir}/`;
  const { ownTests } = seen;
  const wanted = Object.entries(seen.template).filter(([path]) => ownTests === null || !isSample(path));
  const files = wanted.map(([path, file]) => ({
    path,
    content: named(path, file.text, { name, base: options.baseImage, today: dayOf(facts.now), account, ownTests }),
    there: seen.existing.includes(path),
    mode: file.executable ? ("0755" as const) : undefined,
  }));
  const added = files.filter(({ there }) => !there);
  const kept = files.filter(({ there }) => there).map(({ path }) => path);
  const title = `Add ${added.length} files of the toolchain to ${facts.place.dir}`;
  const writes = added.map(
    ({ path, content, mode }): Action =>
      writeFile({
        path: `${prefix}${path}`,
        content,
        ...(mode ? { mode } : {}),
      }),
  );
  const text = [
    ...kept.map((path) => `kept ${prefix}${path}, which was there`),
    ...(ownTests === null ? [] : [`No sample of code and tests: ${prefix}${ownTests} is there. ${fastOnly}`]),
    `Next: set the addresses in repo_config.yaml, git add --all && git commit, then ${release}`,
  ].join("\n");
  const data = { added: added.map(({ path }) => path), kept };
  return [
    step("write_template", title, writes, { skip: added.length === 0 ? "every file is there" : null }),
    step("tell", "Show what to do next", [announce({ text, data })]),
  ];
}

/** A legal name that no other runnable dir of the repo has. */
function freeName({ otherImages }: NewDir, text: string | undefined): string {
  if (!text)
    throw new UserError("no name was given", {
      why: "A runnable dir has an image of its own, unique in the repo.",
      fix: "Pass one: i init_runnable_dir --name cmamp",
    });
  const name = parseImageName(text);
  const clash = otherImages.find((other) => other.image === name);
  if (!clash) return name;
  throw new UserError(`the image name "${name}" is taken by ${clash.dir}`, {
    why: "Tags, claims and logs of all runnable dirs share one namespace.",
    fix: "Choose another --name",
  });
}

type Naming = {
  readonly name: string;
  readonly base: string | undefined;
  readonly today: string;
  readonly account: HostedRepo | null;
  readonly ownTests: string | null;
};

const fastOnly = "The gate is the fast tests; name slow and qa in repo_config.yaml once there are some.";

/** What the template has for a dir without code and tests, so that it releases at once. */
const isSample = (path: string): boolean => /^(sample|test)\/|^(conftest\.py|pytest\.ini)$/.test(path);

/** The template is about an image called "sample"; only these files say its name. */
function named(path: string, text: string, { name, base, today, account, ownTests }: Naming): string {
  if (path === "repo_config.yaml") {
    const config = withAccount(withBase(text.replaceAll(/\bsample\b/g, name), base), account);
    return ownTests === null ? config : config.replace(/^ {2}gates: .*/m, "  gates: [fast]");
  }
  if (path === "changelog.txt")
    return text.replaceAll(/\bsample\b/g, name).replace(/^- \d{4}-\d{2}-\d{2}$/m, `- ${today}`);
  return path.endsWith("pyproject.toml") ? text.replaceAll(/\bsample\b/g, name) : text;
}

const withBase = (text: string, base: string | undefined): string =>
  base ? text.replace(/^ {2}build_args: .*/m, () => `  build_args: ${JSON.stringify({ BASE_IMAGE: base })}`) : text;

/** Host and account as the Git remote has them; the template's own stay where it has none. */
const withAccount = (text: string, at: HostedRepo | null): string =>
  at
    ? text
        .replaceAll(placeholderAccount, () => at.account)
        .replace(/^( {2}github_host_name: ).*/m, (_line, key: string) => `${key}${at.host}`)
    : text;
