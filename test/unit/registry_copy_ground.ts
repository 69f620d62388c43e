import type { CopyEvent } from "../../lib/doors/registry.ts";
import type { RegistryKind } from "../../lib/model/registry.ts";
import type { Head, OciServer, Reply } from "./oci_server.ts";
import { blobImage, clientOf, clockAt, hold, repoAt, startRegistry } from "./registry_ground.ts";

export const blob = "a blob of twenty-five bytes";

/** A source that holds an image of one blob, and empty targets, the first of a kind. */
export async function copyGround(kind: RegistryKind = "oci", content: string | Buffer = blob, targets = 1) {
  const own = blobImage(content);
  const from = await startRegistry();
  hold(from, own);
  const servers = await Promise.all(Array.from({ length: targets }, () => startRegistry()));
  const to = servers.map((server, at) => repoAt(server, at === 0 ? { kind, name: "there" } : { name: "other" }));
  const events: CopyEvent[] = [];
  const clock = clockAt();
  const copy = (tell: (event: CopyEvent) => unknown = () => null) =>
    clientOf({ clock }).copy({ from: repoAt(from), to, digest: own.digest, tag: "dev" }, (event) => {
      events.push(event);
      tell(event);
    });
  const [target = from, other = from] = servers;
  return { from, to: target, other, own, events, clock, copy };
}

export const isUpload = ({ method, path }: Head): boolean => method === "PUT" && path.includes("/uploads/");
export const retries = (events: readonly CopyEvent[]): readonly CopyEvent[] =>
  events.filter(({ event }) => event === "retry");
/** The error of the first target, as what is thrown. */
export const errorIn = (results: readonly { readonly outcome: string; readonly error?: unknown }[]): Promise<never> =>
  Promise.reject(results[0]?.error);

/** Answers the first so many requests of a kind, lets all others through. */
export function first(count: number, which: (asked: Head) => boolean, reply: Reply): OciServer["early"] {
  let left = count;
  return (asked) => {
    if (!which(asked) || left === 0) return null;
    left -= 1;
    return reply;
  };
}

/** Gives the first request of a kind no answer, and lets the time run out. */
export function silent(which: (asked: Head) => boolean, clock: { readonly runOut: () => void }): OciServer["early"] {
  const hanging = first(1, which, "hang");
  return (asked) => {
    const reply = hanging(asked);
    if (reply) clock.runOut();
    return reply;
  };
}
