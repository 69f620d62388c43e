import {
  type Choice,
  devDockerfile,
  hasCode,
  hasPytests,
  isOfPython,
  languagesIn,
  type NewDir,
  ownDockerfile,
} from "../config/new_dir.ts";
import { registryLines } from "../config/registry.ts";
import { finalStage } from "../formats/dockerfile.ts";
import { placeholderAccount } from "../git/git_remote.ts";
import { poetryLine } from "../python/python_needs.ts";
import { isNode, jsonOf, valueAt } from "../text/shape.ts";

/** A file that a new runnable dir gets, with the path that it has there. */
export type NewFile = { readonly path: string; readonly content: string; readonly executable: boolean };

const [prodDockerfile, devIgnore, prodIgnore] = ["prod.Dockerfile", "dockerignore.dev", "dockerignore.prod"].map(
  (name) => `devops/docker_build/${name}`,
) as [string, string, string];
const [pyproject, lock] = ["devops/docker_build/pyproject.toml", "devops/docker_build/poetry.lock"];
const osPackages = "devops/docker_build/os_packages.txt";
/** What every image has, whatever it is built from. */
const always = ["devops/.gitattributes", devDockerfile, prodDockerfile, devIgnore, prodIgnore];
/** What belongs to packages of Python although no Dockerfile names it. */
const ofPackages = ["devops/docker_build/pip_list.txt", "devops/docker_run/run_jupyter_server.sh"];

/** What the template has for a dir without code and tests, so that it releases at once. */
const isSample = (path: string): boolean => /^(sample|test)\/|^(conftest\.py|pytest\.ini)$/.test(path);

/** The files of a new runnable dir: of the template those that its Dockerfile uses, each under the dir's own name. */
export function newFiles(seen: NewDir, choice: Choice, today: string): readonly NewFile[] {
  const dev = devText(seen, choice);
  return Object.entries(seen.template)
    .filter(([path]) => isWanted(path, dev, seen))
    .map(([path, { text, executable }]) => {
      const isPlain = !isOfPython(seen) || (path === prodDockerfile && !dev.includes("drop_dev_packages.sh"));
      const own = isPlain ? (seen.plain[path] ?? text) : text;
      return {
        path,
        executable,
        content: path === devDockerfile ? dev : contentOf(path, own, { seen, choice, today }),
      };
    });
}

/** Whether a dir has neither code nor tests nor an image of its own. */
export function getsSample(seen: NewDir): boolean {
  const image = seen.texts[devDockerfile] ?? seen.template[devDockerfile]?.text;
  return !hasCode(seen) && seen.ownTests === null && image === seen.template[devDockerfile]?.text;
}

/** Whether the image gets the packages that the dir asks for, and their lock is still to be made. */
export const lacksLock = (seen: NewDir, choice: Choice): boolean =>
  seen.needs.taken.length > 0 && !seen.existing.includes(lock) && devText(seen, choice).includes(pyproject);

function isWanted(path: string, dev: string, seen: NewDir): boolean {
  if (isSample(path)) return getsSample(seen);
  if (!path.startsWith("devops/") || always.includes(path)) return true;
  if (ofPackages.includes(path)) return dev.includes(pyproject);
  if (path === lock && seen.needs.taken.length > 0) return seen.existing.includes(lock);
  return uses(dev, path);
}

/** Whether a Dockerfile names a file of the toolchain, or a folder that it lies in. */
const uses = (dockerfile: string, path: string): boolean =>
  dockerfile.includes(path) || /^COPY\s(.*\s)?devops(\/docker_build|\/docker_run)?\/?\s/m.test(dockerfile);

/** The text of the dev image's Dockerfile: the one that is there, the chosen one, or the toolchain's. */
function devText(seen: NewDir, { dockerfile }: Choice): string {
  const there = seen.texts[devDockerfile];
  if (there !== undefined) return there;
  if (dockerfile !== null) return ownDockerfile(dockerfile, seen);
  const template = seen.template[devDockerfile]?.text ?? "";
  if (isOfPython(seen)) return template;
  const plain = seen.plain[devDockerfile] ?? template;
  return installsNode(seen) ? plain.replace(/^WORKDIR \/app$/m, `${nodeInstall}\nWORKDIR /app`) : plain;
}

/** Packages of a repo that has Slipway alone are of no use in its image. */
function installsNode({ texts }: NewDir): boolean {
  const value = jsonOf(texts["package.json"] ?? "");
  const names = ["dependencies", "devDependencies"].flatMap((list) => {
    const packages = valueAt(value, list);
    return isNode(packages) ? Object.keys(packages) : [];
  });
  return names.some((name) => name !== "slipway");
}

/** What npm reads, as exceptions of an ignore file. */
const nodeFiles = ["!package.json", "!package-lock.json", "!.npmrc", ""].join("\n");

const nodeInstall = [
  "# The repo is mounted on /app: Node finds what is installed in / from there too.",
  "WORKDIR /",
  "COPY package.json package-lock.json* .npmrc* ./",
  "RUN if [ -f package-lock.json ]; then npm ci; else npm install; fi",
].join("\n");

type Given = { readonly seen: NewDir; readonly choice: Choice; readonly today: string };

/** The template is about an image called "sample"; only these files say its name. */
function contentOf(path: string, text: string, { seen, choice, today }: Given): string {
  const isNodeRepo = languagesIn(seen).includes("node");
  const inName = text.replaceAll(/\bsample\b/g, choice.name);
  if (path === "repo_config.yaml") return configText(inName, seen, choice);
  if (path === "changelog.txt") return inName.replace(/^- \d{4}-\d{2}-\d{2}$/m, `- ${today}`);
  if (path === pyproject) return withNeeds(inName, seen);
  if (path.endsWith("/pyproject.toml")) return inName;
  if (path === osPackages && choice.test[0] === "make") return `${text}make\n`;
  if (path === ".gitignore" && isNodeRepo) return `${text}node_modules/\n`;
  if (path !== devIgnore) return text;
  if (choice.dockerfile !== null) return seen.texts[".dockerignore"] ?? seen.plain[prodIgnore] ?? text;
  return isOfPython(seen) || !installsNode(seen) ? text : `${text}${nodeFiles}`;
}

/** The packages that the repo asks for, in poetry's tables. */
function withNeeds(text: string, { needs }: NewDir): string {
  const lines = (group: "main" | "dev") =>
    needs.taken
      .filter((need) => need.group === group)
      .map((need) => `${poetryLine(need)}\n`)
      .join("");
  return text
    .replace(/^python = .*\n/m, (line) => `${line}${lines("main")}`)
    .replace(/^\[tool\.poetry\.group\.dev\.dependencies\]\n/m, (line) => `${line}${lines("dev")}`);
}

const sections = {
  tests: /^tests:\n(?: .*\n)*/m,
  lint: /\n?^lint:\n(?: .*\n)*/m,
};

/** repo_config.yaml of the template as the choice has it. */
function configText(template: string, seen: NewDir, choice: Choice): string {
  const { account, registries, baseImage } = choice;
  const edits: readonly ((text: string) => string)[] = [
    // Its path leads from the template to the schema.
    (text) => text.replace(/^# yaml-language-server: .*\n/, ""),
    (text) => (account === null ? text : withAccount(text, account)),
    (text) =>
      registries.length === 0
        ? text
        : text.replace(/^ {2}ghcr: .*$/m, () =>
            registryLines(registries)
              .map((line) => `  ${line}`)
              .join("\n"),
          ),
    (text) =>
      baseImage === null
        ? text
        : text.replace(/^ {2}build_args: .*/m, () => `  build_args: ${JSON.stringify({ BASE_IMAGE: baseImage })}`),
    (text) => withTests(text, seen, choice),
    (text) => withLinters(text, seen),
  ];
  return edits.reduce((text, edit) => edit(text), template);
}

const withAccount = (text: string, { host, account }: { readonly host: string; readonly account: string }): string =>
  text
    .replaceAll(placeholderAccount, () => account)
    .replace(/^( {2}github_host_name: ).*/m, (_line, key: string) => `${key}${host}`);

/** The fast tests are the only gate where a dir has its own, and none where nothing tests it. */
function withTests(text: string, seen: NewDir, { test, dockerfile }: Choice): string {
  const isOwnImage = dockerfile !== null;
  if (getsSample(seen) && test === "pytest" && !isOwnImage) return text;
  const gated = text.replace(/^ {2}gates: .*/m, `  gates: [${test.length === 0 ? "" : "fast"}]`);
  if (test === "pytest" && !isOwnImage)
    return hasPytests(seen) ? gated : gated.replace(/^ {2}fast: \{prod/m, "  fast: {may_be_empty: True, prod");
  const skips = isOwnImage && finalStage(seen.texts[dockerfile] ?? "").hasEntrypoint;
  const words = test === "pytest" ? ["pytest"] : test;
  const lines =
    words.length === 0
      ? ["# Name what tests this dir: fast: {command: [make, test], prod: in_image}", "tests: {}"]
      : [
          "tests:",
          "  # Each list is a command in the container; slow, superslow and qa may have theirs beside it.",
          `  fast: {command: ${JSON.stringify(words)}, ${skips ? "entrypoint: False, " : ""}prod: in_image}`,
          ...(skips ? ["  smoke: {entrypoint: False}"] : []),
        ];
  const comment = isOfPython(seen)
    ? gated
    : gated.replace(/^( {2}# Passed to every build, e\.g\., \S+ \S+) or .*/m, "$1");
  return comment.replace(sections.tests, () => `${lines.join("\n")}\n`);
}

/** The linters of the languages that are there. */
function withLinters(text: string, seen: NewDir): string {
  if (!hasCode(seen)) return text;
  const found = languagesIn(seen);
  const known = (["python", "node"] as const).filter((name) => found.includes(name));
  if (known.length === 0) return text.replace(sections.lint, "");
  return text.replace(sections.lint, (section) =>
    section.replaceAll(/^ {4}(python|node): .*\n/gm, (line, name: string) =>
      known.some((one) => one === name) ? line : "",
    ),
  );
}
