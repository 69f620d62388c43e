import { describe, expect, it } from "vitest";
import type { CopyEvent, Repository } from "../../lib/doors/registry.ts";
import { digest } from "./factory.ts";
import { type Asked, type OciServer, sha256 } from "./oci_server.ts";
import {
  askedBy,
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

const image = imageOf(["layer one", "the longer layer two"]);
const [one = "", two = ""] = image.layers.map(sha256);
const config = sha256(image.config);
const amd = imageOf(["shared", "amd"], { architecture: "amd64" });
const arm = imageOf(["shared", "arm"], { architecture: "arm64" });
const many = indexOf([
  ["linux/amd64", amd],
  ["linux/arm64", arm],
]);

/** A source that holds all images, and empty targets named a, b, c. */
async function ground(targets = 1) {
  const from = await startRegistry();
  hold(from, image, amd, arm, many);
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
    expect(await copy()).toEqual([{ repo: repos[0], outcome: "copied" }]);
    const seen = lines(to);
    expect(seen.slice(0, 2)).toEqual(["HEAD /v2/cmamp/manifests/dev", `HEAD /v2/cmamp/manifests/${image.digest}`]);
    expect(seen.slice(-2)).toEqual(["PUT /v2/cmamp/manifests/dev", "HEAD /v2/cmamp/manifests/dev"]);
    for (const blob of [one, two, config]) {
      expect(seen).toContain(`HEAD /v2/cmamp/blobs/${blob}`);
      expect(seen.filter((line) => line.includes(`digest=${encodeURIComponent(blob)}`))).toHaveLength(1);
    }
    expect(seen).toHaveLength(4 + 3 * 3);
    expect(to.manifests.get("cmamp:dev")).toEqual({ bytes: image.bytes, mediaType: imageType });
  });

  it("sends a blob in one PUT that says how long it is", async () => {
    const { to, copy } = await ground();
    await copy();
    const put = askedBy(to, "PUT").find(({ query }) => query.get("digest") === two);
    expect(String(put?.body)).toBe("the longer layer two");
    expect(put?.headers).toMatchObject({
      "content-type": "application/octet-stream",
      "content-length": "20",
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
    expect(lines(to).filter((line) => line.includes("state=a%2Fb&digest=sha256%3A"))).toHaveLength(3);
  });

  it("reads each blob once from the source, however many targets there are", async () => {
    const { from, to, other, copy } = await ground(3);
    expect(outcomes(await copy())).toEqual(["copied", "copied", "copied"]);
    expect([...blobsRead(from)].sort()).toEqual([one, two, config].sort());
    expect(lines(from).filter((line) => line.includes("/manifests/"))).toHaveLength(1);
    for (const server of [to, other]) expect(server.blobs.get(two)).toEqual(Buffer.from("the longer layer two"));
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

  it("leaves out the blobs that are there, also where a registry says that they lie elsewhere", async () => {
    for (const status of [200, 302, 307]) {
      const { from, to, events, copy } = await ground();
      to.reply = (asked) =>
        asked.method === "HEAD" && asked.path.endsWith(two)
          ? { status, headers: { location: "http://127.0.0.1:9/x" } }
          : null;
      expect(outcomes(await copy())).toEqual(["copied"]);
      expect(blobsRead(from)).not.toContain(two);
      expect(events).toContainEqual({ event: "there", digest: two, registry: "a" });
    }
  });

  it("tells what it will move, and everything that it has done", async () => {
    const { events, copy } = await ground();
    await copy();
    const bytes = image.config.length + 9 + 20;
    expect(events[0]).toEqual({ event: "plan", blobs: 3, bytes });
    expect(events.at(-1)).toEqual({ event: "pushed", reference: "dev", registry: "a" });
    expect(events).toContainEqual({ event: "bytes", digest: two, bytes: 20 });
    for (const blob of [one, two, config])
      expect(events.filter((event) => event.event === "uploaded" && event.digest === blob)).toEqual([
        { event: "uploaded", digest: blob, registry: "a" },
      ]);
    expect(events).toHaveLength(1 + 3 + 3 + 1);
  });

  it("needs nobody to listen", async () => {
    const { from, repos } = await ground();
    expect(outcomes(await clientOf().copy({ from: repoAt(from), to: repos, digest: image.digest }))).toEqual([
      "copied",
    ]);
  });

  it("copies an empty layer too", async () => {
    const { from, to, copy } = await ground();
    const empty = imageOf([""]);
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
    expect(posts(from)).toHaveLength(3);
    expect(posts(from)).toContainEqual({ path, mount: two, from: "cmamp" });
    expect(events).toContainEqual({ event: "mounted", digest: two, registry: "mine" });
  });

  it("goes on with the upload that a registry opens instead of a mount", async () => {
    const { from, copying } = await within(({ query }) =>
      query.has("mount") ? { status: 202, headers: { location: "/v2/team/cmamp/blobs/uploads/x" } } : null,
    );
    from.early = ({ method, path: at }) => (method === "PUT" && at.endsWith("/x") ? { status: 201 } : null);
    expect(outcomes(await copying())).toEqual(["copied"]);
    expect(posts(from)).toHaveLength(3);
  });

  it.each([[{ status: 404 }], [{ status: 401 }], [{ status: 503 }], [{ status: 202 }], ["reset"]] as const)(
    "uploads plainly where a mount ends in %j, which is tried once",
    async (reply) => {
      const { from, clock, copying } = await within(({ query }) => (query.has("mount") ? reply : null));
      expect(outcomes(await copying())).toEqual(["copied"]);
      expect(posts(from).filter((post) => "mount" in post)).toHaveLength(3);
      expect(posts(from).filter((post) => !("mount" in post))).toEqual([{ path }, { path }, { path }]);
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
    expect(blobsRead(from)).toHaveLength(3);
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
      if (method !== "HEAD" || !path.endsWith("/dev") || askedBy(to, "PUT").length < 4) return null;
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
    from.blobs.delete(two);
    const message = `cannot read ${from.address}/cmamp@${two}: mine answered 404`;
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
    const bytes = Buffer.from(JSON.stringify({ config: lineOf(image.config, "config"), layers }));
    hold(from, { ...image, bytes, digest: sha256(bytes) });
    to.reply = (asked) => (isBlob(asked) ? { status: 200 } : null);
    expect(outcomes(await copy({ ...image, bytes, digest: sha256(bytes) }))).toEqual(["copied"]);
    const there = events.flatMap((event) => (event.event === "there" ? [event.digest] : []));
    expect(there).toHaveLength(4);
    expect(there.slice(0, 2).sort()).toEqual([digest("2"), config].sort());
    expect(there.slice(2).sort()).toEqual([digest("0"), digest("1")]);
  });
});
