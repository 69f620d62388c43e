import { UserError } from "../model/errors.ts";
import type { Facts } from "../model/facts.ts";
import { parseImageName } from "../model/image.ts";
import { type Action, type Step, step } from "../model/plan.ts";

export type InitOptions = { readonly name?: string | undefined; readonly baseImage?: string | undefined };

/** Adds the toolchain to a new or existing dir: the template's files under the given name; a file that is there is never overwritten. */
export function initRunnableDir(facts: Facts, options: InitOptions): Step[] {
  const name = freeName(facts, options.name);
  const prefix = facts.place.dir === "." ? "" : `${facts.place.dir}/`;
  const files = Object.entries(facts.template).map(([path, file]) => ({
    path,
    content: named(path, file.text, { name, base: options.baseImage }),
    there: facts.existing.includes(path),
    mode: file.executable ? ("0755" as const) : undefined,
  }));
  const added = files.filter(({ there }) => !there);
  const kept = files.filter(({ there }) => there).map(({ path }) => path);
  const title = `Add ${added.length} files of the toolchain to ${facts.place.dir}`;
  const writes = added.map(
    ({ path, content, mode }): Action => ({
      kind: "write_file",
      path: `${prefix}${path}`,
      content,
      ...(mode ? { mode } : {}),
    }),
  );
  const text = [
    ...kept.map((path) => `kept ${prefix}${path}, which was there`),
    "Next: set the addresses in repo_config.yaml, git add --all && git commit, then i docker_release_dev",
  ].join("\n");
  const data = { added: added.map(({ path }) => path), kept };
  return [
    step("write_template", title, writes, { skip: added.length === 0 ? "every file is there" : null }),
    step("tell", "Tell what to do next", [{ kind: "announce", text, data }]),
  ];
}

/** A legal name that no other runnable dir of the repo has. */
function freeName(facts: Facts, text: string | undefined): string {
  if (!text)
    throw new UserError("no name was given", {
      why: "A runnable dir has an image of its own, unique in the repo.",
      fix: "Pass it: i init_runnable_dir --name cmamp",
    });
  const name = parseImageName(text);
  const clash = facts.otherImages.find((other) => other.image === name);
  if (!clash) return name;
  throw new UserError(`the image name "${name}" is taken by ${clash.dir}`, {
    why: "Tags, claims and logs of all runnable dirs share one namespace.",
    fix: "Choose another --name",
  });
}

/** The template is about an image called "sample"; only these files say its name. */
function named(path: string, text: string, { name, base }: { name: string; base: string | undefined }): string {
  if (path === "repo_config.yaml") return withBase(text.replaceAll(/\bsample\b/g, name), base);
  return path === "changelog.txt" || path.endsWith("pyproject.toml") ? text.replaceAll(/\bsample\b/g, name) : text;
}

const withBase = (text: string, base: string | undefined): string =>
  base ? text.replace(/^ {2}build_args: .*/m, () => `  build_args: ${JSON.stringify({ BASE_IMAGE: base })}`) : text;
