import { UserError } from "../errors.ts";
import { finalStage } from "../formats/dockerfile.ts";
import { hostedRepo } from "../git/git_remote.ts";
import type { PythonNeeds } from "../python/python_needs.ts";
import { jsonOf, textAt } from "../text/shape.ts";

/** A dir that is to become runnable, and the repo around it. */
export type NewDir = {
  /** The template's files, path -> content. */
  readonly template: Readonly<Record<string, { readonly text: string; readonly executable: boolean }>>;
  /** What of them is otherwise where nothing is of Python. */
  readonly plain: Readonly<Record<string, string>>;
  /** Which of the template's files the dir already has. */
  readonly existing: readonly string[];
  /** The file or folder that shows that a dir has tests of its own for pytest. */
  readonly ownTests: string | null;
  /** The address of the Git remote. */
  readonly codeAt: string | null;
  /** The other runnable dirs of the repo with their images. */
  readonly otherImages: readonly { readonly dir: string; readonly image: string }[];
  /** What is in the dir that Git knows or would take, less what an earlier run added. */
  readonly files: readonly string[];
  /** Files of the dir whose text says more, by name; what is not there has none. */
  readonly texts: Readonly<Partial<Record<TellingFile, string>>>;
  /** The Python packages that the dir asks for. */
  readonly needs: PythonNeeds;
  /** The files below .devcontainer, by their paths from the repo's root. */
  readonly devcontainer: readonly string[];
  /** Where this Slipway lies in the repo, null where it is elsewhere. */
  readonly slipwayAt: string | null;
  /** Addresses of the registries that this dir, or another of the repo, has already. */
  readonly knownRegistries: readonly string[];
};

export const devDockerfile = "devops/docker_build/dev.Dockerfile";

/** Files of a dir that are read whole, for what they suggest. */
export const tellingFiles = [
  ...["Dockerfile.dev", "Dockerfile", ".dockerignore", devDockerfile],
  ...["package.json", "Makefile", "repo_config.yaml", ".gitignore"],
] as const;
export type TellingFile = (typeof tellingFiles)[number];

/** Where a repo is hosted: `github.com` and `acme`. */
export type Account = { readonly host: string; readonly account: string };

/** What is chosen for a new runnable dir: typed, answered, or taken from what is there. */
export type Choice = {
  readonly name: string;
  /** Null leaves what the template has. */
  readonly account: Account | null;
  /** Addresses; none leaves what the template has. */
  readonly registries: readonly string[];
  /** The Dockerfile of the dir that the dev image is built from; null for one of the toolchain. */
  readonly dockerfile: "Dockerfile" | "Dockerfile.dev" | null;
  /** What the toolchain's Dockerfile starts from; null for what it has there. */
  readonly baseImage: string | null;
  /** What runs the fast tests: the words of a command, none, or pytest as the template has it. */
  readonly test: readonly string[] | "pytest";
};

/** A dir that is to become runnable, with what was chosen for it. */
export type ChosenDir = {
  /** Relative to the outermost Git root. */
  readonly dir: string;
  readonly seen: NewDir;
  readonly choice: Choice;
};

type Language = "python" | "node" | "go" | "rust";

/** What shows that code of a language is there, and the image that such code is usually built on. */
const languages: Readonly<Record<Language, { readonly shows: RegExp; readonly base: string | null }>> = {
  python: {
    shows:
      /^([^/]+\.py|requirements[\w.-]*\.txt|setup\.cfg|pyproject\.toml|Pipfile|tox\.ini|\.?pytest\.ini)$|(^|\/)(__init__|test_[^/]*)\.py$/,
    base: null,
  },
  node: { shows: /^package\.json$/, base: "node:22-bookworm-slim" },
  go: { shows: /^go\.mod$/, base: "golang:1-bookworm" },
  rust: { shows: /^Cargo\.toml$/, base: "rust:1-slim-bookworm" },
};
const languageNames = ["python", "node", "go", "rust"] as const satisfies readonly Language[];

/** The languages of the code in a dir; a script of Python deep in other code makes none of Python. */
export function languagesIn({ files }: Pick<NewDir, "files">): readonly Language[] {
  const found = languageNames.filter((name) => files.some((path) => languages[name].shows.test(path)));
  return found.length === 0 && files.some((path) => path.endsWith(".py")) ? ["python"] : found;
}

/** Whether there is anything but what every repo has. */
export const hasCode = ({ files }: Pick<NewDir, "files">): boolean =>
  files.some((path) => !/^(\.[^/]*|README[^/]*|LICEN[CS]E[^/]*|NOTICE[^/]*|CHANGELOG[^/]*)$/i.test(path));

/** Whether the toolchain is the one with Python: where Python is, and where nothing is yet. */
export const isOfPython = (seen: Pick<NewDir, "files">): boolean =>
  !hasCode(seen) || languagesIn(seen).includes("python");

/** What a toolchain's Dockerfile starts from where code of these languages is; null for what it has there. */
export function usualBase(seen: Pick<NewDir, "files">): string | null {
  if (isOfPython(seen)) return null;
  return (
    languagesIn(seen)
      .map((name) => languages[name].base)
      .find((base) => base !== null) ?? null
  );
}

type Signs = Pick<NewDir, "files" | "texts" | "ownTests">;

/** Ways to run tests, the first that fits is taken. */
const testRows: readonly ((seen: Signs) => Choice["test"] | null)[] = [
  (seen) => (languagesIn(seen).includes("python") && hasPytests(seen) ? "pytest" : null),
  ({ texts, files }) => {
    const script = textAt(jsonOf(texts["package.json"] ?? ""), "scripts", "test");
    if (!script || script.includes("no test specified")) return null;
    return [packageManagers.find(({ lock }) => files.includes(lock))?.name ?? "npm", "test"];
  },
  ({ texts }) => {
    const value = jsonOf(texts["package.json"] ?? "");
    const isThere = ["devDependencies", "dependencies"].some((list) => textAt(value, list, "vitest"));
    return isThere ? ["npx", "vitest", "run"] : null;
  },
  ({ texts }) => (/^test\s*:(?!=)/m.test(texts.Makefile ?? "") ? ["make", "test"] : null),
  (seen) => (languagesIn(seen).includes("go") ? ["go", "test", "./..."] : null),
  (seen) => (languagesIn(seen).includes("rust") ? ["cargo", "test"] : null),
  (seen) => (isOfPython(seen) ? "pytest" : null),
];
const packageManagers = [
  { name: "yarn", lock: "yarn.lock" },
  { name: "pnpm", lock: "pnpm-lock.yaml" },
];

/** What runs the tests of a dir, as far as its files tell. */
export const testsFrom = (seen: Signs): Choice["test"] => {
  for (const row of testRows) {
    const found = row(seen);
    if (found !== null) return found;
  }
  return [];
};

/** Whether pytest would find tests there. */
export const hasPytests = ({ files, ownTests }: Pick<NewDir, "files" | "ownTests">): boolean =>
  ownTests !== null || files.some((path) => /(^|\/)(test_[^/]*|[^/]*_test)\.py$/.test(path));

/** Text to what runs the tests: `pytest`, `none`, or words of a command without quotes. */
export function parseTestCommand(text: string): Choice["test"] {
  if (text === "pytest") return "pytest";
  if (text === "none") return [];
  const words = text.trim().split(/\s+/);
  if (words.every((word) => /^[\w@%+=:,./-]+$/.test(word))) return words;
  throw new UserError(`"${text}" is no command for tests`, {
    why: "It is run without a shell: words of letters, digits and @%+=:,./- with blanks between.",
    fix: "Use one like npm test, pytest or none; what needs a shell goes into a script of the repo",
  });
}

/** What runs the tests as it is typed. */
export const shownTest = (test: Choice["test"]): string =>
  test === "pytest" ? test : test.length === 0 ? "none" : test.join(" ");

/** The Dockerfile of its own that a dir would build its dev image from; null where it has none. */
export function dockerfileFrom(seen: Pick<NewDir, "files" | "texts">): Choice["dockerfile"] {
  const { [devDockerfile]: there } = seen.texts;
  const found = (["Dockerfile.dev", "Dockerfile"] as const).find((name) => seen.texts[name] !== undefined) ?? null;
  // One that is there is kept: it may be the copy of an earlier run.
  return found === null || there === undefined || there === ownDockerfile(found, seen) ? found : null;
}

/** A copy of a Dockerfile whose Node packages are found although the repo is mounted over them. */
export function ownDockerfile(name: "Dockerfile" | "Dockerfile.dev", seen: Pick<NewDir, "files" | "texts">): string {
  const text = seen.texts[name] ?? "";
  const head = `# A copy of ${name}: the dev image is built from this file.\n`;
  const whole = text.endsWith("\n") || text === "" ? text : `${text}\n`;
  // A directive counts only above the first comment (Dockerfile reference, "Parser directives").
  const directives = /^(?:#\s*[a-z]+\s*=.*\n)*/i.exec(whole)?.[0] ?? "";
  const copy = `${directives}${head}${whole.slice(directives.length)}`;
  const { from, user } = finalStage(text);
  if (!languagesIn(seen).includes("node") || /^scratch$|distroless/.test(from)) return copy;
  return [
    copy,
    "# The repo is mounted on /app, over what is installed there: Node finds packages in / from everywhere.",
    ...(user === null ? [] : ["USER root"]),
    "RUN if [ -d node_modules ] && [ ! -e /node_modules ]; then mv node_modules /; fi",
    ...(user === null ? [] : [`USER ${user}`]),
    "",
  ].join("\n");
}

/** Text to the Dockerfile to build from: a name, or `new` for one of the toolchain. */
export function parseDockerfile(text: string): Choice["dockerfile"] {
  if (text === "new") return null;
  if (text === "Dockerfile" || text === "Dockerfile.dev") return text;
  throw new UserError(`"${text}" is no Dockerfile of the dir`, {
    why: "It is Dockerfile or Dockerfile.dev of the runnable dir, or new for one of the toolchain.",
    fix: "Use --dockerfile Dockerfile; another one is copied by hand to devops/docker_build/dev.Dockerfile first",
  });
}

/** Text to where a repo is hosted. */
export function parseAccount(text: string): Account {
  const [, host, account] = /^([A-Za-z0-9][\w.-]*\.[\w-]+)\/([\w-][\w.-]*(?:\/[\w-][\w.-]*)*)$/.exec(text) ?? [];
  if (host !== undefined && account !== undefined) return { host: host.toLowerCase(), account };
  throw new UserError(`"${text}" is no account of a host`, {
    why: "It says where the repo is on the web, for labels, issues and registries.",
    fix: "Write it like github.com/acme",
  });
}

/** Where the Git remote is hosted; null for a folder, and for an account that cannot be written down as one. */
export function accountFrom(remote: string | null): Account | null {
  const at = remote === null ? null : hostedRepo(remote);
  if (at === null || at.account === "") return null;
  try {
    return parseAccount(`${at.host}/${at.account}`);
  } catch {
    return null;
  }
}

/** The registry that comes with a host of Git, for an account there. */
export const registryOf = ({ host, account }: Account): string =>
  host === "gitlab.com" ? `registry.gitlab.com/${account.toLowerCase()}` : `ghcr.io/${account.toLowerCase()}`;
