import { describe, expect, it } from "vitest";
import type { CopyEvent } from "../../lib/oci/registry.ts";
import { digest } from "../unit/factory.ts";
import { sha256 } from "./oci_server.ts";
import { blob, blobsRead, copyGround, first, image, isBlob, isUpload, outcomes } from "./registry_copy_ground.ts";
import { askedBy, failureOf, hold, imageOf, indexOf, lines } from "./registry_ground.ts";

const name = sha256(blob);
const amd = imageOf(["shared", "amd"], { architecture: "amd64" });
const arm = imageOf(["shared", "arm"], { architecture: "arm64" });
const many = indexOf([
  ["linux/amd64", amd],
  ["linux/arm64", arm],
]);
const ground = (targets = 1) => copyGround({ images: [image, amd, arm, many], targets });

describe("a target that fails", () => {
  it("leaves the others alone, and is asked nothing more", async () => {
    const { to, other, repos, copy } = await ground(2);
    to.reply = ({ method }) => (method === "POST" ? { status: 403 } : null);
    const [first, second] = await copy();
    expect(second).toEqual({ repo: repos[1], outcome: "copied" });
    expect(first).toMatchObject({ repo: repos[0], outcome: "error", error: { reason: "denied", registry: "there" } });
    expect(other.digestOf("cmamp", "dev")).toBe(image.digest);
    expect(askedBy(to, "PUT")).toEqual([]);
  });

  it("in mid-copy is sent none of the blobs that are left", async () => {
    const wide = imageOf(Array.from({ length: 12 }, (_, at) => `small ${at}`));
    const { to, copy } = await copyGround({ images: [wide] });
    to.early = ({ method }) => (method === "POST" ? { status: 403 } : null);
    expect(outcomes(await copy())).toEqual(["error"]);
    expect(askedBy(to, "POST")).toHaveLength(8);
  });

  it("that does not answer at the start is asked nothing more", async () => {
    const { from, to, copy } = await ground(2);
    to.reply = () => ({ status: 403 });
    expect(outcomes(await copy())).toEqual(["error", "copied"]);
    expect(to.asked).toHaveLength(1);
    expect(blobsRead(from)).toHaveLength(1);
  });

  it("alone lets nothing be read", async () => {
    const { from, to, copy } = await ground();
    to.reply = () => ({ status: 403 });
    expect(outcomes(await copy())).toEqual(["error"]);
    expect(from.asked).toEqual([]);
  });

  it("to take an upload is told, whatever becomes of the source's blob meanwhile", async () => {
    const { from, to, copy } = await ground();
    to.reply = ({ method }) => (method === "POST" ? { status: 403 } : null);
    from.reply = ({ path }) => (path.includes("/blobs/") ? { status: 404 } : null);
    expect(await copy()).toMatchObject([{ outcome: "error", error: { registry: "there", reason: "denied" } }]);
  });

  it("with another image under the tag is refused, and keeps it", async () => {
    const { from, to, repos, copy } = await ground();
    const other = to.put("cmamp", "dev");
    const [result] = await copy();
    const error = await failureOf(Promise.reject(result?.outcome === "error" ? result.error : null), "refused");
    expect(error.message).toBe(`${repos[0]?.reference}:dev is ${other}, not ${image.digest}`);
    expect(error.why).toBe("Registry there has another image under this tag, and the tag of a version never moves.");
    expect(error.fix).toContain("i release_history");
    expect([from.asked, to.digestOf("cmamp", "dev")]).toEqual([[], other]);
  });

  it.each([
    ["another digest", digest("b"), `${digest("b")} is there.`],
    ["nothing, even after a while,", null, "nothing is there."],
  ])("is found out when its tag reads back as %s", async (_what, said, words) => {
    const { to, clock, copy } = await ground();
    to.reply = ({ method, path }) => {
      if (method !== "HEAD" || !path.endsWith("/dev") || askedBy(to, "PUT").length < 2) return null;
      return said === null ? { status: 404 } : { status: 200, headers: { "docker-content-digest": said } };
    };
    expect(await copy()).toMatchObject([
      { outcome: "error", error: { reason: "broken", why: `${image.digest} was pushed, and ${words}` } },
    ]);
    expect(clock.waits).toHaveLength(said === null ? 4 : 0);
  });
});

describe("a bug in who listens", () => {
  const bug = new Error("A bug of MINE");
  it.each(["plan", "there", "bytes", "uploaded", "retry", "pushed"])(
    "is thrown, and no registry's failure: at %s",
    async (event) => {
      const { to, copy } = await copyGround({ kind: "ecr" });
      if (event === "there") to.blobs.set(name, Buffer.from(blob));
      if (event === "retry") to.early = first(1, isUpload, "reset");
      const tell = (told: CopyEvent) => {
        if (told.event === event) throw bug;
      };
      expect(await copy({ tell }).catch((thrown: unknown) => thrown)).toBe(bug);
    },
  );
});

describe("a source that fails", () => {
  const errors = async (copying: Promise<readonly unknown[]>, error: object) => {
    expect(await copying).toMatchObject([
      { outcome: "error", error: { registry: "mine", ...error } },
      { outcome: "error", error: { registry: "mine", ...error } },
    ]);
  };

  it("without the image is every target's failure", async () => {
    const { from, to, copy } = await ground(2);
    from.manifests.clear();
    await errors(copy(), { reason: "not_found", message: `mine has no ${from.address}/cmamp@${image.digest}` });
    expect(lines(to)).toEqual(["HEAD /v2/cmamp/manifests/dev"]);
  });

  it("without a child of the index is every target's failure", async () => {
    const { from, copy } = await ground(2);
    from.manifests.delete(`cmamp@${arm.digest}`);
    await errors(copy({ image: many }), { reason: "not_found", message: expect.stringContaining(arm.digest) });
  });

  it("without a blob is every target's failure, and no tag is put", async () => {
    const { from, to, copy } = await ground(2);
    from.blobs.delete(name);
    const message = `cannot read ${from.address}/cmamp@${name}: mine answered 404`;
    await errors(copy(), { reason: "not_found", message });
    expect(lines(to).filter((line) => line.startsWith("PUT /v2/cmamp/manifests/"))).toEqual([]);
  });
});

describe("the blobs of a copy", () => {
  it("go eight at a time", async () => {
    const { from, copy } = await ground();
    const wide = imageOf(Array.from({ length: 7 }, (_, at) => `small ${at}`));
    hold(from, wide);
    const waiting: (() => void)[] = [];
    // Each read waits until eight wait together.
    from.before = (asked) =>
      isBlob(asked)
        ? new Promise((resolve) => {
            waiting.push(resolve);
            if (waiting.length === 8) for (const go of waiting.splice(0)) go();
          })
        : undefined;
    expect(outcomes(await copy({ image: wide }))).toEqual(["copied"]);
  });

  it("go the small ones before those of four megabytes", async () => {
    const { from, events, copy } = await ground();
    const wide = imageOf(["a".repeat(4_000_001), "b".repeat(4_000_000), "c".repeat(3_999_999)]);
    hold(from, wide);
    expect(outcomes(await copy({ image: wide }))).toEqual(["copied"]);
    const moved = events.flatMap((event) => (event.event === "uploaded" ? [event.digest] : []));
    const [large, four, small] = wide.layers.map((layer) => sha256(layer));
    expect(moved.slice(0, 2).sort()).toEqual([small, sha256(wide.config)].sort());
    expect(moved.slice(2).sort()).toEqual([large, four].sort());
  });

  it("are looked for all at once, whatever their size", async () => {
    const { from, to, copy } = await ground();
    const wide = imageOf([..."abcdefghi"].map((letter) => letter.repeat(letter > "d" ? 10 : 4_000_000)));
    hold(from, wide);
    const waiting: (() => void)[] = [];
    // Each look waits until all wait together.
    to.before = ({ method, path }) =>
      method === "HEAD" && path.includes("/blobs/")
        ? new Promise((resolve) => {
            waiting.push(resolve);
            if (waiting.length === 10) for (const go of waiting.splice(0)) go();
          })
        : undefined;
    expect(outcomes(await copy({ image: wide }))).toEqual(["copied"]);
  });
});
