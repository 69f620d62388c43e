import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadProcess } from "../../lib/doors/processes.ts";
import { cmd } from "../../lib/kinds/command.ts";
import { record } from "../../lib/kinds/record.ts";
import type { SignedEntry } from "../../lib/names/log.ts";
import { claimed } from "../../lib/release/claimed.ts";
import { settleMove } from "../../lib/release/settle_move.ts";
import { pick } from "../../lib/run/options.ts";
import type { Script } from "../../lib/run/script.ts";
import releaseLog from "../../scripts/release_log.ts";
import { doing, type Ended, type Ground, type Place, startGround } from "../steps/ground.ts";
import { gone } from "../steps/moving.ts";
import type { OciServer } from "../steps/oci_server.ts";
import { digest, logged, owner, version } from "../unit/factory.ts";

let ground: Ground;
let registry: OciServer;
beforeAll(async () => {
  ground = await startGround({ registries: 1, remote: true });
  [registry] = ground.registries as [OciServer];
});
afterAll(() => ground.end());

/** Git's plumbing, as whoever did the damage used it. */
function git(dir: string, words: readonly string[], input: string | Buffer = ""): string {
  const { status, stdout, stderr } = spawnSync("git", ["-C", dir, ...words], { input, env: ground.env });
  if (status !== 0) throw new Error(String(stderr));
  return String(stdout).trim();
}

/** A commit without files and with any bytes as its message, on the remote. */
function commit(message: string | Buffer, ...parents: readonly string[]): string {
  const tree = git(ground.shared, ["mktree"]);
  const lines = [`tree ${tree}`, ...parents.map((one) => `parent ${one}`)];
  const head = `${[...lines, "author A <a@b> 1735700000 +0000", "committer A <a@b> 1735700000 +0000"].join("\n")}\n\n`;
  const bytes = Buffer.concat([Buffer.from(head), Buffer.from(message)]);
  return git(ground.shared, ["hash-object", "-t", "commit", "-w", "--stdin"], bytes);
}
const blob = (text: string | Buffer): string => git(ground.shared, ["hash-object", "-w", "--stdin"], text);
const tree = (): string => git(ground.shared, ["mktree"]);
const tagOf = (object: string): string =>
  git(ground.shared, ["mktag"], `object ${object}\ntype commit\ntag x\ntagger A <a@b> 1735700000 +0000\n\nx\n`);

type Here = Place & {
  readonly refs: { readonly log: string; readonly claim: string; readonly flip: string; readonly seen: string };
  /** What a ref of the remote is. */
  readonly tip: (ref: string) => string;
  readonly set: (ref: string, object: string | null) => void;
  readonly old: string;
  readonly next: string;
};

let count = 0;
/** An image of its own: for its log two entries, which this clone has seen; for a move two versions in the registry. */
function start(meets: Meets): Here {
  count += 1;
  const place = ground.place(`damaged${count}x`);
  const { image } = place;
  const versions = meets === "flip" ? ["1.0.0", "1.1.0"] : [];
  const [old = "", next = ""] = versions.map((one) => registry.put(image, `dev-${one}`, { v: one }));
  const manifest = registry.manifests.get(`${image}@${old}`);
  if (manifest) registry.manifests.set(`${image}:dev`, manifest);
  const of = (what: string) => `refs/slipway/${what}/${image}`;
  const seen = `refs/slipway-seen/slipway/log/${image}`;
  const refs = { log: of("log"), flip: of("flip"), claim: `${of("claim")}-1.0.0`, seen };
  if (meets === "log") {
    place.writeLog(...["first", "second"].map((why) => logged(skip(why), { host: image })));
    git(ground.repo, ["fetch", "--quiet", "--no-auto-gc", "origin", `${refs.log}:${seen}`]);
  }
  const tip = (ref: string) => git(ground.shared, ["for-each-ref", "--format=%(objectname)", ref]);
  const set = (ref: string, object: string | null) =>
    void git(ground.shared, object === null ? ["update-ref", "-d", ref] : ["update-ref", ref, object]);
  return { ...place, refs, tip, set, old, next };
}

type Meets = "log" | "claim" | "flip";
/** The log as the last workflow read it. */
let log: readonly SignedEntry[] = [];

/** A workflow that meets one of the refs: it records that a list was skipped, takes the claim, or looks for a move. */
const tried = (meets: Meets): Script<typeof options> => ({
  ...{ about: "Try.", options, versionFromChangelog: true },
  needs: meets === "log" ? ["git", "log"] : ["git"],
  steps: (facts) => {
    if (meets === "claim") return claimed(facts, version("1.0.0"), [doing("work", cmd`true`)]);
    if (meets === "flip") return [doing("preflight", settleMove({}))];
    log = facts.log;
    return [doing("record", record({ image: facts.config.imageName, entry: skip("third") }))];
  },
});
const options = pick("breakLock");
const skip = (why: string) => ({ type: "skip", digest: digest("a"), version: "1.0.0", list: "qa", why }) as const;
const typed = (here: Place, meets: Meets, ...argv: readonly string[]): Promise<Ended> =>
  here.run(["try", tried(meets)], "--yes", ...argv);
const line = (why: string, more: object = {}): string => JSON.stringify({ ...logged(skip(why)), ...more });

/** Types what an error says to type: the line that it names, or the same line with the option that it names. */
function mend(here: Here, meets: Meets, { err }: Ended): Promise<Ended> {
  const [, ...words] = /\bi (release_log) (--repair)\b/.exec(err) ?? [];
  if (words[0]) return here.run([words[0], releaseLog], ...words.slice(1), "--yes");
  const [, option = ""] = /run (?:it|the same command) with (--break-lock)\b/.exec(err) ?? [];
  return typed(here, meets, option);
}

type Row = readonly [what: string, says: RegExp | null, plant: (here: Here) => void | Promise<void>];

/** Puts a commit with a message on top of the log. */
const onTop = (message: string | Buffer) => (here: Here) =>
  here.set(here.refs.log, commit(message, here.tip(here.refs.log)));
const huge = "x".repeat(70_000);
const binary = Buffer.from([0xff, 0xfe, 0x01, 0x80, 0x0a]);

const ofLog: readonly Row[] = [
  ["deleted", /is gone from origin, and this clone last saw it at/, (here) => here.set(here.refs.log, null)],
  [
    "truncated",
    /was rewritten: this clone last saw it at/,
    (here) => here.set(here.refs.log, `${here.tip(here.refs.log)}^`),
  ],
  ["rewritten", /was rewritten/, (here) => here.set(here.refs.log, commit(line("other")))],
  [
    "forked",
    /was rewritten/,
    (here) => here.set(here.refs.log, commit(line("other"), git(ground.shared, ["rev-parse", `${here.refs.log}^`]))),
  ],
  [
    "half a line",
    /commit [0-9a-f]{12} of refs\/slipway\/log\/\S+ is not JSON: "\{\\"at\\":/,
    onTop(line("half").slice(0, 40)),
  ],
  ["an empty object", /is no entry of the log: "\{\}"/, onTop("{}")],
  ["a list", /is no entry of the log/, onTop("[1, 2]")],
  ["words", /is not JSON: "Fix the release"/, onTop("Fix the release\n")],
  ["foreign JSON", /is no entry of the log: "\{\\"type\\":5\}"/, onTop('{"type":5}')],
  ["a wrong type", /for its version is wrong/, onTop(line("wrong", { version: 5 }))],
  ["no signature", /for its at is wrong/, onTop(JSON.stringify(skip("unsigned")))],
  ["words that steer a terminal", /for its by is wrong: ".*\\u001b/, onTop(line("steers", { by: "\u001b[2J" }))],
  ["a huge text", /is longer than 65536 bytes/, onTop(huge)],
  ["a huge entry", /is longer than 65536 bytes/, onTop(line(huge))],
  ["longer than a whole log may be", /is longer than 65536 bytes/, onTop("x".repeat(16_800_000))],
  ["an empty message", /is empty/, onTop("")],
  ["binary", /is not JSON: /, onTop(binary)],
  ["a good line beside a broken one", /is not JSON: "half"/, onTop(`${line("beside")}\nhalf\n`)],
  ["a blob", /on origin holds no commit/, (here) => here.set(here.refs.log, blob(line("blob")))],
  ["a tree", /on origin holds no commit/, (here) => here.set(here.refs.log, tree())],
  ["a tag object", /on origin holds no commit/, (here) => here.set(here.refs.log, tagOf(here.tip(here.refs.log)))],
  ["a newer type", null, onTop(line("newer", { type: "sbom" }))],
  ["a newer word", null, onTop(line("newer", { type: "announce", stage: "dev", channel: "teams" }))],
  ["a line that is there twice", null, onTop(`${line("twice")}\n${line("twice")}\n`)],
  ["another clock", null, onTop(line("late", { at: "2031-01-01T00:00:00Z" }))],
  [
    "joined by hand",
    null,
    (here) => here.set(here.refs.log, commit(line("merge"), here.tip(here.refs.log), commit(line("side")))),
  ],
  [
    "a fetch that was cut off",
    null,
    async (here) => {
      const top = commit(line("far"), commit(line("near"), here.tip(here.refs.log)));
      here.set(here.refs.log, top);
      // The last object came, and nothing below it.
      git(
        ground.repo,
        ["hash-object", "-t", "commit", "-w", "--stdin"],
        git(ground.shared, ["cat-file", "commit", top]).concat("\n"),
      );
    },
  ],
  ["an object that is gone from the clone", null, (here) => rmSync(objectFile(here.tip(here.refs.log)))],
  [
    "an object below it that is gone from the clone",
    null,
    (here) => rmSync(objectFile(git(ground.shared, ["rev-parse", `${here.refs.log}^`]))),
  ],
  [
    "an object that is empty in the clone",
    null,
    (here) => spoil(objectFile(git(ground.shared, ["rev-parse", `${here.refs.log}^`]))),
  ],
  [
    "a memory that is no ref",
    null,
    (here) => {
      git(ground.repo, ["update-ref", "-d", here.refs.seen]);
      const file = join(ground.repo, ".git", here.refs.seen);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, "rubbish\n");
    },
  ],
];
const objectFile = (object: string): string =>
  join(ground.repo, ".git", "objects", object.slice(0, 2), object.slice(2));
function spoil(file: string): void {
  rmSync(file);
  writeFileSync(file, "");
}

const held = (what: "claim" | "flip", object: (here: Here) => string) => (here: Here) =>
  here.set(here.refs[what], object(here));
/** Everything that is neither a claim nor a move of a tag. */
const unreadable = (what: "claim" | "flip"): readonly Row[] => {
  const says = (text: string) => new RegExp(`refs/slipway/${what}/\\S+ ${text}`);
  const noun = what === "claim" ? "claim" : "move of a tag";
  return [
    ["an empty object", says(`holds no ${noun}, for its \\w+ is wrong: "\\{\\}"`), held(what, () => commit("{}"))],
    ["a list", says(`holds no ${noun}: "\\[\\]"`), held(what, () => commit("[]"))],
    ["half a line", says("is not JSON"), held(what, () => commit('{"nonce":"a","us'))],
    ["words", says("is not JSON"), held(what, () => commit("mine"))],
    ["an empty message", says("is empty"), held(what, () => commit(""))],
    ["binary", says("is not JSON"), held(what, () => commit(binary))],
    ["huge", says("is longer than"), held(what, () => commit(huge.repeat(3)))],
    ["a blob that is no JSON", says("is not JSON"), held(what, () => blob("mine"))],
    ["a tree", says("is a tree, not a commit"), held(what, () => tree())],
    ["a tag object", says("is a tag, not a commit"), held(what, () => tagOf(commit("{}")))],
  ];
};

const claimOf = (more: object) =>
  JSON.stringify({ ...owner({ user: "ann", host: "far", at: 1_735_898_400 }), ...more });
const ofClaim: readonly Row[] = [
  ...unreadable("claim"),
  ["a wrong type", /for its pid is wrong/, held("claim", () => commit(claimOf({ pid: "1" })))],
  [
    "words that steer a terminal",
    /for its user is wrong: ".*\\u001b/,
    held("claim", () => commit(claimOf({ user: "\u001b[2J" }))),
  ],
  [
    "another host and commit",
    /ann on far \(process 42\) has held it/,
    held("claim", () => commit(claimOf({ commit: "f".repeat(40) }))),
  ],
  ["a newer field", /ann on far/, held("claim", () => commit(claimOf({ lease: 5 })))],
  ["another clock", /ann on far/, held("claim", () => commit(claimOf({ at: 1_893_456_000 })))],
  ["an older Slipway's blob", /ann on far/, held("claim", () => blob(claimOf({})))],
  [
    "an older Slipway's blob of a process that is gone",
    null,
    held("claim", () => blob(JSON.stringify({ ...gone(), user: "root" }))),
  ],
];

const moveOf = (here: Here, more: object = {}) =>
  JSON.stringify({
    ...{ id: "left", owner: gone(), image: here.image, tag: "dev", version: "1.1.0", why: "release", to: here.next },
    places: [{ registry: "r1", repository: `${registry.address}/${here.image}`, seen: here.old }],
    ...more,
  });
const nowhere = { registry: "r9", repository: "r9.example.com/x", seen: digest("b") };
const ofFlip: readonly Row[] = [
  ...unreadable("flip"),
  ["a wrong type", /for its places is wrong/, held("flip", (here) => commit(moveOf(here, { places: "r1" })))],
  ["a digest that is none", /for its to is wrong/, held("flip", (here) => commit(moveOf(here, { to: "latest" })))],
  ["no tag", /for its tag is wrong/, held("flip", (here) => commit(moveOf(here, { tag: "a tag" })))],
  ["a release's tag", /for its tag is wrong/, held("flip", (here) => commit(moveOf(here, { tag: "dev-1.0.0" })))],
  [
    "a commit's tag",
    /for its tag is wrong/,
    held("flip", (here) => commit(moveOf(here, { tag: `1.2.4-dev.5.g${"0".repeat(12)}` }))),
  ],
  [
    "a registry that left the config",
    /left half-way in r9, which repo_config.yaml does not have/,
    held("flip", (here) =>
      commit(
        moveOf(here, {
          places: [nowhere, { registry: "r1", repository: `${registry.address}/${here.image}`, seen: here.old }],
        }),
      ),
    ),
  ],
  [
    "only registries that left the config",
    /left half-way in r9/,
    held("flip", (here) => commit(moveOf(here, { places: [nowhere] }))),
  ],
  [
    "somebody at work here",
    /ann on \S+ \(process \d+\) holds/,
    held("flip", (here) => commit(moveOf(here, { owner: owner({ user: "ann", ...loadProcess() }) }))),
  ],
  [
    "somebody's elsewhere who does nothing more, whatever their clock says",
    null,
    held("flip", (here) => commit(moveOf(here, { owner: owner({ user: "ann", host: "far", at: 1_935_998_400 }) }))),
  ],
  ["an older Slipway's blob of a process that is gone", null, held("flip", (here) => blob(moveOf(here)))],
];

describe.each<[string, Meets, readonly Row[]]>([
  ["the log", "log", ofLog],
  ["a claim", "claim", ofClaim],
  ["a move of a tag", "flip", ofFlip],
])("%s", (_what, meets, rows) => {
  it.each(rows)(
    "that is %s is told with the line that fixes it, and then the same command goes through",
    async (_name, says, plant) => {
      const here = start(meets);
      await plant(here);
      const first = await typed(here, meets);
      if (says !== null) {
        expect(first).toMatchObject({ code: 2, err: expect.stringMatching(says) });
        const mended = await mend(here, meets, first);
        expect(mended).toMatchObject({ code: 0, err: expect.not.stringContaining("why:") });
      }
      const again = await typed(here, meets);
      expect(again).toMatchObject({ code: 0, err: expect.not.stringContaining("why:") });
      if (meets === "log") {
        const whys = log.flatMap((entry) => (entry.type === "skip" ? [entry.why] : []));
        expect(whys).toEqual(expect.arrayContaining(["first", "second"]));
      } else expect(here.tip(here.refs[meets])).toBe("");
    },
  );
});
