/** The images a Dockerfile starts from, with its ARG defaults and the given build arguments filled in; stages of its own are left out. */
export function baseImages(text: string, buildArgs: Readonly<Record<string, string>>): string[] {
  const args: Record<string, string> = {};
  const stages = new Set<string>();
  const found: string[] = [];
  for (const line of text.replaceAll(/\\\r?\n/g, " ").split("\n")) {
    const [word = "", ...rest] = line.trim().split(/\s+/);
    if (word.toUpperCase() === "ARG" && found.length === 0) for (const part of rest) addArg(args, part);
    if (word.toUpperCase() !== "FROM") continue;
    const [image = "", as, name] = rest.filter((part) => !part.startsWith("--"));
    const filled = fill(image, { ...args, ...buildArgs });
    if (!stages.has(filled) && filled !== "scratch") found.push(filled);
    if (as?.toUpperCase() === "AS" && name) stages.add(name);
  }
  return [...new Set(found)];
}

function addArg(args: Record<string, string>, part: string): void {
  const [name = "", ...value] = part.split("=");
  args[name] = value.join("=").replaceAll(/^["']|["']$/g, "");
}

const fill = (text: string, args: Readonly<Record<string, string>>): string =>
  text.replaceAll(
    /\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))/g,
    (_, braced?: string, fallback?: string, plain?: string) => args[braced ?? plain ?? ""] || fallback || "",
  );

/** The build arguments a Dockerfile declares: only these are passed, so that an unknown one never warns. */
export const declaredArgs = (text: string): string[] => [
  ...new Set(
    [...text.matchAll(/^\s*ARG\s+(.+)$/gim)].flatMap((found) =>
      (found[1] ?? "").split(/\s+/).map((part) => part.split("=")[0] ?? ""),
    ),
  ),
];
