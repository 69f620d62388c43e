/** The images a Dockerfile starts from, with its ARG defaults and the given build arguments filled in; stages of its own are left out. */
export function baseImages(text: string, buildArgs: Readonly<Record<string, string>>): string[] {
  const args: Record<string, string> = {};
  const stages = new Set<string>();
  const found: string[] = [];
  for (const line of text.replaceAll(/\\\r?\n/g, "").split("\n")) {
    const [word = "", ...rest] = line.trim().split(/\s+/);
    if (word.toUpperCase() === "ARG" && found.length === 0) for (const part of rest) addArg(args, part);
    if (word.toUpperCase() !== "FROM") continue;
    const [image = "", as, name] = rest.filter((part) => !part.startsWith("--"));
    const filled = fill(image, { ...args, ...buildArgs });
    if (!stages.has(filled) && !["scratch", ""].includes(filled)) found.push(filled);
    if (as?.toUpperCase() === "AS" && name) stages.add(name);
  }
  return [...new Set(found)];
}

/** `A=b` to `A`. */
const nameOf = (part: string): string => part.replace(/=.*/, "");

function addArg(args: Record<string, string>, part: string): void {
  const name = nameOf(part);
  args[name] = part.slice(name.length + 1).replaceAll(/^["']|["']$/g, "");
}

const fill = (text: string, args: Readonly<Record<string, string>>): string =>
  text.replaceAll(
    /\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))/g,
    (_, braced?: string, fallback?: string, plain?: string) => args[String(braced ?? plain)] || fallback || "",
  );

/** The build arguments a Dockerfile declares: only these are passed, so that an unknown one never warns. */
export const declaredArgs = (text: string): string[] => [
  ...new Set([...text.matchAll(/^\s*ARG\s+.+/gim)].flatMap(([line]) => line.trim().split(/\s+/).slice(1).map(nameOf))),
];
