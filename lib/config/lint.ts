import { repositoryOf } from "../names/address.ts";
import { parseReference } from "../names/image.ts";
import { type Stage, stages } from "../names/stage.ts";
import type { Config } from "./config.ts";
import type { ConfigReader, Keys, Values } from "./config_reader.ts";

type Argv = readonly string[];

/** The linters of one kind of files. */
export type Linter = {
  readonly name: string;
  /** `*.py` is a name in any folder, `src/**` a path of the runnable dir. */
  readonly files: readonly string[];
  /** Commands that change files in place, each with the files behind its words. */
  readonly fix: readonly Argv[];
  /** Commands that only look. */
  readonly check: readonly Argv[];
};

/** What `lint:` of repo_config.yaml says. */
export type LintSettings = {
  /** A stage of the runnable dir's own image, or a reference; null for the image of the tools that repos share. */
  readonly image: { readonly stage: Stage } | { readonly reference: string } | null;
  readonly entrypoint: boolean;
  readonly linters: readonly Linter[];
};

const linterKeys = {
  names: { is: "words", needed: true, about: "Which files: a name in any folder like `*.py`, or paths like `src/**`." },
  fix: { is: "commands", about: "Commands that change files in place, each with the files behind its words." },
  check: { is: "commands", needed: true, about: "Commands that only look." },
} as const satisfies Keys;

/** The keys of `lint`. */
export const lintKeys = {
  image: {
    is: "text",
    about:
      "Where the linters are: dev_tools, a stage of this image like dev, or a whole reference (default: dev_tools).",
  },
  entrypoint: { is: "flag", about: "Whether the image's entrypoint starts them (default: true)." },
  files: {
    is: "named",
    each: { is: "section", needed: true, keys: linterKeys, about: "The linters of one kind of files, by any name." },
    about: "The linters.",
  },
} as const satisfies Keys;

/** Reads `lint:`; none is configured where it is missing. */
export function parseLint(read: ConfigReader): LintSettings {
  const { image, entrypoint, files } = read.section(["lint"], lintKeys);
  return {
    image: parseImage(read, image ?? "dev_tools"),
    entrypoint: entrypoint ?? true,
    linters: Object.entries(files ?? {}).map(([name, own]) => parseLinter(read, name, own)),
  };
}

function parseImage(read: ConfigReader, text: string): LintSettings["image"] {
  const path = ["lint", "image"];
  if (text === "dev_tools") return null;
  const stage = stages.find((one) => one === text);
  if (stage) return { stage };
  const isOther = /[/:@]/.test(text) && /^[\w.-]+[\w./:@-]*$/.test(text);
  if (!isOther) return read.fail(path, `is ${JSON.stringify(text)}, no image`, imageFix);
  try {
    parseReference(text);
  } catch {
    return read.fail(path, `is ${JSON.stringify(text)}, no image`, imageFix);
  }
  return { reference: text };
}

/** Whether an image is neither the dir's own nor that of the tools that repos share, wherever those are pushed to. */
export function isOfOthers({ registries, imageName, container }: Config, reference: string): boolean {
  const names = [imageName, container.devTools];
  return !registries.some((registry) =>
    names.some((name) => {
      const own = repositoryOf(registry, name).reference;
      return [":", "@"].some((mark) => reference.startsWith(`${own}${mark}`)) || reference === own;
    }),
  );
}

const imageFix = "Use dev_tools, a stage of this image like dev, or a whole reference like ghcr.io/team/linters:1.2";

function parseLinter(read: ConfigReader, name: string, own: Values<typeof linterKeys> | undefined): Linter {
  const path = ["lint", "files", name];
  const files = own?.names ?? [];
  if (files.length === 0) read.fail([...path, "names"], "is missing", 'Say which files: names: ["*.py"]');
  for (const pattern of files)
    if (pattern === "" || /^\/|(^|\/)\.\.(\/|$)/.test(pattern))
      read.fail(
        [...path, "names"],
        `has ${JSON.stringify(pattern)}`,
        'Write names or paths below the dir: ["*.py", "src/**"]',
      );
  const check = parseCommands(read, [...path, "check"], own?.check);
  if (check.length === 0)
    read.fail([...path, "check"], "is missing", "Say what only looks: check: [[ruff, check], [ruff, format, --check]]");
  return { name, files, check, fix: parseCommands(read, [...path, "fix"], own?.fix) };
}

/** A list of commands, each a list of words. */
function parseCommands(read: ConfigReader, path: readonly string[], value: unknown = []): readonly Argv[] {
  const isWord = (word: unknown): word is string | number => ["string", "number"].includes(typeof word);
  const isCommand = (one: unknown): one is readonly (string | number)[] =>
    Array.isArray(one) && one.length > 0 && one.every(isWord) && one[0] !== "";
  if (Array.isArray(value) && value.every(isCommand)) return value.map((one) => one.map(String));
  return read.fail(path, "is no list of commands", `Write each as a list of words: ${path.at(-1)}: [[ruff, check]]`);
}

/** Whether a path of the runnable dir is one of a pattern's: without a slash it is a name in any folder. */
export function isNamedBy(pattern: string, path: string): boolean {
  const text = pattern.includes("/") ? pattern : `**/${pattern}`;
  const parts = text.split(/(\*\*\/|\*\*|\*|\?)/);
  const written = parts.map((part) => globs[part] ?? part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${written.join("")}$`, "s").test(path);
}

const globs: Readonly<Record<string, string>> = { "**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]" };
