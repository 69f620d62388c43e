import { describe, expect, it } from "vitest";
import { isReset, networkCode } from "../../lib/oci/patience.ts";
import { registryClient } from "../../lib/oci/registry.ts";
import { digest } from "../unit/factory.ts";
import type { Reply } from "./oci_server.ts";
import { clientOf, clockAt, failureOf, hold, imageOf, repoAt, startRegistry } from "./registry_ground.ts";

const found: Reply = { status: 200, headers: { "docker-content-digest": digest("a") } };

/** A registry that gives these answers, one each, then what was asked for; its repository and a client with its clock. */
async function ground(...answers: readonly Reply[]) {
  const server = await startRegistry();
  const queue = [...answers];
  server.reply = () => queue.shift() ?? found;
  const clock = clockAt(Date.UTC(2030, 0, 1));
  return { server, clock, repo: repoAt(server), client: clientOf({ clock }) };
}
const busy: Reply = { status: 503 };
const later = (seconds: string, status = 503): Reply => ({ status, headers: { "retry-after": seconds } });

describe("a registry that cannot answer now", () => {
  it.each([[{ status: 408 }], [{ status: 429 }], [{ status: 500 }], [{ status: 502 }], [busy], ["reset"]] as const)(
    "is asked again after %j",
    async (reply) => {
      const { server, repo, client } = await ground(reply);
      expect(await client.head(repo, "dev")).toMatchObject({ digest: digest("a") });
      expect(server.asked).toHaveLength(2);
    },
  );

  it("is asked five times, each wait twice as long as the one before, give or take a quarter", async () => {
    const { server, clock, repo, client } = await ground(busy, busy, busy, busy, busy, busy);
    const error = await failureOf(client.manifest(repo, "dev"), "unreachable");
    expect(error.message).toBe(`cannot read ${repo.reference}:dev: mine answered 503`);
    expect(server.asked).toHaveLength(5);
    expect(clock.waits).toHaveLength(4);
    for (const [at, middle] of [250, 500, 1000, 2000].entries()) {
      expect(clock.waits[at]).toBeGreaterThanOrEqual(0.75 * middle - 1);
      expect(clock.waits[at]).toBeLessThanOrEqual(1.25 * middle + 1);
    }
  });

  it.each([
    ["7", 7000],
    ["Tue, 01 Jan 2030 00:00:05 GMT", 5000],
    ["Mon, 31 Dec 2029 00:00:00 GMT", 0],
  ])("is waited for as long as it says: %s", async (said, milliseconds) => {
    const { clock, repo, client } = await ground(later(said, 429));
    expect(await client.head(repo, "dev")).toMatchObject({ digest: digest("a") });
    expect(clock.waits).toEqual([milliseconds]);
  });

  it("is not waited for above a minute", async () => {
    const { server, clock, repo, client } = await ground(later("61"));
    await failureOf(client.manifest(repo, "dev"), "unreachable");
    expect([server.asked.length, clock.waits]).toEqual([1, []]);
  });

  it.each([400, 403, 405, 501, 505])("is not asked again after %i", async (status) => {
    const { server, repo, client } = await ground({ status });
    await expect(client.manifest(repo, "dev")).rejects.toThrow(`mine answered ${status}`);
    expect(server.asked).toHaveLength(1);
  });

  it("is waited for by the machine's clock where no other is given", async () => {
    const { server, repo } = await ground(later("0"), later("0"));
    const client = registryClient({ env: { DOCKER_CONFIG: "/nonexistent" } });
    expect(await client.head(repo, "dev")).toMatchObject({ digest: digest("a") });
    expect(server.asked).toHaveLength(3);
  });
});

describe("a registry that does not answer", () => {
  const fix = "Run the same command again once it answers; i doctor shows which registries do.";

  it("is told from one that refuses, with the system's code", async () => {
    const { server, clock, repo, client } = await ground();
    await server.stop();
    const error = await failureOf(client.head(repo, "dev"), "unreachable");
    expect(error.message).toBe(`mine (${server.address}) does not answer`);
    expect(error).toMatchObject({ why: "The connection ended with ECONNREFUSED.", fix, registry: "mine" });
    expect(error.cause).toBeInstanceOf(Error);
    expect(clock.waits).toEqual([]);
  });

  it("is given up when five connections are lost", async () => {
    const { server, clock, repo, client } = await ground("reset", "reset", "reset", "reset", "reset", "reset");
    const error = await failureOf(client.head(repo, "dev"), "unreachable");
    expect(error.message).toBe(`mine (${server.address}) does not answer`);
    expect(error.why).toMatch(/^The connection ended with (ECONNRESET|UND_ERR_SOCKET)\.$/);
    expect([server.asked.length, clock.waits.length]).toEqual([5, 4]);
  });

  it("is asked again where an answer is cut off", async () => {
    const { server, repo, client } = await ground({ ...found, body: "a whole manifest", cut: 5 }, { status: 404 });
    expect(await client.manifest(repo, "dev")).toBeNull();
    expect(server.asked).toHaveLength(2);
  });

  it.each([["hang"], [{ ...found, body: "a whole manifest", cut: 5, stalls: true }]] as const)(
    "is not waited for when it does not go on: %j",
    async (reply) => {
      const { server, clock, repo, client } = await ground();
      server.reply = () => {
        clock.runOut();
        return reply;
      };
      const { why } = await failureOf(client.manifest(repo, "dev"), "unreachable");
      expect([why, server.asked.length, clock.waits]).toEqual(["The connection ended with ETIMEDOUT.", 1, []]);
    },
  );

  it("has thirty seconds for an answer and sixty to go on with one, five times that to store what it got", async () => {
    const [from, to] = [await startRegistry(), await startRegistry()];
    const digest = from.put("cmamp", "dev");
    const limits = async (timeouts: object) => {
      const clock = clockAt();
      to.manifests.clear();
      to.blobs.clear();
      await clientOf({ clock, timeouts }).copy({ from: repoAt(from), to: [repoAt(to)], digest });
      return [...new Set(clock.limits)].sort((a, b) => a - b);
    };
    expect(await limits({})).toEqual([30_000, 60_000, 300_000]);
    expect(await limits({ answer: 900, idle: 100 })).toEqual([100, 900]);
  });

  it.each([
    ["ECONNRESET", true],
    ["EPIPE", true],
    ["ECONNABORTED", true],
    ["UND_ERR_SOCKET", true],
    ["ConnectionClosed", true],
    ["EAI_AGAIN", true],
    ["ENOTFOUND", false],
    ["ECONNREFUSED", false],
    ["ETIMEDOUT", false],
  ])("lost the connection with %s: %s", (code, isLost) => {
    const error = Object.assign(new Error("no"), { code });
    expect([networkCode(error), isReset(error)]).toEqual([code, isLost]);
    const outer = new TypeError("fetch failed", { cause: new Error("between", { cause: error }) });
    expect([networkCode(outer), isReset(outer)]).toEqual([code, isLost]);
  });

  it.each([
    [Object.assign(new Error("strange"), { code: 7 }), "strange"],
    ["no error at all", "no error at all"],
  ])("has a code for %s", (thrown, code) => {
    expect(networkCode(thrown)).toBe(code);
  });
});

describe("an interruption", () => {
  const reason = new Error("interrupted by the user");
  const image = imageOf(["a layer"]);

  it("ends a question that is out, and is what is thrown", async () => {
    const { server, clock, repo } = await ground();
    const interruption = new AbortController();
    server.reply = () => {
      interruption.abort(reason);
      return "hang";
    };
    const asking = clientOf({ clock, signal: interruption.signal }).head(repo, "dev");
    expect(await asking.catch((thrown: unknown) => thrown)).toBe(reason);
    expect([server.asked.length, clock.waits]).toEqual([1, []]);
  });

  it("ends a wait between two tries", async () => {
    const { server, repo } = await ground(busy, busy);
    const interruption = new AbortController();
    const clock = { ...clockAt(), pause: async () => interruption.abort(reason) };
    const asking = clientOf({ clock, signal: interruption.signal }).head(repo, "dev");
    expect(await asking.catch((thrown: unknown) => thrown)).toBe(reason);
    expect(server.asked).toHaveLength(1);
  });

  it("is told to the clock, so that a wait can end early", async () => {
    const { repo } = await ground(busy);
    const { signal } = new AbortController();
    const told: unknown[] = [];
    const clock = { ...clockAt(), pause: async (_: number, given?: AbortSignal) => void told.push(given) };
    await clientOf({ clock, signal }).head(repo, "dev");
    expect(told).toEqual([signal]);
  });

  it("before the start lets nothing be sent", async () => {
    const { server, repo } = await ground();
    const client = clientOf({ signal: AbortSignal.abort(reason) });
    const job = { from: repo, to: [repo], digest: digest("a") };
    for (const asking of [client.head(repo, "dev"), client.assertCanPush(repo), client.copy(job)])
      expect(await asking.catch((thrown: unknown) => thrown)).toBe(reason);
    expect(server.asked).toEqual([]);
  });

  it.each([
    ["while the target is asked what it has", "HEAD /manifests/"],
    ["while the manifest is read", "GET /manifests/"],
    ["while a blob is looked for", "HEAD /blobs/"],
    ["while an upload is opened", "POST /uploads/"],
    ["while a blob is read", "GET /blobs/"],
    ["while a blob is sent", "PUT /uploads/"],
    ["while a manifest is put", "PUT /manifests/"],
  ])("ends a copy %s", async (_when, where) => {
    const [from, to] = [await startRegistry(), await startRegistry()];
    hold(from, image);
    const interruption = new AbortController();
    const [method, part = ""] = where.split(" ");
    for (const server of [from, to])
      server.reply = (asked) => {
        if (asked.method !== method || !asked.path.includes(part)) return null;
        interruption.abort(reason);
        return "hang";
      };
    const copying = clientOf({ signal: interruption.signal }).copy({
      from: repoAt(from),
      to: [repoAt(to)],
      digest: image.digest,
      tag: "dev",
    });
    expect(await copying.catch((thrown: unknown) => thrown)).toBe(reason);
    expect(to.digestOf("cmamp", "dev")).toBeNull();
  });

  it("while a mount is asked for opens no plain upload", async () => {
    const { server, repo } = await ground();
    hold(server, image);
    const interruption = new AbortController();
    server.reply = ({ method, path, query }) => {
      if (method === "HEAD") return { status: 404 };
      if (!query.has("mount")) return null;
      interruption.abort(reason);
      return path.includes("uploads") ? "reset" : null;
    };
    const to = [{ ...repo, path: "other" }];
    const copying = clientOf({ signal: interruption.signal }).copy({ from: repo, to, digest: image.digest });
    expect(await copying.catch((thrown: unknown) => thrown)).toBe(reason);
    expect(server.asked.filter(({ method, query }) => method === "POST" && !query.has("mount"))).toEqual([]);
  });
});
