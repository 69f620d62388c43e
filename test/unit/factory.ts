import type { AllFacts, BuildInputs, GitFacts } from "../../lib/plan/facts.ts";
import type { ReleaseOptions } from "../../lib/release/release.ts";
import { engine } from "./factory/engine.ts";
import { changelog, commit, config, version } from "./factory/values.ts";

// Tests take all of it from here.
export * from "./factory/engine.ts";
export * from "./factory/new_dir.ts";
export * from "./factory/packages.ts";
export * from "./factory/service.ts";
export * from "./factory/steps.ts";
export * from "./factory/values.ts";

/** A clean repo at commit aaaa on a machine with an engine, two empty registries, and 1.2.0 in the changelog to release. */
export function facts(more: Partial<AllFacts> = {}): AllFacts {
  const settings = more.config ?? config();
  return {
    place: { root: "/repo", dir: ".", owner: "/repo", gitDir: "/repo/.git", cwd: ".", gitMounts: [], gitPrograms: [] },
    user: { name: "gp", uid: 1000, gid: 1000, home: "/home/gp" },
    config: settings,
    changelog: changelog("1.2.0", "1.1.0"),
    version: version("1.2.0"),
    stage: "dev",
    platforms: [],
    builder: null,
    versionFrom: "option",
    targets: settings.registries.filter((one) => one.required),
    ci: false,
    host: { name: "laptop", system: "Linux", release: "6.1" },
    env: {},
    webhook: "",
    thinEnv: null,
    now: 1_735_800_000_000,
    git: git(),
    tree: { differs: [], stamp: "stamp" },
    engine: engine(),
    registries: {},
    log: [],
    lastLog: [],
    nested: [],
    services: null,
    inputs: inputs(),
    claim: null,
    moving: false,
    refs: { held: [], fault: null },
    remoteTags: {},
    unpushed: null,
    changelogText: null,
    socket: { path: "/var/run/docker.sock", gid: 999 },
    hostMounts: null,
    composeBinds: [],
    slipway: [],
    innerEngine: [],
    terminal: false,
    ...more,
  };
}

export const git = (more: Partial<GitFacts> = {}): GitFacts => ({
  commit: commit("a"),
  time: 1_735_800_000,
  branch: "main",
  code: commit("a"),
  tree: commit("b"),
  dirty: [],
  shallow: false,
  remote: { name: "origin", address: "git@host:team/cmamp.git", pushTo: "git@host:team/cmamp.git" },
  upstreams: {},
  origin: null,
  unclear: null,
  signs: false,
  identity: null,
  tags: {},
  ...more,
});

export const inputs = (more: Partial<BuildInputs> = {}): BuildInputs => ({
  base: null,
  large: [],
  dockerfile: "devops/docker_build/dev.Dockerfile",
  dockerfileText: "ARG POETRY_MODE\nFROM scratch\nARG AM_CONTAINER_VERSION\n",
  ignoreText: "",
  context: ".",
  hash: "c".repeat(64),
  bases: [],
  entries: ["devops"],
  hasLinks: false,
  other: [],
  revision: commit("a"),
  time: 1_735_800_000,
  tagged: ["cmamp-1.2.0"],
  ...more,
});

/** The options of a release as they are when none is typed. */
export const releaseOptions: ReleaseOptions = {
  cache: true,
  pushToRepo: true,
  skipTests: false,
  qaTests: true,
  superslowTests: false,
  runEndToEndTests: true,
  rerunTests: false,
};
