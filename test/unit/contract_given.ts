import type { Drift } from "../../lib/config/common_files.ts";
import { ask } from "../../lib/config/trust.ts";
import type { PackageFacts } from "../../lib/doors/pyproject.ts";
import { branchTag, devVersion } from "../../lib/names/dev_version.ts";
import { candidateTag } from "../../lib/names/stage.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import type { ServicesLook } from "../../lib/run/look_services.ts";
import { layout } from "../../thin_client/engine/layout.ts";
import { placeIn } from "../../thin_client/quickstart/place.ts";
import {
  changelog,
  chosenDir,
  commit,
  config,
  container,
  digest,
  engine,
  found,
  inputs,
  localImage,
  logged,
  onEcs,
  seenEnv,
  version,
} from "./factory.ts";

/** A super-repo on a branch that follows its remote. */
const newFile: Drift = {
  ...{ path: "conftest.py", kind: "missing", note: "", entry: null },
  wanted: { is: "file", id: "a0", bytes: Buffer.from(""), executable: false },
};
const superRepo = {
  ...{ state: "read", path: ".", wanted: null, commit: "c".repeat(40), branch: "main", upstream: "origin/main" },
  ...{ ahead: 0, behind: 0, changed: 1, conflicts: 0 },
};

const testedDirs = ["infra", "web/it's"].map((dir) => ({
  ...{ dir, dependsOn: [] },
  runs: { image: "cmamp", gitDir: "/repo/.git", measured: ["fast"], limits: { cpus: null, memory: null } },
}));

const privateEngine = { at: layout({ HOME: "/home/ada" }), own: false, starts: true, holder: 1 };

const onGithub = { host: "github.com", owner: "acme", name: "opt" };
/** What its remote has, and this clone does not. */
const main = { remote: "origin", branch: "main", commit: "d".repeat(40), fetched: "c".repeat(40) };

const local = "127.0.0.1:5001/cmamp:local-gp-1.2.0";
const everywhere = (...tags: readonly string[]) => {
  const states = Object.fromEntries(tags.map((tag) => [tag, found(digest("a"))]));
  return { ecr: states, dockerhub: states };
};
const released = everywhere("dev-1.0.0", "dev-1.2.0");
const engineWith = (reference: string): Partial<AllFacts> => ({ engine: engine({ images: [localImage(reference)] }) });
/** An engine that has the local image of 1.2.0. */
export const withLocal = engineWith(local);
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
/** A database that runs, and a cache that does not. */
const services: ServicesLook = {
  services: {
    ...{ dir: ".", path: "services.yml", project: "slipway-gp-repo-0a1b2c3d4e5f", neededBy: ["fast"] },
    settings: { composeFile: "services.yml", envFile: {}, ready: { postgres: ["pg_isready"] }, within: 60 },
    file: { folder: ".", services: { postgres: { image: "postgres:17" }, redis: { image: "redis:8" } }, all: {} },
  },
  engine: engine(),
  seen: {
    containers: [
      {
        ...{ id: "3f2a91", name: "slipway-postgres-1", service: "postgres", image: "postgres:17", state: "running" },
        ...{ exitCode: 0, health: null, ports: [], stage: "local", madeFrom: "" },
      },
    ],
    networks: [{ id: "4e5f", name: "slipway-gp-repo-0a1b2c3d4e5f", guests: [] }],
    volumes: ["slipway_data"],
  },
  variables: null,
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
export type Given = {
  readonly argv?: readonly string[];
  readonly world?: Partial<AllFacts>;
  /** What its own question to the world is answered. */
  readonly seen?: unknown;
};
/** What a script must be given so that it has something to plan: the words one would type, and the world it meets. */
export const given: Readonly<Record<string, Given>> = {
  changelog_add: { argv: ["--message", "One"] },
  docker: { argv: ["--", "ps"] },
  compare_packages: { argv: ["dev", "debian:12"], seen: withLocal.engine },
  docker_cmd: { argv: ["--cmd", "ls"] },
  docker_login: { world: { targets: config().registries.slice(0, 1) } },
  docker_build_prod: onDev(),
  docker_create_candidate: onDev(),
  docker_push_prod: { argv: ["--skip-tests"], world: { ...onDev("prod-1.2.0").world, config: withoutGates } },
  docker_push_prod_candidate: { world: engineWith(`127.0.0.1:5001/cmamp:${candidateTag("gp", commit("a"))}`) },
  docker_release_all: {
    ...{ argv: ["--skip-tests"], world: { config: withoutGates } },
    seen: { prod: { inputs: onDev().world.inputs, claim: null } },
  },
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
  docker_kill: { seen: { containers: [container("3f2a91")], volumes: [] } },
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
  doctor: { seen: { programs: [], access: {}, emulations: [], apt: true, slipway: "/slipway" } },
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
      ...{ ...chosenDir(), way: "submodule", source: "https://github.com/acme/slipway" },
      ...{ there: null, hasPackageJson: false, gitignore: null, old: null },
    },
  },
  init_ci: { seen: { there: "helpers/slipway", texts: {}, services: null } },
  init_runnable_dir: {
    argv: ["--name", "opt"],
    seen: { dirs: [chosenDir()], answered: false },
  },
  lint: {
    seen: {
      ...{ files: ["a.py", "README.md"], leftOut: [{ path: "l.py", why: "is a link" }] },
      settings: {
        ...{ image: null, entrypoint: true },
        linters: [{ name: "python", files: ["*.py"], fix: [["ruff", "format"]], check: [["ruff", "check"]] }],
      },
      image: { reference: "127.0.0.1:5001/dev_tools:prod", ofOthers: false },
      engine: engineWith(local).engine,
    },
  },
  lint_detect_cycles: { seen: { files: [{ path: "a.py", text: "import a\n" }], leftOut: [] } },
  env_print: { seen: seenEnv() },
  tools_run: {
    argv: ["--", "prettier", "--version"],
    seen: { tool: { name: "prettier", text: "FROM node:22\n" }, engine: engineWith(local).engine },
  },
  service_up: { seen: services },
  service_down: { seen: services },
  service_ps: { seen: services },
  service_logs: { seen: services },
  trust: { seen: { asks: [asked], open: [asked], allowed: [] } },
  version_check: { seen: [] },
  release_check: { seen: { registries: {} } },
  release_notes: { seen: { ...reported, commits: [] } },
  release_status: { seen: { ...reported, runs: [] } },
  run_fast_tests: { seen: [] },
  pytest_repro: { seen: { file: "x", ids: ["test/a.py::test_b"], leftOut: 0, traces: null, output: null } },
  run_coverage: { seen: { nested: [], files: [], output: undefined } },
  run_qa_tests: { seen: [] },
  run_slow_tests: { seen: [] },
  run_fast_slow_tests: { seen: [] },
  run_tests: { argv: ["fast", "qa"], seen: [] },
  run_fast_slow_superslow_tests: { seen: [] },
  run_superslow_tests: { seen: [] },
  main_pytest: { seen: { all: testedDirs, chosen: testedDirs.slice(1), times: {}, room: null, cluster: null } },
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
  gh_create_issue: { argv: ["--title", "One"], seen: { repo: onGithub, title: "One", body: "", open: null } },
  gh_create_pr: {
    seen: { repo: onGithub, title: "One", body: "#45", open: null, head: "Task45", base: "main", push: "origin" },
  },
  gh_watch: { seen: { repo: onGithub, branch: "main", commit: commit("a") } },
  gh_workflow_list: { seen: { repo: onGithub, branches: ["main"], runs: [] } },
  gh_workflow_run: {
    seen: { repo: onGithub, branch: "main", commit: commit("a"), workflows: [{ file: "fast_tests.yml", going: null }] },
  },
  git_branch_delete_merged: {
    seen: {
      repos: [superRepo],
      branches: [
        {
          ...{ path: ".", main, remote: [], inUse: ["main"], isStale: false, configured: ["fix"] },
          local: [{ name: "fix", commit: "c".repeat(40) }],
        },
      ],
      offline: false,
    },
  },
  engine: { argv: ["up", "--registries", "--base", "--multi-arch"], seen: privateEngine },
  quickstart: {
    seen: {
      ...placeIn("/data/quickstart", "sample"),
      ...{ known: null, engine: privateEngine, stays: null, isAtFirst: true, isUsual: true, users: [1] },
    },
  },
  git_branch_diff: {
    seen: [
      {
        ...{ path: ".", fork: "c".repeat(40), patch: "+one", why: null },
        changes: [{ status: "M", path: "file", isPointer: false }],
      },
    ],
  },
  git_branch_next_name: { seen: "main_1" },
  git_clean: { seen: { repos: [superRepo], untracked: { ".": ["new"] } } },
  git_create_branch: { seen: { name: "new", isHere: false, remote: "origin" } },
  git_merge_master: { seen: { repos: [superRepo], mains: { ".": main }, offline: false } },
  git_pull: { seen: [superRepo] },
  git_roll_submodule: {
    seen: {
      repos: [superRepo, { ...superRepo, path: "amp", wanted: superRepo.commit }],
      rolls: [{ path: "amp", main, pointer: superRepo.commit, isAhead: false, isBehind: false }],
    },
  },
  git_status: { seen: [] },
  sync_common_files: {
    seen: { source: ".", entries: new Map(), repos: [{ repo: "../amp", drifts: [newFile] }], leftOut: [] },
  },
  release_trigger: {
    seen: {
      trigger: { event: "push", ref: "refs/heads/feature/doodad" },
      decision: { build: "branch", branch: "feature/doodad", why: "a push" },
      pinned: onBranch,
    },
  },
};

/** What an example meets where it is another than what its script does. */
export const answers: Readonly<Record<string, unknown>> = {
  "i release_check --what": { changes: [] },
  "i service_up --stage dev": { ...services, seen: { containers: [], networks: [], volumes: [] } },
  "i docker_update_prod_task_definition --environment preprod --candidate prod-ada-0a1b2c3d4": onEcs("cmamp-preprod"),
  "i docker_update_prod_task_definition --environment test --task-definition cmamp-test-ada --timeout 1200 --dry-run":
    onEcs("cmamp-test-ada"),
  "i docker_share_local --file /tmp/image.tar --readable": {
    archive: { path: "/tmp/image.tar", exists: false, digest: null, version: null },
    ...{ inEngine: null, inRegistry: null },
  },
};
/** The world of an example where it is another than its script's. */
export const worlds: Readonly<Record<string, Partial<AllFacts>>> = {
  "i docker_release_prod --version 1.2.1 --dev-version 1.2.0": { changelog: changelog("prod-1.2.1", "1.2.0") },
  "i docker_update_prod_task_definition --environment preprod --candidate prod-ada-0a1b2c3d4": {
    version: null,
    registries: everywhere("prod-ada-0a1b2c3d4"),
  },
};
