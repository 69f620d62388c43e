import { describe, expect, it } from "vitest";
import { branchTag } from "../../lib/names/dev_version.ts";
import type { LogEntry, SignedEntry } from "../../lib/names/log.ts";
import { judgePrune, type PruneLook, type Removal, stillGoing } from "../../lib/names/prune.ts";
import type { TaggedImage } from "../../lib/release/look_images.ts";
import { randomFrom } from "../bed/random.ts";
import { commit, digest, logged } from "./factory.ts";

const day = 86_400_000;
const now = Date.parse("2026-06-01T00:00:00Z");
const rule = { keep: 2, days: 30 };
const registries = ["r1", "r2"];
const hex = (value: number, length: number) => value.toString(16).padStart(length, "0");
const digestOf = (value: number) => `sha256:${hex(value, 64)}`;
const commitOf = (value: number) => hex(value, 40).split("").reverse().join("");
const commitTag = (value: number) => `1.2.4-dev.${value}.g${commitOf(value).slice(0, 12)}`;

const image = (tag: string, hash: string, more: Partial<TaggedImage> = {}): TaggedImage => ({
  ...{ tag, digest: hash, children: [], labels: {}, created: "", layers: [] },
  ...more,
});
const seenWith = (tags: readonly TaggedImage[], more: Partial<PruneLook> = {}): PruneLook => ({
  ...{ now, branches: [], registries: { r1: tags }, left: {}, held: [], running: [], cleaning: [] },
  ...more,
});
const branch = (name: string, nth: number, hash: string, more: readonly string[] = []): SignedEntry =>
  logged({
    ...{ type: "branch", branch: name, version: `1.2.4.dev${nth}`, commit: commitOf(nth), digest: hash, registries },
    ...{ tag: commitTag(nth), follow: [branchTag(name), ...more] },
  });
const gone = ({ removals }: { readonly removals: Readonly<Record<string, readonly Removal[]>> }, registry = "r1") =>
  (removals[registry] ?? []).flatMap(({ digest, tags }) => (tags.length > 0 ? tags : [digest]));

describe("what goes", () => {
  const old = new Date(now - 31 * day).toISOString();
  const young = new Date(now - 29 * day).toISOString();
  const one = digest("1");
  const rows: Readonly<
    Record<string, readonly [seen: PruneLook, log: readonly SignedEntry[], goes: readonly string[]]>
  > = {
    "both tags of a branch that is gone": [
      seenWith([image(commitTag(1), one), image(branchTag("a"), one)]),
      [branch("a", 1, one)],
      [commitTag(1), branchTag("a")],
    ],
    "also those that have a prefix": [
      seenWith([
        image(`rpi-${commitTag(1)}`, one),
        image(branchTag("a", "rpi"), one),
        image(branchTag("b", "rpi"), digest("2")),
      ]),
      [{ ...branch("a", 1, one), tag: `rpi-${commitTag(1)}`, follow: [branchTag("a", "rpi")] } as SignedEntry],
      [`rpi-${commitTag(1)}`, branchTag("a", "rpi")],
    ],
    "none of a branch that is there": [
      seenWith([image(commitTag(1), one), image(branchTag("a"), one)], { branches: ["a"] }),
      [branch("a", 1, one)],
      [],
    ],
    "commits beyond those that a branch keeps, the one that was built last is the newest": [
      seenWith(
        [1, 2, 3, 4].map((nth) => image(commitTag(nth), digestOf(nth))),
        { branches: ["a"] },
      ),
      [1, 2, 3, 4, 1].map((nth) => branch("a", nth, digestOf(nth))),
      [commitTag(2), commitTag(3)],
    ],
    "no commit that another branch keeps": [
      seenWith([image(commitTag(1), one)], { branches: ["b"] }),
      [branch("b", 1, one), branch("a", 1, one)],
      [],
    ],
    "no channel, also where its branch is gone": [
      seenWith([image("edge", one), image(commitTag(1), one)]),
      [branch("a", 1, one, ["edge"])],
      [],
    ],
    "what nobody recorded stays, whatever it is called": [
      seenWith([image(branchTag("a"), one), image("1.0", one)]),
      [],
      [],
    ],
    "old local images and candidates": [
      seenWith([
        image("local-ada-1.0.0", one, { created: old }),
        image("local-bob-1.0.0", digest("2"), { created: young }),
        image("local-cyd-1.0.0", digest("3")),
        image("prod-ada-0a1b2c3d4", digest("4"), { created: old }),
        image("prod-ada", digest("5"), { created: old }),
        image("prod-1.0.0", digest("6"), { created: old }),
      ]),
      [],
      ["local-ada-1.0.0", "prod-ada-0a1b2c3d4"],
    ],
    "not what a claim is about": [
      seenWith(
        [
          image("local-ada-1.0.0", one, { created: old }),
          image("prod-ada-0a1b2c3d4", digest("2"), { created: old }),
          image("local-ada-1.0.1", digest("3"), { created: old }),
        ],
        {
          held: [
            {
              ref: "refs/slipway/claim/cmamp-1.0.0",
              digests: [],
              claim: { version: "1.0.0", commit: `0a1b2c3d4${"0".repeat(31)}` },
            },
          ],
        },
      ),
      [],
      ["local-ada-1.0.1"],
    ],
    "not the dev image below a prod image that stays": [
      seenWith([
        image("local-ada-1.0.0", one, { created: old }),
        image("prod-1.0.0", digest("2"), { labels: { "org.opencontainers.image.base.digest": one } }),
      ]),
      [],
      [],
    ],
    "no part of an index in a registry that removes tags alone and cleans up itself": [
      seenWith([image(commitTag(1), one, { children: [digest("2")] })], {
        cleaning: ["r1"],
        left: { r1: [digest("3")] },
      }),
      [branch("a", 1, one)],
      [commitTag(1)],
    ],
    "not what a service got last, but what it got before": [
      seenWith([image(commitTag(1), one), image(commitTag(2), digest("2"))]),
      [
        ...[branch("a", 1, one), branch("a", 2, digest("2"))],
        ...[digest("2"), one].map((hash) =>
          logged({
            type: "deployment",
            environment: "preprod",
            version: "x",
            digest: hash,
            cluster: "c",
            service: "s",
          }),
        ),
      ],
      [commitTag(2)],
    ],
  };
  it.each(Object.entries(rows))("%s", (_, [seen, log, goes]) => {
    expect(gone(judgePrune(log, rule, seen))).toEqual(goes);
  });

  it("is at most what one entry of the log holds, the rest goes the next time", () => {
    const tags = Array.from({ length: 700 }, (_, nth) => image(commitTag(nth), digestOf(nth)));
    const log = tags.map(({ digest }, nth) => branch("a", nth, digest));
    let left: readonly TaggedImage[] = tags;
    const turns: number[] = [];
    while (left.length > 0) {
      const names = gone(judgePrune(log, rule, seenWith(left)));
      expect(Buffer.byteLength(JSON.stringify(names)) + names.length * 75).toBeLessThan(60_000);
      turns.push(names.length);
      left = left.filter(({ tag }) => !names.includes(tag));
    }
    expect(turns.length).toBe(2);
  });

  it("stays where it was tagged, moved or recorded since", () => {
    const removals = [1, 2, 3, 4].map((nth) => ({ digest: digestOf(nth), tags: [commitTag(nth)] }));
    const tags = [
      ...removals.map(({ digest, tags: [tag = ""] }) => image(tag, digest)),
      image("dev-1.2.0", digestOf(1)),
      image("index", digestOf(9), { children: [digestOf(2)] }),
    ];
    const released = {
      type: "release",
      stage: "dev",
      version: "1.2.0",
      digest: digestOf(3),
      commit: commit("a"),
      registries,
    } as const;
    expect(stillGoing(removals, tags, [logged(released)]).map(({ digest }) => digest)).toEqual([digestOf(4)]);
  });
});

/** A state of registries, log, refs and services, and for each tag whether its kind lets it go. */
type State = {
  readonly log: readonly SignedEntry[];
  readonly seen: PruneLook;
  readonly mayGo: ReadonlyMap<string, boolean>;
};

function stateFrom(seed: number): State {
  const random = randomFrom(seed);
  const pick = (count: number) => Math.floor(random() * count);
  const chance = (part: number) => random() < part;
  const branches = ["main", "feature/a", "feature/b", "x", "$(id)"].map((name) => ({ name, isThere: chance(0.6) }));
  const log: SignedEntry[] = [];
  const mayGo = new Map<string, boolean>();
  const children = new Map<string, readonly string[]>();
  const tags: Record<string, TaggedImage[]> = { r1: [], r2: [] };
  let next = 100;
  /** Few images, so that tags share them; some are indexes that share parts. */
  const pool = Array.from({ length: 12 + pick(12) }, () => {
    const hash = digestOf(next++);
    if (chance(0.4))
      children.set(
        hash,
        [0, 1, 2].filter(() => chance(0.6)).map(() => digestOf(1 + pick(6))),
      );
    return hash;
  });
  const any = () => (chance(0.1) ? digestOf(1 + pick(6)) : (pool[pick(pool.length)] ?? ""));
  const put = (tag: string, hash: string, goes: boolean, more: Partial<TaggedImage> = {}) => {
    mayGo.set(tag, goes);
    for (const registry of registries)
      if (chance(0.8)) tags[registry]?.push(image(tag, hash, { children: children.get(hash) ?? [], ...more }));
  };
  for (const [at, { name, isThere }] of branches.entries()) {
    const count = pick(6);
    for (let nth = 0; nth < count; nth += 1) {
      const hash = any();
      const number = at * 100 + nth;
      log.push(branch(name, number, hash));
      put(commitTag(number), hash, !isThere || nth < count - rule.keep);
      if (nth === count - 1) put(branchTag(name), hash, !isThere);
    }
  }
  const claim = chance(0.5) ? { version: `1.0.${pick(4)}`, commit: hex(pick(4), 9).padEnd(40, "0") } : undefined;
  for (let at = 0; at < 8; at += 1) {
    const days = pick(60);
    const created = new Date(now - days * day - 1).toISOString();
    const version = `1.0.${pick(4)}`;
    if (chance(0.5))
      put(`local-user${at}-${version}`, any(), days >= rule.days && claim?.version !== version, { created });
    const revision = hex(pick(4), 9);
    const isClaimed = claim?.commit.startsWith(revision) === true;
    if (chance(0.3)) put(`prod-user${at}-${revision}`, any(), days >= rule.days && !isClaimed, { created });
  }
  for (const tag of ["dev", "prod", "edge", "latest", "mine"]) if (chance(0.6)) put(tag, any(), false);
  for (let at = 0; at < 4; at += 1) {
    const hash = any();
    const base = any();
    const stage = chance(0.5) ? "dev" : "prod";
    const entry = {
      type: "release",
      stage,
      version: `2.0.${at}`,
      digest: hash,
      commit: commit("a"),
      registries,
    } as const;
    if (chance(0.5))
      log.push(logged({ ...entry, ...(chance(0.5) ? { base: { version: "1.0.0", digest: base } } : {}) }));
    else
      put(
        `${stage}-2.0.${at}`,
        hash,
        false,
        chance(0.5) ? { labels: { "org.opencontainers.image.base.digest": base } } : {},
      );
  }
  const move = {
    type: "flip",
    id: "f",
    tag: "dev",
    version: "2.0.0",
    to: any(),
    from: { r1: any() },
    why: "release",
    registries,
  };
  if (chance(0.5)) log.push(logged(move as LogEntry));
  const deployed = { type: "deployment", environment: "prod", version: "2.0.0", cluster: "c", service: "s" } as const;
  if (chance(0.5)) for (let turn = 0; turn < 2; turn += 1) log.push(logged({ ...deployed, digest: any() }));
  const held = [
    ...(claim ? [{ ref: "claim", claim, digests: [] }] : []),
    ...(chance(0.4) ? [{ ref: "flip", digests: [any(), any()] }] : []),
  ];
  const left = { r1: [1, 2, 3].map(digestOf).filter(() => chance(0.3)) };
  const there = branches.filter(({ isThere }) => isThere).map(({ name }) => name);
  const running = chance(0.5) ? [any()] : [];
  const cleaning = chance(0.1) ? ["r2"] : [];
  const seen = { now, branches: there, registries: tags, left, held, running, cleaning };
  return { log, seen, mayGo };
}

/** The same answer by another way: images are taken for going, and called back one by one until nothing changes. */
function modelOf({ log, seen, mayGo }: State): Readonly<Record<string, readonly string[]>> {
  const all = Object.values(seen.registries).flat();
  const stays = new Set<string>([...seen.running, ...seen.held.flatMap(({ digests }) => digests)]);
  let service = "";
  for (const entry of log) {
    if (entry.type === "release") for (const one of [entry.digest, entry.base?.digest]) if (one) stays.add(String(one));
    if (entry.type === "flip") for (const one of [entry.to, ...Object.values(entry.from)]) stays.add(String(one));
    if (entry.type === "deployment") service = String(entry.digest);
  }
  stays.add(service);
  for (const { tag, digest, labels } of all)
    if (!mayGo.get(tag)) {
      stays.add(digest);
      stays.add(labels["org.opencontainers.image.base.digest"] ?? "");
    }
  for (let size = -1; size !== stays.size; ) {
    size = stays.size;
    for (const { digest, children } of all) if (stays.has(digest)) for (const child of children) stays.add(child);
  }
  return Object.fromEntries(
    registries.map((name) => {
      const own = seen.registries[name] ?? [];
      const going = own.filter(({ digest }) => !stays.has(digest));
      const tagged = new Set(going.map(({ digest }) => digest));
      const parts = [...going.flatMap(({ children }) => children), ...(seen.left[name] ?? [])];
      const untagged = seen.cleaning.includes(name)
        ? []
        : parts.filter((part) => !stays.has(part) && !tagged.has(part));
      return [name, [...new Set([...going.map(({ tag }) => tag), ...untagged])].sort()];
    }),
  );
}

/** Each reason that a verdict may give, by how it reads. */
const reasons = {
  "goes: its branch is gone": /^goes branch .+ is gone$/,
  "goes: its branch has newer": /^goes branch .+ has 2 newer$/,
  "goes: an old local image": /^goes local image of 2026-/,
  "goes: an old candidate": /^goes candidate of 2026-/,
  "stays: another tag of it does": /^stays .+ is it too$/,
  "stays: a prod image stands on it": /^stays .+ stands on it$/,
  "stays: a move names it": /^stays flip names it$/,
  "stays: a service runs it": /^stays a service of ECS runs it$/,
  "stays: a service got it last": /^stays s got it last$/,
  "stays: it is released": /^stays (dev|prod) 2\.0\.\d is released$/,
  "stays: a tag was moved": /^stays dev was moved to it or from it$/,
};

it("agrees with a model computed apart on 500 states, each image once and indexes before their parts", () => {
  const sizes = { tags: 0, parts: 0, kept: 0 };
  const seen = new Map(Object.keys(reasons).map((name) => [name, 0]));
  for (let seed = 1; seed <= 500; seed += 1) {
    const state = stateFrom(seed);
    const pruned = judgePrune(state.log, rule, state.seen);
    const ours = Object.fromEntries(registries.map((name) => [name, [...gone(pruned, name)].sort()]));
    expect({ seed, ...ours }).toEqual({ seed, ...modelOf(state) });
    for (const removals of Object.values(pruned.removals)) {
      const order = removals.map(({ digest }) => digest);
      expect(new Set(order).size).toBe(order.length);
      for (const { digest, children } of Object.values(state.seen.registries).flat())
        for (const child of children)
          if (
            order.includes(digest) &&
            order.includes(child) &&
            !removals.some((one) => one.digest === child && one.tags.length > 0)
          )
            expect(order.indexOf(digest)).toBeLessThan(order.indexOf(child));
      sizes.tags += removals.filter(({ tags }) => tags.length > 0).length;
      sizes.parts += removals.filter(({ tags }) => tags.length === 0).length;
    }
    sizes.kept += pruned.verdicts.filter(({ goes }) => !goes).length;
    for (const { goes, why } of pruned.verdicts) {
      const text = `${goes ? "goes" : "stays"} ${why}`;
      const [name] = Object.entries(reasons).find(([, pattern]) => pattern.test(text)) ?? [text];
      seen.set(name, (seen.get(name) ?? 0) + 1);
    }
  }
  // States in which nothing goes, or nothing is called back, would show nothing.
  for (const count of Object.values(sizes)) expect(count).toBeGreaterThan(400);
  // Every reason occurs often, and there is none beside these.
  expect([...seen].filter(([name, count]) => !(name in reasons) || count < 20)).toEqual([]);
});
