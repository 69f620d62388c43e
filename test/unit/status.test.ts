import { describe, expect, it } from "vitest";
import { announce } from "../../lib/kinds/announce.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import type { SignedEntry } from "../../lib/names/log.ts";
import type { AllFacts, RegistryFacts } from "../../lib/plan/facts.ts";
import type { StatusLook } from "../../lib/release/look_releases.ts";
import { releaseStatus } from "../../lib/report/status.ts";
import { statusOf } from "../../lib/report/status_rows.ts";
import { config, digest, doing, facts, found, logged } from "./factory.ts";

const [one, two] = [digest("a"), digest("b")];
const settings = config({
  container_registry_info: {
    ecr: { address: "127.0.0.1:5001", kind: "ecr" },
    hub: { address: "acme", kind: "dockerhub" },
    attic: { address: "127.0.0.1:5002", kind: "oci", required: false },
  },
});
const seen = (registries: RegistryFacts, output: StatusLook["output"] = null): StatusLook => ({
  ...{ registries, images: [], runs: [], output },
});
const status = (registries: RegistryFacts, log: readonly SignedEntry[] = [flip]) =>
  doing(releaseStatus(facts({ config: settings, log }), {}, seen(registries)), announce)[0];
const flip = logged({
  type: "flip",
  id: "f1",
  tag: "dev",
  version: "1.2.0",
  to: one,
  from: { ecr: two, hub: two },
  why: "rollback",
  reason: "it breaks",
  registries: ["ecr", "hub"],
});
type Flip = Extract<SignedEntry, { type: "flip" }>;
const at = (hash: string) => ({ dev: found(hash) });

describe("release_status", () => {
  it.each<[string, RegistryFacts, number, string]>([
    ["registries that agree are well", { ecr: at(one), hub: at(one), attic: at(one) }, 0, "all registries agree"],
    [
      "registries that differ are drift",
      { ecr: at(one), hub: at(two) },
      1,
      "drift: dev; fix it with: i release_mirror",
    ],
    ["a required registry without the tag is drift", { ecr: at(one), hub: {} }, 1, "drift: dev"],
    [
      "a registry that is not required may lag",
      { ecr: at(one), hub: at(one), attic: at(two) },
      0,
      "all registries agree",
    ],
    [
      "what the log has and no registry is gone",
      { ecr: { dev: { state: "absent" } }, hub: { dev: { state: "absent" } } },
      1,
      "no registry has dev, which the log says was released",
    ],
    [
      "what no registry that answers has may be in another",
      { ecr: { dev: { state: "absent" } }, hub: { dev: { state: "unknown", why: "timeout" } } },
      1,
      "some registries do not answer",
    ],
    [
      "a registry that does not answer is bad news, not drift",
      { ecr: at(one), hub: { dev: { state: "unknown", why: "timeout" } } },
      1,
      "some registries do not answer",
    ],
  ])("%s", (_name, registries, exitCode, verdict) => {
    const told = status(registries);
    expect([told?.exitCode, told?.text.split("\n").at(-1)]).toEqual([exitCode, expect.stringContaining(verdict)]);
  });

  it("has nothing behind by choice where an entry of the log names no registry", () => {
    const none = { ...(flip as Flip), registries: [], from: {} };
    const told = status({ ecr: { dev: { state: "absent" } }, hub: { dev: { state: "absent" } } }, [none]);
    expect([told?.exitCode, told?.text]).toEqual([1, expect.not.stringContaining("by choice")]);
  });

  it("names the version behind a mutable tag, as the log knows it", () => {
    const forward: SignedEntry = { ...(flip as Flip), why: "release" };
    expect(status({ ecr: at(one), hub: at(one) }, [forward])?.text).toMatch(/^dev +ecr +sha256:a+ is 1\.2\.0$/m);
  });

  it("says who took a mutable tag back, while it is what it was taken back to", () => {
    const text = (hash: string, log: readonly SignedEntry[] = [flip]) =>
      status({ ecr: at(hash), hub: at(hash) }, log)?.text.split("\n")[0];
    expect(text(one)).toMatch(/ is 1\.2\.0, rolled back by ann$/);
    const again: SignedEntry = { ...(flip as Flip), id: "f2", why: "release", version: "1.3.0", to: two };
    expect(text(two, [flip, again])).toMatch(/ is 1\.3\.0$/);
    expect(text(two)).toMatch(/ sha256:b+$/);
  });

  it("has in a terminal one line for registries that have the same, with twelve digits, and all of it with --wide", () => {
    const tags = { "dev-1.2.0": found(one), dev: found(one) };
    const registries = { ecr: tags, hub: { ...tags, dev: found(two) }, attic: {} };
    const world = facts({ config: settings, log: [{ ...(flip as Flip), why: "release" }], terminal: true });
    const text = (wide: boolean) =>
      doing(releaseStatus(world, { wide }, seen(registries)), announce)[0]?.text.split("\n");
    expect(text(false)).toEqual([
      "tag        digest        registries",
      "dev        aaaaaaaaaaaa  ecr         is 1.2.0",
      "dev        bbbbbbbbbbbb  hub         DRIFT",
      "dev        -             attic       behind by choice",
      "dev-1.2.0  aaaaaaaaaaaa  ecr hub     is 1.2.0",
      "dev-1.2.0  -             attic       behind by choice",
      "drift: dev; fix it with: i release_mirror",
    ]);
    expect(text(true)?.length).toBe(7);
    expect(text(true)?.[0]).toContain(one);
  });

  it("says drift of a version whose tag was moved alike in all registries, and not of a mutable tag", () => {
    const release = logged({
      ...{ type: "release", stage: "dev", version: "1.2.0", digest: one, commit: "c", registries: ["ecr", "hub"] },
    });
    const all = (tag: string, hash: string) => ({ ecr: { [tag]: found(hash) }, hub: { [tag]: found(hash) } });
    const verdict = (tag: string, hash: string) => status(all(tag, hash), [flip, release])?.text.split("\n").at(-1);
    expect([verdict("dev-1.2.0", two), verdict("dev-1.2.0", one), verdict("dev", two)]).toEqual([
      "drift: dev-1.2.0; fix it with: i release_mirror",
      ...Array(2).fill("all registries agree"),
    ]);
  });

  it("says behind by choice of a registry that is not required", () => {
    expect(status({ ecr: at(one), hub: at(one), attic: {} })?.text).toMatch(/^dev +attic +- +behind by choice$/m);
  });

  const partial = logged({
    ...flip,
    id: "f2",
    to: two,
    version: "1.3.0",
    from: { ecr: one },
    registries: ["ecr"],
  } as Flip);
  it.each<[string, RegistryFacts, number, RegExp]>([
    ["is behind by choice", { ecr: at(two), hub: at(one) }, 0, /^dev +hub +sha256:a+ behind by choice, is 1\.2\.0$/m],
    ["is drift once somebody moved it", { ecr: at(two), hub: at(digest("c")) }, 1, /^dev +hub +sha256:c+ DRIFT$/m],
    ["is drift when the tag is gone", { ecr: at(two), hub: {} }, 1, /^dev +hub +- +DRIFT absent$/m],
  ])("a registry that the last move left out on purpose %s", (_name, registries, exitCode, row) => {
    const told = status(registries, [flip, partial]);
    expect([told?.exitCode, told?.text]).toEqual([exitCode, expect.stringMatching(row)]);
  });

  it("says DRIFT of the registry alone that differs from the log", () => {
    const text = status({ ecr: at(one), hub: at(two) })?.text;
    expect(text).toMatch(/^dev +ecr +sha256:a+ is 1\.2\.0, rolled back by ann$/m);
    expect(text).toMatch(/^dev +hub +sha256:b+ DRIFT$/m);
  });

  it("says why a registry does not answer", () => {
    expect(status({ ecr: { dev: { state: "unknown", why: "timeout" } } })?.text).toContain("does not answer: timeout");
  });
});

describe("the table of release_status", () => {
  const plan = (look: StatusLook, options: { html?: string } = {}, more: Partial<AllFacts> = {}) =>
    releaseStatus(facts({ config: settings, log: [], ...more }), options, look);
  const lines = (registries: RegistryFacts) => doing(plan(seen(registries)), announce)[0]?.text.split("\n") ?? [];

  it("has tags in order, then registries as the config has them, in columns", () => {
    const tags = { "dev-1.2.0": found(one), dev: found(one) };
    expect(lines({ ecr: tags, attic: { dev: found(two) } })).toEqual([
      `dev            ecr      ${one}`,
      `dev            attic    ${two}`,
      `dev-1.2.0      ecr      ${one}`,
      `dev-1.2.0      attic    ${"-".padEnd(71)} behind by choice`,
      "all registries agree",
    ]);
  });

  it("is as wide as the longest name of a registry", () => {
    const long = { address: "127.0.0.1:5001", kind: "oci" };
    const names = config({ container_registry_info: { a_long_name: long, b: { ...long, address: "127.0.0.1:5002" } } });
    const [report] = doing(plan(seen({ a_long_name: at(one), b: at(one) }), {}, { config: names }), announce);
    expect(report?.text.split("\n").slice(0, 2)).toEqual([
      `dev            a_long_name ${one}`,
      `dev            b           ${one}`,
    ]);
  });

  it("is given to machines with the tags that differ", () => {
    const [step, ...more] = plan(seen({ ecr: at(one), hub: at(two) }));
    const [report] = doing(step ? [step] : [], announce);
    expect([step?.id, step?.title, more]).toEqual(["report", "Show what every registry has", []]);
    expect(report?.data).toEqual({
      drift: ["dev"],
      held: [],
      rows: [
        { tag: "dev", registry: "ecr", required: true, digest: one, state: "drift", note: "" },
        { tag: "dev", registry: "hub", required: true, digest: two, state: "drift", note: "" },
      ],
    });
  });

  it("is a page too where a file is named", () => {
    const output = { path: "status.html", state: "absent" } as const;
    const steps = plan(seen({ ecr: at(one) }, output), { html: "status.html" });
    expect(steps.map(({ id, title }) => [id, title])).toEqual([
      ["write_page", "Write the page to status.html"],
      ["report", "Show what every registry has"],
    ]);
    expect(doing(steps, writeFile)).toEqual([
      { kind: "write_file", path: "status.html", content: expect.stringMatching(/^<!doctype html>/) },
    ]);
    expect(doing(steps, announce)[0]?.text.split("\n").at(-1)).toBe("status.html is written");
  });

  it.each<[string, readonly string[], string]>([
    ["dev", ["dev"], "drift: dev; fix it with: i release_mirror"],
    ["a version of dev", ["dev-1.2.0"], "drift: dev-1.2.0; fix it with: i release_mirror"],
    ["prod", ["prod"], "drift: prod; fix it with: i release_mirror --stage prod"],
    [
      "both",
      ["dev", "prod-1.2.0"],
      "drift: dev, prod-1.2.0; fix it with: i release_mirror, i release_mirror --stage prod",
    ],
  ])("ends with the line that fixes a drift of %s", (_what, tags, verdict) => {
    const row = (hash: string) => Object.fromEntries(tags.map((tag) => [tag, found(hash)]));
    expect(lines({ ecr: row(one), hub: row(two) }).at(-1)).toBe(verdict);
  });
});

describe("what a registry is said to have", () => {
  const moved = (to: string, registries: readonly string[] = ["ecr", "hub", "attic"]) =>
    logged({ type: "flip", id: to, tag: "dev", version: "1.2.0", to, from: {}, why: "release", registries });
  const states = (registries: RegistryFacts, log: readonly SignedEntry[] = []) =>
    statusOf(facts({ config: settings, registries, log })).rows.map(({ registry, state, note }) => [
      registry,
      state,
      note,
    ]);

  it.each<[string, RegistryFacts, readonly SignedEntry[], readonly (readonly string[])[]]>([
    ["one that nobody asked is not in the table", { ecr: at(one) }, [], [["ecr", "ok", ""]]],
    [
      "one that lacks a tag which another has",
      { ecr: {}, hub: at(one) },
      [],
      [
        ["ecr", "drift", "absent"],
        ["hub", "drift", ""],
      ],
    ],
    [
      "all lack it",
      { ecr: { dev: { state: "absent" } }, hub: {} },
      [],
      [
        ["ecr", "absent", "absent"],
        ["hub", "absent", "absent"],
      ],
    ],
    [
      "one that does not answer is compared with none",
      { ecr: at(one), hub: { dev: { state: "unknown", why: "timeout" } } },
      [],
      [
        ["ecr", "ok", ""],
        ["hub", "silent", "does not answer: timeout"],
      ],
    ],
    [
      "none has what the log knows to be right, so all differ",
      { ecr: at(one), hub: at(two) },
      [moved(digest("c"))],
      [
        ["ecr", "drift", ""],
        ["hub", "drift", ""],
      ],
    ],
    [
      "one that is not required has what is right",
      { ecr: at(one), hub: at(one), attic: at(one) },
      [moved(one)],
      [
        ["ecr", "ok", "is 1.2.0"],
        ["hub", "ok", "is 1.2.0"],
        ["attic", "ok", "is 1.2.0"],
      ],
    ],
    [
      "one that is not required has something, of which the log knows nothing",
      { ecr: at(one), hub: at(one), attic: at(two) },
      [],
      [
        ["ecr", "ok", ""],
        ["hub", "ok", ""],
        ["attic", "ok", ""],
      ],
    ],
    [
      "one that is not required lags",
      { ecr: at(one), hub: at(one), attic: at(two) },
      [moved(two), moved(one)],
      [
        ["ecr", "ok", "is 1.2.0"],
        ["hub", "ok", "is 1.2.0"],
        ["attic", "behind", "behind by choice, is 1.2.0"],
      ],
    ],
  ])("%s", (_what, registries, log, wanted) => {
    expect(states(registries, log)).toEqual(wanted);
  });
});
