import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Kill } from "../bed/crash.ts";
import { type CrashGround, makeCrashGround, type Spot } from "../bed/crash_ground.ts";
import type { Point } from "../bed/crash_points.ts";
import { type HandImage, handImage, imageAt, repositoryAt } from "../bed/hand_image.ts";
import { needs, type Part } from "../bed/parts.ts";
import { type HandRelease, releaseByHand, tagByHand } from "../bed/released.ts";
import { makeSweep, type Sweep, type Swept } from "../bed/sweep.ts";
import type { Ground } from "../bed/tiny_repo.ts";
import { workflowsIn } from "../bed/workflow.ts";

/** A dev image that a prod image can be built on; released once, and pushed under each repo's own name. */
let dev: HandImage;
const after =
  (releases: () => readonly HandRelease[]) =>
  async ({ repo }: Spot, ground: Ground) => {
    await releaseByHand(ground, repo, releases());
    await tagByHand(repo, releases());
  };
const past = (stage: HandRelease["stage"], version: string): HandRelease => ({
  stage,
  version,
  image: handImage(`${stage} ${version}`, [100, 1000]),
});
const devs = [past("dev", "1.0.0"), past("dev", "1.1.0")];

/** A workflow, what is killed where, and what is interrupted where. A release of another kind is one row more. */
type Row = Swept & {
  /** Parts of the names of points that there have to be, and how many points at least. */
  readonly has: readonly string[];
  readonly least: number;
  /** Where the process alone is killed too, and its children live on. */
  readonly alone: RegExp;
  readonly interrupted: RegExp;
  /** Points from which another clone, whose engine does not have the image, goes on. */
  readonly elsewhere: RegExp;
  /** Parts of the bed that no other row needs. */
  readonly parts?: readonly Part[];
  /** All points, unless another row has the others already. */
  readonly only?: RegExp;
};

const prod: Row = {
  line: ["docker_release_prod", "--version", "1.0.0"],
  before: after(() => [{ stage: "dev", version: "1.0.0", image: dev }]),
  has: [
    "pull_base: docker pull",
    "build_prod: docker buildx",
    "run_fast_tests: docker compose",
    "tag_prod: docker tag",
  ],
  // What it does with Git and other registries is what docker_release_dev does, and is swept there.
  only: /^(pull_base|build_prod|run_fast_tests: docker|tag_prod|flip_prod: prod)/,
  least: 18,
  alone: /docker (buildx|compose|push)|prod in r2/,
  interrupted: /^(pull_base|build_prod|run_fast_tests: docker|flip_prod: prod in r1)/,
  elsewhere: /run_fast_tests: log|flip_prod: prod in r2/,
};
const rows: Readonly<Record<string, Row>> = {
  "a prod release": prod,
  "a prod release whose tests need an image of their own": {
    ...prod,
    gates: ["slow"],
    has: ["run_slow_tests: docker buildx", "run_slow_tests: docker image"],
    only: /^run_slow_tests: (docker (buildx|compose|image)|log)/,
    least: 12,
    alone: /docker (buildx|image)/,
    interrupted: /^run_slow_tests: docker (buildx|compose)/,
    elsewhere: /^run_slow_tests: log/,
  },
  "a release of several architectures": {
    line: ["docker_release_multi_build_dev", "--version", "1.0.0"],
    parts: ["emulation", "foreign"],
    has: ["build_local: docker buildx", "run_smoke_test_arm64: docker compose", "run_smoke_test_arm64: log"],
    only: /^(build_local|run_smoke|push_dev: docker push|copy_to_others: manifest)/,
    least: 14,
    alone: /docker (buildx|compose)/,
    interrupted: /^(build_local|run_smoke_test_arm64: docker)/,
    elsewhere: /run_smoke_test_arm64: log|manifest to r2/,
  },
  "a rollback of dev": {
    line: ["docker_rollback_dev", "--version", "1.0.0", "--message", "it leaks"],
    before: after(() => devs),
    gates: [],
    has: ["flip_dev: intent", "flip_dev: dev in r1", "flip_dev: dev in r2", "flip_dev: log"],
    least: 15,
    alone: /dev in/,
    interrupted: /dev in/,
    elsewhere: /dev in r2|log/,
  },
  "a rollback of prod": {
    line: ["docker_rollback_prod", "--version", "1.0.0"],
    before: after(() => [...devs, past("prod", "1.0.0"), past("prod", "1.1.0")]),
    gates: [],
    has: ["flip_prod: intent", "flip_prod: prod in r1", "flip_prod: prod in r2", "flip_prod: log"],
    least: 15,
    alone: /prod in/,
    interrupted: /prod in/,
    elsewhere: /prod in r2|log/,
  },
};

let on: CrashGround;
beforeAll(async () => {
  on = await makeCrashGround("ended");
  const { repo, image } = await on.spot();
  const done = await workflowsIn(repo)("docker_release_dev", "--version", "1.0.0");
  if (done.code !== 0) throw new Error(done.stderr);
  dev = await imageAt(repositoryAt(on.ground.addresses["r1"] ?? "", image), "dev-1.0.0");
});
afterAll(() => on.end());

describe.each(Object.entries(rows))("%s", (_, row) => {
  let points: readonly Point[] = [];
  let sweep: Sweep["sweep"];
  beforeAll(async () => {
    await needs(...(row.parts ?? []));
    const made = await makeSweep(on, row);
    sweep = made.sweep;
    points = made.points.filter(({ name }) => !row.only || row.only.test(name));
  });
  const inside = (where: RegExp) => points.filter(({ name, when }) => where.test(name) && when === "inside");
  const at = (chosen: readonly Point[], kill: Kill) => chosen.map((point) => ({ point, kill }));

  it("has points before, inside and after every kind of change", () => {
    const names = points.map(({ name }) => name).join("\n");
    for (const part of row.has) expect(names).toContain(part);
    expect(points.length).toBeGreaterThanOrEqual(row.least);
    expect([...new Set(points.map(({ when }) => when))].sort()).toEqual(["after", "before", "inside"]);
  });

  it("that is killed ends the second time as an undisturbed one, wherever it was", async () => {
    const group = at(points, { signal: "KILL", whom: "group" });
    const alone = at(inside(row.alone), { signal: "KILL", whom: "alone" });
    expect(await sweep([...group, ...alone])).toEqual([]);
  }, 600_000);

  it("is finished from another clone by an engine that does not have its image", async () => {
    const jobs = at(inside(row.elsewhere), { signal: "KILL", whom: "group" });
    const wrong = await sweep(jobs.map((job) => ({ ...job, elsewhere: true })));
    expect({ some: jobs.length > 0, wrong }).toEqual({ some: true, wrong: [] });
  }, 600_000);

  it("that is interrupted ends with 130, leaves no claim, intent and container, and is finished the second time", async () => {
    const int = at(inside(row.interrupted), { signal: "INT", whom: "group" });
    const term = at(inside(row.interrupted), { signal: "TERM", whom: "alone" });
    const wrong = await sweep([...int, ...term]);
    expect({ some: int.length > 1, wrong }).toEqual({ some: true, wrong: [] });
  }, 600_000);
});
