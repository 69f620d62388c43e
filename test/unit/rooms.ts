import { code, importsOf, target } from "./source.ts";

/** The rooms of design.md, "Layout and layers", lowest first. */
const pureRooms = [
  ...["lib/errors.ts", "lib/text/", "lib/plan/", "lib/names/", "lib/formats/", "lib/git/", "lib/oci/rules/"],
  ...["lib/config/", "lib/python/"],
];
const shared = ["lib/doors/", "lib/oci/", "lib/run/", "lib/kinds/"];
const families = [
  ...["container", "services", "build", "tests", "release", "deploy", "report", "repo", "packages", "init", "machine"],
].map((name) => `lib/${name}/`);
const rooms = [...pureRooms, ...shared, ...families];

const roomOf = (path: string): string => rooms.find((room) => path.startsWith(room)) ?? "";

/** How high the room of a file is; those who use lib are above all of it, and the client of registries is a door. */
export function layerOf(path: string): number {
  if (/^(scripts|thin_client)\//.test(path)) return rooms.length;
  const room = roomOf(path) === "lib/oci/" ? "lib/doors/" : roomOf(path);
  return room === "" ? Number.NaN : rooms.indexOf(room);
}

export const isInFamily = (path: string): boolean => families.includes(roomOf(path));

/** Looks, by their name, and kinds of action: what of a family may touch the world. */
export const isLookOrKind = (path: string): boolean => /\/look_\w+\.ts$/.test(path) || /\bkind[<(]/.test(code(path));

/** What a file has to import from to touch the world, whatever it does with it. */
const world = /^(lib\/(doors|run)\/|lib\/oci\/(?!rules\/)|node:(?!crypto$|path$))/;
export const reachesWorld = (path: string): boolean =>
  importsOf(path).some(({ from, erased }) => !erased && world.test(target(path, from)));

/** Whether a file is pure: the rules, and the plans of families. */
export const isPure = (path: string): boolean =>
  pureRooms.includes(roomOf(path)) || (isInFamily(path) && !isLookOrKind(path) && !reachesWorld(path));
