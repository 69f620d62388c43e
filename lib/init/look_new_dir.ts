import { basename, join } from "node:path";
import { baseFrom, nameFrom } from "../config/adoption.ts";
import {
  type Account,
  accountFrom,
  type Choice,
  type ChosenDir,
  dockerfileFrom,
  type NewDir,
  parseAccount,
  parseDockerfile,
  parseTestCommand,
  registryOf,
  shownTest,
  type TellingFile,
  tellingFiles,
  testsFrom,
  usualBase,
} from "../config/new_dir.ts";
import { parseRegistryAddress } from "../config/registry.ts";
import { openConsole } from "../doors/console.ts";
import { isHalfWritten, readRepoText } from "../doors/files.ts";
import { tryGit } from "../doors/git.ts";
import { loadRemote } from "../doors/git_remote.ts";
import { newPlace } from "../doors/place.ts";
import { parseToml } from "../doors/pyproject.ts";
import { type Ask, withQuestions } from "../doors/questions.ts";
import { findRunnableDirs, ownDir } from "../doors/runnable_dirs.ts";
import { loadConfig } from "../doors/settings.ts";
import { loadDevcontainers, loadTemplate } from "../doors/template.ts";
import { UserError } from "../errors.ts";
import { placeholderAccount } from "../git/git_remote.ts";
import { parseImageName, parseReference } from "../names/image.ts";
import type { Facts, Place } from "../plan/facts.ts";
import { pythonNeeds } from "../python/python_needs.ts";
import { isNode, jsonOf, textAt } from "../text/shape.ts";

type Where = Pick<Facts, "place" | "env">;

/** What may be typed instead of answered. */
export type ChoiceOptions = {
  readonly name?: string | undefined;
  readonly account?: Account | undefined;
  readonly registries?: readonly string[] | undefined;
  /** A file, or `new` for one of the toolchain. */
  readonly dockerfile?: string | undefined;
  readonly baseImage?: string | undefined;
  readonly testCommand?: Choice["test"] | undefined;
};

export type NewDirOptions = ChoiceOptions & {
  readonly dirs?: readonly string[] | undefined;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
};

/** Dirs that are to become runnable, and whether a person has just answered for them. */
export type NewDirs = { readonly dirs: readonly ChosenDir[]; readonly answered: boolean };

/** What `init_runnable_dir` has to know; where a person is there to answer, what they say, with answers from what is there. */
export async function lookAtNewDirs(facts: Where, options: NewDirOptions): Promise<NewDirs> {
  const { dirs: named = [] } = options;
  if (named.length > 1) assertForOne(options);
  const places = named.length === 0 ? [facts.place] : named.map((dir) => placeIn(facts.place, dir));
  const found: { seen: NewDir; place: Place; choice: Choice }[] = [];
  for (const place of places) {
    const seen = await lookAtNewDir({ place, env: facts.env });
    found.push({ seen, place, choice: choiceFrom(place, seen, options) });
  }
  const open = found.map(({ place, seen, choice }) => ({ dir: place.dir, seen, choice }));
  if (!mayAsk(facts, options) || isAllTyped(options)) return { dirs: open, answered: false };
  return { dirs: await askFor(open, options), answered: true };
}

/** Whether a person is there to answer who did not do so beforehand, and something is done with it. */
export function mayAsk({ env }: Pick<Facts, "env">, { yes, dryRun, json }: NewDirOptions): boolean {
  const isAnswered = yes === true || dryRun === true || json === true;
  return openConsole({ yes: isAnswered, quiet: false, verbose: false, env }).canAsk;
}

const askFor = (open: readonly ChosenDir[], options: ChoiceOptions): Promise<readonly ChosenDir[]> =>
  withQuestions(async (ask) => {
    const answered: ChosenDir[] = [];
    for (const one of open) {
      const where = open.length > 1 ? `${one.dir}: ` : "";
      answered.push({ ...one, choice: await answers(ask, one, { options, where }) });
    }
    return answered;
  });

/** What names one dir cannot hold for several. */
function assertForOne({ name, dockerfile, baseImage, testCommand }: NewDirOptions): void {
  if ([name, dockerfile, baseImage, testCommand].every((value) => value === undefined)) return;
  throw new UserError("several dirs are named, and an option that is meant for one", {
    why: "Names, Dockerfiles and tests are each dir's own.",
    fix: "Leave --name, --dockerfile, --base-image and --test-command out, or name one dir",
  });
}

function placeIn(place: Place, dir: string): Place {
  const other = newPlace(join(place.root, place.dir, dir));
  if (other.root === place.root) return other;
  throw new UserError(`"${dir}" is not in this repo`, {
    why: `Its files would be written to ${other.root}.`,
    fix: "Go there, and run it again",
  });
}

/** What a new runnable dir and the repo around it have. */
export async function lookAtNewDir({ place, env }: Where): Promise<NewDir> {
  const [all, { remote }, listed] = await Promise.all([
    findRunnableDirs(place, env),
    loadRemote(place.owner, null, env),
    tryGit(join(place.root), env, ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", place.dir]),
  ]);
  const loaded = loadTemplate(join(place.root, place.dir));
  const otherImages = all.filter(({ dir }) => dir !== place.dir);
  const at = (file: string) => readRepoText(place.root, join(place.dir, file));
  const texts: Partial<Record<TellingFile, string>> = Object.fromEntries(
    tellingFiles.flatMap((file) => {
      const text = at(file);
      return text === null ? [] : [[file, text]];
    }),
  );
  const prefix = place.dir === "." ? "" : `${place.dir}/`;
  const isOther = (path: string) => otherImages.some(({ dir }) => path.startsWith(`${dir}/`));
  const slipway = [ownDir(place), "helpers/slipway"].flatMap((dir) => dir ?? []);
  const isTheirs = (path: string) =>
    loaded.template[path] === undefined || (/\.(py|ini)$/.test(path) && at(path) !== loaded.template[path]?.text);
  const files = listed.stdout
    .split("\0")
    .filter((path) => path !== "" && path.startsWith(prefix) && !isOther(path))
    .filter((path) => !slipway.some((dir) => path === dir || path.startsWith(`${dir}/`)))
    .map((path) => path.slice(prefix.length))
    .filter((path) => !path.startsWith("devops/") && !isHalfWritten(path))
    .filter((path) => isTheirs(path) && !isOfNpmAlone(path, texts));
  const pyproject = at("pyproject.toml");
  return {
    ...loaded,
    ...{ otherImages, texts, files, codeAt: remote?.address ?? null },
    devcontainer: loadDevcontainers(place.root),
    slipwayAt: ownDir(place),
    needs: pythonNeeds({
      requirements: at("requirements.txt"),
      devRequirements: at("requirements-dev.txt") ?? at("requirements_dev.txt"),
      setupPy: at("setup.py"),
      setupCfg: at("setup.cfg"),
      pyproject: pyproject === null ? undefined : await parseToml(pyproject, join(place.dir, "pyproject.toml")),
    }),
    knownRegistries: await registriesOf(place, env, [
      ...(texts["repo_config.yaml"] === undefined ? [] : [place.dir]),
      ...otherImages.map(({ dir }) => dir),
    ]),
  };
}

/** What `npm install` of Slipway alone makes, where no package was before. */
function isOfNpmAlone(path: string, texts: NewDir["texts"]): boolean {
  if (!["package.json", "package-lock.json"].includes(path)) return false;
  const value = jsonOf(texts["package.json"] ?? "");
  const packages = isNode(value) && isNode(value["devDependencies"]) ? Object.keys(value["devDependencies"]) : [];
  return isNode(value) && Object.keys(value).join() === "devDependencies" && packages.join() === "slipway";
}

/** The registries of the first dir that has some; a config that cannot be read is told of where it is used. */
async function registriesOf(place: Place, env: Facts["env"], dirs: readonly string[]): Promise<readonly string[]> {
  for (const dir of dirs) {
    try {
      const { registries } = await loadConfig({ ...place, dir }, env);
      if (registries.length > 0) return registries.map(({ address }) => address);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  }
  return [];
}

/** What is typed, else what the dir itself suggests. */
export function choiceFrom(place: Place, seen: NewDir, options: ChoiceOptions): Choice {
  const { texts, knownRegistries } = seen;
  const isRoot = place.dir === ".";
  const config = /^\s*docker_image_name:\s*["']?([\w.-]+)/m.exec(texts["repo_config.yaml"] ?? "")?.[1];
  const packageName = textAt(jsonOf(texts["package.json"] ?? ""), "name") ?? null;
  const folder = basename(join(place.root, place.dir));
  const account = options.account ?? accountFrom(seen.codeAt);
  const isNew = options.dockerfile === "new" || (options.dockerfile === undefined && options.baseImage !== undefined);
  const dockerfile =
    options.dockerfile === undefined || isNew ? dockerfileFrom(seen) : parseDockerfile(options.dockerfile);
  assertThere(seen, options.dockerfile);
  const suggested = account === null ? [] : [registryOf(account)];
  return {
    name: options.name ?? config ?? nameFrom({ packageName, remote: isRoot ? seen.codeAt : null, folder }),
    account,
    registries: options.registries?.length
      ? options.registries
      : knownRegistries.length > 0
        ? knownRegistries
        : suggested,
    dockerfile: isNew ? null : dockerfile,
    baseImage: options.baseImage ?? (isNew || dockerfile === null ? baseOf(seen) : null),
    test: options.testCommand ?? testsFrom(seen),
  };
}

function assertThere({ texts }: NewDir, name: string | undefined): void {
  if (name === undefined || name === "new" || texts[parseDockerfile(name) ?? "Dockerfile"] !== undefined) return;
  throw new UserError(`there is no ${name}`, {
    why: "The dev image is built from a copy of it.",
    fix: "Use --dockerfile new for one of the toolchain",
  });
}

const baseOf = (seen: NewDir): string | null => baseFrom(seen.texts.Dockerfile ?? "") ?? usualBase(seen);

const isAllTyped = ({ name, account, registries = [], dockerfile, baseImage, testCommand }: ChoiceOptions): boolean =>
  [name, account, testCommand].every((value) => value !== undefined) &&
  registries.length > 0 &&
  (dockerfile === undefined ? baseImage !== undefined : dockerfile !== "new" || baseImage !== undefined);

const templateBase = "debian:bookworm-slim";
const noRegistry = `ghcr.io/${placeholderAccount}`;

type Open = { readonly options: ChoiceOptions /** Stands before each question. */; readonly where: string };

/** Asks for what was not typed. */
export async function answers(ask: Ask, { seen, choice }: ChosenDir, { options, where }: Open): Promise<Choice> {
  const line = async <T>(typed: unknown, known: T, question: Line<T>): Promise<T> => {
    if (typed !== undefined) return known;
    const { text, shown, parse } = question;
    return parse(await ask({ text: `${where}${text}`, fallback: shown, fault: faultOf(parse) }));
  };
  const name = await line(options.name, choice.name, {
    ...{
      text: "The image's name, unique in the repo?",
      shown: choice.name,
      parse: (name) => parseImageName(name, "--name"),
    },
  });
  const account = await line<Account | null>(options.account, choice.account, {
    text: "Where is the repo hosted, as host/account?",
    shown:
      choice.account === null ? `github.com/${placeholderAccount}` : `${choice.account.host}/${choice.account.account}`,
    parse: (text) => (text === `github.com/${placeholderAccount}` ? null : parseAccount(text)),
  });
  const moved = account !== null && account !== choice.account && seen.knownRegistries.length === 0;
  const suggested = moved ? [registryOf(account)] : choice.registries;
  const registries = await line(options.registries?.length ? options.registries : undefined, choice.registries, {
    text: "Its registries, by commas?",
    shown: suggested.join(",") || noRegistry,
    parse: parseRegistryList,
  });
  const own = dockerfileFrom(seen);
  const isAsked = own !== null && options.baseImage === undefined;
  const dockerfile = isAsked
    ? await line(options.dockerfile, choice.dockerfile, {
        text: "The Dockerfile of the dev image, or new for one of the toolchain?",
        shown: own,
        parse: (text) => chosenDockerfile(seen, text),
      })
    : choice.dockerfile;
  const suggestedBase = options.baseImage ?? baseOf(seen) ?? templateBase;
  const base = await line<string | null>(dockerfile === null ? options.baseImage : "own", choice.baseImage, {
    ...{ text: "What does the dev image start from?", shown: suggestedBase, parse: parseBase },
  });
  const test = await line(options.testCommand, choice.test, {
    text: "What runs its fast tests: a command, pytest, or none?",
    shown: shownTest(choice.test),
    parse: parseTestCommand,
  });
  const baseImage = dockerfile === null && base !== templateBase ? base : null;
  return { name, account, registries, dockerfile, baseImage, test };
}

type Line<T> = { readonly text: string; readonly shown: string; readonly parse: (text: string) => T };

function chosenDockerfile(seen: NewDir, text: string): Choice["dockerfile"] {
  assertThere(seen, text);
  return parseDockerfile(text);
}

function parseBase(text: string): string {
  parseReference(text);
  return text;
}

/** Addresses that are typed with commas; the template's own is none. */
export const parseRegistryList = (text: string): readonly string[] =>
  text
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "" && one !== noRegistry)
    .map(parseRegistryAddress);

/** What a parser would refuse, in a line. */
export const faultOf =
  (parse: (text: string) => unknown) =>
  (text: string): string | null => {
    try {
      parse(text);
      return null;
    } catch (error) {
      if (error instanceof UserError) return `${error.message}: ${error.why}`;
      throw error;
    }
  };
