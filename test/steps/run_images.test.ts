import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type VerifyDigest, verifyDigest } from "../../lib/kinds/verify_digest.ts";
import { type Place, step } from "../../lib/plan/plan.ts";
import { checkDisk } from "../../lib/release/check_disk.ts";
import { checkPush } from "../../lib/release/check_push.ts";
import { copyImage } from "../../lib/release/copy_image.ts";
import { putIndex } from "../../lib/release/put_index.ts";
import { digest, logged } from "../unit/factory.ts";
import { type Acting, type Actor, refused, startActing } from "./acting.ts";
import { type OciServer, sha256 } from "./oci_server.ts";

let acting: Acting;
let [first, second] = [] as unknown as [OciServer, OciServer];
beforeAll(async () => {
  acting = await startActing(3);
  [first, second] = acting.registries as [OciServer, OciServer];
});
afterEach(() => {
  for (const registry of acting.registries) registry.reply = () => null;
});
afterAll(() => acting.end());

const made = { from: "1" } as const;
const configOf = (image: string, at: string): string =>
  JSON.parse(String(first.manifests.get(`${image}@${at}`)?.bytes)).config.digest as string;

/** An image of one layer of 1.5 MiB in r1; gives its digest. */
function putLarge(image: string): string {
  const small = first.manifests.get(`${image}@${first.put(image, "small")}`);
  const layer = Buffer.alloc(1.5 * 2 ** 20, image);
  const manifest = { ...JSON.parse(String(small?.bytes)) };
  manifest.layers = [{ ...manifest.layers[0], digest: sha256(layer), size: layer.length }];
  const bytes = Buffer.from(JSON.stringify(manifest));
  first.blobs.set(sha256(layer), layer);
  first.manifests.set(`${image}@${sha256(bytes)}`, { bytes, mediaType: manifest.mediaType });
  return sha256(bytes);
}

describe("a copy", () => {
  const copy = ({ places: [from, ...to] }: Actor, image: string) =>
    copyImage({ digest: image, tag: "dev-1.0.0", from: from as Place, to });

  it("brings an image by digest to every registry, and says where it is", async () => {
    const actor = acting.actor("copied");
    const image = first.put("copied", "dev-1.0.0");
    const ended = await actor.act([copy(actor, image), copy(actor, image)]);
    expect(ended.states).toEqual(["done", "already"]);
    expect(acting.registries.map((one) => one.digestOf("copied", "dev-1.0.0"))).toEqual([image, image, image]);
    const lines = ended.shown.split("\n").filter((line) => line.startsWith("r"));
    expect(lines.sort()).toEqual(["r2: dev-1.0.0", "r3: dev-1.0.0"]);
  });

  it("fails with the registry's own error where one does not take it", async () => {
    const actor = acting.actor("refused");
    const image = first.put("refused", "dev-1.0.0");
    second.reply = ({ method }) => (method === "PUT" || method === "POST" ? { status: 403 } : null);
    expect(refused(await actor.act([copy(actor, image)]))).toMatchObject({ kind: "registry_denied", exitCode: 1 });
    expect(acting.registries[2]?.digestOf("refused", "dev-1.0.0")).toBe(image);
  });

  it("tells every two seconds how far it is", async () => {
    const actor = acting.actor("slow");
    const image = putLarge("slow");
    first.reply = ({ path, method }) => {
      if (method === "GET" && path.includes("/blobs/")) acting.clock.advance(2000);
      return null;
    };
    expect((await actor.act([copy(actor, image)])).shown).toMatch(/^\d\.\d MiB of 1\.5 MiB read$/m);
    first.reply = () => null;
    const quick = await acting.actor("quick").act([copy(acting.actor("quick"), first.put("quick", "dev-1.0.0"))]);
    expect(quick.shown).not.toContain("read");
  });
});

describe("reading a tag back", () => {
  const verify = ({ places }: Actor, more: Partial<VerifyDigest>): VerifyDigest => ({
    ...verifyDigest({ tag: "dev-1.0.0", digest: digest("a"), places: places.slice(0, 2), ...more }),
  });
  const put = (image: string) => [first, second].map((one) => one.put(image, "dev-1.0.0"))[0] ?? "";

  it("passes where every registry serves the image", async () => {
    const actor = acting.actor("well");
    expect((await actor.act([verify(actor, { digest: put("well") })])).states).toEqual(["done"]);
  });

  it("of several tags in one step is done at once", async () => {
    const actor = acting.actor("both");
    const image = first.put("both", "dev-1.0.0");
    const manifest = first.manifests.get("both:dev-1.0.0");
    if (manifest) first.manifests.set("both:dev", manifest);
    const heads = () => first.asked.filter(({ method, path }) => method === "HEAD" && path.startsWith("/v2/both/"));
    first.before = async ({ method }) => {
      if (method === "HEAD") await vi.waitUntil(() => heads().length === 2);
    };
    const both = ["dev-1.0.0", "dev"].map((tag) =>
      verify(actor, { tag, digest: image, places: actor.places.slice(0, 1) }),
    );
    const plan = { slipway: 2, workflow: "try", dir: ".", image: "both", version: null } as const;
    const ended = await actor.act([], { plan: { ...plan, steps: [step("read", "Read both", both)] } });
    first.before = () => undefined;
    expect(ended.states).toEqual(["done"]);
  });

  it("names the registry that serves another", async () => {
    const actor = acting.actor("wrong");
    const image = put("wrong");
    const other = second.put("wrong", "dev-1.0.0", { other: "1" });
    expect(refused(await actor.act([verify(actor, { digest: image })]))).toEqual({
      ...{ kind: "drift", exitCode: 2 },
      what: `try stopped at step "1": ${second.address}/wrong:dev-1.0.0 is ${other}, not ${image}`,
      why: "Registry r2 serves another image than the one that was tested.",
      fix: "See who moved it: i release_history; then run the same command again",
    });
  });

  it("passes where the log says that somebody moved the tag on from this image to what is there, and tells who", async () => {
    const actor = acting.actor("moved");
    const move = (tag: string, version: string, to: string) =>
      actor.refs.entries.push(
        logged({ type: "flip", id: version, tag, version, to, from: {}, why: "release", registries: ["r1", "r2"] }),
      );
    const image = put("moved");
    const [next] = [first, second].map((one) => one.put("moved", "dev-1.0.0", { other: "1" }));
    const read = () => actor.act([verify(actor, { digest: image })]);
    const drift = `dev-1.0.0 is ${next}, not ${image}`;
    expect(refused(await read()).what).toContain(drift);
    move("dev-1.0.0", "1.1.0", next ?? "");
    expect(refused(await read()).what).toContain(drift);
    const other = acting.actor("moved");
    for (const [version, to] of [
      ["1.0.0", image],
      ["1.1.0", next ?? ""],
    ] as const)
      other.refs.entries.push(
        logged({ type: "flip", id: version, tag: "prod", version, to, from: {}, why: "release", registries: ["r1"] }),
      );
    expect(refused(await other.act([verify(other, { digest: image })])).what).toContain(drift);
    move("dev-1.0.0", "1.0.0", image);
    expect(refused(await read()).what).toContain(drift);
    move("dev-1.0.0", "1.2.0", next ?? "");
    const ended = await read();
    expect(ended.states).toEqual(["done"]);
    expect(ended.shown).toMatch(/dev-1\.0\.0 is 1\.2\.0 by now: \w+ on \w+ moved it at 20/);
    second.put("moved", "dev-1.0.0", { other: "2" });
    expect(refused(await read()).what).toContain(`${next}, not ${image}`);
  });

  it("before a push passes where none has the tag, and where all have this image", async () => {
    const actor = acting.actor("before");
    const action = (image: string) => verify(actor, { digest: image, mayBeAbsent: true });
    expect((await actor.act([action(digest("a"))])).states).toEqual(["done"]);
    const image = put("before");
    expect((await actor.act([action(image)])).states).toEqual(["done"]);
    expect(refused(await actor.act([action(digest("a"))])).what).toContain(`is ${image}, not ${digest("a")}`);
  });

  it("after a push from the classic store asks for the config that was tested, and the image is the manifest", async () => {
    const actor = acting.actor("classic");
    const image = put("classic");
    const tested = configOf("classic", image);
    const ended = await actor.act([verify(actor, { digest: made, tested })]);
    expect([ended.error, ended.world.state.made.get("1")]).toEqual([null, image]);
    const same = await actor.act([verify(actor, { digest: made, tested: image })]);
    expect(same.world.state.made.get("1")).toBe(image);
    const wrong = refused(await actor.act([verify(actor, { digest: made, tested: digest("b") })]));
    expect(wrong.what).toContain(`${first.address}/classic:dev-1.0.0 is ${tested}, not ${digest("b")}`);
    const { error } = await actor.act([verify(actor, { digest: made, tested, places: [] })]);
    expect(String(error)).toBe("Error: nothing was pushed");
  });

  it("is a fault of ours in a registry that the config does not have", async () => {
    const places = [{ registry: "r9", repository: "far/x" }];
    const { error } = await acting.actor("far").act([verify(acting.actor("far"), { places })]);
    expect(String(error)).toBe("Error: the plan names registry r9, which the config does not have");
  });
});

describe("an index of images", () => {
  const put = (image: string, ...names: readonly string[]) =>
    names.map((name) => ({ name, platform: `linux/${name}`, digest: first.put(image, name, { name }) }));
  const index = ({ places: [place] }: Actor, children: ReturnType<typeof put>) =>
    putIndex({ tag: "dev-1.0.0", place: place as Place, children });

  it("is put under its tag, is the image from then on, and the same images make the same one", async () => {
    const actor = acting.actor("joined");
    const children = put("joined", "amd64", "arm64");
    const ended = await actor.act([index(actor, children), index(actor, children)]);
    expect(ended.states).toEqual(["done", "already"]);
    const stored = first.manifests.get("joined:dev-1.0.0");
    expect(JSON.parse(String(stored?.bytes))).toMatchObject({
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [
        { digest: children[0]?.digest, platform: { os: "linux", architecture: "amd64" }, size: expect.any(Number) },
        { digest: children[1]?.digest, platform: { os: "linux", architecture: "arm64" } },
      ],
    });
    expect(stored?.mediaType).toBe("application/vnd.oci.image.index.v1+json");
    expect(ended.world.state.made.get("2")).toBe(first.digestOf("joined", "dev-1.0.0"));
  });

  it("needs each image there, and no other one under its tag", async () => {
    const actor = acting.actor("apart");
    const children = put("apart", "amd64", "arm64");
    const missing = [...children, { name: "riscv", platform: "linux/riscv64", digest: digest("c") }];
    expect(refused(await actor.act([index(actor, missing)])).what).toContain(
      `${first.address}/apart:riscv is absent, not ${digest("c")}`,
    );
    const other = first.put("apart", "dev-1.0.0", { other: "1" });
    expect(refused(await actor.act([index(actor, children)]))).toMatchObject({
      kind: "drift",
      what: expect.stringContaining(`${first.address}/apart:dev-1.0.0 is ${other}, not sha256:`),
    });
    expect(first.digestOf("apart", "dev-1.0.0")).toBe(other);
  });
});

describe("a look before anything changes", () => {
  const push = ({ places }: Actor) => checkPush({ places });

  it("opens an upload in every registry and cancels it", async () => {
    const actor = acting.actor("may_push");
    expect((await actor.act([push(actor), checkDisk({})])).states).toEqual(["done", "done"]);
    for (const { asked } of acting.registries) {
      const own = () => asked.filter(({ path }) => path.startsWith("/v2/may_push/")).map(({ method }) => method);
      await vi.waitUntil(() => own().length === 2);
      expect(own()).toEqual(["POST", "DELETE"]);
    }
  });

  it("refuses where one does not let us push", async () => {
    const actor = acting.actor("may_not");
    second.reply = ({ method }) => (method === "POST" ? { status: 403 } : null);
    expect(refused(await actor.act([push(actor)]))).toMatchObject({ kind: "registry_denied" });
  });
});
