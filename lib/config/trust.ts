import { createHash } from "node:crypto";
import { posix } from "node:path";
import { UserError } from "../errors.ts";
import { namesIn } from "../formats/dotenv.ts";
import type { Value } from "../git/git_settings.ts";
import { quote } from "../plan/render_plan.ts";
import { isVisible, oneLine } from "../text/visible.ts";
import type { Config } from "./config.ts";
import { listNames } from "./tests.ts";

/**
 * What of a repo's own goes further than the default, by what makes use of it. A workflow of its own, containers, builds, commands
 * on this machine, the build of a package and the tag of a release wait for a person's yes; programs of Git and variables of `.env` are left out until then.
 */
export type Reach =
  | "script"
  | "container"
  | "service"
  | "build"
  | "host"
  | "package"
  | "lint"
  | "tag"
  | "git"
  | "dotenv";

/** One thing that a repo asks for (design.md, "Consent"). */
export type Ask = {
  readonly id: string;
  readonly reach: Reach;
  /** In plain words, on one line, nothing hidden. */
  readonly text: string;
  /** Of id, words and content: another content is another thing. */
  readonly hash: string;
};
/** What a person allowed. */
export type Allowed = Pick<Ask, "id" | "hash">;

/** All that a repo asks for, what nobody allowed of it, and what was allowed of whatever content. */
export type Trust = {
  readonly asks: readonly Ask[];
  readonly open: readonly Ask[];
  readonly allowed: readonly Allowed[];
};

/** A thing that is asked for; `content` is what of the repo takes part in it beside the words. */
export function ask(reach: Reach, id: string, text: string, content = ""): Ask {
  const hash = createHash("sha256").update(JSON.stringify([id, text, content]));
  return { id, reach, text: oneLine(text, Number.POSITIVE_INFINITY), hash: hash.digest("hex").slice(0, 32) };
}

type Env = Readonly<Record<string, string | undefined>>;

/** What nobody allowed: neither a person, nor a variable of the CI itself. */
export function openAsks(asks: readonly Ask[], allowed: readonly Allowed[], env: Env): readonly Ask[] {
  const inCi = env["CI"] ? namesIn(env["SLIPWAY_TRUST"]) : [];
  return asks.filter(({ hash }) => !inCi.includes("1") && ![...inCi, ...allowed.map((one) => one.hash)].includes(hash));
}

/** What is allowed now: what was, and of what was asked again the newest content. */
export const withAllowed = (allowed: readonly Allowed[], asks: readonly Allowed[]): readonly Allowed[] => [
  ...allowed.filter(({ id }) => !asks.some((one) => one.id === id)),
  ...asks.map(({ id, hash }) => ({ id, hash })),
];

/** How an ask stands; `changed` is one whose content was another when it was allowed. */
export const askState = (one: Ask, { open, allowed }: Trust): "allowed" | "changed" | "new" =>
  !open.includes(one) ? "allowed" : allowed.some(({ id }) => id === one.id) ? "changed" : "new";

/** Says what a run needs that nobody allowed. */
export const untrusted = (open: readonly Ask[]): UserError =>
  new UserError(`this repo asks for more than the defaults: ${open.map(({ text }) => text).join("; ")}`, {
    why: "What a repo does to this machine beyond the defaults needs a person's consent, once for each content.",
    fix: "Read the list and allow it: i trust",
    kind: "untrusted",
  });

/** What of a repo gives a container, a build or a command of its config more than the default. */
export type Seen = {
  readonly config: Config;
  readonly dir: string;
  readonly textOf: (path: string) => string;
  /** What is behind a path of the runnable dir: a file, a folder, and what a compose file names. */
  readonly contentOf: (path: string) => string;
};

/** What repo_config.yaml asks for. */
export function configAsks(seen: Seen): readonly Ask[] {
  const { config, dir, contentOf } = seen;
  const named = (reach: Reach, key: string, text: string, content = "") => ask(reach, `${dir}: ${key}`, text, content);
  const passed = (name: string) => named("build", `secret ${name}`, `builds get the value of your ${name}`);
  const endToEnd = Object.entries(config.release.endToEnd).map(([stage, row]) =>
    named(
      "host",
      `end_to_end ${stage}`,
      `the end-to-end tests of ${stage} run on this machine as you: ${row.argv.map(quote).join(" ")} (in ${quote(posix.join(dir, row.dir))})`,
      row.argv.map((word) => contentOf(posix.join(row.dir, word))).join("\0"),
    ),
  );
  return [
    ...containerAsks(seen, named),
    ...config.release.secrets.map(passed),
    ...endToEnd,
    ...packageAsks(seen, named),
  ];
}

/** What runs of a repo when its package is built: the words of its config, and what Python's or npm's own build reads. */
function packageAsks({ config, dir, contentOf }: Seen, named: Named): readonly Ask[] {
  const { kind, dir: below, build } = config.release.package;
  const at = (path: string) => posix.join(below, path);
  const own = kind === "npm" ? ["package.json"] : ["pyproject.toml", "setup.py", "setup.cfg"];
  const files = [...own, ...(build ?? [])].map((path) => contentOf(at(path)));
  if (build === null && files.every((content) => content === "")) return [];
  const words = (build ?? (kind === "npm" ? ["npm", "pack"] : ["python3", "-m", "build"])).map(quote).join(" ");
  const where = quote(posix.join(dir, below));
  return [
    named("package", "package", `a package is built on this machine as you: ${words} (in ${where})`, files.join("\0")),
  ];
}

type Named = (reach: Reach, key: string, text: string, content?: string) => Ask;

function containerAsks({ config, dir, textOf, contentOf }: Seen, named: Named): readonly Ask[] {
  const { container, tests } = config;
  const add = (key: string, text: string, content?: string) => named("container", key, `containers ${text}`, content);
  const outside = listNames.filter((list) => list !== "qa" && tests[list].prod === "from_outside");
  return [
    ...(container.privileged ? [add("privileged", "are privileged: they may do here whatever root may")] : []),
    ...(container.dind
      ? [add("dind", "run an engine of their own, whose images and containers stay in a volume of yours")]
      : []),
    ...(container.socket ? [add("socket", "get the engine's socket, through which they may become root here")] : []),
    ...outside.map((list) => add(`socket ${list}`, `of the ${list} tests of prod get the engine's socket`)),
    ...container.volumes
      .filter((volume) => !isOfRepo(dir, volume))
      .map((volume) => add(`volume ${volume}`, `get what lies outside of the repo: ${volume}`)),
    ...container.home.map((name) => add(`home ${name}`, `get ~/${name} of your home`)),
    ...container.passEnv.map((name) => add(`pass_env ${name}`, `get the value of your ${name}`)),
    ...container.envFile
      .filter((path) => !isInside(dir, path) || !isPlain(textOf(path)))
      .map((path) => add(`env_file ${path}`, `get variables, of yours too, by ${path}`, textOf(path))),
    ...container.ports
      .filter((port) => !/^(127(\.\d{1,3}){3}|\[::1\]):/.test(port))
      .map((port) => add(`port ${port}`, `are reached on all addresses of this machine: ports ${port}`)),
    ...(container.network ? [add("network", `are in a network of others: ${container.network}`)] : []),
    ...container.composeFiles.map((path) =>
      add(`compose_file ${path}`, `get whatever ${path} and what it names add`, contentOf(path)),
    ),
  ];
}

/** Whether a path of the runnable dir stays in the repo, and out of its Git dir. */
export const isInside = (dir: string, path: string): boolean => {
  const parts = posix.join(dir, path).split("/");
  return !path.startsWith("/") && parts[0] !== ".." && !parts.includes(".git");
};

/** `./` and `../` alone are paths of the runnable dir. */
export const isOfRepo = (dir: string, volume: string): boolean => {
  const [source = ""] = volume.split(":");
  return /^\.\.?\//.test(source) && isInside(dir, source);
};

/** Values alone: compose takes a name without one, and what `$` names, from whoever starts it (Compose, "env_file"). */
const isPlain = (text: string): boolean =>
  text.split("\n").every((line) => /^\s*(#.*|[A-Za-z_]\w*=[^$]*)?$/.test(line));

/** An image of others that the repo's linters run in. */
export const lintAsks = (dir: string, reference: string): readonly Ask[] => [
  ask("lint", `${dir}: lint image`, `linters run on this repo, as you, in an image of others: ${reference}`),
];

/** What the compose file of services gives them beyond the default, a sentence each. */
export const serviceAsks = (file: string, beyond: readonly string[], content: string): readonly Ask[] =>
  beyond.map((text) => ask("service", `${file}: ${text}`, text, content));

/** Programs that only the repo's own Git config names, a key each. */
export const programAsks = (rows: readonly Value[], contentOf: (value: string) => string): readonly Ask[] =>
  [...new Set(rows.map(({ key }) => key))].map((key) => {
    const values = rows.filter((row) => row.key === key).map(({ value }) => value);
    const shown = values.map((value) => JSON.stringify(value)).join(", ");
    return ask("git", `git ${key}`, `Git runs ${key} = ${shown}`, values.map(contentOf).join("\0"));
  });

/** Variables of `.env` that are not among those which it may set; a value may be a secret, and is not shown. */
export const variableAsks = (values: Readonly<Record<string, string>>): readonly Ask[] =>
  Object.entries(values).map(([name, value]) =>
    ask(
      "dotenv",
      `.env ${name}`,
      `.env sets ${isVisible(name) ? name : JSON.stringify(name)} for what Slipway starts`,
      value,
    ),
  );
