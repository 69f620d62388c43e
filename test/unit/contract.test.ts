import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { PackageFacts } from "../../lib/doors/pyproject.ts";
import { releaseHistory } from "../../lib/flows/status.ts";
import { announce } from "../../lib/kinds/announce.ts";
import { takeClaim } from "../../lib/kinds/claim.ts";
import { command } from "../../lib/kinds/command.ts";
import { moveTag } from "../../lib/kinds/move_tag.ts";
import { settleMove } from "../../lib/kinds/settle_move.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import { branchTag, devVersion } from "../../lib/model/dev_version.ts";
import type { AllFacts } from "../../lib/model/facts.ts";
import { type Action, type Step, stepsOf } from "../../lib/model/plan.ts";
import { candidateTag } from "../../lib/model/stage.ts";
import { ask } from "../../lib/model/trust.ts";
import type { Version } from "../../lib/model/version.ts";
import { examplesOf, renderHelp } from "../../lib/run/help.ts";
import { type Option, type OptionSet, universal, universalBeside, type Values } from "../../lib/run/options.ts";
import { cutAtWords, kebab, parseOptions } from "../../lib/run/parse_options.ts";
import type { Script } from "../../lib/run/script.ts";
import {
  changelog,
  commit,
  config,
  container,
  digest,
  engine,
  facts,
  found,
  ids,
  inputs,
  localImage,
  logged,
  onEcs,
  seenEnv,
  version,
} from "./factory.ts";
import { readIn, root, sources } from "./source.ts";

/** A super-repo on a branch that follows its remote. */
const superRepo = {
  ...{ state: "read", path: ".", wanted: null, commit: "c".repeat(40), branch: "main", upstream: "origin/main" },
  ...{ ahead: 0, behind: 0, changed: 1, conflicts: 0 },
};

const local = "127.0.0.1:5001/cmamp:local-gp-1.2.0";
const everywhere = (...tags: readonly string[]) => {
  const states = Object.fromEntries(tags.map((tag) => [tag, found(digest("a"))]));
  return { ecr: states, dockerhub: states };
};
const released = everywhere("dev-1.0.0", "dev-1.2.0");
const engineWith = (reference: string): Partial<AllFacts> => ({ engine: engine({ images: [localImage(reference)] }) });
const prodReleased = everywhere("prod-1.1.0", "prod-1.2.0");
const withoutGates = config({ release: { gates: [] } });
const release = (stage: "dev" | "prod") =>
  logged({
    ...{ type: "release", stage, version: "1.2.0", digest: digest("a"), commit: commit("a") },
    registries: ["ecr", "dockerhub"],
  });
/** A released dev 1.2.0 to build prod on, and what the engine has of it. */
const onDev = (tag = "dev-1.2.0"): { readonly world: Partial<AllFacts> } => ({
  world: {
    ...engineWith(`127.0.0.1:5001/cmamp:${tag}`),
    inputs: inputs({
      base: {
        version: version("1.2.0"),
        why: "the newest dev",
        digest: digest("d"),
        repository: "127.0.0.1:5001/cmamp",
      },
    }),
  },
});
/** Two images of one version, each tested on a platform of its own. */
function nativeImages(): Partial<AllFacts> {
  const labels = { "org.opencontainers.image.version": "1.2.0", "org.opencontainers.image.revision": commit("a") };
  const state = (letter: string, platform: string) => ({ ...found(digest(letter), labels), platform });
  const tags = { "local-ada-1.2.0": state("a", "linux/amd64"), "local-bob-1.2.0": state("b", "linux/arm64") };
  return { config: withoutGates, registries: { ecr: tags } };
}
const python: PackageFacts = {
  nested: [],
  pyproject: { folder: "devops/docker_build", text: "", value: {}, lock: null, pipList: null },
};
const asked = ask("script", "script scripts/own.ts", "the workflow scripts/own.ts runs on this machine as you");
const reported = { registries: {}, images: [], output: null };
const described = { tag: "cmamp-1.2.0", distance: 5 };
const onBranch = {
  version: devVersion({ ...described, image: "cmamp", commit: commit("a"), dirty: false, shallow: false }),
  follow: [branchTag("feature/doodad"), "develop"],
};
/** An image of a branch that is gone, and one that the log does not know. */
const pushed = { tag: onBranch.version.tag, digest: digest("a") };
const ofGoneBranch = logged({
  ...{ type: "branch", branch: "gone", version: "1.2.1.dev5", commit: commit("a"), follow: [], registries: ["ecr"] },
  ...pushed,
});
const tagged = (tag: string) => ({ tag, digest: digest("a"), children: [], labels: {}, created: "", layers: [] });
type Given = {
  readonly argv?: readonly string[];
  readonly world?: Partial<AllFacts>;
  /** What its own question to the world is answered. */
  readonly seen?: unknown;
};
/** What a script must be given so that it has something to plan: the words one would type, and the world it meets. */
const given: Readonly<Record<string, Given>> = {
  changelog_add: { argv: ["--message", "One"] },
  docker: { argv: ["--", "ps"] },
  compare_packages: { argv: ["dev", "debian:12"], seen: engineWith(local).engine },
  docker_cmd: { argv: ["--cmd", "ls"] },
  docker_login: { world: { targets: config().registries.slice(0, 1) } },
  docker_build_prod: onDev(),
  docker_create_candidate: onDev(),
  docker_push_prod: { argv: ["--skip-tests"], world: { ...onDev("prod-1.2.0").world, config: withoutGates } },
  docker_push_prod_candidate: { world: engineWith(`127.0.0.1:5001/cmamp:${candidateTag("gp", commit("a"))}`) },
  docker_release_all: { argv: ["--skip-tests"], world: { ...onDev().world, config: withoutGates }, seen: [] },
  docker_release_dev: { seen: [] },
  docker_release_multi_build_dev: { seen: [] },
  docker_release_prod: { argv: ["--skip-tests"], world: { ...onDev().world, config: withoutGates }, seen: [] },
  docker_update_prod_task_definition: { world: { registries: prodReleased }, seen: onEcs("cmamp-prod") },
  docker_rollback_prod: { argv: ["--version", "1.2.0"], seen: prodReleased },
  docker_tag_push_multi_build_local_as_dev: { argv: ["--skip-tests"], world: { config: withoutGates } },
  release_merge_index: { argv: ["--images", "local-ada-1.2.0,local-bob-1.2.0"], world: nativeImages() },
  release_prune: {
    seen: {
      ...{
        now: 0,
        branches: [],
        left: {},
        held: [],
        running: [],
        cleaning: [],
        registries: { ecr: [tagged(pushed.tag)] },
      },
    },
    world: { log: [ofGoneBranch] },
  },
  release_adopt: { seen: { tags: {}, registries: { ecr: [tagged("dev-0.9.0")] } } },
  docker_images_ls_repo: { seen: { containers: [], images: [] } },
  docker_jupyter: { seen: { seen: {}, port: { number: 20_000, free: true } } },
  docker_kill: { seen: [container("3f2a91")] },
  docker_exec: { seen: [container("3f2a91")] },
  docker_ps: { seen: [] },
  docker_remove: { seen: { containers: [], images: [] } },
  docker_share_local: { seen: { archive: null, inEngine: null, inRegistry: null } },
  docker_stats: { seen: [] },
  docker_patch: {
    argv: ["--name", "ccxtpro"],
    seen: {
      containers: [container("3f2a91")],
      images: [],
      startedFrom: { labels: {}, env: {}, user: "", workingDir: "", entrypoint: [], cmd: [] },
      ...{ tag: "dev_ccxtpro", inRegistry: null },
    },
  },
  docker_push_dev: {
    world: { ...engineWith("127.0.0.1:5001/cmamp:dev-1.2.0"), config: withoutGates },
  },
  docker_rollback_dev: { argv: ["--version", "1.2.0"], seen: released },
  docker_take_local: {
    argv: ["--from", "ann"],
    seen: { archive: null, inEngine: localImage(local), inRegistry: null },
  },
  docker_tag_local_as_dev: { argv: ["--skip-tests"], world: { config: withoutGates } },
  find_unused_packages: { argv: ["--where", "dill"], seen: { seen: {}, packages: python } },
  doctor: { seen: { programs: [], access: {}, emulations: [] } },
  release_deploy: {
    argv: ["-i", "docker", "-n", "brewblox/devcon", "-t", "feature-doodad"],
    seen: { context: "docker", described: { tag: null, distance: 3 }, packages: [] },
  },
  release_dist_copy: {
    seen: {
      ...{ source: "dist", packages: [{ file: "a-1.0.tar.gz", project: "a", version: "1.0" }] },
      targets: [{ dir: "docker/pkg", packages: [] }],
    },
  },
  release_package: { argv: ["--index", "https://test.pypi.org/simple/"], seen: { tag: null, distance: 3 } },
  release_enable_cross_build: { seen: { mounted: true, emulations: [] } },
  init: {
    seen: {
      template: { "a.txt": { text: "a", executable: false } },
      ...{ existing: [], ownTests: null, codeAt: null, otherImages: [] },
      ...{ way: "submodule", source: "https://github.com/acme/slipway", name: "opt", baseImage: null },
      ...{ there: null, hasPackageJson: false, gitignore: null, answered: false },
    },
  },
  init_ci: { seen: { there: "helpers/slipway", texts: {} } },
  init_runnable_dir: {
    argv: ["--name", "opt"],
    seen: {
      template: { "a.txt": { text: "a", executable: false } },
      ...{ existing: [], ownTests: null, codeAt: null, otherImages: [] },
    },
  },
  lint: {
    seen: {
      ...{ files: ["a.py", "README.md"], leftOut: [{ path: "l.py", why: "is a link" }] },
      settings: {
        ...{ image: null, entrypoint: true },
        linters: [{ name: "python", files: ["*.py"], fix: [["ruff", "format"]], check: [["ruff", "check"]] }],
      },
      image: { reference: "127.0.0.1:5001/dev_tools:prod", engine: engineWith(local).engine },
    },
  },
  lint_detect_cycles: { seen: { files: [{ path: "a.py", text: "import a\n" }], leftOut: [] } },
  env_print: { seen: seenEnv() },
  tools_run: {
    argv: ["--", "prettier", "--version"],
    seen: { tool: { name: "prettier", text: "FROM node:22\n" }, engine: engineWith(local).engine },
  },
  trust: { seen: { asks: [asked], open: [asked], allowed: [] } },
  version_check: { seen: [] },
  release_check: { seen: {} },
  release_notes: { seen: { ...reported, commits: [] } },
  release_status: { seen: { ...reported, runs: [] } },
  run_fast_tests: { seen: [] },
  run_qa_tests: { seen: [] },
  run_slow_tests: { seen: [] },
  run_fast_slow_tests: { seen: [] },
  run_tests: { argv: ["fast", "qa"], seen: [] },
  run_fast_slow_superslow_tests: { seen: [] },
  run_superslow_tests: { seen: [] },
  release_log: { seen: { ref: "refs/slipway/log/cmamp", fault: null, entries: [] } },
  package_add: {
    argv: ["foo"],
    world: {
      inputs: { ...inputs(), dockerfileText: "ARG POETRY_MODE" },
    },
    seen: python,
  },
  release_announce: {
    world: { log: [release("dev"), release("prod")] },
    seen: everywhere("dev-1.2.0", "prod-1.2.0"),
  },
  poetry: { argv: ["--", "check"] },
  release_mirror: { world: { registries: released } },
  release_branch: { seen: { branch: "feature/doodad", ...onBranch, registries: {}, nested: [] } },
  release_dev_version: { seen: described },
  git_branch_next_name: { seen: "main_1" },
  git_clean: { seen: { repos: [superRepo], untracked: { ".": ["new"] } } },
  git_create_branch: { seen: { name: "new", remote: "origin" } },
  git_pull: { seen: [superRepo] },
  git_status: { seen: [] },
  release_trigger: {
    seen: {
      trigger: { event: "push", ref: "refs/heads/feature/doodad" },
      decision: { build: "branch", branch: "feature/doodad", why: "a push" },
      pinned: onBranch,
    },
  },
};

/** What an example meets where it is another than what its script does. */
const answers: Readonly<Record<string, unknown>> = {
  "i docker_update_prod_task_definition --environment preprod --candidate prod-ada-0a1b2c3d4": onEcs("cmamp-preprod"),
  "i docker_update_prod_task_definition --environment test --task-definition cmamp-test-ada --timeout 1200 --dry-run":
    onEcs("cmamp-test-ada"),
  "i docker_share_local --file /tmp/image.tar --readable": {
    archive: { path: "/tmp/image.tar", exists: false, digest: null, version: null },
    ...{ inEngine: null, inRegistry: null },
  },
};
/** The world of an example where it is another than its script's. */
const worlds: Readonly<Record<string, Partial<AllFacts>>> = {
  "i docker_release_prod --version 1.2.1 --dev-version 1.2.0": { changelog: changelog("prod-1.2.1", "1.2.0") },
  "i docker_update_prod_task_definition --environment preprod --candidate prod-ada-0a1b2c3d4": {
    version: null,
    registries: everywhere("prod-ada-0a1b2c3d4"),
  },
};

type Loaded = Script<OptionSet>;
const names = sources("scripts").map((path) => path.replace(/^scripts\/(.*)\.ts$/, "$1"));
const loaded = await Promise.all(
  names.map(async (name) => {
    const { default: made } = (await import(`../../scripts/${name}.ts`)) as { default: Loaded };
    return [name, made] as const;
  }),
);
const help = (name: string, { about, options, examples = [] }: Loaded): string =>
  renderHelp({ name, about, options, universal: universalBeside(options), examples }, 1000);

/** The steps of a script with the words and the world that it is given. */
const planOf = (name: string, made: Loaded): readonly Step[] => stepsFor(name, made, given[name]?.argv ?? []);

function stepsFor(
  name: string,
  made: Loaded,
  argv: readonly string[],
  { world = {}, seen = given[name]?.seen }: Given = {},
): readonly Step[] {
  const { values, words } = parseOptions({ ...universalBeside(made.options), ...made.options }, argv, {});
  const options = { ...values, words } as Values<OptionSet> & { readonly words: readonly string[] };
  const typed = values["version"] === undefined ? {} : { version: values["version"] as Version };
  const stage = made.stage ?? (values["stage"] === "prod" ? "prod" : "dev");
  const steps = made.steps(
    facts({ config: config(), stage, ...engineWith(local), ...typed, ...given[name]?.world, ...world }),
    options,
    seen,
  );
  return stepsOf({ steps });
}

/** Whether a text says something, and nothing in it was forgotten to be filled in. */
const isSaid = (text: string): boolean =>
  text.trim() !== "" && !/undefined|null|NaN|\[object|\$\{/.test(text) && !/ {2}|^ | $/.test(text);
/** A title is an imperative in capitals, or the program's own words. */
const isClear = (title: string): boolean => isSaid(title) && /^(?:[A-Z][a-z]+ \S|docker \S|poetry \S)/.test(title);

function isWhole(action: Action): boolean {
  if (command.is(action))
    return action.argv.length > 0 && action.argv.every((word) => word !== "" && word !== "undefined");
  if (writeFile.is(action)) return /^[\w.][\w./-]*[\w.-]$/.test(action.path);
  if (announce.is(action)) return action.text.trim() !== "" && !/undefined|\[object|NaN/.test(action.text);
  return true;
}

describe.each(loaded)("%s", (name, made) => {
  it("says in one sentence what it does", () => {
    expect(made.about).toMatch(/^[A-Z](?:[^.]|\.(?! ))*\.$/);
  });

  it("is a file of less than 40 lines, named as it is typed", () => {
    expect([readIn(`scripts/${name}.ts`).split("\n").length <= 40, /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name)]).toEqual(
      [true, true],
    );
  });

  it("has options whose spellings are all different", () => {
    const words = Object.entries({ ...universalBeside(made.options), ...made.options }).flatMap(([option, more]) => [
      kebab(option),
      ...(more.short ? [more.short] : []),
      ...(more.aliases ?? []),
      ...Object.keys(more.meanings ?? {}),
    ]);
    expect(words.filter((word, index) => words.indexOf(word) !== index)).toEqual([]);
  });

  it("uses no universal option for something of its own, but for the document's --from USER", () => {
    const used = Object.keys(made.options).filter((option) => option in universal);
    expect(used).toEqual(name === "docker_take_local" ? ["from"] : []);
  });

  it("says of each option in one sentence what happens", () => {
    const unclear = Object.values(made.options).filter((option) => !/^[A-Z](?:[^.]|\.(?! ))*[^.]\.$/.test(option.help));
    expect(unclear).toEqual([]);
  });

  it("shows in its help the sentence and every option", () => {
    const page = help(name, made);
    const missing = Object.keys(made.options).filter((option) => !page.includes(`-${kebab(option)}`));
    expect([page.startsWith(`${made.about}\n`), missing]).toEqual([true, []]);
  });

  it.each(examplesOf({ name, examples: made.examples ?? [] }))("has an example that is planned: %s", (example) => {
    const [i, script, ...argv] = (example.split(" < ")[0] ?? "").match(/'[^']*'|"[^"]*"|\S+/g) ?? [];
    const words = argv.map((word) => word.replaceAll(/^["']|["']$/g, ""));
    expect([i, script]).toEqual(["i", name]);
    const all = { ...universalBeside(made.options), ...made.options };
    const steps = stepsFor(name, made, made.passesWords ? cutAtWords(all, words) : words, {
      ...(worlds[example] ? { world: worlds[example] } : {}),
      ...(answers[example] ? { seen: answers[example] } : {}),
    });
    expect(steps.length).toBeGreaterThan(0);
  });

  it("plans steps whose ids are snake_case and unique", () => {
    const all = ids(planOf(name, made));
    const odd = all.filter((id, index) => !/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(id) || all.indexOf(id) !== index);
    expect([odd, all.length > 0]).toEqual([[], true]);
  });

  it("plans steps that say in words what they do, and why one is left out", () => {
    const steps = planOf(name, made);
    const unclear = steps.filter(({ title, skip }) => !isClear(title) || (skip !== null && !isSaid(skip)));
    expect([unclear, steps.some(({ skip }) => skip === null)]).toEqual([[], true]);
  });

  it("plans nothing but commands of whole words, files that have a place, and reports that say something", () => {
    const actions = planOf(name, made).flatMap((step) => step.do);
    expect([actions.filter((action) => !isWhole(action)), actions.length > 0]).toEqual([[], true]);
  });

  it("takes --break-lock where it meets a claim or a move of a tag", () => {
    const meets = (action: Action): boolean => moveTag.is(action) || settleMove.is(action) || takeClaim.is(action);
    const isMet = planOf(name, made).some((step) => step.do.some(meets));
    expect(isMet && !("breakLock" in made.options)).toBe(false);
  });

  it("looks whether the remote has the commit where --allow-unpushed may be typed, and nowhere else", () => {
    expect(made.needs?.includes("pushed") === true).toBe("allowUnpushed" in made.options);
  });

  it("has a row in a table of README.md", () => {
    expect(readIn("README.md")).toMatch(new RegExp(`^\\|[^\\n]*\`(i )?${name}\\b`, "m"));
  });

  it("shadows no program of the system where it is a command of its own", () => {
    const folders = ["/bin", "/usr/bin", "/sbin", "/usr/sbin"];
    expect(name.includes("_") ? folders.filter((folder) => existsSync(`${folder}/${name}`)) : []).toEqual([]);
  });
});

it("a plan that reads what its script did not look at does not compile", () => {
  type Looking = Script<Record<never, Option>, undefined, "git">;
  const about = { about: "Tell.", options: {}, needs: ["git"] } as const;
  const seeing: Looking = { ...about, steps: (facts) => (facts.git.shallow ? [] : []) };
  // @ts-expect-error The log was not looked at.
  const blind: Looking = { ...about, steps: (facts) => (facts.log ? [] : []) };
  // @ts-expect-error Nor by the flow that it calls.
  const calling: Looking = { ...about, steps: (facts) => releaseHistory(facts, { all: true, passes: true }) };
  expect([seeing, blind, calling].map(({ needs }) => needs)).toEqual([["git"], ["git"], ["git"]]);
});

it("the scripts lie where they are found", () => {
  expect(existsSync(`${root}/scripts/docker_release_dev.ts`)).toBe(true);
});
