import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runWorkflow } from "../../lib/kinds/run_workflow.ts";
import { type Plan, stepsOf } from "../../lib/plan/plan.ts";
import changelogCheck from "../../scripts/changelog_check.ts";
import dockerPull from "../../scripts/docker_pull.ts";
import releaseStatus from "../../scripts/release_status.ts";
import { commitAll } from "../bed/git.ts";
import { type Ground, type Place, startGround, writeTo } from "./ground.ts";

let ground: Ground;
let place: Place;

const config = (image: string) => `docker_info: {docker_image_name: ${image}}\n`;
beforeAll(async () => {
  ground = await startGround({ remote: true });
  place = ground.place("place");
  const files = {
    "app/repo_config.yaml": config("app"),
    "app/changelog.txt": "# app-1.0.0\n- 2025-01-02\n- One\n",
    "deep/inner/repo_config.yaml": config("inner"),
    "deep/inner/changelog.txt": "# inner-1.0.0\n- 2025-01-02\n- One\n",
    "wrong/repo_config.yaml": config("wrong"),
    "wrong/changelog.txt": "# wrong-1.0.0\n- 2025-99-02\n- One\n",
  };
  for (const [path, text] of Object.entries(files)) writeTo(join(ground.repo, path), text);
  await commitAll(ground.repo, "Dirs");
});
afterAll(() => ground.end());

const check = (...words: readonly string[]) =>
  place.run(["changelog_check", changelogCheck], "--dir", ground.repo, ...words);
const plan = async (...words: readonly string[]) => {
  const planned = await place.run(["docker_pull", dockerPull], "--dir", ground.repo, "--dry-run", "--json", ...words);
  return JSON.parse(planned.out) as Plan;
};

describe("--dirs plans one run of a workflow for each dir", () => {
  it("in one group, with names that are unique by dir", async () => {
    const { steps } = await plan("--dirs", "app,deep/inner/,app");
    expect(steps.map(({ id }) => id)).toEqual(["dirs", "tell"]);
    expect(stepsOf({ steps }).map(({ id }) => id.replace(/_[0-9a-f]{6}$/, ""))).toEqual([
      "docker_pull_app",
      "docker_pull_deep_inner",
      "tell",
    ]);
  });

  it("in all dirs, where it says so", async () => {
    const of = async (...words: readonly string[]) =>
      stepsOf(await plan(...words)).flatMap((step) => step.do.filter(runWorkflow.is).map(({ dir }) => dir));
    expect(await of("--dirs", "all")).toEqual(["app", "deep/inner", "place", "wrong"]);
    expect(await of("--dirs=deep/inner", "--dirs", "app")).toEqual(["deep/inner", "app"]);
  });

  it("with the words that were typed, and none that are of the whole", async () => {
    const [step] = stepsOf(await plan("-s", "prod", "--offline", "--dirs", "app", "--verbose"));
    expect(step?.do.filter(runWorkflow.is).map(({ words }) => words)).toEqual(
      [["--stage=prod", "--json", "--offline"]].map((words) => expect.arrayContaining(words)),
    );
    expect(JSON.stringify(step)).not.toMatch(/--dirs|--verbose|--dry-run|--dir"/);
  });

  it.each<[string, RegExp]>([
    ["ap", /^error: "ap" is no runnable dir of "."[\s\S]*fix: Did you mean --dirs app\?/],
    ["app,nowhere", /^error: "nowhere" is no runnable dir/],
  ])("and refuses %s, with what there is", async (dirs, told) => {
    const run = await check("--dirs", dirs);
    expect([run.code, run.err]).toEqual([2, expect.stringMatching(told)]);
  });

  it("and refuses what is of one dir alone", async () => {
    const words = ["--dirs", "all", "--html", "status.html", "--dry-run"] as const;
    const run = await place.run(["release_status", releaseStatus], "--dir", ground.repo, ...words);
    expect([run.code, run.err]).toEqual([2, expect.stringContaining("--html and --dirs are given together")]);
  });
});

describe("--dirs runs all of them", () => {
  it("and tells each in the order of the plan, with a verdict", async () => {
    const run = await check("--dirs", "deep/inner,app");
    expect(run.code, run.err).toBe(0);
    expect(run.out).toMatch(/^deep\/inner: done[\s\S]*^app: done[\s\S]*^all 2 dirs: ok$/m);
  });

  it("also after one that fails, whose exit code and fix are told", async () => {
    const run = await check("--dirs", "wrong,app");
    expect(run.code).toBe(2);
    expect(run.out).not.toContain("step");
    expect(run.out).toMatch(/^wrong: failed \(2\)\n[\s\S]* {2}fix: [\s\S]*^app: done[\s\S]*^1 of 2 dirs: FAILED$/m);
  });

  it("and gives machines the result of each", async () => {
    const run = await check("--dirs", "wrong,app", "--json");
    expect(run.code).toBe(2);
    expect(JSON.parse(run.out)).toMatchObject({
      workflow: "changelog_check",
      result: { wrong: { state: "failed" }, app: { state: "done", result: { workflow: "changelog_check" } } },
    });
  });
});
