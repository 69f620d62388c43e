import { describe, expect, it } from "vitest";
import { parseIgnoreFile } from "../../lib/formats/dockerignore.ts";
import { announce } from "../../lib/kinds/announce.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { showWhat } from "../../lib/report/what.ts";
import { changedFiles, type StageChange } from "../../lib/report/what_changed.ts";
import { changelog, commit, digest, facts, logged, refusal } from "./factory.ts";

const stage = (more: Partial<StageChange> = {}): StageChange => ({
  ...{ stage: "dev", since: { version: "1.2.0", commit: commit("a") }, changed: [], contextDir: "." },
  dockerfile: { paths: ["devops/dev.Dockerfile"], isOther: false },
  ignoreFiles: { paths: ["devops/dockerignore.dev"], isOther: false },
  config: { paths: ["repo_config.yaml"], isOther: false },
  ...{
    read: new Set(["devops/words.txt", "sub/in"]),
    rules: parseIgnoreFile("*\n!devops/*.txt\n"),
    entries: ["devops"],
  },
  ...more,
});
const why = (path: string, more: Partial<StageChange> = {}, isGone = false) =>
  changedFiles([stage({ ...more, changed: [{ path, isGone }] })])[0]?.dev;
const part = (path: string, isOther: boolean) => ({ paths: [path], isOther });

describe("a changed file", () => {
  it.each<[path: string, why: string | null, more?: Partial<StageChange>, isGone?: true]>([
    ["devops/words.txt", "in its context"],
    ["sub", "in its context"],
    ["su", null],
    ["devops/dev.Dockerfile", "its Dockerfile", { dockerfile: part("devops/dev.Dockerfile", true) }],
    ["docker/dev.Dockerfile", null, { dockerfile: part("docker/dev.Dockerfile", false) }],
    ["ignore", "says which files it gets", { ignoreFiles: part("ignore", true) }],
    ["ignore", null, { ignoreFiles: part("ignore", false) }],
    ["repo_config.yaml", "says what it is built with", { config: part("repo_config.yaml", true) }],
    ["repo_config.yaml", null],
    ["devops/left_out", "the last commit below devops dates the image"],
    ["README.md", null],
    ["README.md", "its last commit dates the image", { entries: [] }],
    ["devops/old.txt", "was in its context", { entries: [] }, true],
    ["other/old.txt", null, {}, true],
    ["in/devops/left_out", "the last commit below devops dates the image", { contextDir: "in" }],
    ["devops/left_out", null, { contextDir: "in" }],
    ["inner/devops/left_out", null, { contextDir: "in" }],
    ["in/devops/old.txt", "was in its context", { contextDir: "in", entries: ["x"] }, true],
  ])("%s takes part in an image: %s", (path, expected, more = {}, isGone) => {
    expect(why(path, more, isGone)).toBe(expected);
  });
});

describe("the next versions", () => {
  const release = (of: "dev" | "prod", version: string) =>
    logged({
      ...{ type: "release", stage: of, version, digest: digest("a"), commit: commit("a") },
      registries: ["ecr"],
    });
  const dev = (path: string | null) => stage({ changed: path === null ? [] : [{ path, isGone: false }] });
  const prod = (path: string | null, since = "1.2.0") =>
    stage({ ...dev(path), stage: "prod", since: { version: since, commit: commit("a") } });
  const next = (world: Partial<AllFacts>, ...stages: readonly StageChange[]) => {
    const [step] = showWhat(facts({ changelog: [], ...world }), {}, stages);
    const action = step?.do[0];
    return action && announce.is(action) ? (action.data as { readonly next: object }).next : undefined;
  };
  const released = { log: [release("dev", "1.2.0"), release("prod", "1.2.0"), release("prod", "1.2.1")] };

  it.each<[string, object, Partial<AllFacts>, readonly StageChange[]]>([
    ["are none where no image is needed", {}, released, [dev("README.md"), prod("README.md")]],
    ["are of prod alone above its own", { prod: "1.2.2" }, released, [dev("sub2"), prod("sub", "1.2.1")]],
    [
      "are of dev and of a prod above all of its line",
      { dev: "1.2.1", prod: "1.2.2" },
      released,
      [dev("sub"), prod(null)],
    ],
    [
      "are the changelog's",
      { dev: "1.3.0", prod: "1.3.0" },
      { ...released, changelog: changelog("1.3.0") },
      [dev("sub"), prod(null)],
    ],
    [
      "are not the changelog's where it is released",
      { dev: "1.2.1" },
      { ...released, changelog: changelog("1.2.0") },
      [dev("sub")],
    ],
    [
      "are those of a first release",
      { dev: "1.0.0" },
      { log: [] },
      [stage({ since: null }), stage({ stage: "prod", since: null })],
    ],
  ])("%s", (_, expected, world, stages) => {
    expect(next(world, ...stages)).toEqual(expected);
  });

  it.each(["--list", "--version"])("do not go together with %s", (option) => {
    const typed = option === "--list" ? { list: "pre" } : { version: facts().version ?? undefined };
    expect(refusal(() => showWhat(facts(), typed, [])).message).toBe(`--what and ${option} do not go together`);
  });
});
