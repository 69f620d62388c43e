import type { ReleaseOptions } from "../../lib/flows/release.ts";
import type { ListedImage } from "../../lib/model/around_facts.ts";
import type { Deployment, DeploymentFacts, Service } from "../../lib/model/aws.ts";
import { type ChangelogEntry, parseChangelog } from "../../lib/model/changelog.ts";
import { type Config, parseConfig } from "../../lib/model/config.ts";
import type { EngineContainer } from "../../lib/model/engine_container.ts";
import { UserError } from "../../lib/model/errors.ts";
import type { BuildInputs, EngineFacts, Facts, GitFacts, LocalImage, Owner, TagState } from "../../lib/model/facts.ts";
import type { LogEntry, Signature, SignedEntry } from "../../lib/model/log.ts";
import type { Action, Step } from "../../lib/model/plan.ts";
import { parseVersion, type Version } from "../../lib/model/version.ts";

/** The digest whose every hex digit is this one. */
export const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
/** The commit whose every hex digit is this one. */
export const commit = (letter: string): string => letter.repeat(40);
export const version = (text: string): Version => parseVersion(text);

/** What a refused rule says; fails where nothing is refused. */
export function refusal(run: () => unknown): UserError {
  try {
    run();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

type Yaml = Readonly<Record<string, unknown>>;
/** A config from the sections of repo_config.yaml; a section that is given replaces the default one. */
export const config = (sections: Yaml = {}): Config =>
  parseConfig({
    file: "repo_config.yaml",
    lineOf: () => 1,
    value: {
      docker_info: { docker_image_name: "cmamp" },
      container_registry_info: {
        ecr: { address: "127.0.0.1:5001", kind: "ecr" },
        dockerhub: { address: "127.0.0.1:5002", kind: "oci" },
      },
      ...sections,
    },
  });

/** Entries of cmamp with one change each, as `1.2.0` for dev or `prod-1.2.0`. */
export const changelog = (...names: readonly string[]): ChangelogEntry[] =>
  parseChangelog(names.map((name) => `# cmamp-${name}\n- 2025-01-02\n- Change\n`).join("\n"), "cmamp", "changelog.txt");

export const owner = (more: Partial<Owner> = {}): Owner => ({
  nonce: "n1",
  user: "gp",
  host: "laptop",
  boot: "boot-1",
  pid: 42,
  started: "100",
  commit: commit("a"),
  run: "",
  at: 1_000,
  ...more,
});

export const localImage = (reference: string, more: Partial<LocalImage> = {}): LocalImage => ({
  reference,
  id: digest("1"),
  digests: [],
  labels: {},
  platform: "linux/amd64",
  content: "c1",
  ...more,
});

/** A running container that gp started of cmamp; the letters start its id and are in its name. */
export const container = (letters: string, more: Partial<EngineContainer> = {}): EngineContainer => ({
  id: letters.padEnd(64, "0"),
  name: `box_${letters}`,
  image: "127.0.0.1:5001/cmamp:dev",
  imageId: digest("1"),
  running: true,
  status: "Up 3 minutes",
  created: "2025-01-02T10:00:00Z",
  ports: [],
  command: "bash",
  labels: { "dev.slipway.image": "cmamp", "dev.slipway.user": "gp" },
  envNames: [],
  ...more,
});
export const listedImage = (repository: string, tag: string, more: Partial<ListedImage> = {}): ListedImage => ({
  repository,
  tag,
  id: digest("f"),
  size: "2MB",
  created: "2025-01-02 10:00:00 +0000 UTC",
  ...more,
});

export const found = (hash: string, labels: Readonly<Record<string, string>> = {}): TagState => ({
  state: "found",
  digest: hash,
  labels,
});
/** One line of the log as Ann wrote it. */
export const logged = (entry: LogEntry, more: Partial<Signature> = {}): SignedEntry => ({
  at: "2025-01-02T10:00:00Z",
  by: "ann",
  host: "ci",
  ...entry,
  ...more,
});

/** A clean repo at commit aaaa on a machine with an engine, two empty registries, and 1.2.0 in the changelog to release. */
export function facts(more: Partial<Facts> = {}): Facts {
  const settings = more.config ?? config();
  return {
    place: { root: "/repo", dir: ".", owner: "/repo", gitDir: "/repo/.git", cwd: ".", gitMounts: [] },
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
    today: "2025-01-02",
    nonce: "1735800000",
    git: git(),
    engine: engine(),
    registries: {},
    log: [],
    inputs: inputs(),
    claim: null,
    remoteTags: {},
    changelogText: null,
    socket: { path: "/var/run/docker.sock", gid: 999 },
    programs: [],
    deployment: { service: null, others: [], definition: null, newest: null },
    packages: { pyproject: null, nested: [] },
    template: {},
    existing: [],
    otherImages: [],
    images: [],
    runs: [],
    commits: [],
    output: null,
    terminal: false,
    containers: [],
    stats: [],
    listedImages: [],
    port: { number: 20_000, free: true },
    patch: { startedFrom: null, tag: null, inRegistry: null },
    handedOver: { archive: null, inEngine: null, inRegistry: null },
    ...more,
  };
}

/** A service that runs revision 12 of a family, in one container with 1.1.0 of cmamp. */
export function onEcs(family: string, more: Partial<DeploymentFacts> = {}): DeploymentFacts {
  const arn = `arn:aws:ecs:eu-north-1:1:task-definition/${family}:12`;
  const container = { name: "app", image: `127.0.0.1:5001/cmamp@${digest("1")}` };
  const definition = { arn, fields: { family, containerDefinitions: [container] }, tags: [] };
  return { service: served(arn), others: [], definition, newest: definition, ...more };
}

/** A service of two tasks, all of which run a revision. */
export const served = (revision: string, more: Partial<Deployment> = {}): Service => ({
  name: "cmamp-prod",
  event: "has reached a steady state.",
  deployments: [
    {
      ...{ id: "ecs-svc/1", isPrimary: true, revision, desired: 2, running: 2, failed: 0 },
      ...{ rollout: "COMPLETED", reason: "" },
      ...more,
    },
  ],
});

export const git = (more: Partial<GitFacts> = {}): GitFacts => ({
  commit: commit("a"),
  time: 1_735_800_000,
  branch: "main",
  tree: commit("b"),
  dirty: [],
  shallow: false,
  remote: "origin",
  tags: {},
  ...more,
});

export const engine = (more: Partial<EngineFacts> = {}): EngineFacts => ({
  up: true,
  why: "",
  platform: "linux/amd64",
  store: "containerd",
  images: [],
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
  entries: ["devops"],
  hasLinks: false,
  revision: commit("a"),
  time: 1_735_800_000,
  tagged: ["cmamp-1.2.0"],
  ...more,
});

export const ids = (steps: readonly Step[]): string[] => steps.map(({ id }) => id);
/** The steps that would do something. */
export const active = (steps: readonly Step[]): string[] => ids(steps.filter(({ skip }) => skip === null));

/** The step of that id; fails where the plan has none. */
export function stepOf(steps: readonly Step[], id: string): Step {
  const one = steps.find((each) => each.id === id);
  if (one) return one;
  throw new Error(`no step ${id} in ${ids(steps).join(", ")}`);
}

/** What one kind of action would do in the steps that are not skipped. */
export const doing = <K extends Action["kind"]>(steps: readonly Step[], kind: K): Extract<Action, { kind: K }>[] =>
  steps
    .filter(({ skip }) => skip === null)
    .flatMap((one) => one.do)
    .filter((action): action is Extract<Action, { kind: K }> => action.kind === kind);

/** The commands of a plan as one line each. */
export const lines = (steps: readonly Step[]): string[] =>
  doing(steps, "command").map(({ argv }) => argv.map((word) => (typeof word === "string" ? word : "@image")).join(" "));

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
