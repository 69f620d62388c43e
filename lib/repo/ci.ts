import type { Registry } from "../config/registry.ts";
import { newestTag } from "../config/release_settings.ts";
import type { ServiceSettings } from "../config/services.ts";
import { type ListName, listNames } from "../config/tests.ts";
import { isAws } from "../container/ecr_login.ts";
import { UserError } from "../errors.ts";
import { announce } from "../kinds/announce.ts";
import { writeFile } from "../kinds/write_file.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { quote } from "../plan/render_plan.ts";
import type { ServicesOfDir } from "../run/look_services.ts";
import { lineDiff } from "../text/line_diff.ts";
import { visible } from "../text/visible.ts";

/** What a repo has for its CI: where Slipway lies in it, as `init` finds it, and the texts of the files that are there. */
export type CiLook = {
  readonly there: string | null;
  readonly texts: Readonly<Record<string, string | null>>;
  /** The services that tests need; null where the dir names none. */
  readonly services: CiServices | null;
};
export type CiServices = Pick<ServicesOfDir, "neededBy"> & { readonly settings: Pick<ServiceSettings, "envFile"> };
export type CiOptions = { readonly slipway?: string | undefined };

/**
 * Writes workflows of GitHub Actions that run the same lines as on a laptop (docs.github.com, "Workflow syntax for GitHub
 * Actions"). What differs from a file that is there is shown, and written once a person agreed.
 */
export function initCi(facts: Facts, options: CiOptions, seen: CiLook): Step[] {
  const files = ciFiles(facts, slipwayIn(options, seen), seen.services);
  const names = Object.keys(files);
  const writes = Object.entries(files).map(([path, content]) => {
    const before = seen.texts[path] ?? null;
    const action = writeFile({ path, content, ...(before === null ? {} : { tells: shownDiff(before, content) }) });
    const title = before === null ? `Write ${path}` : `Change ${path}`;
    const skip = before === content ? "it is as it should be" : null;
    return step(`write_${idOf(path)}`, title, [action], { skip });
  });
  const secrets = secretNames(facts);
  const text = [
    "Next: git add .github && git commit, and push it",
    ...(secrets.length > 0 ? [`Set the secrets of the repo on GitHub: ${secrets.join(", ")}`] : []),
  ].join("\n");
  return [...writes, step("tell", "Show what to do next", [announce({ text, data: { files: names, secrets } })])];
}

/** The question before a file that somebody may have changed is written, with what goes and what comes; null where none is. */
export function asksCi(facts: Facts, options: CiOptions, seen: CiLook): string | null {
  const changed = Object.entries(ciFiles(facts, slipwayIn(options, seen), seen.services)).flatMap(([path, content]) => {
    const before = seen.texts[path] ?? null;
    return before === null || before === content ? [] : [{ path, lines: shownDiff(before, content) }];
  });
  if (changed.length === 0) return null;
  const shown = changed.flatMap(({ path, lines }) => [`${path}:`, ...lines.map((line) => `  ${line}`)]);
  return [...shown, `Overwrite ${changed.map(({ path }) => path).join(", ")}?`].join("\n");
}

const shownDiff = (before: string, after: string): readonly string[] => lineDiff(before, after).map(visible);

/** The files that a runnable dir may have: GitHub reads those of the repo's root alone. */
export const ciPaths = (dir: string): Readonly<Record<CiName, string>> => {
  const prefix = dir === "." ? "" : `${dir.replaceAll("/", "_")}_`;
  const at = (name: CiName) => `.github/workflows/${prefix}${name}.yml`;
  return {
    fast_tests: at("fast_tests"),
    slow_tests: at("slow_tests"),
    superslow_tests: at("superslow_tests"),
    dev_image: at("dev_image"),
    branch_image: at("branch_image"),
    release: at("release"),
  };
};
type CiName = `${"fast" | "slow" | "superslow"}_tests` | "dev_image" | "branch_image" | "release";

const idOf = (path: string): string => path.replace(/^.*\/(.*)\.yml$/, "$1").replaceAll(/[^a-z0-9]+/g, "_");

function slipwayIn({ slipway }: CiOptions, { there }: CiLook): string {
  const at = slipway ?? there;
  if (at === null)
    throw new UserError("Slipway is no part of this repo", {
      why: "A CI has what the repo has: a submodule, or a package in package.json.",
      fix: "Add it first: i init",
    });
  if (at === "package.json" || /^[\w][\w.-]*(\/[\w][\w.-]*)*$/.test(at)) return at;
  throw new UserError(`"${at}" is no place of Slipway in a repo`, {
    why: "It is the path of its submodule, of letters, digits, dots and dashes, or package.json.",
    fix: "Use --slipway helpers/slipway",
  });
}

/** A job in the order of its lines. */
type Job = {
  readonly id: string;
  readonly needs?: string;
  readonly condition?: string;
  /** The test lists that its lines run. */
  readonly lists?: readonly ListName[];
  /** Of several machines, a row each. */
  readonly machines?: readonly { readonly platform: string; readonly runner: string; readonly user: string }[];
  readonly lines: readonly string[];
  /** What is typed at the end, also where a line before it failed. */
  readonly always?: readonly string[];
};
type Workflow = {
  readonly name: string;
  readonly on: readonly string[];
  /** Tests record their passes, and releases their tags and log, in refs of the repo. */
  readonly contents: "read" | "write";
  readonly packages: "read" | "write";
  readonly jobs: readonly Job[];
};

const byHand = "workflow_dispatch:";
const cron = (time: string): string => `schedule: [{cron: "${time}"}]`;

/** The workflows of a runnable dir by their path. */
export function ciFiles(
  facts: Facts,
  at: string,
  services: CiServices | null = null,
): Readonly<Record<string, string>> {
  const { config, place } = facts;
  const paths = ciPaths(place.dir);
  const i = (line: string) => `${entry(at)} ${line}${place.dir === "." ? "" : ` --dir ${quote(place.dir)}`}`;
  const own = /^refs\/heads\/(.*)$/.exec(config.release.refPrefix)?.[1];
  const anyBranch = `push: {branches: ["**"${own === undefined ? "" : `, "!${own}/**"`}]}`;
  // A pass counts for a commit alone, and what npm put into the tree is none of it.
  const tests = (list: ListName, on: readonly string[]): Workflow => ({
    ...{ name: `${list} tests`, on, contents: "write", packages: "read" },
    jobs: [
      {
        id: "tests",
        lists: [list],
        lines: [i("docker_pull --stage dev"), i(`run_${list}_tests --stage dev --snapshot`)],
      },
    ],
  });
  const withServices = (one: Workflow): Workflow => ({
    ...one,
    jobs: one.jobs.map((job) => aroundTests(job, services, i)),
  });
  const all: Readonly<Record<string, Workflow>> = {
    [paths.fast_tests]: tests("fast", [anyBranch, byHand]),
    [paths.slow_tests]: tests("slow", [cron("17 3 * * 1-6"), byHand]),
    [paths.superslow_tests]: tests("superslow", [cron("17 5 * * 0"), byHand]),
    [paths.dev_image]: {
      ...{ name: "dev image", on: [cron("17 1 * * 0"), byHand], contents: "read", packages: "read" },
      jobs: [
        {
          id: "image",
          lists: listNames.filter((list) => list !== "qa"),
          lines: [
            i("docker_build_local --poetry-mode update"),
            ...listNames.filter((list) => list !== "qa").map((list) => i(`run_${list}_tests --stage local`)),
          ],
        },
      ],
    },
    [paths.branch_image]: {
      ...{ name: "branch image", on: [anyBranch, byHand], contents: "write", packages: "write" },
      jobs: [
        {
          ...{
            id: "image",
            lists: config.release.gates,
            condition: asksForImage(Object.keys(config.release.channels).filter((name) => name !== newestTag)),
          },
          lines: [i("release_trigger"), i('release_branch --branch "$GITHUB_REF_NAME" --commit "$GITHUB_SHA"')],
        },
      ],
    },
    [paths.release]: {
      name: "release",
      on: [
        `push: {tags: ["${config.imageName}-[0-9]+.[0-9]+.[0-9]+", "${config.imageName}-prod-[0-9]+.[0-9]+.[0-9]+"]}`,
      ],
      ...{ contents: "write", packages: "write" },
      jobs: releaseJobs(facts, i),
    },
  };
  const texts = Object.entries(all).map(([path, one]) => [path, rendered(facts, withServices(one), at)] as const);
  const releases: readonly string[] = [paths.branch_image, paths.release];
  return Object.fromEntries(texts.filter(([path]) => !config.release.none || !releases.includes(path)));
}

/** Services are up before the first tests that need them, and go whatever came of those. */
function aroundTests(job: Job, services: CiServices | null, i: (line: string) => string): Job {
  const { lists = [], lines } = job;
  if (services === null || !lists.some((list) => services.neededBy.includes(list))) return job;
  const known = Object.keys(services.settings.envFile);
  // Without --stage they get the variables of local.
  const stage = known.length === 0 || known.includes("local") ? "" : ` --stage ${known[0]}`;
  return { ...job, lines: [i(`service_up${stage}`), ...lines], always: [i("service_down")] };
}

/** A push to the main branch asks for no image unless `release.channels` names it (design.md, "Between releases"). */
function asksForImage(channels: readonly string[]): string {
  const isOther = "github.ref_name != github.event.repository.default_branch";
  const named = JSON.stringify(channels).replaceAll("'", "''");
  return channels.length === 0 ? isOther : `${isOther} || contains(fromJSON('${named}'), github.ref_name)`;
}

/** Machines of GitHub that run a platform natively (docs.github.com, "GitHub-hosted runners"). */
const runners: Readonly<Record<string, string>> = { "linux/amd64": "ubuntu-latest", "linux/arm64": "ubuntu-24.04-arm" };

/** The version that the pushed tag names: a variable in quotes, for a tag may have any name. */
const tagVersion = (prefix: string): string => `"\${GITHUB_REF_NAME#${prefix}-}"`;

function releaseJobs({ config }: Facts, i: (line: string) => string): Job[] {
  const { imageName, release } = config;
  const machines = release.platforms.flatMap((platform) => {
    const runner = runners[platform];
    const user = `ci-${platform.replace("linux/", "")}`;
    return runner === undefined ? [] : [{ platform, runner, user }];
  });
  const isProd = `startsWith(github.ref_name, '${imageName}-prod-')`;
  const version = tagVersion(imageName);
  const prod: Job = {
    ...{ id: "prod", condition: isProd, lists: release.gates },
    lines: [i(`docker_release_prod --version ${tagVersion(`${imageName}-prod`)}`)],
  };
  const lists = release.gates;
  const dev = { id: "dev", condition: `!${isProd}` };
  if (machines.length < 2) return [{ ...dev, lists, lines: [i(`docker_release_dev --version ${version}`)] }, prod];
  // What has no machine of its own is emulated, on one that builds all of it.
  if (machines.length < release.platforms.length)
    return [
      { ...dev, lists, lines: [i("release_enable_cross_build"), i(`docker_release_dev --version ${version}`)] },
      prod,
    ];
  const native: Job = {
    ...{ id: "native", condition: `!${isProd}`, machines, lists },
    lines: [
      i(`docker_build_local --version ${version} --multi-arch "$PLATFORM" --poetry-mode no_update`),
      ...release.gates.map((list) => i(`run_${list}_tests --stage local --version ${version} --snapshot`)),
      i(`docker_share_local --version ${version}`),
    ],
  };
  const images = machines.map(({ user }) => `"local-${user}-\${GITHUB_REF_NAME#${imageName}-}"`).join(",");
  const join = i(`release_merge_index --version ${version} --images ${images}`);
  return [native, { ...dev, needs: "native", lines: [join] }, prod];
}

/** How Slipway is started: from its submodule, or from the packages that npm put there. */
const entry = (at: string): string => (at === "package.json" ? "npx --no-install slipway" : `${at}/thin_client/bin/i`);

/** The commit of actions/checkout v4.2.2: a tag of an action may be moved, a commit may not. */
const checkout = "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2";

function rendered(facts: Facts, { name, on, contents, packages, jobs }: Workflow, at: string): string {
  return [
    "# Written by `i init_ci`; type it again after repo_config.yaml has changed.",
    `name: ${name}`,
    "on:",
    ...on.map((line) => `  ${line}`),
    "permissions:",
    `  contents: ${contents}`,
    `  packages: ${packages}`,
    "concurrency:",
    "  group: ${{ github.workflow }}-${{ github.ref }}",
    "  cancel-in-progress: false",
    "jobs:",
    ...jobs.flatMap((job) => [
      ...head(job),
      ...setup(at),
      ...logins(facts, at),
      ...job.lines.map(runLine),
      ...alwaysLines(job),
    ]),
    "",
  ].join("\n");
}

function head({ id, needs, condition, machines }: Job): string[] {
  const rows = machines?.map(
    ({ platform, runner, user }) => `          - {platform: ${platform}, runner: ${runner}, user: ${user}}`,
  );
  return [
    `  ${id}:`,
    ...(needs ? [`    needs: ${needs}`] : []),
    ...(condition ? [`    if: ${scalar(`\${{ ${condition} }}`)}`] : []),
    ...(rows ? ["    strategy:", "      matrix:", "        include:", ...rows] : []),
    `    runs-on: ${rows ? "${{ matrix.runner }}" : "ubuntu-latest"}`,
    ...(rows ? ["    env:", "      PLATFORM: ${{ matrix.platform }}", "      SLIPWAY_USER: ${{ matrix.user }}"] : []),
    "    steps:",
  ];
}

/** A plain scalar where YAML reads it as it stands (yaml.org, 1.2.2, "Plain Style"), else one in double quotes, as JSON has them. */
const scalar = (text: string): string => (/: |\s#|\n|^!/.test(text) ? JSON.stringify(text) : text);
const runLine = (line: string): string => `      - run: ${scalar(line)}`;

const alwaysLines = ({ always = [] }: Job): string[] =>
  always.flatMap((line) => ["      - if: ${{ always() }}", `        run: ${scalar(line)}`]);

const setup = (at: string): string[] => [
  `      - uses: ${checkout}`,
  "        with: {fetch-depth: 0, submodules: recursive}",
  runLine(at === "package.json" ? "npm ci" : `${at}/thin_client/build --quiet`),
];

const secretsOf = (name: string): readonly string[] => {
  const start = name.toUpperCase().replaceAll(/[^A-Z0-9]+/g, "_");
  return [`${start}_USERNAME`, `${start}_PASSWORD`];
};
const amazon = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

/** Who is logged in by what: Amazon's registry by its keys, GitHub's by the token of the job, all others by name and password. */
const loginOf = (facts: Facts, registry: Registry): "aws" | "github" | "password" => {
  if (registry.kind === "ecr" && isAws(facts, registry)) return "aws";
  return registry.kind === "ghcr" ? "github" : "password";
};

const secretNames = (facts: Facts): readonly string[] => {
  const names = { aws: () => amazon, github: () => [], password: secretsOf };
  return [...new Set(facts.config.registries.flatMap((one) => names[loginOf(facts, one)](one.name)))];
};

/** One login for each registry; a password goes in by standard input or a variable, and is in no argv. */
function logins(facts: Facts, at: string): string[] {
  const secret = (name: string) => `          ${name}: \${{ secrets.${name} }}`;
  return facts.config.registries.flatMap((registry) => {
    const login = `${entry(at)} docker_login --target-registries ${quote(registry.name)}`;
    const by = loginOf(facts, registry);
    if (by === "aws") return [runLine(login), "        env:", ...amazon.map(secret)];
    if (by === "github") return [runLine(login), "        env:", "          GITHUB_TOKEN: ${{ github.token }}"];
    const [user = "", password = ""] = secretsOf(registry.name);
    const line = `printf %s "$${password}" | ${login} --username "$${user}" --password-stdin`;
    return [runLine(line), "        env:", ...[user, password].map(secret)];
  });
}
