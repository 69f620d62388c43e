import { describe, expect, it } from "vitest";
import { announce } from "../../lib/kinds/announce.ts";
import type { SignedEntry } from "../../lib/names/log.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import type { CheckOptions } from "../../lib/report/check_list.ts";
import { confirmed, engineWith, image, local, pass, plan, release, report } from "./check_lists.ts";
import { doing, refusal, stepOf, version } from "./factory.ts";

describe("the check-list of a version", () => {
  it("before its release is a report, then a step for each line that a person confirms", () => {
    const steps = plan();
    expect(steps.map(({ id, title, skip }) => [id, title, skip])).toEqual([
      ["report", "Look at the pre-release check-list", null],
      ...[
        ["goal_achieved", "Make sure that the goal of the issue is achieved, e.g., a new package is visible", null],
        [
          "other_regressions",
          "Run the regressions of the other repos that use the image: changelog, fast, slow, superslow",
          null,
        ],
        ["pull_request", "Do a PR with the change, changelog.txt and the poetry files", null],
      ],
    ]);
    expect(stepOf(steps, "pull_request").do).toEqual([
      { kind: "by_hand", text: "Do a PR with the change, changelog.txt and the poetry files" },
      {
        ...{ kind: "record", image: "cmamp" },
        entry: { type: "confirm", stage: "dev", version: "1.2.0", digest: null, line: "pull_request" },
      },
    ]);
  });

  it.each<["dev" | "prod", readonly (readonly string[])[]]>([
    [
      "dev",
      [
        ["integration", "Make an integration with the repos that share the code, to copy all the changes"],
        ["users_pulled", "Tell users who do not read the channel to do i docker_pull"],
      ],
    ],
    [
      "prod",
      [
        ["deployed", "Update what runs the image, e.g., the task definition"],
        ["users_pulled", "Tell users who do not read the channel to do i docker_pull --stage prod"],
      ],
    ],
  ])("after its release of %s leaves other lines to a person, confirmed for its image", (stage, lines) => {
    const steps = plan({ log: [release({ stage })] }, { stage });
    expect([steps[0]?.title, steps.slice(1).map(({ id, title }) => [id, title])]).toEqual([
      "Look at the post-release check-list",
      lines,
    ]);
    expect(steps.at(-1)?.do[1]).toMatchObject({ entry: { stage, digest: image, line: "users_pulled" } });
  });

  it("tells each line with what was seen, what is wrong with the line to type, and what was confirmed", () => {
    const log = [confirmed("pull_request", { by: "bob", at: "2025-02-03T00:00:00Z" })];
    expect(
      doing(plan({ log, ...engineWith(local) }), announce)[0]
        ?.text.split("\n")
        .slice(0, 6),
    ).toEqual([
      "Pre-release check-list of cmamp dev 1.2.0:",
      `ok       The new image is built locally: ${local}, sha256:aaaaaaaaaaaa`,
      "ok       Update the changelog.txt file: line 1, 2025-01-02",
      "ok       Everything is committed: aaaaaaaaaaaa",
      "WRONG    Fast tests: no pass of this image",
      "         fix: i run_fast_tests --stage local --version 1.2.0",
    ]);
    expect(doing(plan({ log }), announce)[0]?.text.split("\n").at(-1)).toBe(
      "ok       Do a PR with the change, changelog.txt and the poetry files, confirmed by bob on 2025-02-03",
    );
  });

  it("tells nothing of a line that nobody confirmed yet", () => {
    const lines = doing(plan(), announce)[0]?.text.split("\n") ?? [];
    expect(lines.filter((text) => /^(?:ok|WRONG) /.test(text))).toHaveLength(7);
    expect(lines.join("\n")).not.toContain("Do a PR");
  });

  it("gives machines each line with its state", () => {
    const log = [confirmed("pull_request")];
    expect(report({ log }).byHand.map(({ id, state, value }) => [id, state, value])).toEqual([
      ["goal_achieved", "open", ""],
      ["other_regressions", "open", ""],
      ["pull_request", "confirmed", "confirmed by ann on 2025-01-02"],
    ]);
    expect(doing(plan(), announce)[0]?.data).toMatchObject({ list: "pre", stage: "dev", version: "1.2.0" });
  });

  it("ends with exit code 1 while a line is wrong", () => {
    const log = ["fast", "slow", "superslow", "qa"].map((list) => pass(list));
    expect(doing(plan(), announce)[0]?.exitCode).toBe(1);
    expect(doing(plan({ log, ...engineWith(local) }), announce)[0]?.exitCode).toBe(0);
  });

  it.each<[string, Partial<AllFacts>, Partial<CheckOptions>, readonly string[]]>([
    ["the version that is named", {}, { version: version("1.1.0") }, ["1.1.0", "pre"]],
    ["that of the newest entry", { log: [release({ version: "1.1.0" })] }, {}, ["1.2.0", "pre"]],
    [
      "what is released where there is no entry",
      { changelog: [], log: [release({ version: "1.1.0" })] },
      {},
      ["1.1.0", "post"],
    ],
    ["what is released already", { log: [release()] }, {}, ["1.2.0", "post"]],
    ["the list that is named", { log: [release()] }, { list: "pre" }, ["1.2.0", "pre"]],
    ["the list that is named, before the release", {}, { list: "post" }, ["1.2.0", "post"]],
  ])("is of %s", (_which, more, options, wanted) => {
    expect(doing(plan(more, options), announce)[0]?.data).toMatchObject({ version: wanted[0], list: wanted[1] });
  });

  it("is of nothing where there is neither an entry nor a release", () => {
    expect(refusal(() => plan({ changelog: [] }))).toMatchObject({
      message: "cmamp has no version yet",
      why: "A check-list is of one version, and changelog.txt has no entry.",
      fix: "Add the first one: i changelog_add --message 'First version'",
    });
  });
});

describe("a line that a person confirmed", () => {
  const skip = (log: readonly SignedEntry[]) => stepOf(plan({ log }), "pull_request").skip;
  it("is not asked about again; the last word counts", () => {
    const log = [confirmed("pull_request"), confirmed("pull_request", { by: "bob" }), confirmed("goal_achieved")];
    expect(skip(log)).toBe("confirmed by bob on 2025-01-02");
  });

  it.each<[string, SignedEntry]>([
    ["another line", confirmed("goal_achieved")],
    ["another version", { ...confirmed("pull_request"), version: "1.1.0" } as SignedEntry],
    ["another stage", { ...confirmed("pull_request"), stage: "prod" } as SignedEntry],
  ])("is not confirmed by %s", (_what, entry) => {
    expect(skip([entry])).toBeNull();
  });
});
