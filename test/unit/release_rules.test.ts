import { describe, expect, it } from "vitest";
import { imageLabels } from "../../lib/build/build.ts";
import type { Flipped, Released, SignedEntry } from "../../lib/names/log.ts";
import type { AllFacts, TagState } from "../../lib/plan/facts.ts";
import { release as planRelease, type ReleaseOptions } from "../../lib/release/release.ts";
import {
  assertBase,
  assertMayRelease,
  assertNotRolledBack,
  assertTagFits,
  keptVersion,
  releasedVersions,
} from "../../lib/release/release_rules.ts";
import {
  changelog,
  commit,
  config,
  digest,
  engine,
  facts,
  found,
  git,
  ids,
  inputs,
  localImage,
  logged,
  refusal,
  releaseOptions,
  version,
} from "./factory.ts";

const plan = (world: Partial<AllFacts>, more: Partial<ReleaseOptions> = {}) =>
  planRelease(facts(world), { ...releaseOptions, ...more });

const release = (of: string): Released => ({
  type: "release",
  stage: "dev",
  version: of,
  digest: digest("a"),
  commit: commit("a"),
  registries: ["ecr"],
});
const flip = (to: string, why: Flipped["why"], more: Partial<Flipped> = {}): Flipped => ({
  type: "flip",
  tag: "dev",
  version: to,
  to: digest("a"),
  from: {},
  why,
  registries: ["ecr"],
  id: "f1",
  ...more,
});
const history = (...entries: readonly (Released | Flipped)[]) => ({ log: entries.map((entry) => logged(entry)) });
const rolledBack = history(
  release("1.1.0"),
  release("1.2.0"),
  flip("1.2.0", "release"),
  flip("1.1.0", "rollback", { reason: "it breaks pandas" }),
);

describe("a dev release is refused", () => {
  it.each<[string, Partial<AllFacts>, string, string]>([
    ["without a version", { version: null }, "no version was given", "--version X.Y.Z"],
    [
      "without an entry",
      { changelog: changelog("1.1.0") },
      "not the newest dev entry",
      "i changelog_add --version 1.2.0",
    ],
    ["below a version in the log", history(release("1.3.0")), "lower than 1.3.0", "--version 1.3.1"],
    [
      "below a Git tag",
      { git: git({ tags: { "cmamp-1.10.0": commit("b") } }) },
      "lower than 1.10.0",
      "--version 1.10.1",
    ],
    ["from a dirty tree", { git: git({ dirty: ["a.py"] }) }, "the code is not committed: a.py", "git commit"],
    [
      "from files that are not the commit's",
      { inputs: inputs({ other: ["devops/to ken.env", "a.py"] }) },
      "the files of the image are not those of the commit: devops/to ken.env, a.py",
      "git update-index --no-skip-worktree 'devops/to ken.env'; git checkout HEAD -- 'devops/to ken.env'",
    ],
    ["from a shallow clone", { git: git({ shallow: true }) }, "the clone is shallow", "git fetch --unshallow"],
    [
      "without an engine",
      { engine: engine({ up: false, why: "no socket" }) },
      "no Docker engine answers",
      "i engine up",
    ],
    [
      "with an engine that is too old",
      { engine: engine({ version: "20.9.7" }) },
      "the Docker engine is 20.9.7, older than 20.10",
      "i engine up",
    ],
    ["without buildx", { engine: engine({ plugins: ["compose"] }) }, "docker has no buildx plugin", "i doctor"],
    ["without compose", { engine: engine({ plugins: ["buildx"] }) }, "docker has no compose plugin", "i doctor"],
    [
      "of an image that is not released",
      { config: config({ release: "none" }) },
      "cmamp is not released",
      "i docker_build_local",
    ],
    [
      "without a registry",
      { config: config({ container_registry_info: {} }) },
      "no registry is configured",
      "repo_config.yaml",
    ],
    ["with a broken changelog", { changelogText: "# cmamp-1.2\n- a\n" }, "changelog.txt:1", "# cmamp-1.2.0"],
    [
      "of a version that others built from another source",
      {
        registries: { ecr: { "dev-1.2.0": found(digest("a"), { "org.opencontainers.image.revision": commit("e") }) } },
      },
      "dev-1.2.0 was already built from eeeeeeeeeeee",
      "--version 1.2.1",
    ],
    [
      "of a version that is two images",
      { registries: { ecr: { "dev-1.2.0": found(digest("a")) }, dockerhub: { "dev-1.2.0": found(digest("b")) } } },
      `dev-1.2.0 is ${digest("a")} in ecr, but ${digest("b")} in dockerhub`,
      "i release_history",
    ],
    [
      "of a version that was rolled back",
      rolledBack,
      "1.2.0 was rolled back to 1.1.0 by ann on 2025-01-02",
      "--version 1.2.1",
    ],
  ])("%s", (_name, world, what, fix) => {
    expect(refusal(() => plan(world))).toMatchObject({
      message: expect.stringContaining(what),
      fix: expect.stringContaining(fix),
      exitCode: 2,
    });
  });

  it("and names at most five files that are not committed", () => {
    const dirty = ["1", "2", "3", "4", "5", "6", "7"];
    expect(refusal(() => plan({ git: git({ dirty }) })).message).toBe(
      "the code is not committed: 1, 2, 3, 4, 5 and 2 more",
    );
  });

  it("and tells why a version was rolled back, in the person's words", () => {
    expect(refusal(() => plan(rolledBack)).why).toContain("They said: it breaks pandas.");
  });

  it("and tells the other way on after a rollback", () => {
    expect(refusal(() => plan(rolledBack)).fix).toContain("i docker_rollback_dev --version 1.2.0");
  });
});

/** The registry that has 1.2.0 as the log does. */
const there = { registries: { ecr: { "dev-1.2.0": found(digest("a"), imageLabels(facts(), "1.2.0", "no_update")) } } };

describe("a dev release goes on", () => {
  it.each<[string, Partial<AllFacts>]>([
    ["after its own Git tag", { git: git({ tags: { "cmamp-1.2.0": commit("a") } }) }],
    ["after its own record", { ...there, ...history(release("1.2.0"), flip("1.2.0", "release")) }],
    ["after the rollback to it", { ...there, ...history(release("1.2.0"), flip("1.2.0", "rollback")) }],
    ["after a rollback that was taken back", { ...there, log: [...rolledBack.log, logged(flip("1.2.0", "rollback"))] }],
    ["beside a higher prod-only tag", { git: git({ tags: { "cmamp-prod-1.9.0": commit("b") } }) }],
    [
      "beside an image of another user",
      { engine: engine({ images: [localImage("127.0.0.1:5001/cmamp:local-ann-1.2.0")] }) },
    ],
  ])("%s", (_name, world) => {
    expect(ids(plan(world))).toContain("flip_dev");
  });
});

describe("a version whose Git tag was pushed", () => {
  const tag = "cmamp-1.2.0";
  const check = (remote: string | null, local: boolean, tagged: readonly string[]) => () =>
    assertTagFits(
      facts({
        remoteTags: remote === null ? {} : { [tag]: commit(remote) },
        git: git({ tags: local ? { [tag]: commit("b") } : {} }),
        inputs: inputs({ tagged }),
      }),
      version("1.2.0"),
    );

  it("is refused where the tag is older than what would be built", () => {
    expect(refusal(check("b", true, []))).toMatchObject({
      message: "the Git tag cmamp-1.2.0 names bbbbbbbbbbbb, and the image's files have changed since",
      why: "A release tag names the commit that was tested, and never moves.",
      fix: "Release the next one: add its entry and --version 1.2.1",
    });
  });

  it.each<[string, () => void]>([
    ["it holds what would be built", check("b", true, [tag])],
    ["it was never pushed", check(null, true, [])],
    ["this clone does not have it", check("b", false, [])],
  ])("goes on where %s", (_why, run) => {
    expect(run).not.toThrow();
  });

  it("is asked for by a release", () => {
    const remoteTags = { [tag]: commit("b") };
    const late = () => plan({ remoteTags, git: git({ tags: remoteTags }), inputs: inputs({ tagged: [] }) });
    expect(late).toThrow("the Git tag cmamp-1.2.0 names bbbbbbbbbbbb");
  });
});

describe("the dev image below a prod image", () => {
  const base = (of: string) =>
    inputs({ base: { version: version(of), why: "the newest dev", digest: digest("d"), repository: "r" } });
  const check = (more: Partial<AllFacts>) => () => assertBase(facts({ stage: "prod", ...more }), version("1.2.0"));
  const why = "dev and prod keep major.minor equal, and ";

  it.each<[string, Partial<AllFacts>, string, string, string]>([
    [
      "nothing is released as dev",
      {},
      "prod 1.2.0 has no dev 1.2 to build on",
      `${why}released as dev are none.`,
      "Release it first: i docker_release_dev --version 1.2.0; or release prod X.Y.Z",
    ],
    [
      "others are released, by the log and by Git tags",
      {
        ...history(release("1.10.0"), release("1.9.0"), { ...release("1.11.0"), stage: "prod" }),
        git: git({ tags: { "cmamp-1.3.0": commit("b"), "cmamp-1.9.0": commit("b"), "cmamp-prod-1.4.0": commit("b") } }),
      },
      "prod 1.2.0 has no dev 1.2 to build on",
      `${why}released as dev are 1.3.0, 1.9.0, 1.10.0.`,
      "Release it first: i docker_release_dev --version 1.2.0; or release prod 1.10.0",
    ],
    [
      "all of its generation were rolled back",
      history(release("1.1.0"), release("1.2.9"), flip("1.2.9", "release"), flip("1.1.0", "rollback")),
      "prod 1.2.0 has no dev 1.2 to build on",
      `${why}released as dev are 1.1.0, 1.2.9, but 1.2.9 was rolled back.`,
      "Release the next one: i docker_release_dev --version 1.2.10; or build on it anyway: --dev-version 1.2.9",
    ],
    [
      "it is of another generation",
      { inputs: base("1.3.0") },
      "prod 1.2.0 cannot be built on dev 1.3.0",
      `${why}1.3.0 is not 1.2.`,
      "Release it first: i docker_release_dev --version 1.2.0; or release prod X.Y.Z",
    ],
  ])("is refused where %s", (_name, more, message, reason, fix) => {
    expect(refusal(check(more))).toMatchObject({ message, why: reason, fix });
  });

  it.each<[string, Partial<AllFacts>]>([
    ["of the same generation", { inputs: base("1.2.9") }],
    ["of no dev release", { stage: "dev" }],
  ])("is no hindrance where it is %s", (_what, more) => {
    expect(check(more)).not.toThrow();
  });
});

describe("a version that was rolled back", () => {
  const check = (log: readonly SignedEntry[]) => () => assertNotRolledBack(facts({ log }), version("1.2.0"));
  const [older, own] = [logged(release("1.1.0")), logged(flip("1.2.0", "release"))];
  const back = logged(flip("1.1.0", "rollback"));

  it("is refused, with who took it back and both ways on", () => {
    expect(refusal(check([older, own, back]))).toMatchObject({
      message: "1.2.0 was rolled back to 1.1.0 by ann on 2025-01-02",
      why: "Releasing it again would bring back what was rolled back.",
      fix: "Release the next version, e.g. --version 1.2.1; or point dev at it again: i docker_rollback_dev --version 1.2.0",
    });
    const because = logged(flip("1.1.0", "rollback", { reason: "it breaks" }));
    expect(refusal(check([own, because])).why).toBe(
      "They said: it breaks. Releasing it again would bring back what was rolled back.",
    );
  });

  it("is refused as that in every stage, and after later releases", () => {
    expect(check([older, own, back, logged(flip("1.3.0", "release"))])).toThrow("1.2.0 was rolled back to 1.1.0");
    expect(check([older, own, logged(flip("1.1.0", "rollback", { tag: "prod" }))])).not.toThrow();
  });

  it("is none below the version that the rollback went to", () => {
    const older = () =>
      assertNotRolledBack(facts({ log: [logged(flip("1.0.0", "release")), own, back] }), version("1.0.0"));
    expect(older).not.toThrow();
  });
});

it("the released versions of a stage are those of its log entries and Git tags, each once", () => {
  const tags = {
    "cmamp-1.1.0": commit("b"),
    "cmamp-1.3.0": commit("b"),
    "cmamp-prod-1.4.0": commit("b"),
    other: commit("b"),
  };
  const log = [
    ...history(release("1.1.0"), flip("1.7.0", "release"), { ...release("1.8.0"), stage: "prod" }).log,
    logged({ type: "announce", stage: "dev", version: "1.6.0", digest: digest("a"), channel: "slack" }),
  ];
  const remoteTags = { "cmamp-1.3.0": commit("b"), "cmamp-1.5.0": commit("b"), "cmamp-prod-1.4.0": commit("b") };
  expect(releasedVersions(facts({ log, remoteTags, git: git({ tags }) }))).toEqual(["1.1.0", "1.3.0", "1.5.0"]);
});

describe("what dev is", () => {
  const named = (label: string) => found(digest("e"), { "org.opencontainers.image.version": label });
  const dev = (state: TagState) => ({ registries: { dockerhub: { dev: state } } });
  const onRemote = (of: string) => ({ remoteTags: { [`cmamp-${of}`]: commit("c") } });
  const kept = (more: Partial<AllFacts>) => keptVersion(facts(more), version("1.2.0"), [null, digest("e")]);
  const only = "and dev goes down only by a rollback.";

  it.each<[string, Partial<AllFacts>, string]>([
    [
      "its entry in the log says so",
      { ...dev(named("1.0.0")), log: [logged({ ...release("1.3.0"), digest: digest("e") })] },
      "ann on ci moved it to 1.3.0 at 2025-01-02T10:00:00Z",
    ],
    ["its label says so", dev(named("1.3.0")), "The label of its image says 1.3.0, which the log does not know"],
    [
      "a tag of the remote is higher and nothing else tells",
      { ...dev(found(digest("e"))), ...onRemote("1.3.0") },
      "Neither log nor label names the image that it is, and 1.3.0 is released",
    ],
    [
      "its label is no version",
      { ...dev(named("1.3")), ...onRemote("1.3.0") },
      "Neither log nor label names the image that it is, and 1.3.0 is released",
    ],
  ])("is not taken down to a lower version where %s", (_what, more, says) => {
    expect(refusal(() => kept(more))).toMatchObject({
      message: "dev is 1.3.0, and 1.2.0 is lower",
      why: `${says}, ${only}`,
      fix: "Release a higher version, or go back on purpose: i docker_rollback_dev --version 1.2.0",
    });
  });

  it.each<[string, Partial<AllFacts>]>([
    [
      "the log says that it is lower",
      { log: [logged(flip("1.1.0", "rollback", { to: digest("e") }))], ...onRemote("1.3.0") },
    ],
    ["its label says that it is lower", { ...dev(named("1.1.0")), ...onRemote("1.3.0") }],
    ["its label says that it is this one", dev(named("1.2.0"))],
    [
      "the label is that of another image",
      { registries: { ecr: { dev: found(digest("b"), { "org.opencontainers.image.version": "1.3.0" }) } } },
    ],
    ["nothing tells, and no higher one is released", { ...dev(found(digest("e"))), ...onRemote("1.1.0") }],
    ["a higher one of prod is tagged", { ...dev(found(digest("e"))), ...onRemote("prod-1.3.0") }],
    ["it is moved just now, and its label says more", { ...dev(named("1.3.0")), moving: true }],
    ["it is moved just now, and a tag is higher", { ...dev(found(digest("e"))), ...onRemote("1.3.0"), moving: true }],
  ])("goes up where %s", (_what, more) => {
    expect(kept(more)).toBeNull();
  });

  it("is kept in prod, by its label too", () => {
    const registries = { ecr: { prod: named("1.3.0") } };
    expect(kept({ stage: "prod", registries })).toBe("1.3.0");
  });
});

describe("a prod hotfix", () => {
  const log = [logged({ ...release("1.3.0"), stage: "prod" }), logged({ ...release("1.2.5"), stage: "prod" })];
  const check = (of: string) => () =>
    assertMayRelease(
      facts({
        ...{ stage: "prod", log, changelog: changelog("prod-1.3.1", `prod-${of}`) },
        inputs: inputs({
          base: { version: version("1.2.0"), why: "the newest dev", digest: digest("d"), repository: "r" },
        }),
      }),
      version(of),
    );

  it("may be lower than what is released of another generation, and not lower than its own", () => {
    expect(check("1.2.6")).not.toThrow();
    expect(refusal(check("1.2.4")).message).toContain("lower than 1.2.5");
  });
});
