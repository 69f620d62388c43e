import { describe, expect, it } from "vitest";
import { testCommand } from "../../lib/config/tests.ts";
import { announce } from "../../lib/kinds/announce.ts";
import { assertReleasable, newest, readChangelog } from "../../lib/names/changelog.ts";
import { isTag, parseReference } from "../../lib/names/image.ts";
import { imageTag, parseStage } from "../../lib/names/stage.ts";
import { bump, parseVersion } from "../../lib/names/version.ts";
import { quote } from "../../lib/plan/render_plan.ts";
import { checkVersion } from "../../lib/repo/changelog.ts";
import { vocabulary } from "../../lib/run/options.ts";
import { changelog, doing, facts, version } from "./factory.ts";
import file from "./original_cases.json" with { type: "json" };
import { type Case, cases, input, one, outcome, theirs } from "./original_cases.ts";
import { configOf, originalYaml } from "./yaml.ts";

function imageOf(each: Case): string {
  const base = input(each, "base_image") || `${input(each, "CSFY_ECR_BASE_PATH")}/${input(each, "BASE_IMAGE")}`;
  const text = input(each, "version");
  const tag = imageTag(parseStage(input(each, "stage")), input(each, "user"), text ? parseVersion(text) : undefined);
  parseReference(`${base}:${tag}`);
  return `${base}:${tag}`;
}

describe("names of images", () => {
  const legal = ["image.get_image.12", "image.get_image.13", "image.get_image.14", "image.get_image.15"];
  it.each(cases("image_name", legal))("%s", (_id, each) => {
    expect(outcome(() => imageOf(each))).toBe(theirs(each));
  });

  it.each([
    ["image.get_image.12", "helpers:dev-1.0.0"],
    ["image.get_image.13", "localhost:5000/helpers:dev-1.0.0"],
    ["image.get_image.14", "Foo/helpers:dev-1.0.0"],
    ["image.get_image.15", "docker.io/library/x/y:dev"],
  ])("%s: a base image is whatever Distribution's grammar takes, as in %s", (id, expected) => {
    expect(imageOf(one(id))).toBe(expected);
  });

  it.each([
    ["image.get_image.user_john.doe", "john.doe"],
    ["image.get_image.user_JDoe", "JDoe"],
  ])("%s: such a user gets a legal tag", (_id, user) => {
    expect(isTag(imageTag("local", user, version("1.0.0")))).toBe(true);
  });

  const refused = ["image_valid.test2.1", "image.valid.13", "image.valid.18", "base_image_valid.test2.1"];
  const all = [...cases("image_name_valid"), ...cases("base_image_valid")];
  const text = (each: Case) => input(each, "image") || input(each, "base_image");
  it.each(all.filter(([, each]) => each.expected === "valid"))("%s is a reference", (_id, each) => {
    expect(() => parseReference(text(each))).not.toThrow();
  });

  it.each(refused)("%s is none", (id) => {
    expect(outcome(() => parseReference(text(one(id))).path)).toBe(theirs(one(id)));
  });

  it.each(all.filter(([id, each]) => each.expected !== "valid" && !refused.includes(id)))(
    "%s is one by Distribution's grammar, which decides here",
    (_id, each) => {
      expect(() => parseReference(text(each))).not.toThrow();
    },
  );
});

describe("versions", () => {
  it.each(cases("version_bump"))("%s", (_id, each) => {
    const kind = () => vocabulary.bump.parse(input(each, "bump_type"));
    expect(outcome(() => bump(parseVersion(input(each, "version")), kind()))).toBe(theirs(each));
  });

  it.each(cases("version_resolve"))("%s", (_id, each) => {
    expect(outcome(() => vocabulary.version.parse(input(each, "version")) ?? input(each, "changelog"))).toBe(
      theirs(each),
    );
  });

  const follow = (current: string, next: string) =>
    outcome(() => {
      const released = [version(current)];
      assertReleasable(version(next), { entries: [], stage: "dev", policy: "after_release", released });
      return "ok";
    });
  it.each(cases("version_subsequent"))("%s", (_id, each) => {
    expect(follow(input(each, "current"), input(each, "new"))).toBe(theirs(each));
  });

  it.each([
    ["version.subsequent.1.9.0.1.10.0", "1.9.0", "1.10.0", "ok"],
    ["version.subsequent.9.0.0.10.0.0", "9.0.0", "10.0.0", "ok"],
    ["version.subsequent.1.10.0.1.9.0", "1.10.0", "1.9.0", "refused"],
  ])("%s: versions are compared as numbers", (_id, current, next, expected) => {
    expect(follow(current, next)).toBe(expected);
  });
});

describe("code and container", () => {
  const check = (code: readonly string[], container: string) =>
    doing(checkVersion(facts({ changelog: changelog(...code), env: { CONTAINER_VERSION: container } })), announce)[0];
  it.each(cases("version_check"))("%s", (_id, each) => {
    const told = check([input(each, "code_version")], input(each, "container_version"));
    expect(told?.data).toMatchObject({ inSync: each.expected === "true" });
  });

  it.each(cases("version_check").filter(([, each]) => each.stdout && /^\d/.test(input(each, "container_version"))))(
    "%s says the four lines word for word",
    (_id, each) => {
      const told = check([input(each, "code_version")], input(each, "container_version"));
      expect(told?.text.split("\n").slice(0, 5)).toEqual(each.stdout?.split("\n").slice(0, 5));
    },
  );

  it("version.check_msg.1.2.3.1.2.0: a prod-only entry puts no dev container out of sync", () => {
    expect(check(["prod-1.2.3", "1.2.0"], "cmamp-1.2.0")?.data).toMatchObject({ inSync: true });
  });
});

describe("changelogs", () => {
  const read = (each: Case) => {
    const text = input(each, "changelog.txt");
    const image = /^# (\S+)-\d/m.exec(text)?.[1] ?? "helpers";
    return newest(readChangelog(text, image).entries, "dev");
  };
  it.each(cases("changelog_version"))("%s", (_id, each) => {
    expect(String(read(each)?.version ?? null)).toBe(each.expected);
  });

  it.each(cases("changelog_entry"))("%s", (_id, each) => {
    const entry = read(each);
    expect({
      version: entry ? `${entry.image}-${entry.version}` : null,
      date: entry?.date ?? null,
      changes: entry?.changes.map((change) => `- ${change}`) ?? [],
    }).toEqual(JSON.parse(each.expected));
  });

  it("changelog.version.preamble: a version outside a heading is none, and the line is a problem", () => {
    const { entries, problems } = readChangelog("Requires python 3.12.1\n# helpers-1.0.0\n- First\n", "helpers");
    expect([newest(entries, "dev")?.version, problems.length]).toEqual(["1.0.0", 1]);
  });
});

describe("repo_config.yaml", () => {
  it.each(cases("repo_config"))("%s", async (_id, each) => {
    const config = await configOf(originalYaml);
    const answers: Readonly<Record<string, string>> = {
      get_repo_short_name: config.repoName,
      get_repo_full_name: config.source?.replace("https://github.com/", "") ?? "",
      get_repo_full_name_with_hostname: config.source?.replace("https://", "") ?? "",
      get_docker_base_image_name: config.imageName,
      get_dir_suffix: config.dirSuffix,
      use_helpers_as_nested_module: String(config.nestedHelpers),
      get_container_registry_url: config.registries[0]?.address ?? "",
    };
    expect(answers[input(each, "method")]).toBe(each.expected);
  });
});

describe("the pytest line", () => {
  const pytest = (each: Case): string => {
    const names = (key: string) => input(each, key).split(",").filter(Boolean);
    const threads = input(each, "n_threads");
    const words = testCommand(
      "fast",
      { command: null, mayBeEmpty: false, entrypoint: true, prod: null },
      {
        ci: each.input["is_inside_ci"] === true,
        suite: input(each, "docker_image_name"),
        report: "tmp.junit.xml",
        cache: "tmp.cache",
        choice: {
          pytestOpts: [],
          nThreads: threads === "1" ? undefined : threads,
          coverage: each.input["coverage"] === true,
          collectOnly: each.input["collect_only"] === true,
          runOnlyTestList: [...names("custom_marker"), ...names("run_only_test_list")],
          skipTestList: names("skip_test_list"),
        },
        without: [],
        stage: "dev",
        version: null,
      },
    );
    return words.map(quote).join(" ");
  };
  const both = ["pytest_cmd.test_run_fast_tests2_inside_ck_infra", "pytest_cmd.test_run_fast_tests2_outside_ck_infra"];

  it.each(cases("pytest_command", both))(
    "%s, but for our marker, one thread, its path, the places of report and cache, and the output's file, which we write",
    (_id, each) => {
      const expected = each.expected
        .replace('superslow"', 'superslow and not qa"')
        .replace(" -n 1 ", " ")
        .replace('" . -o', '" -o')
        .replace(" and not requires_ck_infra", "")
        .replace(/ 2>&1 \| tee \S+$/, "")
        .replace(/( -n auto)? --junit-xml/, " -o cache_dir=tmp.cache$1 --junit-xml")
        .replace(/suite_name="(\w+)"/, "suite_name=$1")
        .replaceAll('"', "'");
      expect(pytest(each)).toBe(expected);
    },
  );

  it.each(both)("%s is refused: tests that are only collected cover nothing", (id) => {
    expect(outcome(() => pytest(one(id)))).toBe("refused");
  });
});

it("every kind of case has a test above", () => {
  expect([...new Set(file.cases.map(({ kind }) => kind))].sort()).toEqual([
    ...["base_image_valid", "changelog_entry", "changelog_version", "image_name", "image_name_valid"],
    ...["pytest_command", "repo_config", "version_bump", "version_check", "version_resolve", "version_subsequent"],
  ]);
});

it("no case is both left out and run", () => {
  expect(file.cases.filter(({ id }) => id in file.leftOut)).toEqual([]);
});
