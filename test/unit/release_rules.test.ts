import { describe, expect, it } from "vitest";
import { release as planRelease } from "../../lib/flows/release.ts";
import type { Facts } from "../../lib/model/facts.ts";
import type { Flipped, Released } from "../../lib/model/log.ts";
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
} from "./factory.ts";

const plan = (world: Partial<Facts>) => planRelease(facts(world), releaseOptions);

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
  it.each<[string, Partial<Facts>, string, string]>([
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

describe("a dev release goes on", () => {
  it.each<[string, Partial<Facts>]>([
    ["after its own Git tag", { git: git({ tags: { "cmamp-1.2.0": commit("a") } }) }],
    ["after its own record", history(release("1.2.0"), flip("1.2.0", "release"))],
    ["after the rollback to it", history(release("1.2.0"), flip("1.2.0", "rollback"))],
    ["after a rollback that was taken back", { log: [...rolledBack.log, logged(flip("1.2.0", "rollback"))] }],
    ["beside a higher prod-only tag", { git: git({ tags: { "cmamp-prod-1.9.0": commit("b") } }) }],
    [
      "beside an image of another user",
      { engine: engine({ images: [localImage("127.0.0.1:5001/cmamp:local-ann-1.2.0")] }) },
    ],
  ])("%s", (_name, world) => {
    expect(ids(plan(world))).toContain("flip_dev");
  });
});

it("a version whose Git tag is older than what would be built is refused", () => {
  const remoteTags = { "cmamp-1.2.0": commit("b") };
  const late = () => plan({ remoteTags, git: git({ tags: remoteTags }), inputs: inputs({ tagged: [] }) });
  expect(late).toThrow("the Git tag cmamp-1.2.0 names bbbbbbbbbbbb, and the image's files have changed since");
});
