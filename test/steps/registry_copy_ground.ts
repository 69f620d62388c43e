import type { RegistryKind } from "../../lib/config/registry.ts";
import type { CopyEvent, Repository } from "../../lib/oci/registry.ts";
import type { Asked, Head, OciServer, Reply } from "./oci_server.ts";
import { askedBy, blobImage, clientOf, clockAt, hold, type Image, repoAt, startRegistry } from "./registry_ground.ts";

/** The only blob of the image that is copied where no other is named. */
export const blob = "a blob of twenty-six bytes";
export const image: Image = blobImage(blob);

type Given = { readonly kind?: RegistryKind; readonly images?: readonly Image[]; readonly targets?: number };
type Job = {
  readonly image?: Image;
  readonly tag?: string | null;
  readonly to?: readonly Repository[];
  readonly tell?: (event: CopyEvent) => unknown;
};

/** A source that holds images, empty targets named `there`, `other` and `third`, the first of a kind, and a copy to all. */
export async function copyGround({ kind = "oci", images = [image], targets = 1 }: Given = {}) {
  const from = await startRegistry();
  hold(from, ...images);
  const servers = await Promise.all(Array.from({ length: targets }, () => startRegistry()));
  const names = ["there", "other", "third"];
  const repos = servers.map((server, at) => repoAt(server, { name: names[at] ?? "", kind: at === 0 ? kind : "oci" }));
  const events: CopyEvent[] = [];
  const clock = clockAt();
  const client = clientOf({ clock });
  const copy = ({ image: own = images[0] ?? image, tag = "dev", to = repos, tell = () => null }: Job = {}) =>
    client.copy({ from: repoAt(from), to, digest: own.digest, ...(tag === null ? {} : { tag }) }, (event) => {
      events.push(event);
      tell(event);
    });
  const [to = from, other = from] = servers;
  return { from, to, other, repos, events, clock, client, copy };
}

export const outcomes = (results: readonly { readonly outcome: string }[]): readonly string[] =>
  results.map(({ outcome }) => outcome);
export const isBlob = ({ path }: Pick<Asked, "path">): boolean => path.includes("/blobs/");
/** The digests of the blobs that were read, in order. */
export const blobsRead = (server: OciServer): readonly string[] =>
  askedBy(server, "GET").flatMap(({ path }) => (path.includes("/blobs/sha256:") ? [path.split("/").at(-1) ?? ""] : []));
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
