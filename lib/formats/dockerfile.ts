import type { BaseImage } from "../plan/facts.ts";
import { prefixed, type Value } from "../plan/plan.ts";

type Args = Readonly<Record<string, string>>;
/** An instruction with its flags, `--from=x` as `["from", "x"]`, and its other words. */
type Instruction = {
  readonly command: string;
  readonly flags: readonly (readonly [name: string, value: string])[];
  readonly words: readonly string[];
};

/**
 * The images a Dockerfile is built on, with its ARG defaults and the given build arguments filled in: those it starts from,
 * copies from and mounts; stages of its own are left out. A name that takes more than this to read is given as it stands,
 * which no engine knows: so the image counts as changed. A table holds it against the builder: test/bed/dockerfiles.ts.
 */
export function baseImages(text: string, buildArgs: Args): string[] {
  const args = new Map<string, string>();
  const stages = new Set<string>();
  const found = new Set<string>();
  const add = (name: string) => {
    const isStage = stages.has(name.toLowerCase());
    if (!isStage && name !== "" && name !== "scratch") found.add(name);
  };
  let isStarted = false;
  for (const { command, flags, words } of instructions(text)) {
    if (command === "ARG" && !isStarted) for (const word of words) addArg(args, buildArgs, word);
    if (command === "FROM") {
      const [image = "", as, name] = words;
      add(filled(image, args));
      if (as?.toUpperCase() === "AS" && name) stages.add(name.toLowerCase());
      isStarted = true;
    }
    for (const name of takenFrom(command, flags)) if (!/^\d+$/.test(name)) add(name);
  }
  return [...found];
}

/** What `COPY --from=IMAGE` and `RUN --mount=type=bind,from=IMAGE` name; neither takes variables (Dockerfile reference). */
function takenFrom(command: string, flags: Instruction["flags"]): string[] {
  const values = (wanted: string) => flags.flatMap(([name, value]) => (name === wanted ? [value] : []));
  if (command === "COPY") return values("from");
  if (command !== "RUN") return [];
  return values("mount").flatMap((mount) => {
    // One with quotes is a line of CSV.
    if (mount.includes('"')) return [mount];
    return mount.split(",").flatMap((part) => part.match(/^from=(.+)$/i)?.slice(1) ?? []);
  });
}

function addArg(args: Map<string, string>, given: Args, word: string): void {
  const [, name = "", value] = /^(\w+)(?:=(.*))?$/s.exec(word) ?? [];
  const plain = value?.replace(/^(["'])([^"'\\]*)\1$/, "$2");
  const text = given[name] ?? (plain === undefined ? undefined : filled(plain, args));
  if (text === undefined) args.delete(name);
  else args.set(name, text);
}

/** What the builder sets for each platform (Dockerfile reference, "Automatic platform ARGs in the global scope"). */
const platformArg = /^(TARGET|BUILD)(PLATFORM|OS|ARCH|VARIANT)$/;

/** A text with its variables, as far as they are plain ones. */
const filled = (text: string, args: ReadonlyMap<string, string>): string =>
  text.replaceAll(
    /\$(?:\{(\w+)(?:(:?[-+])([\w./:@-]*))?\}|(\w+))/g,
    (whole, braced: string | undefined, how = "", word = "", plain?: string) => {
      const name = braced ?? plain ?? "";
      const value = args.get(name) ?? "";
      if (platformArg.test(name)) return whole;
      const isSet = how.startsWith(":") ? value !== "" : args.has(name);
      if (how.endsWith("+")) return isSet ? word : "";
      return how.endsWith("-") && !isSet ? word : value;
    },
  );

/** The instructions as BuildKit's parser cuts them (github.com/moby/buildkit, frontend/dockerfile/parser). */
function instructions(text: string): Instruction[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const goesOn = escapeOf(lines) === "`" ? /(^|[^`])`[ \t]*$/ : /(^|[^\\])\\[ \t]*$/;
  const found: Instruction[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    let line = (lines[index] ?? "").trimStart();
    if (line === "" || line.startsWith("#")) continue;
    for (; goesOn.test(line) && index + 1 < lines.length; index += 1) {
      const next = (lines[index + 1] ?? "").trimStart();
      if (next !== "" && !next.startsWith("#")) line = line.replace(goesOn, "$1") + next;
    }
    const instruction = toInstruction(line);
    found.push(instruction);
    if (!["RUN", "COPY", "ADD", "ONBUILD"].includes(instruction.command)) continue;
    for (const [, dash, , name] of line.matchAll(/(?:^|\s)\d*<<(-?)(["']?)(\w+)\2/g)) {
      const isEnd = (one = "") => (dash ? one.replace(/^\t+/, "") : one) === name;
      const end = lines.findIndex((one, at) => at > index && isEnd(one));
      if (end > 0) index = end;
    }
  }
  return found;
}

/** The letter that lets a line go on, which a directive on top may change. */
function escapeOf(lines: readonly string[]): string {
  for (const line of lines) {
    const [, name, value] = /^#\s*([a-z]\w*)\s*=\s*(.+?)\s*$/i.exec(line) ?? [];
    if (name === undefined) break;
    if (name.toLowerCase() === "escape") return value ?? "";
  }
  return "\\";
}

function toInstruction(line: string): Instruction {
  const [command = "", ...rest] = line.trim().split(/\s+/);
  const first = rest.findIndex((word) => !word.startsWith("--"));
  const end = first < 0 ? rest.length : first;
  const flags = rest.slice(0, end).map((flag) => {
    const [, name = "", value = ""] = /^--([^=]*)=?(.*)$/s.exec(flag) ?? [];
    return [name, value] as const;
  });
  return { command: command.toUpperCase(), flags, words: rest.slice(end) };
}

/** What the last stage of a Dockerfile starts from, who runs there, and whether it has an entrypoint of its own. */
export type FinalStage = { readonly from: string; readonly user: string | null; readonly hasEntrypoint: boolean };

/** Reads the last stage of a Dockerfile, which is what is built where nobody names another. */
export function finalStage(text: string): FinalStage {
  const all = instructions(text);
  const stage = all.slice(
    Math.max(
      all.findLastIndex(({ command }) => command === "FROM"),
      0,
    ),
  );
  const user = stage.findLast(({ command }) => command === "USER");
  return {
    from: stage[0]?.words[0] ?? "",
    user: user?.words[0] ?? null,
    hasEntrypoint: stage.some(({ command, words }) => command === "ENTRYPOINT" && words.join("") !== "[]"),
  };
}

/** The build arguments that name the dev image below a prod image, the original's too (design.md, "From the documents"). */
export const baseArgs = ({ repository, digest, version }: BaseImage, image: string): Record<string, Value> => ({
  BASE_IMAGE: prefixed(`${repository}@`, digest),
  VERSION: version,
  ECR_BASE_PATH: repository.slice(0, -`/${image}`.length),
  IMAGE_NAME: image,
});

/** `A=b` to `A`. */
const nameOf = (part: string): string => part.replace(/=.*/, "");

/** The build arguments to which a Dockerfile gives a value itself. */
export const argsWithDefault = (text: string): string[] =>
  instructions(text).flatMap(({ command, words }) =>
    command === "ARG" ? words.filter((part) => part.includes("=")).map(nameOf) : [],
  );

/** The build arguments a Dockerfile declares: only these are passed, so that an unknown one never warns. */
export const declaredArgs = (text: string): string[] => [
  ...new Set(instructions(text).flatMap(({ command, words }) => (command === "ARG" ? words.map(nameOf) : []))),
];

/**
 * Without the line that has the builder fetch docker/dockerfile from Docker Hub, which is its own frontend anyway (Docker's
 * documentation, "Custom Dockerfile syntax"). A frontend of another name, or one that is pinned or for experiments, stays.
 */
export const withoutSyntax = (text: string): string =>
  text.replace(
    /^(\uFEFF?(?:#\s*[a-z]\w*\s*=[^\n]*\n)*?)#\s*syntax\s*=\s*(?:docker\.io\/)?docker\/dockerfile(?::(?:[\d.]+|experimental|latest))?[ \t]*\r?\n/i,
    "$1",
  );
