import { describe, expect, it } from "vitest";
import type { CopyEvent, Repository } from "../../lib/doors/registry.ts";
import { digest } from "./factory.ts";
import { type Asked, type OciServer, sha256 } from "./oci_server.ts";
import {
  askedBy,
  blobImage,
  clientOf,
  clockAt,
  failureOf,
  hold,
  type Image,
  imageOf,
  imageType,
  indexOf,
  lineOf,
  lines,
  repoAt,
  startRegistry,
} from "./registry_ground.ts";

const text = "the only blob of the image";
const image = blobImage(text);
const blob = sha256(text);
const layered = imageOf(["layer one", "the longer layer two"]);
const amd = imageOf(["shared", "amd"], { architecture: "amd64" });
const arm = imageOf(["shared", "arm"], { architecture: "arm64" });
const many = indexOf([
  ["linux/amd64", amd],
  ["linux/arm64", arm],
]);

/** A source that holds all images, and empty targets named a, b, c. */
async function ground(targets = 1) {
  const from = await startRegistry();
  hold(from, image, layered, amd, arm, many);
  const servers = await Promise.all(Array.from({ length: targets }, () => startRegistry()));
  const repos = servers.map((server, at) => repoAt(server, { name: "abc"[at] ?? "" }));
  const events: CopyEvent[] = [];
  const clock = clockAt();
  const client = clientOf({ clock });
  const copy = (own: Image = image, tag: string | null = "dev", to: readonly Repository[] = repos) =>
    client.copy({ from: repoAt(from), to, digest: own.digest, ...(tag === null ? {} : { tag }) }, (event) =>
      events.push(event),
    );
  const [to = from, other = from] = servers;
  return { from, to, other, repos, events, clock, copy };
}
const blobsRead = (server: OciServer): readonly string[] =>
  askedBy(server, "GET").flatMap(({ path }) => (path.includes("/blobs/") ? [path.split("/").at(-1) ?? ""] : []));
const outcomes = (results: readonly { readonly outcome: string }[]) => results.map(({ outcome }) => outcome);
const isBlob = ({ path }: Pick<Asked, "path">) => path.includes("/blobs/");

describe("a copy", () => {
  it("puts each blob, then the manifest under the tag, and reads it back", async () => {
    const { to, repos, copy } = await ground();
    expect(await copy(layered)).toEqual([{ repo: repos[0], outcome: "copied" }]);
    const seen = lines(to);
    expect(seen.slice(0, 2)).toEqual(["HEAD /v2/cmamp/manifests/dev", `HEAD /v2/cmamp/manifests/${layered.digest}`]);
    expect(seen.slice(-2)).toEqual(["PUT /v2/cmamp/manifests/dev", "HEAD /v2/cmamp/manifests/dev"]);
    for (const name of [...layered.layers, layered.config].map(sha256)) {
      expect(seen).toContain(`HEAD /v2/cmamp/blobs/${name}`);
      expect(seen.filter((line) => line.includes(`digest=${encodeURIComponent(name)}`))).toHaveLength(1);
    }
    expect(seen).toHaveLength(4 + 3 * 3);
    expect(to.manifests.get("cmamp:dev")).toEqual({ bytes: layered.bytes, mediaType: imageType });
  });

  it("sends a blob in one PUT that says how long it is", async () => {
    const { to, copy } = await ground();
    await copy();
    const put = askedBy(to, "PUT").find(({ query }) => query.get("digest") === blob);
    expect(String(put?.body)).toBe(text);
    expect(put?.headers).toMatchObject({
      "content-type": "application/octet-stream",
      "content-length": "26",
      "user-agent": "slipway",
      "accept-encoding": "identity",
    });
    expect(put?.headers).not.toHaveProperty("content-range");
    expect(put?.headers).not.toHaveProperty("transfer-encoding");
  });

  it("sends a blob to where the upload was opened, its query kept", async () => {
    const { to, copy } = await ground();
    let opened = 0;
    to.reply = ({ method }) => {
      if (method !== "POST") return null;
      opened += 1;
      return { status: 202, headers: { location: `/v2/cmamp/blobs/uploads/${opened}?state=a%2Fb` } };
    };
    to.early = ({ method, path, query }) =>
      method === "PUT" && path.includes("/uploads/")
        ? query.get("state") === "a/b"
          ? { status: 201 }
          : { status: 400 }
        : null;
    expect(outcomes(await copy())).toEqual(["copied"]);
    expect(lines(to).filter((line) => line.includes("state=a%2Fb&digest=sha256%3A"))).toHaveLength(1);
  });

  it("reads each blob once from the source, however many targets there are", async () => {
    const { from, to, other, copy } = await ground(3);
    expect(outcomes(await copy())).toEqual(["copied", "copied", "copied"]);
    expect(lines(from)).toEqual([`GET /v2/cmamp/manifests/${image.digest}`, `GET /v2/cmamp/blobs/${blob}`]);
    for (const server of [to, other]) expect(server.blobs.get(blob)).toEqual(Buffer.from(text));
  });

  it("is nothing but one HEAD where the tag is right already", async () => {
    const { from, to, repos, copy } = await ground();
    hold(to, image);
    to.manifests.set("cmamp:dev", { bytes: image.bytes, mediaType: imageType });
    expect(await copy()).toEqual([{ repo: repos[0], outcome: "already" }]);
    expect([lines(to), lines(from)]).toEqual([["HEAD /v2/cmamp/manifests/dev"], []]);
  });

  it("is by digest alone without a tag", async () => {
    const { to, copy } = await ground();
    expect(outcomes(await copy(image, null))).toEqual(["copied"]);
    expect(lines(to).slice(-2)).toEqual([
      `PUT /v2/cmamp/manifests/${image.digest}`,
      `HEAD /v2/cmamp/manifests/${image.digest}`,
    ]);
    expect([...to.manifests.keys()]).toEqual([`cmamp@${image.digest}`]);
    expect(outcomes(await copy(image, null))).toEqual(["already"]);
  });

  it("moves no blob where only the tag is new", async () => {
    const { from, to, copy } = await ground();
    hold(to, image);
    expect(outcomes(await copy())).toEqual(["copied"]);
    expect([blobsRead(from), askedBy(to, "POST"), to.asked.filter(isBlob)]).toEqual([[], [], []]);
    expect(to.digestOf("cmamp", "dev")).toBe(image.digest);
  });

  it.each([200, 302, 307])("leaves out a blob that is there, which a registry says with %i", async (status) => {
    const { from, to, events, copy } = await ground();
    const headers = { location: "http://127.0.0.1:9/elsewhere" };
    to.reply = (asked) => (asked.method === "HEAD" && isBlob(asked) ? { status, headers } : null);
    expect(outcomes(await copy())).toEqual(["copied"]);
    expect([blobsRead(from), askedBy(to, "POST")]).toEqual([[], []]);
    expect(events).toContainEqual({ event: "there", digest: blob, registry: "a" });
  });

  it("fails where it may not look for a blob", async () => {
    const { to, repos, copy } = await ground();
    to.reply = (asked) => (asked.method === "HEAD" && isBlob(asked) ? { status: 403 } : null);
    const message = `cannot look for ${repos[0]?.reference}@${blob}: a answered 403`;
    expect(await copy()).toMatchObject([{ outcome: "error", error: { reason: "denied", message } }]);
  });

  it("tells what it will move, and everything that it has done", async () => {
    const { events, copy } = await ground();
    await copy();
    expect(events).toEqual([
      { event: "plan", blobs: 1, bytes: 26 },
      { event: "bytes", digest: blob, bytes: 26 },
      { event: "uploaded", digest: blob, registry: "a" },
      { event: "pushed", reference: "dev", registry: "a" },
    ]);
  });

  it("plans with the sum of what it will move", async () => {
    const { events, copy } = await ground();
    await copy(layered);
    expect(events[0]).toEqual({ event: "plan", blobs: 3, bytes: 9 + 20 + 14 });
  });

  it("needs nobody to listen", async () => {
    const { from, repos } = await ground();
    expect(outcomes(await clientOf().copy({ from: repoAt(from), to: repos, digest: image.digest }))).toEqual([
      "copied",
    ]);
  });

  it("copies an empty layer too", async () => {
    const { from, to, copy } = await ground();
    const empty = blobImage("");
    hold(from, empty);
    expect(outcomes(await copy(empty))).toEqual(["copied"]);
    expect(to.blobs.get(sha256(""))).toEqual(Buffer.alloc(0));
  });
});

describe("a copy of an index", () => {
  it("puts the children by digest before the index, shared blobs once", async () => {
    const { from, to, copy } = await ground();
    expect(outcomes(await copy(many))).toEqual(["copied"]);
    const puts = lines(to).filter((line) => line.startsWith("PUT /v2/cmamp/manifests/"));
    expect(puts).toEqual([amd.digest, arm.digest, "dev"].map((name) => `PUT /v2/cmamp/manifests/${name}`));
    expect(blobsRead(from).filter((name) => name === sha256("shared"))).toHaveLength(1);
    expect(blobsRead(from)).toHaveLength(5);
    expect(to.manifests.get("cmamp:dev")?.bytes).toEqual(many.bytes);
  });

  it("moves only what the child that is lacking needs", async () => {
    const { from, to, events, copy } = await ground();
    hold(to, amd);
    expect(outcomes(await copy(many))).toEqual(["copied"]);
    expect([...blobsRead(from)].sort()).toEqual([sha256("arm"), sha256(arm.config)].sort());
    expect(lines(to)).not.toContain(`PUT /v2/cmamp/manifests/${amd.digest}`);
    expect(events.find(({ event }) => event === "plan")).toMatchObject({ blobs: 3 });
  });

  it("moves to each target what that one lacks", async () => {
    const { from, to, other, copy } = await ground(2);
    hold(to, amd);
    expect(outcomes(await copy(many))).toEqual(["copied", "copied"]);
    expect(blobsRead(from)).toHaveLength(5);
    expect(lines(to).filter((line) => line.endsWith(sha256("amd")))).toEqual([]);
    expect(other.blobs.size).toBe(5);
  });

  it("reads a child that is named twice once", async () => {
    const { from, copy } = await ground();
    const twice = indexOf([
      ["linux/amd64", amd],
      ["linux/386", amd],
    ]);
    hold(from, twice);
    expect(outcomes(await copy(twice))).toEqual(["copied"]);
    expect(lines(from).filter((line) => line.endsWith(amd.digest))).toHaveLength(1);
  });
});

describe("a copy within one registry", () => {
  /** To another repository of the source, which holds no blob yet. */
  async function within(reply: OciServer["reply"] = () => null) {
    const at = await ground();
    at.from.reply = (asked) =>
      asked.path.startsWith("/v2/team/") && asked.method === "HEAD" && isBlob(asked) ? { status: 404 } : reply(asked);
    const to = [{ ...repoAt(at.from), path: "team/cmamp" }];
    return { ...at, copying: () => at.copy(image, "dev", to) };
  }
  const posts = (server: OciServer) =>
    askedBy(server, "POST").map(({ path, query }) => ({ path, ...Object.fromEntries(query) }));
  const path = "/v2/team/cmamp/blobs/uploads/";

  it("mounts the blobs and reads none", async () => {
    const { from, events, copying } = await within();
    expect(outcomes(await copying())).toEqual(["copied"]);
    expect(blobsRead(from)).toEqual([]);
    expect(posts(from)).toEqual([{ path, mount: blob, from: "cmamp" }]);
    expect(events).toContainEqual({ event: "mounted", digest: blob, registry: "mine" });
  });

  it("goes on with the upload that a registry opens instead of a mount", async () => {
    const { from, copying } = await within(({ query }) =>
      query.has("mount") ? { status: 202, headers: { location: "/v2/team/cmamp/blobs/uploads/x" } } : null,
    );
    from.early = ({ method, path: at }) => (method === "PUT" && at.endsWith("/x") ? { status: 201 } : null);
    expect(outcomes(await copying())).toEqual(["copied"]);
    expect(posts(from)).toHaveLength(1);
  });

  it.each([[{ status: 404 }], [{ status: 401 }], [{ status: 503 }], [{ status: 202 }], ["reset"]] as const)(
    "uploads plainly where a mount ends in %j, which is tried once",
    async (reply) => {
      const { from, clock, copying } = await within(({ query }) => (query.has("mount") ? reply : null));
      expect(outcomes(await copying())).toEqual(["copied"]);
      expect(posts(from)).toEqual([{ path, mount: blob, from: "cmamp" }, { path }]);
      expect(clock.waits).toEqual([]);
    },
  );

  it("to a registry at another port mounts nothing", async () => {
    const { to, copy } = await ground();
    await copy(image, "dev", [{ ...repoAt(to), path: "team/cmamp" }]);
    expect(askedBy(to, "POST").filter(({ query }) => query.has("mount"))).toEqual([]);
  });
});

describe("a target that fails", () => {
  it("leaves the others alone, and is asked nothing more", async () => {
    const { to, other, repos, copy } = await ground(2);
    to.reply = ({ method }) => (method === "POST" ? { status: 403 } : null);
    const [first, second] = await copy();
    expect(second).toEqual({ repo: repos[1], outcome: "copied" });
    expect(first).toMatchObject({ repo: repos[0], outcome: "error", error: { reason: "denied", registry: "a" } });
    expect(other.digestOf("cmamp", "dev")).toBe(image.digest);
    expect(askedBy(to, "PUT")).toEqual([]);
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

  it("with another image under the tag is refused, and keeps it", async () => {
    const { from, to, repos, copy } = await ground();
    const other = to.put("cmamp", "dev");
    const [result] = await copy();
    const error = await failureOf(Promise.reject(result?.outcome === "error" ? result.error : null), "refused");
    expect(error.message).toBe(`${repos[0]?.reference}:dev is ${other}, not ${image.digest}`);
    expect(error.why).toBe("Registry a has another image under this tag, and the tag of a version never moves.");
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
    await errors(copy(many), { reason: "not_found", message: expect.stringContaining(arm.digest) });
  });

  it("without a blob is every target's failure, and no tag is put", async () => {
    const { from, to, copy } = await ground(2);
    from.blobs.delete(blob);
    const message = `cannot read ${from.address}/cmamp@${blob}: mine answered 404`;
    await errors(copy(), { reason: "not_found", message });
    expect(lines(to).filter((line) => line.startsWith("PUT /v2/cmamp/manifests/"))).toEqual([]);
  });
});

describe("the blobs of a copy", () => {
  it("go four at a time", async () => {
    const { from, copy } = await ground();
    const wide = imageOf(Array.from({ length: 7 }, (_, at) => `small ${at}`));
    hold(from, wide);
    const waiting: (() => void)[] = [];
    // Each read waits until four wait together.
    from.before = (asked) =>
      isBlob(asked)
        ? new Promise((resolve) => {
            waiting.push(resolve);
            if (waiting.length === 4) for (const go of waiting.splice(0)) go();
          })
        : undefined;
    expect(outcomes(await copy(wide))).toEqual(["copied"]);
  });

  it("go the small ones before those of four megabytes", async () => {
    const { from, to, events, copy } = await ground();
    const layers = [4_000_001, 4_000_000, 3_999_999].map((size, at) => ({
      ...lineOf("", "layer"),
      size,
      digest: digest(`${at}`),
    }));
    const bytes = Buffer.from(JSON.stringify({ config: lineOf(text, "config"), layers }));
    hold(from, { ...image, bytes, digest: sha256(bytes) });
    to.reply = (asked) => (isBlob(asked) ? { status: 200 } : null);
    expect(outcomes(await copy({ ...image, bytes, digest: sha256(bytes) }))).toEqual(["copied"]);
    const there = events.flatMap((event) => (event.event === "there" ? [event.digest] : []));
    expect(there).toHaveLength(4);
    expect(there.slice(0, 2).sort()).toEqual([digest("2"), blob].sort());
    expect(there.slice(2).sort()).toEqual([digest("0"), digest("1")]);
  });
});
