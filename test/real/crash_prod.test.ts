import { type CrashGround, inEngine, type Spot } from "../bed/crash_ground.ts";
import { type HandImage, imageAt, repositoryAt } from "../bed/hand_image.ts";
import { afterReleases, handRelease } from "../bed/released.ts";
import type { Swept } from "../bed/sweep.ts";
import { type Row, sweepRows } from "../bed/swept.ts";
import { workflowsIn } from "../bed/workflow.ts";

/** A dev image that a prod image can be built on; released once, and pushed under each repo's own name. */
let dev: HandImage;
const onDev = afterReleases(() => [{ stage: "dev", version: "1.0.0", image: dev }]);

const prod: Row = {
  line: ["docker_release_prod", "--version", "1.0.0"],
  before: onDev,
  has: ["pull_base: docker pull", "build_prod: docker buildx", "run_fast_tests: docker compose"],
  // What comes after is what docker_release_dev does, and is swept there; where prod points is swept with its rollback.
  only: /^(pull_base|build_prod|run_fast_tests: docker)/,
  least: 9,
  alone: /docker compose/,
  interrupted: /^(pull_base|run_fast_tests: docker)/,
  elsewhere: /run_fast_tests: docker compose/,
};
const rows: Readonly<Record<string, Row>> = {
  "a prod release": prod,
  "a prod release whose tests need an image of their own": {
    ...prod,
    gates: ["slow"],
    has: ["run_slow_tests: docker buildx", "run_slow_tests: docker image"],
    only: /^run_slow_tests: docker (buildx|image)/,
    least: 6,
    alone: /docker (buildx|image)/,
    interrupted: /^run_slow_tests: docker buildx/,
    elsewhere: /^run_slow_tests: docker image/,
  },
  "a candidate": {
    line: ["docker_create_candidate", "--version", "1.0.0"],
    before: onDev,
    gates: [],
    // Within a push and a copy it is docker_release_dev; other things come before and after them.
    only: /^(push_prod_candidate: docker push|copy_to_others: manifest)/,
    has: ["push_prod_candidate: docker push", "copy_to_others: manifest to r2"],
    least: 6,
    elsewhere: /manifest to r2/,
  },
  "a rollback of prod": {
    line: ["docker_rollback_prod", "--version", "1.0.0"],
    before: afterReleases(() =>
      (["dev", "prod"] as const).flatMap((stage) => [handRelease(stage, "1.0.0"), handRelease(stage, "1.1.0")]),
    ),
    gates: [],
    // Intent, log and the rest of the move are those of dev.
    only: /^flip_prod: prod in/,
    has: ["flip_prod: prod in r1", "flip_prod: prod in r2"],
    least: 6,
    elsewhere: /prod in r2/,
  },
};

const afterBuild =
  (...words: readonly string[]) =>
  async (spot: Spot, on: CrashGround) => {
    await onDev(spot, on);
    const done = await workflowsIn(spot.repo)("docker_build_prod", ...words);
    if (done.code !== 0) throw new Error(done.stderr);
  };
const parts: Readonly<Record<string, Swept>> = {
  "a prod image": { line: ["docker_build_prod", "--version", "1.0.0"], before: onDev, gates: [], also: inEngine },
  "a push of prod": {
    line: ["docker_push_prod", "--version", "1.0.0"],
    before: afterBuild("--version", "1.0.0"),
    gates: [],
    also: inEngine,
  },
  "a push of a candidate": {
    line: ["docker_push_prod_candidate"],
    before: afterBuild("--candidate"),
    gates: [],
  },
};

sweepRows(
  {
    prefix: "shipped",
    before: async (on) => {
      const { repo, image } = await on.spot();
      const done = await workflowsIn(repo)("docker_release_dev", "--version", "1.0.0");
      if (done.code !== 0) throw new Error(done.stderr);
      dev = await imageAt(repositoryAt(on.ground.addresses["r1"] ?? "", image), "dev-1.0.0");
    },
  },
  rows,
  parts,
);
