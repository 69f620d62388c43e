import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import type { ListName } from "../../lib/config/tests.ts";
import { announce } from "../../lib/kinds/announce.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import { asksCi, type CiServices, ciFiles, initCi } from "../../lib/repo/ci.ts";
import { lineDiff } from "../../lib/text/line_diff.ts";
import { textAt, valueAt } from "../../lib/text/shape.ts";
import { workflowNames } from "../bed/fitting.ts";
import { config, doing, facts, refusal } from "./factory.ts";

const at = "helpers/slipway";
const arm = config({ release: { platforms: ["linux/amd64", "linux/arm64"] } });
const files = (more: Parameters<typeof facts>[0] = {}, where = at) => ciFiles(facts(more), where);
const text = (name: string, ...given: Parameters<typeof files>) =>
  files(...given)[`.github/workflows/${name}.yml`] ?? "";
const lines = (written: string) => [...written.matchAll(/- run: (.*)/g)].map(([, line = ""]) => line);
const seen = { there: at, texts: {}, services: null };

describe("init_ci", () => {
  it("writes tests, the weekly image, branch images and releases; no release where a container is built on the fly", () => {
    const names = (more = {}) => Object.keys(files(more)).map((path) => path.replace(/.*\/|\.yml/g, ""));
    const tests = ["fast_tests", "slow_tests", "superslow_tests", "dev_image"];
    expect(names()).toEqual([...tests, "branch_image", "release"]);
    expect(names({ config: config({ release: "none" }) })).toEqual(tests);
  });

  it("types nothing but workflows that are there", () => {
    const typed = [undefined, arm].flatMap((one) =>
      Object.values(files(one ? { config: one } : {})).flatMap((each) =>
        lines(each).flatMap((line) => /bin\/i (\w+)/.exec(line)?.[1] ?? []),
      ),
    );
    expect([...new Set(typed)].filter((name) => !workflowNames.includes(name))).toEqual([]);
  });

  describe("where the dir has services", () => {
    const needing = (neededBy: readonly ListName[], envFile = {}) => ({ neededBy, settings: { envFile } });
    const written = (services: CiServices | null, world = {}) => ciFiles(facts(world), at, services);
    const up = (services: CiServices, world = {}) =>
      Object.entries(written(services, world)).flatMap(([path, one]) =>
        lines(one).some((line) => line.includes("service_up")) ? [path.replace(/.*\/|\.yml/g, "")] : [],
      );

    it("starts them before what needs them, and takes them down whatever came of it", () => {
      const job = valueAt(
        load(written(needing(["fast"]))[".github/workflows/fast_tests.yml"] ?? ""),
        "jobs",
        "tests",
        "steps",
      );
      const steps = (job as readonly Readonly<Record<string, string>>[]).map((one) => ({
        if: one["if"],
        run: one["run"],
      }));
      const named = steps.filter(({ run }) => /service_|run_|docker_pull/.test(run ?? ""));
      expect(named.map(({ run = "" }) => /bin\/i (\w+)/.exec(run)?.[1])).toEqual([
        ...["service_up", "docker_pull", "run_fast_tests", "service_down"],
      ]);
      expect(named.map((one) => one.if)).toEqual([undefined, undefined, undefined, "${{ always() }}"]);
      expect(steps.at(-1)?.run).toContain("service_down");
    });

    it.each<[readonly ListName[], readonly string[]]>([
      [["fast"], ["fast_tests", "dev_image", "branch_image", "release"]],
      [["slow"], ["slow_tests", "dev_image", "branch_image", "release"]],
      [["superslow"], ["superslow_tests", "dev_image"]],
      [[], []],
    ])("only for the lists that need them: %j", (neededBy, names) => {
      expect(up(needing(neededBy))).toEqual(names);
    });

    it("for each job of a release that runs its gates, on each machine", () => {
      const release = written(needing(["fast"]), { config: arm })[".github/workflows/release.yml"] ?? "";
      const jobs = valueAt(load(release), "jobs") as Readonly<Record<string, { steps: readonly object[] }>>;
      const has = Object.entries(jobs).map(([id, { steps }]) => [id, JSON.stringify(steps).includes("service_up")]);
      expect(has).toEqual([
        ["native", true],
        ["dev", false],
        ["prod", true],
      ]);
    });

    it("names the stage of their variables where local has none", () => {
      const typed = (envFile: object) =>
        lines(written(needing(["fast"], envFile))[".github/workflows/fast_tests.yml"] ?? "");
      const shown = [{}, { local: "l.env", dev: "d.env" }, { dev: "d.env" }].map(
        (one) =>
          typed(one)
            .find((line) => line.includes("service_up"))
            ?.split("bin/i ")[1],
      );
      expect(shown).toEqual(["service_up", "service_up", "service_up --stage dev"]);
    });

    it("and writes what it wrote before where it has none", () => {
      expect(written(null)).toEqual(files());
      expect(Object.values(written(null)).join("")).not.toContain("service_");
    });
  });

  it("starts by no branch that is Slipway's own", () => {
    const own = config({ release: { ref_prefix: "refs/heads/slipway" } });
    for (const name of ["fast_tests", "branch_image"]) {
      expect(text(name)).toContain('push: {branches: ["**"]}');
      expect(text(name, { config: own })).toContain('push: {branches: ["**", "!slipway/**"]}');
    }
  });

  it("builds an image of each branch but the main one, unless a channel names it", () => {
    const condition = (channels: object) =>
      textAt(load(text("branch_image", { config: config({ release: { channels } }) })), "jobs", "image", "if");
    const other = "github.ref_name != github.event.repository.default_branch";
    expect(condition({})).toBe(`\${{ ${other} }}`);
    const odd = "it's: #1";
    expect(condition({ develop: ["edge"], [odd]: ["odd"] })).toBe(
      `\${{ ${other} || contains(fromJSON('["develop","it''s: #1"]'), github.ref_name) }}`,
    );
    expect(lines(text("branch_image")).at(-1)).toContain(
      'release_branch --branch "$GITHUB_REF_NAME" --commit "$GITHUB_SHA"',
    );
  });

  it("asks for no more rights than its lines need, and pins what it uses by a commit", () => {
    const rights = Object.entries(files()).map(([path, one]) => [
      path.replace(/.*\/|\.yml/g, ""),
      valueAt(load(one), "permissions"),
    ]);
    expect(Object.fromEntries(rights)).toEqual({
      fast_tests: { contents: "write", packages: "read" },
      slow_tests: { contents: "write", packages: "read" },
      superslow_tests: { contents: "write", packages: "read" },
      dev_image: { contents: "read", packages: "read" },
      branch_image: { contents: "write", packages: "write" },
      release: { contents: "write", packages: "write" },
    });
    const uses = Object.values(files()).flatMap((one) => [...one.matchAll(/uses: (\S+)/g)].map(([, used]) => used));
    expect(new Set(uses)).toEqual(new Set(["actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683"]));
    for (const one of Object.values(files()))
      expect(textAt(load(one), "concurrency", "group")).toBe("${{ github.workflow }}-${{ github.ref }}");
  });

  it("puts no expression of GitHub into shell text: a branch may have any name", () => {
    const all = [...Object.values(files()), ...Object.values(files({ config: arm }))].flatMap(lines);
    expect(all.filter((line) => line.includes("${{"))).toEqual([]);
  });

  it("releases by tag; several platforms natively, joined by one index", () => {
    const i = `${at}/thin_client/bin/i`;
    const dev = '"${GITHUB_REF_NAME#cmamp-}"';
    expect(lines(text("release")).filter((line) => line.includes("release"))).toEqual([
      `${i} docker_release_dev --version ${dev}`,
      `${i} docker_release_prod --version "\${GITHUB_REF_NAME#cmamp-prod-}"`,
    ]);
    const native = lines(text("release", { config: arm })).filter((line) => /_(build|tests|share|merge)/.test(line));
    expect(native).toEqual([
      `${i} docker_build_local --version ${dev} --multi-arch "$PLATFORM" --poetry-mode no_update`,
      ...["fast", "slow", "qa"].map((list) => `${i} run_${list}_tests --stage local --version ${dev} --snapshot`),
      `${i} docker_share_local --version ${dev}`,
      `${i} release_merge_index --version ${dev} --images "local-ci-amd64-\${GITHUB_REF_NAME#cmamp-}","local-ci-arm64-\${GITHUB_REF_NAME#cmamp-}"`,
    ]);
    const rare = config({ release: { platforms: ["linux/amd64", "linux/arm/v7", "linux/arm64"] } });
    expect(lines(text("release", { config: rare }))).toContain(`${i} release_enable_cross_build`);
  });

  it("logs in to each registry, with a password that is in no argv", () => {
    const registries = [
      { name: "ecr", kind: "ecr", address: "1.dkr.ecr.eu-north-1.amazonaws.com", required: true },
      { name: "ghcr", kind: "ghcr", address: "ghcr.io/acme", required: true },
      { name: "my $(id) one", kind: "oci", address: "registry.test", required: true },
    ] as const;
    const logins = lines(text("fast_tests", { config: { ...config(), registries } })).filter((line) =>
      /login/.test(line),
    );
    const i = `${at}/thin_client/bin/i docker_login --target-registries`;
    expect(logins).toEqual([
      `${i} ecr`,
      `${i} ghcr`,
      `printf %s "$MY_ID_ONE_PASSWORD" | ${i} 'my $(id) one' --username "$MY_ID_ONE_USERNAME" --password-stdin`,
    ]);
    const [told] = doing(initCi(facts({ config: { ...config(), registries } }), {}, seen), announce);
    expect(told?.text).toContain("AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, MY_ID_ONE_USERNAME, MY_ID_ONE_PASSWORD");
  });

  it("uses the package where Slipway is one, and names another dir and its files", () => {
    const place = { ...facts().place, dir: "a: b/$(x)" };
    expect(lines(text("fast_tests", {}, "package.json"))).toContain("npx --no-install slipway docker_pull --stage dev");
    const written = text("a: b_$(x)_fast_tests", { place });
    const run = valueAt(load(written), "jobs", "tests", "steps", 5, "run");
    expect(run).toBe(`${at}/thin_client/bin/i run_fast_tests --stage dev --snapshot --dir 'a: b/$(x)'`);
  });

  it("writes what differs alone, shows how, and asks before it does", () => {
    const path = ".github/workflows/fast_tests.yml";
    const changed = { ...seen, texts: { ...files(), [path]: `${text("fast_tests")}# mine\n` } };
    expect(asksCi(facts(), {}, seen)).toBeNull();
    expect(asksCi(facts(), {}, { ...seen, texts: files() })).toBeNull();
    expect(asksCi(facts(), {}, changed)).toBe(`${path}:\n  -# mine\nOverwrite ${path}?`);
    const steps = initCi(facts(), {}, changed);
    expect(steps.filter(({ skip }) => skip === null).map(({ id }) => id)).toEqual(["write_fast_tests", "tell"]);
    expect(doing(steps.slice(0, 1), writeFile)[0]).toMatchObject({ path, tells: ["-# mine"] });
  });

  it.each<[string, string | undefined, string | null]>([
    ["Slipway is no part of this repo", undefined, null],
    ['"../x" is no place', "../x", at],
    ['"a b" is no place', "a b", at],
    ['"-x" is no place', "-x", at],
  ])("refuses what it cannot start: %s", (what, slipway, there) => {
    expect(refusal(() => initCi(facts(), { slipway }, { ...seen, there })).message).toContain(what);
  });
});

it.each([
  ["a\nb\nc", "a\nc", ["-b"]],
  ["a\nc", "a\nb\nc", ["+b"]],
  ["a\nb", "a\nc", ["-b", "+c"]],
  ["", "a", ["-", "+a"]],
  ["a", "a", []],
])("of %j to %j the diff is %j", (before, after, diff) => {
  expect(lineDiff(before, after)).toEqual(diff);
});
