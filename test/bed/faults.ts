import type { Key } from "./fault_ground.ts";
import type { Answer, Asked, Fault, Verdict } from "./faulty_proxy.ts";
import { expiringTokens, type Login } from "./token_server.ts";

/** How a release ends behind a fault: it gets over it by itself, or it stops and says where. */
export type Ending = "succeeds" | "stops";
/** One fault: what it does, and how a release ends when the first registry, which the engine pushes to, or another has it. */
export type Row = {
  readonly make: (world: FaultWorld) => Fault;
  readonly first: Ending;
  readonly other: Ending;
  /** The registry tells truly what it holds all the time, so its `dev` has to be that of the others. */
  readonly answers: boolean;
  /** Those of the registries where it can strike; all without it. */
  readonly keys?: readonly Key[];
  /** How often it strikes in each registry, where that is known; once at least without it. */
  readonly strikes?: Readonly<Record<Key, number>>;
  /** It is about an image whose layer is more than one piece to GHCR. */
  readonly large?: true;
};
/** What a fault may need beside the traffic. */
export type FaultWorld = {
  readonly login: Login;
  /** Another host, before the same registry, that writes down the logins it is sent. */
  readonly elsewhere: string;
  /** The digest that `dev` had before. */
  readonly before: string;
};

const passes = null;
const reply = (status: number, code: string, headers: Readonly<Record<string, string>> = {}): Verdict => ({
  kind: "reply",
  status,
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify({ errors: [{ code, message: code.toLowerCase().replaceAll("_", " ") }] }),
});
const isManifest = (asked: Asked, reference: string) => asked.path.endsWith(`/manifests/${reference}`);
const isFlip = ({ method, path }: Asked) => method === "PUT" && /\/manifests\/(dev|prod|main-[0-9a-f]{12})$/.test(path);
const writes = ({ method }: Asked) => method === "POST" || method === "PUT" || method === "PATCH";
const reads = ({ method }: Asked) => method === "GET" || method === "HEAD";
const isUpload = ({ method, path }: Asked) =>
  (method === "PUT" || method === "PATCH") && path.includes("/blobs/uploads/");

/** The verdict for the first so many requests that fit; each fault counts its own. */
function times(count: number, fits: (asked: Asked) => boolean, verdict: Verdict): Fault {
  let left = count;
  return (asked) => (fits(asked) && left-- > 0 ? verdict : passes);
}
/** Ends the first upload whose body is longer than this in its middle. */
const cutsOnce =
  (after: number): Fault =>
  (asked) =>
    isUpload(asked) && asked.fired === 0 ? { kind: "cut", after } : passes;
/** Once a request fits, its verdict; from then on every connection ends. */
function dies(fits: (asked: Asked) => boolean, last: Verdict): Fault {
  let dead = false;
  return (asked) => {
    if (dead) return { kind: "reset", aside: true };
    dead = fits(asked);
    return dead ? last : passes;
  };
}
const always =
  (fits: (asked: Asked) => boolean, verdict: Verdict): Fault =>
  (asked) =>
    fits(asked) ? verdict : passes;
const changed = (change: (answer: Answer) => Answer): Verdict => ({ kind: "change", change });

/** Every other request of the first eight. */
function everyOther(verdict: Verdict): Fault {
  let count = 0;
  return () => {
    count += 1;
    return count % 2 === 1 && count < 8 ? verdict : passes;
  };
}

/** A registry whose reads see a put only a while later. */
function lagging(milliseconds: number): Fault {
  const put = new Map<string, number>();
  return (asked) => {
    if (!asked.path.includes("/manifests/")) return passes;
    if (asked.method === "PUT") put.set(asked.path, Date.now());
    const since = Date.now() - (put.get(asked.path) ?? 0);
    return reads(asked) && since < milliseconds ? reply(404, "MANIFEST_UNKNOWN") : passes;
  };
}

/** Says yes to the put of a tag and goes on serving what it had. */
const swallows =
  (reference: string): Fault =>
  (asked) =>
    asked.method === "PUT" && isManifest(asked, reference) ? reply(201, "CREATED") : passes;

/** After the put of a tag another digest is told for it. */
function servesOther(reference: string, before: string): Fault {
  let put = false;
  return (asked) => {
    if (!isManifest(asked, reference)) return passes;
    put ||= asked.method === "PUT";
    const headers = { "docker-content-digest": before };
    const lie = (answer: Answer): Answer => ({ ...answer, headers: { ...answer.headers, ...headers } });
    return put && reads(asked) ? changed(lie) : passes;
  };
}

/** Sends every reading of a blob to another host. */
const redirects =
  (elsewhere: string, inner: Fault): Fault =>
  (asked) => {
    const verdict = inner(asked);
    if (verdict !== passes || !reads(asked) || !asked.path.includes("/blobs/sha256:")) return verdict;
    const headers = { location: `http://${elsewhere}${asked.path}?signature=x` };
    return changed((answer) => (answer.status === 200 ? { status: 307, headers, body: Buffer.alloc(0) } : answer));
  };

/**
 * ECR: a version's tag is written once (any tag, where `all`), what a second PATCH brings is dropped, no mounts. It
 * strikes where it writes down a tag that nobody may put again.
 */
function ecr(all: boolean): Fault {
  const written = new Set<string>();
  const patched = new Set<string>();
  return (asked) => {
    if (asked.method === "PATCH" && patched.has(asked.path))
      return { kind: "reply", status: 201, headers: { location: asked.path } };
    if (asked.method === "PATCH") patched.add(asked.path);
    const tag = /\/manifests\/(?!sha256:)(.*)$/.exec(asked.path)?.[1];
    if (asked.method !== "PUT" || tag === undefined || (tag === "dev" && !all)) return passes;
    if (tag === "dev" || written.has(tag)) return reply(400, "TAG_INVALID");
    written.add(tag);
    return { kind: "count" };
  };
}

/** GHCR: the first large upload breaks off, what came of it is kept, and no piece of the rest may be above 4 MiB. */
function ghcr(): Fault {
  const kept = new Map<string, Answer>();
  return (asked) => {
    const held = kept.get(asked.path);
    if (asked.method === "PATCH" && asked.bytes > 4 * 1024 * 1024) return reply(416, "BLOB_UPLOAD_INVALID");
    if (asked.method === "PATCH") return { kind: "count" };
    if (asked.method === "GET" && held) return { kind: "reply", aside: true, status: 204, headers: whereItIs(held) };
    if (!isUpload(asked) || asked.fired > 0) return passes;
    return { kind: "cut", after: 60_000, kept: (answer) => void kept.set(asked.path, answer) };
  };
}
const whereItIs = ({ headers: { location, range } }: Answer) => ({ location: String(location), range: String(range) });

/** Changes what a registry has; that it has nothing stays so. */
const ofFound = (change: (answer: Answer) => Partial<Answer>): Verdict =>
  changed((answer) => (answer.status === 200 ? { ...answer, ...change(answer) } : answer));
const oversized = ofFound(({ body }) => ({ body: Buffer.concat([body, Buffer.alloc(64, " ")]) }));
const falseDigest = ofFound(({ headers }) => ({
  headers: { ...headers, "docker-content-digest": `sha256:${"0".repeat(64)}` },
}));
const isBody = (asked: Asked) => asked.method === "GET" && /sha256:/.test(asked.path);
const isPutOfVersion = (asked: Asked) => asked.method === "PUT" && isManifest(asked, "dev-1.0.0");

const each = (count: number): Readonly<Record<Key, number>> => ({ r1: count, r2: count, r3: count });
/** Every fault by name. */
export const faults: Readonly<Record<string, Row>> = {
  throttled: row(() => everyOther(reply(429, "TOOMANYREQUESTS", { "retry-after": "1" })), "succeeds", {
    strikes: each(4),
  }),
  some_500: row(() => times(2, reads, reply(500, "UNKNOWN")), "succeeds", { strikes: each(2) }),
  writes_500: row(() => always(writes, reply(503, "UNAVAILABLE")), "stops", { answers: true }),
  version_put_500: row(() => always(isPutOfVersion, reply(500, "UNKNOWN")), "stops", { answers: true }),
  flip_put_500: row(() => always(isFlip, reply(500, "UNKNOWN")), "stops", { answers: true }),
  down: row(() => always(() => true, { kind: "reset" }), "stops"),
  // The engine's client sends no blob twice in one push.
  reset_mid_blob: row(() => cutsOnce(60_000), "succeeds", { first: "stops", strikes: each(1) }),
  dies_before_flip: row(() => dies(isFlip, { kind: "reset" }), "stops", { strikes: each(1) }),
  dies_during_flip: row(() => dies(isFlip, { kind: "cut", after: 100 }), "stops", { strikes: each(1) }),
  dies_after_flip: row(() => dies(isFlip, { kind: "lose" }), "stops", { strikes: each(1) }),
  loses_one_answer: row(() => times(1, isFlip, { kind: "lose" }), "succeeds", { strikes: each(1) }),
  swallows_version: row(() => swallows("dev-1.0.0"), "stops", { answers: true }),
  swallows_flip: row(() => swallows("dev"), "stops", { answers: true, strikes: each(1) }),
  serves_other_version: row(({ before }) => servesOther("dev-1.0.0", before), "stops"),
  serves_other_dev: row(({ before }) => servesOther("dev", before), "stops"),
  lags_after_put: row(() => lagging(1_500), "succeeds"),
  slow_40_kb: row(() => always(() => true, { kind: "slow", rate: 40_000 }), "succeeds"),
  read_only: row(() => always(writes, reply(405, "UNSUPPORTED")), "stops", { answers: true }),
  // The engine's client gives up when a token runs out a second time in one push.
  token_expires: row(({ login }) => expiringTokens(login, { uses: 3 }), "succeeds", { first: "stops" }),
  wrong_password: row(({ login }) => expiringTokens({ ...login, password: "other" }, { uses: 100 }), "stops", {
    answers: true,
  }),
  token_server_down: row(({ login }) => expiringTokens(login, { uses: 100, down: true }), "stops", { answers: true }),
  // Blobs are read from the first registry alone: two to copy, and the labels of what the log does not know there yet.
  redirects: row(({ login, elsewhere }) => redirects(elsewhere, expiringTokens(login, { uses: 1000 })), "succeeds", {
    keys: ["r1"],
    strikes: each(3),
  }),
  truncated_once: row(() => times(1, isBody, { kind: "truncate" }), "succeeds", { strikes: each(1) }),
  truncated: row(() => always(isBody, { kind: "truncate" }), "stops", { answers: true }),
  oversized: row(() => always(isBody, oversized), "stops", { answers: true }),
  false_digest: row(() => always((asked) => asked.method === "HEAD", falseDigest), "stops", { answers: true }),
  ecr_face: row(() => ecr(false), "succeeds", { strikes: each(1) }),
  ecr_all_immutable: row(() => ecr(true), "stops", { answers: true, strikes: each(2) }),
  // The break; after it the rest by GHCR's rules goes in two pieces, and by ECR's all of it anew.
  ghcr_face: row(() => ghcr(), "succeeds", { first: "stops", large: true, strikes: { r1: 1, r2: 3, r3: 1 } }),
};

function row(make: Row["make"], other: Ending, more: Partial<Row> = {}): Row {
  return { make, first: other, other, answers: other === "succeeds", ...more };
}
