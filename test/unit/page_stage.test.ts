import { describe, expect, it } from "vitest";
import type { Flipped, Released, SignedEntry } from "../../lib/names/log.ts";
import type { ReleasedImage } from "../../lib/names/report.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { type PageFacts, statusPage } from "../../lib/report/page/page.ts";
import { stageSection } from "../../lib/report/page/stage_section.ts";
import { statusOf } from "../../lib/report/status_rows.ts";
import { changelog, commit, config, digest, facts, found, logged, version } from "./factory.ts";
import { rowsIn, termOf, textBetween } from "./page_text.ts";

const image = digest("a");
const release = (of: string, more: Partial<Released> = {}) =>
  logged({
    type: "release",
    stage: "dev",
    version: of,
    digest: image,
    commit: commit("a"),
    registries: ["ecr"],
    ...more,
  });
const flip = (to: string, more: Partial<Flipped> = {}) =>
  logged({
    type: "flip",
    id: `f${to}`,
    tag: "dev",
    version: to,
    to: image,
    from: {},
    why: "rollback",
    registries: ["ecr"],
    ...more,
  });
const pass = (list: string, more: object = {}) =>
  logged({
    ...{ type: "pass", list, version: "1.2.0", digest: image, commit: "c", tree: "t", runner: "r", platform: "p" },
    ...more,
  });
const skip = (list: string, more: object = {}) =>
  logged({ type: "skip", list, version: "1.2.0", digest: image, why: "--skip-tests", ...more });
const tags = {
  dev: found(image),
  "dev-1.2.0": found(image),
  "devil-1": found(image),
  prod: found(image),
  "prod-1.2.0": found(image),
};
type World = PageFacts & AllFacts;
const world = ({ images = [], runs = [], ...more }: Partial<World> = {}): World => {
  const registries = { ecr: tags, dockerhub: tags };
  return { ...facts({ registries, log: [release("1.2.0")], versionFrom: "changelog", ...more }), images, runs };
};
const section = (more: Partial<World> = {}, stage: "dev" | "prod" = "dev"): string => {
  const all = world(more);
  return stageSection(all, statusOf(all), stage).html;
};
const page = (more: Partial<World> = {}): string => {
  const all = world(more);
  return statusPage(all, statusOf(all));
};

describe("the section of a stage", () => {
  it("has the stage, the version in use, its release and its image", () => {
    expect([
      textBetween(section(), "<h2>", "</h2>"),
      termOf(section(), "Released"),
      termOf(section(), "Image"),
    ]).toEqual(["dev 1.2.0", "2025-01-02 10:00 UTC by ann, commit aaaaaaaaaaaa", `${"a".repeat(12)} ${image}`]);
  });

  it("has the tags of its stage alone", () => {
    const named = (text: string) => rowsIn(text.slice(text.indexOf("<h3>Registries"))).map(([tag]) => tag)[0];
    expect([named(section()), named(section({ log: [release("1.2.0", { stage: "prod" })] }, "prod"))]).toEqual([
      "dev, dev-1.2.0",
      "prod, prod-1.2.0",
    ]);
  });

  it("of a stage without a release says so, and shows what registries have", () => {
    const text = section({ log: [] });
    expect([textBetween(text, '<section id="dev">', "<table"), rowsIn(text).length]).toEqual([
      "devNothing has been released yet.",
      1,
    ]);
  });

  it.each<[string, Partial<World>, string]>([
    ["the version in use", { version: version("1.1.0") }, "dev 1.2.0"],
    ["the version that was typed", { version: version("1.1.0"), versionFrom: "option" }, "dev 1.1.0"],
  ])("is about %s", (_which, more, wanted) => {
    const log = [release("1.1.0"), release("1.2.0")];
    expect(textBetween(section({ log, ...more }), "<h2>", "</h2>")).toBe(wanted);
  });

  it.each<[string, readonly SignedEntry[], string, string | null]>([
    [
      "with its reason",
      [flip("1.1.0", { reason: "it breaks" })],
      "dev 1.1.0 [warn] rolled back to",
      "2025-01-02 10:00 UTC by ann: it breaks",
    ],
    ["without one", [flip("1.1.0")], "dev 1.1.0 [warn] rolled back to", "2025-01-02 10:00 UTC by ann"],
    ["not where it was released last", [flip("1.1.0"), flip("1.2.0", { why: "release" })], "dev 1.2.0", null],
    ["not where another was rolled back to", [flip("1.0.0")], "dev 1.2.0", null],
  ])("tells of a rollback %s", (_how, moves, heading, wanted) => {
    const text = section({ log: [release("1.1.0"), release("1.2.0"), ...moves] });
    expect([
      textBetween(text, "<h2>", "</h2>"),
      text.includes("<dt>Rolled back</dt>") ? termOf(text, "Rolled back") : null,
    ]).toEqual([heading, wanted]);
  });
});

describe("the tests of a released version", () => {
  const tests = (...entries: readonly SignedEntry[]) =>
    termOf(section({ log: [release("1.2.0"), ...entries] }), "Tests");
  it.each<[string, readonly SignedEntry[], string]>([
    ["none", [], "The log knows of none."],
    [
      "passes and skips, in the order of the lists",
      [skip("qa"), pass("slow"), pass("fast")],
      "[good] fast passed[good] slow passed[bad] qa skipped: --skip-tests",
    ],
    ["the last word on a list", [skip("fast"), pass("fast")], "[good] fast passed"],
    ["the last word on a list, a skip", [pass("fast"), skip("fast")], "[bad] fast skipped: --skip-tests"],
    [
      "those of its image before those of its number",
      [pass("fast"), pass("slow", { digest: digest("b") })],
      "[good] fast passed",
    ],
    [
      "those of its number where the log knows it by another digest",
      [pass("slow", { digest: digest("b") })],
      "[good] slow passed",
    ],
    ["none of another version", [pass("slow", { digest: digest("b"), version: "1.1.0" })], "The log knows of none."],
  ])("are %s", (_which, entries, wanted) => {
    expect(tests(...entries)).toBe(wanted);
  });
});

describe("what one pulls of a version", () => {
  const layer = (letter: string, size: number) => ({ digest: digest(letter), size, by: "RUN x" });
  const imageOf = (of: string, more: Partial<ReleasedImage> = {}): ReleasedImage => ({
    ...{ stage: "dev", version: version(of), digest: image, platforms: [], packages: null, why: "" },
    ...more,
  });
  const [low, high] = [layer("1", 1000), layer("2", 4000)];
  const own = imageOf("1.2.0", {
    platforms: [
      { platform: "linux/amd64", size: 5000, layers: [low, high] },
      { platform: "", size: 1000, layers: [low] },
    ],
  });
  const before = imageOf("1.1.0", {
    platforms: [
      { platform: "linux/arm64", size: 4000, layers: [high] },
      { platform: "linux/amd64", size: 1000, layers: [low] },
    ],
  });
  const log = [release("1.1.0"), release("1.2.0")];
  const pulled = (images: readonly ReleasedImage[], entries: readonly SignedEntry[] = log) =>
    termOf(section({ log: entries, images }), "To pull");

  it.each<[string, readonly ReleasedImage[], readonly SignedEntry[], string]>([
    ["is not known where nobody looked", [], log, "not known: not looked at"],
    ["is not known where a registry cannot tell", [imageOf("1.2.0", { why: "timeout" })], log, "not known: timeout"],
    [
      "is all of it for a machine that has nothing",
      [own],
      log,
      "linux/amd64: 5.0 kB from nothing image: 1.0 kB from nothing",
    ],
    [
      "is what is new for a machine that has the version before, of its platform",
      [before, own],
      log,
      "linux/amd64: 5.0 kB from nothing, 4.0 kB from 1.1.0 image: 1.0 kB from nothing",
    ],
    [
      "is compared with no other stage",
      [{ ...before, stage: "prod" }, own],
      log,
      "linux/amd64: 5.0 kB from nothing image: 1.0 kB from nothing",
    ],
    [
      "is compared with nothing for a first release",
      [before, own],
      [release("1.2.0")],
      "linux/amd64: 5.0 kB from nothing image: 1.0 kB from nothing",
    ],
  ])("%s", (_what, images, entries, wanted) => {
    expect(pulled(images, entries)).toBe(wanted);
  });
});

describe("what is said of a version", () => {
  const told = (more: object = {}) =>
    logged({ type: "announce", stage: "dev", version: "1.2.0", digest: image, channel: "slack", ...more });
  const announced = (...entries: readonly SignedEntry[]) =>
    termOf(section({ log: [release("1.2.0"), ...entries] }), "Announced");
  it.each<[string, readonly SignedEntry[], string]>([
    ["nothing", [], "not yet"],
    ["the announcement, the last one", [told(), { ...told(), by: "bob" }], "2025-01-02 10:00 UTC by bob"],
    ["not that of another version", [told({ version: "1.1.0" })], "not yet"],
    ["not that of another stage", [told({ stage: "prod" })], "not yet"],
    [
      "not what was confirmed",
      [logged({ type: "confirm", stage: "dev", version: "1.2.0", digest: null, line: "x" })],
      "not yet",
    ],
  ])("is %s", (_what, entries, wanted) => {
    expect(announced(...entries)).toBe(wanted);
  });

  it("are its changes", () => {
    expect(termOf(section(), "Changes")).toBe("Change");
    expect(termOf(section({ changelog: changelog("1.1.0") }), "Changes")).toBe("changelog.txt has no entry for it.");
  });
});

describe("the page", () => {
  it("says whose it is, when it was made and how things stand", () => {
    const head = (text: string) => textBetween(text, "<header>", "</header>");
    expect(head(page())).toBe("cmamp as of 2025-01-02 06:40 UTC All registries agree dev 1.2.0 History");
    expect(page()).toContain('<p class="verdict good">All registries agree</p>');
    const drift = page({ registries: { ecr: { dev: found(image) }, dockerhub: { dev: found(digest("b")) } } });
    expect(drift).toContain('<p class="verdict bad">Drift: dev; fix it with: i release_mirror</p>');
  });

  it("says its name once, and that of the repo where it is another", () => {
    const head = textBetween(page({ config: { ...config(), repoName: "tools" } }), "<header>", "</header>");
    expect(head).toMatch(/^cmamp tools · as of/);
  });

  describe("its verdict", () => {
    const agreeing = { dev: found(image), "dev-1.1.0": found(image), "dev-1.2.0": found(digest("b")) };
    const verdicts = (more: Partial<PageFacts>) =>
      [
        ...page({ registries: { ecr: agreeing, dockerhub: agreeing }, ...more }).matchAll(
          /<p class="verdict (\w+)">(.*?)<\/p>/g,
        ),
      ].map(([, look, text]) => [look, text]);
    const back = flip("1.1.0", { from: { ecr: digest("b") }, reason: "it breaks" });
    const log = [release("1.1.0"), release("1.2.0", { digest: digest("b") }), back];

    it("is not green where a stage was rolled back, and says from what, by whom and why", () => {
      expect(verdicts({ log })).toEqual([
        ["warn", "Dev was rolled back from 1.2.0 to 1.1.0 by ann: it breaks"],
        ["plain", "All registries agree"],
      ]);
    });

    it("names no version where the log does not know what was left", () => {
      const unknown = { ...back, from: { ecr: digest("c") } };
      expect(verdicts({ log: [...log.slice(0, 2), unknown] })[0]?.[1]).toMatch(/^Dev was rolled back to 1\.1\.0 by/);
    });

    it("is green again once a release went forward", () => {
      expect(verdicts({ log: [...log, flip("1.3.0", { why: "release" })] })).toEqual([
        ["good", "All registries agree"],
      ]);
    });

    it("tells drift before a rollback, and what is held or cannot be read", () => {
      const drift = { registries: { ecr: { dev: found(image) }, dockerhub: { dev: found(digest("b")) } } };
      const refs = {
        held: [{ ref: "claim/x", isBroken: false, says: "is held by bob" }],
        fault: { what: "the log is cut", fix: "x" },
      };
      expect(verdicts({ log, refs, ...drift }).map(([look, text]) => [look, text?.slice(0, 15)])).toEqual([
        ["bad", "Drift: dev; fix"],
        ["bad", "The log is cut"],
        ["warn", "Dev was rolled "],
        ["warn", "Claim/x is held"],
      ]);
      expect(verdicts({ log: log.slice(0, 2), refs }).map(([look]) => look)).toEqual(["bad", "warn", "plain"]);
    });
  });

  it("has a section for each stage that is in play and that registries know", () => {
    const stages = (more: Partial<World>) =>
      [...page(more).matchAll(/<section id="(dev|prod)">/g)].map((one) => one[1]);
    const both = [release("1.2.0"), release("1.2.0", { stage: "prod" })];
    expect([
      stages({}),
      stages({ log: both }),
      stages({ log: both, registries: { ecr: { dev: found(image) } } }),
    ]).toEqual([["dev"], ["dev", "prod"], ["dev"]]);
  });

  it("has a look of its own for what is well and what is not", () => {
    const style = textBetween(page(), "<style>", "</style>");
    for (const word of [".good", ".bad", ".warn", ".plain", "prefers-color-scheme: dark"])
      expect(style).toContain(word);
  });
});
