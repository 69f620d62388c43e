import { readPlatformImage } from "../names/layers.ts";
import { repositoryAt } from "../names/names.ts";
import { parseManifest } from "../oci/rules/copy_plan.ts";
import { kind } from "../plan/kind.ts";
import type { Place, Value } from "../plan/plan.ts";
import { knownValue, type World } from "../run/world.ts";
import { jsonOf } from "../text/shape.ts";
import { bytes } from "../text/units.ts";

/** Tells the person something: text on stdout, the same as data with `--json`; an exit code where it is bad news. */
export type Announce = {
  readonly kind: "announce";
  /** `<digest>` in it stands for `digest`. */
  readonly text: string;
  readonly digest?: Value;
  /** Where it is read what a machine pulls that has nothing of the image: `<pull>`; the line is left out where nobody tells. */
  readonly pull?: Place;
  readonly data?: unknown;
  readonly exitCode?: number;
};

const placeholder = "<digest>";

export const announce = kind<Announce>("announce", {
  tells: true,
  waits: true,
  lines: ({ text, digest }, show) =>
    text.split("\n").map((line) => `# ${digest ? line.replaceAll(placeholder, show(digest)) : line}`),
  run: async ({ text, digest, pull, data, exitCode }, world) => {
    const { state } = world;
    const image = digest && knownValue(world, digest);
    const told = image ? text.replaceAll(placeholder, image) : text;
    const size = image && pull ? await sizeOfPull(image, pull, world) : null;
    if (text !== "") state.text.push(size ? told.replace("<pull>", size) : told.replace(/^.*<pull>\n/m, ""));
    if (data !== undefined) state.data = data;
    if (exitCode) state.exitCode = exitCode;
    return "done";
  },
});

/** `61.2 MB`, of an index by platform; null where the registry does not answer: what is released is released. */
async function sizeOfPull(digest: string, place: Place, world: World): Promise<string | null> {
  const client = await world.registries();
  const read = async (one: string) => {
    const manifest = await client.manifest(repositoryAt(world.facts, place), one);
    return manifest ? new TextDecoder().decode(manifest.bytes) : "";
  };
  const sized = (text: string) => bytes(readPlatformImage(jsonOf(text), null).size);
  try {
    const text = await read(digest);
    const parsed = parseManifest(text);
    if (parsed.type !== "index") return sized(text);
    const children = parsed.children.filter(({ platform }) => platform);
    const sizes = await Promise.all(
      children.map(async (one) => `${sized(await read(one.digest))} for ${one.platform}`),
    );
    return sizes.join(", ");
  } catch {
    return null;
  }
}
