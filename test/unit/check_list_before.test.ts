import { describe, expect, it } from "vitest";
import { parseChangelog } from "../../lib/names/changelog.ts";
import type { SignedEntry } from "../../lib/names/log.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import type { CheckOptions } from "../../lib/report/check_list.ts";
import { engineWith, image, line, local, pass, release, report } from "./check_lists.ts";
import { changelog, commit, config, digest, git, logged, version } from "./factory.ts";

const prod = "127.0.0.1:5001/cmamp:prod-1.2.0";

describe("before a release", () => {
  it.each<[string, Partial<AllFacts>, Partial<CheckOptions>, readonly string[]]>([
    [
      "dev, not built",
      {},
      {},
      ["The new image is built locally", "wrong", `the engine has no ${local}`, "i docker_build_local --version 1.2.0"],
    ],
    [
      "dev, built",
      engineWith(local),
      {},
      ["The new image is built locally", "ok", `${local}, sha256:aaaaaaaaaaaa`, "i docker_build_local --version 1.2.0"],
    ],
    [
      "dev, released",
      { log: [release()] },
      { list: "pre" },
      ["The new image is built locally", "ok", image, "i docker_build_local --version 1.2.0"],
    ],
    [
      "prod, not built",
      engineWith(local),
      { stage: "prod" },
      [
        "The prod image is built from the dev image",
        "wrong",
        `the engine has no ${prod}`,
        "i docker_build_prod --version 1.2.0",
      ],
    ],
    [
      "prod, built",
      engineWith(prod),
      { stage: "prod" },
      [
        "The prod image is built from the dev image",
        "ok",
        `${prod}, sha256:aaaaaaaaaaaa`,
        "i docker_build_prod --version 1.2.0",
      ],
    ],
  ])("the image is looked for: %s", (_what, more, options, wanted) => {
    expect(line("image_built", more, options)).toEqual(wanted);
  });

  it("of prod a dev image of its generation is looked for, the last one", () => {
    const what = "A dev image of 1.2 is released";
    const fix = "i docker_release_dev --version 1.2.0";
    const log = [
      release({ version: "1.2.0" }),
      release({ version: "1.2.1", digest: digest("b") }),
      release({ version: "1.3.0" }),
    ];
    expect(line("dev_released", { log }, { stage: "prod", list: "pre" })).toEqual([
      what,
      "ok",
      "dev 1.2.1, sha256:bbbbbbbbbbbb",
      fix,
    ]);
    expect(line("dev_released", {}, { stage: "prod" })).toEqual([what, "wrong", "none", fix]);
    expect(report().checked.map(({ id }) => id)).not.toContain("dev_released");
  });

  const add = 'i changelog_add --version 1.2.0 --message "what changed"';
  const later = config({ release: { changelog_update: "after_release" } });
  it.each<[string, Partial<AllFacts>, readonly string[]]>([
    ["the entry stands", {}, ["ok", "line 1, 2025-01-02", add]],
    [
      "the entry has no date",
      {
        changelogText: "# cmamp-1.2.0\n- Change\n",
        changelog: parseChangelog("# cmamp-1.2.0\n- Change\n", "cmamp", "x"),
      },
      ["ok", "line 1, no date", add],
    ],
    ["there is none", { changelog: changelog("1.1.0"), version: null }, ["wrong", "no entry", add]],
    ["it comes later", { config: later, changelog: [] }, ["ok", "written when it is released", add]],
    [
      "the file is broken",
      { changelogText: "# cmamp-1.2.0\n- Change\n\n# cmamp\n" },
      ["wrong", 'line 4 "# cmamp" names no version', "i changelog_check"],
    ],
    [
      "it comes later, and the file is broken",
      { config: later, changelogText: "# cmamp\n" },
      ["wrong", 'line 1 "# cmamp" names no version', "i changelog_check"],
    ],
    ["there is no file", { changelogText: null, changelog: [] }, ["wrong", "no entry", add]],
  ])("the changelog is looked at: %s", (_what, more, wanted) => {
    expect(line("changelog", more, { version: version("1.2.0") })).toEqual([
      "Update the changelog.txt file",
      ...wanted,
    ]);
  });

  it("at most three files are named that are not committed", () => {
    const dirty = (...files: readonly string[]) => line("committed", { git: git({ dirty: files }) }).slice(1);
    const fix = "git add --all && git commit";
    expect([line("committed")[0], dirty(), dirty("a", "b", "c", "d")]).toEqual([
      "Everything is committed",
      ["ok", "aaaaaaaaaaaa", fix],
      ["wrong", "a, b, c", fix],
    ]);
  });

  const skipped = logged({ type: "skip", list: "fast", version: "1.2.0", digest: image, why: "--skip-tests" });
  it.each<[string, readonly SignedEntry[], Partial<CheckOptions>, string, string]>([
    ["none", [], {}, "wrong", "no pass of this image"],
    ["a pass", [pass("fast")], {}, "ok", "passed on aaaaaaaaaaaa on 2025-01-02"],
    ["a pass by the digest", [pass("fast", { digest: digest("7") })], {}, "ok", "passed on aaaaaaaaaaaa on 2025-01-02"],
    ["a pass of another image", [pass("fast", { digest: digest("9") })], {}, "wrong", "no pass of this image"],
    ["a pass of another list", [pass("slow")], {}, "wrong", "no pass of this image"],
    [
      "a pass of another commit",
      [pass("fast", { commit: commit("c") })],
      {},
      "wrong",
      "passed on cccccccccccc, which is not this commit",
    ],
    ["a skip", [skipped], {}, "wrong", "skipped by ann: --skip-tests"],
    ["a skip, then a pass", [skipped, pass("fast")], {}, "ok", "passed on aaaaaaaaaaaa on 2025-01-02"],
    ["a pass, then a skip", [pass("fast"), skipped], {}, "wrong", "skipped by ann: --skip-tests"],
    ["its release", [release()], { list: "pre" }, "wrong", "no pass of this image"],
    [
      "a pass of another commit, and its release",
      [pass("fast", { commit: commit("c") }), release()],
      { list: "pre" },
      "ok",
      "passed on cccccccccccc on 2025-01-02",
    ],
  ])("the last word of the log on each list counts: %s", (_what, log, options, state, value) => {
    const world = { log, ...engineWith(local, { digests: [digest("7")] }) };
    const wanted = ["Fast tests", state, value, "i run_fast_tests --stage local --version 1.2.0"];
    expect(line("fast_tests", world, options)).toEqual(wanted);
  });

  it("a released image is known by its digest where the engine does not have it", () => {
    expect(line("fast_tests", { log: [pass("fast"), release()] }, { list: "pre" })[1]).toBe("ok");
  });

  it("of prod a pass of any commit counts, for the code is in the image", () => {
    const world = { log: [pass("qa", { commit: "" })], ...engineWith(prod) };
    expect(line("qa_tests", world, { stage: "prod" })).toEqual([
      ...["Qa tests", "ok", "passed on 2025-01-02", "i run_qa_tests --stage prod --version 1.2.0"],
    ]);
  });

  it("all four lists are looked for", () => {
    expect(report().checked.map(({ id }) => id)).toEqual([
      ...["image_built", "changelog", "committed", "fast_tests", "slow_tests", "superslow_tests", "qa_tests"],
    ]);
  });
});
