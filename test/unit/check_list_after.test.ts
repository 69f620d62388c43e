import { describe, expect, it } from "vitest";
import type { AllFacts } from "../../lib/plan/facts.ts";
import type { CheckOptions } from "../../lib/report/check_list.ts";
import { entries, flip, image, line, release, report } from "./check_lists.ts";
import { changelog, commit, config, digest, found, git, logged, version } from "./factory.ts";

describe("after a release", () => {
  const both = (tags: AllFacts["registries"][string]) => ({ ecr: tags, dockerhub: tags });
  const there = { dev: found(image), "dev-1.2.0": found(image), "dev-1.1.0": found(digest("b")) };
  const tagged = { remoteTags: { "cmamp-1.2.0": commit("a") } };
  const done = { registries: both(there), log: [release(), flip("1.2.0")], ...tagged };
  const seen = (id: string, more: Partial<AllFacts> = {}, options: Partial<CheckOptions> = {}) =>
    line(id, { ...done, ...more }, options);

  it("of nothing says only that the log does not know it", () => {
    expect(report({ registries: both(there) }, { list: "post" }).checked).toEqual([
      {
        ...{ id: "released", text: "The release is recorded", state: "wrong", value: "the log does not know it" },
        fix: "i docker_release_dev --version 1.2.0",
      },
    ]);
    expect(seen("released")).toEqual([
      ...["The release is recorded", "ok", "2025-01-02 10:00 UTC by ann", "i docker_release_dev --version 1.2.0"],
    ]);
  });

  it("registries, mutable tag, Git tag, changelog and announcement are looked at", () => {
    expect(report(done).checked.map(({ id }) => id)).toEqual([
      ...["released", "pushed_to_ecr", "pushed_to_dockerhub", "mutable_tag", "git_tag", "changelog", "announced"],
    ]);
  });

  const mirror = "i release_mirror --version 1.2.0";
  it.each<[string, Partial<AllFacts>, string, string, string]>([
    ["has it", {}, "ok", image, mirror],
    [
      "has another image",
      { registries: { ecr: there, dockerhub: { ...there, "dev-1.2.0": found(digest("c")) } } },
      "wrong",
      `another image, ${digest("c")}`,
      mirror,
    ],
    ["lacks it", { registries: { ecr: there, dockerhub: {} } }, "wrong", "absent", mirror],
    [
      "does not answer",
      { registries: { ecr: there, dockerhub: { "dev-1.2.0": { state: "unknown", why: "timeout" } } } },
      "wrong",
      "does not answer: timeout",
      "i docker_login --target-registries dockerhub",
    ],
    [
      "is behind by choice",
      { registries: { ecr: there, dockerhub: {} }, log: [release({ registries: ["ecr"] })] },
      "ok",
      "behind by choice",
      mirror,
    ],
  ])("a registry %s", (_what, more, state, value, fix) => {
    expect(seen("pushed_to_dockerhub", more)).toEqual(["Push the new image to dockerhub", state, value, fix]);
  });

  it("a registry has a line whose id is a word", () => {
    const settings = config({ container_registry_info: { "my-.Hub.x": { address: "127.0.0.1:5001", kind: "oci" } } });
    expect(report({ ...done, config: settings, registries: { "my-.Hub.x": there } }).checked[1]?.id).toBe(
      "pushed_to_my_hub_x",
    );
  });

  it.each<[string, Partial<AllFacts>, string, string]>([
    ["is the version", {}, "ok", "1.2.0"],
    ["is the version, though nobody recorded a move", { log: [release()] }, "ok", "1.2.0"],
    [
      "is another one, which somebody moved it to",
      { log: [release(), flip("1.1.0", { why: "rollback" })] },
      "ok",
      "1.1.0, moved by ann (rollback)",
    ],
    [
      "differs",
      { registries: { ecr: there, dockerhub: { ...there, dev: found(digest("c")) } } },
      "wrong",
      "dockerhub drift",
    ],
    [
      "is not known",
      { registries: { ecr: there, dockerhub: { ...there, dev: { state: "unknown", why: "timeout" } } } },
      "wrong",
      "dockerhub does not answer",
    ],
    ["is nowhere", { registries: both({ "dev-1.2.0": found(image) }) }, "wrong", "1.2.0"],
    [
      "is absent in all",
      { registries: both({ "dev-1.2.0": found(image), dev: { state: "absent" } }) },
      "wrong",
      "ecr absent, dockerhub absent",
    ],
  ])("the mutable tag %s", (_what, more, state, value) => {
    expect(seen("mutable_tag", more)).toEqual(["dev is the same in every registry", state, value, mirror]);
  });

  it.each<[string, Partial<AllFacts>, string, string, string]>([
    [
      "on the remote",
      {},
      "ok",
      "aaaaaaaaaaaa",
      "git show cmamp-1.2.0: it names another commit than the release, aaaaaaaaaaaa",
    ],
    [
      "on the remote at another commit",
      { remoteTags: { "cmamp-1.2.0": commit("c") } },
      "wrong",
      "cccccccccccc",
      "git show cmamp-1.2.0: it names another commit than the release, aaaaaaaaaaaa",
    ],
    [
      "only here",
      { remoteTags: {}, git: git({ tags: { "cmamp-1.2.0": commit("a") } }) },
      "wrong",
      "no such tag",
      "i docker_push_dev --version 1.2.0",
    ],
    [
      "here, where there is no remote",
      { remoteTags: {}, git: git({ remote: null, tags: { "cmamp-1.2.0": commit("a") } }) },
      "ok",
      "aaaaaaaaaaaa",
      "git show cmamp-1.2.0: it names another commit than the release, aaaaaaaaaaaa",
    ],
  ])("the Git tag is looked for: %s", (_where, more, state, value, fix) => {
    expect(seen("git_tag", more)).toEqual(["Git has the tag cmamp-1.2.0", state, value, fix]);
  });

  it.each<[string, Partial<AllFacts>, string, string]>([
    ["stands", {}, "ok", "line 1, 2025-01-02"],
    ["has no date", { changelog: entries.map((entry) => ({ ...entry, date: null })) }, "ok", "line 1, no date"],
    ["is missing", { changelog: changelog("1.1.0") }, "wrong", "no entry"],
  ])("the entry %s", (_what, more, state, value) => {
    expect(seen("changelog", more, { version: version("1.2.0") })).toEqual([
      ...["The changelog tells what changed", state, value, 'i changelog_add --version 1.2.0 --message "what changed"'],
    ]);
  });

  it("the announcement is looked for", () => {
    const [what, fix] = [
      "Send a message on Slack that the new version is released",
      "i release_announce --stage dev --version 1.2.0",
    ];
    const entry = logged({ type: "announce", stage: "dev", version: "1.2.0", digest: image, channel: "slack" });
    expect(seen("announced")).toEqual([what, "wrong", "not yet", fix]);
    expect(seen("announced", { log: [release(), entry] })).toEqual([what, "ok", "2025-01-02 10:00 UTC by ann", fix]);
  });

  it("of prod the lines to type are prod's", () => {
    const tags = { prod: found(image), "prod-1.2.0": found(image) };
    const world = { registries: both(tags), log: [release({ stage: "prod" })] };
    const fixes = report(world, { stage: "prod" }).checked.map(({ fix }) => fix);
    expect(fixes).toEqual([
      "i docker_release_prod --version 1.2.0",
      "i release_mirror --stage prod --version 1.2.0",
      "i release_mirror --stage prod --version 1.2.0",
      "i release_mirror --stage prod --version 1.2.0",
      "i docker_push_prod --version 1.2.0",
      'i changelog_add --version 1.2.0 --message "what changed"',
      "i release_announce --stage prod --version 1.2.0",
    ]);
  });
});
