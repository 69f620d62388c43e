import { UserError } from "../errors.ts";
import type { Facts } from "../plan/facts.ts";

/** A container in the engine, running or ended. */
export type EngineContainer = {
  /** The whole id, 64 hex digits. */
  readonly id: string;
  readonly name: string;
  /** What it was started from, as typed, and the image's id in the engine. */
  readonly image: string;
  readonly imageId: string;
  readonly running: boolean;
  /** The engine's own words, e.g. `Up 3 minutes`. */
  readonly status: string;
  /** RFC 3339, when it was made. */
  readonly created: string;
  /** Published ports, e.g. `127.0.0.1:8888->8888/tcp`. */
  readonly ports: readonly string[];
  readonly command: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Names of its variables; a value may be a secret, so none is read. */
  readonly envNames: readonly string[];
};

/** Labels that tell whose container it is and of which image; every container that Slipway starts carries them. */
export const imageLabel = "dev.slipway.image";
export const userLabel = "dev.slipway.user";

type Known = Pick<Facts, "config" | "user">;
type Containers = readonly EngineContainer[];

/** The containers that this user started of this runnable dir's image, the last one first. This alone says whose a container is. */
export const ownContainers = ({ config, user }: Known, containers: Containers): Containers =>
  containers
    .filter(({ labels }) => labels[imageLabel] === config.imageName && labels[userLabel] === user.name)
    .sort((a, b) => (a.created < b.created ? 1 : -1));

export const shortId = (id: string): string => id.replace(/^sha256:/, "").slice(0, 12);

/** The own container that was named by id, its start, or name; the last one without a name; undefined where none was named and there is none. */
export function chooseContainer(
  facts: Known,
  containers: Containers,
  wanted: string | undefined,
): EngineContainer | undefined {
  const own = ownContainers(facts, containers);
  if (wanted === undefined) return own[0];
  const fitting = own.filter(({ id, name }) => name === wanted || (wanted.length >= 4 && id.startsWith(wanted)));
  if (fitting.length === 1) return fitting[0];
  throw new UserError(`"${wanted}" names ${fitting.length === 0 ? "no" : "more than one"} container of yours`, {
    why: `${facts.user.name} has of ${facts.config.imageName}: ${own.map(({ id, name }) => `${shortId(id)} ${name}`).join(", ") || "none"}.`,
    fix: fitting.length === 0 ? "See them all: i docker_ps --all" : "Give more of its id",
  });
}

/** The own container that was meant; throws where there is none. `running`: an ended one will not do. */
export function requireContainer(
  facts: Known,
  containers: Containers,
  { wanted, running }: { readonly wanted: string | undefined; readonly running: boolean },
): EngineContainer {
  const fitting = running && wanted === undefined ? containers.filter((one) => one.running) : containers;
  const found = chooseContainer(facts, fitting, wanted);
  if (found && (found.running || !running)) return found;
  const what = found
    ? `container ${shortId(found.id)} has ended`
    : `${facts.user.name} has no ${running ? "running " : ""}container of ${facts.config.imageName}`;
  throw new UserError(what, {
    why: "This works on a container that you started from this image.",
    fix: "Start one: i docker_bash; see what there is: i docker_ps --all",
  });
}
