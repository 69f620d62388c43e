import { describe, expect, it } from "vitest";
import { announce } from "../../lib/kinds/announce.ts";
import type { PlatformImage } from "../../lib/names/layers.ts";
import type { Released } from "../../lib/names/log.ts";
import type { ReleasedImage } from "../../lib/names/report.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import type { NotesLook } from "../../lib/release/look_releases.ts";
import { type NotesOptions, releaseNotes } from "../../lib/report/notes.ts";
import { changelog, commit, config, digest, doing, facts, found, logged, refusal, version } from "./factory.ts";

const image = digest("a");
const release = (of: string, more: Partial<Released> = {}) =>
  logged({
    type: "release",
    stage: "dev",
    version: of,
    digest: image,
    commit: commit("a"),
    registries: ["ecr", "dockerhub"],
    ...more,
  });
const layer = (letter: string, size: number) => ({ digest: digest(letter), size, by: "RUN x" });
const platform = (name: string, ...layers: readonly ReturnType<typeof layer>[]): PlatformImage => ({
  platform: name,
  size: layers.reduce((sum, { size }) => sum + size, 0),
  layers,
});
const imageOf = (of: string, hash: string, ...platforms: readonly PlatformImage[]): ReleasedImage => ({
  stage: "dev",
  version: version(of),
  digest: hash,
  platforms,
  packages: null,
  why: "",
});
const tags = (of: string, hash = image) => ({ ecr: { [of]: found(hash) }, dockerhub: { [of]: found(hash) } });
type More = Partial<AllFacts & NotesLook>;
const plan = (
  { images = [], commits = [], output = null, ...more }: More = {},
  options: Partial<NotesOptions> = {},
) => {
  const world = facts(more);
  const seen = { registries: world.registries, images, commits, output };
  return releaseNotes(world, { stage: "dev", ...options }, seen);
};
/** The notes as Markdown, whole. */
const notes = (...given: Parameters<typeof plan>): string => {
  const data = doing(plan(...given), announce)[0]?.data as { markdown: string };
  return data.markdown;
};
/** What stands below one heading, as lines. */
const part = (heading: string, ...given: Parameters<typeof plan>): readonly string[] => {
  const text = notes(...given);
  const at = text.indexOf(`## ${heading}\n\n`);
  if (at < 0) throw new Error(`no part ${heading} in ${text}`);
  return (text.slice(at).split("\n\n## ")[0] ?? "").trimEnd().split("\n").slice(2);
};
const released = { log: [release("1.1.0", { digest: digest("b") }), release("1.2.0")], registries: tags("dev-1.2.0") };

describe("release_notes", () => {
  it("are told, and given to machines as Markdown", () => {
    const [step, ...more] = plan();
    const markdown = "# cmamp-1.2.0\n\nNot released yet.\n\n## Changes\n\n- Change\n\n## Commits\n\nNone.\n";
    expect([step?.id, step?.title, step?.do, more]).toEqual([
      "report",
      "Tell what 1.2.0 brings",
      [{ kind: "announce", text: markdown.trimEnd(), data: { stage: "dev", version: "1.2.0", markdown } }],
      [],
    ]);
  });

  it("are written to a file that says who wrote it", () => {
    const steps = plan({ output: { path: "notes.md", state: "absent" } });
    expect(steps.map(({ id, title }) => [id, title])).toEqual([
      ["write_notes", "Write the notes to notes.md"],
      ["report", "Show where they are"],
    ]);
    expect(steps.flatMap((step) => step.do)).toEqual([
      {
        kind: "write_file",
        path: "notes.md",
        content:
          "<!-- written by slipway release_notes -->\n\n# cmamp-1.2.0\n\nNot released yet.\n\n## Changes\n\n- Change\n\n## Commits\n\nNone.\n",
      },
      { kind: "announce", text: "notes.md is written", data: expect.objectContaining({ version: "1.2.0" }) },
    ]);
  });

  it.each<[string, Partial<AllFacts>, Partial<NotesOptions>, string]>([
    ["the version that is named", {}, { version: version("1.1.0") }, "# cmamp-1.1.0"],
    ["the release in use", { log: [release("1.1.0")] }, {}, "# cmamp-1.1.0"],
    ["the newest entry", {}, {}, "# cmamp-1.2.0"],
    ["a prod release", {}, { stage: "prod", version: version("1.2.0") }, "# cmamp-prod-1.2.0"],
    [
      "an image whose name has signs of Markdown",
      { config: config({ docker_info: { docker_image_name: "a_b" } }) },
      {},
      "# a\\_b-1.2.0",
    ],
  ])("are about %s", (_what, more, options, heading) => {
    expect(notes(more, options).split("\n")[0]).toBe(heading);
  });

  it("say when, by whom and from which commit a version was released", () => {
    const log = [logged({ ...release("1.2.0") } as Released, { by: "a_b" })];
    expect(notes({ log }).split("\n")[2]).toBe("Released 2025-01-02 10:00 UTC by a\\_b, commit aaaaaaaaaaaa.");
  });

  it("are refused where there is no version", () => {
    expect(refusal(() => plan({ changelog: [] }))).toMatchObject({
      message: "cmamp has no version yet",
      why: "Notes are of a version: a released one, or the newest entry of changelog.txt.",
      fix: "Add the first entry: i changelog_add --message 'First version'",
    });
  });
});

describe("the changes in the notes", () => {
  it("are those of the changelog, with nothing that Markdown or HTML would read", () => {
    const [entry] = changelog("1.2.0");
    const changes = ["Use `a_b`", "<b>*x*</b> & [y](z) | \\ _"];
    expect(part("Changes", { changelog: entry ? [{ ...entry, changes }] : [] })).toEqual([
      "- Use `a\\_b`",
      "- &lt;b&gt;\\*x\\*&lt;/b&gt; &amp; \\[y\\](z) \\| \\\\ \\_",
    ]);
  });

  it("are said to be missing where there is no entry", () => {
    expect(part("Changes", { changelog: [] }, { version: version("1.2.0") })).toEqual([
      "changelog.txt has no entry for it.",
    ]);
  });
});

describe("the commits in the notes", () => {
  const commits = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ hash: `c${index}`, author: "A_b", subject: `Do *${index}*` }));

  it("stand with hash, subject and author", () => {
    expect(part("Commits", { commits: commits(2) })).toEqual(["- c0 Do \\*0\\* (A\\_b)", "- c1 Do \\*1\\* (A\\_b)"]);
  });

  it("are those since the release before", () => {
    expect(part("Commits since cmamp-1.1.0", { ...released, commits: commits(1) })).toEqual([
      "- c0 Do \\*0\\* (A\\_b)",
    ]);
  });

  it.each<[string, NotesLook["commits"], number, string]>([
    ["none", [], 1, "None."],
    ["unknown in a shallow clone", null, 1, "This clone does not have them: `git fetch --unshallow --tags`"],
    ["200 at most", commits(200), 200, "- c199 Do \\*199\\* (A\\_b)"],
    ["more than that", commits(201), 201, "- and more: `git log`"],
  ])("are %s", (_what, given, count, last) => {
    const lines = part("Commits", { commits: given });
    expect([lines.length, lines.at(-1)]).toEqual([count, last]);
  });
});

describe("the image in the notes", () => {
  it("has a row for each registry, and only of the version's tag", () => {
    const registries = {
      ecr: { "dev-1.2.0": found(image), dev: found(image) },
      dockerhub: { "dev-1.2.0": found(image) },
    };
    expect(part("Image", { ...released, registries })).toEqual([
      "| registry | tag | digest |",
      "| --- | --- | --- |",
      `| ecr | dev-1.2.0 | \`${image}\` |`,
      `| dockerhub | dev-1.2.0 | \`${image}\` |`,
    ]);
  });

  it.each<[string, AllFacts["registries"][string], string]>([
    [
      "has another image",
      { "dev-1.2.0": found(digest("c")) },
      `| dockerhub | dev-1.2.0 | \`${digest("c")}\` **drift** |`,
    ],
    ["lacks it", {}, "| dockerhub | dev-1.2.0 | absent **drift** |"],
    [
      "does not answer",
      { "dev-1.2.0": { state: "unknown", why: "a_b" } },
      "| dockerhub | dev-1.2.0 | does not answer: a\\_b |",
    ],
  ])("tells of a registry that %s", (_what, dockerhub, row) => {
    const registries = { ecr: { "dev-1.2.0": found(image) }, dockerhub };
    expect(part("Image", { ...released, registries }).at(-1)).toBe(row);
  });

  const before = imageOf("1.1.0", digest("b"), platform("linux/amd64", layer("1", 5_000_000)));
  const own = imageOf(
    "1.2.0",
    image,
    platform("linux/amd64", layer("1", 5_000_000), layer("2", 2_000_000)),
    platform("", layer("3", 1000)),
  );
  it.each<[string, readonly ReleasedImage[], readonly string[]]>([
    ["nothing where no size is known", [], []],
    ["from nothing", [own], ["To pull:", "", "- linux/amd64: 7.0 MB from nothing", "- image: 1.0 kB from nothing"]],
    [
      "from the version before, platform by platform",
      [before, own],
      ["To pull:", "", "- linux/amd64: 7.0 MB from nothing, 2.0 MB from 1.1.0", "- image: 1.0 kB from nothing"],
    ],
    [
      "from nothing where the version before is of another stage",
      [{ ...before, stage: "prod" }, own],
      ["To pull:", "", "- linux/amd64: 7.0 MB from nothing", "- image: 1.0 kB from nothing"],
    ],
  ])("tells what one pulls: %s", (_what, images, wanted) => {
    expect(part("Image", { ...released, images }).slice(5)).toEqual(wanted);
  });

  it("of a first release has nothing to compare with", () => {
    expect(part("Image", { log: [release("1.2.0")], registries: tags("dev-1.2.0"), images: [own] }).slice(7)).toEqual([
      "- linux/amd64: 7.0 MB from nothing",
      "- image: 1.0 kB from nothing",
    ]);
  });

  it("is followed by the line that pulls it", () => {
    expect(part("How to get it", released)).toEqual(["```sh", "i docker_pull --stage dev --version 1.2.0", "```"]);
    expect(notes(released).endsWith("```\n")).toBe(true);
  });
});
