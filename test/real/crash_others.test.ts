import type { CrashGround, Spot } from "../bed/crash_ground.ts";
import { type HandImage, handImage, imageAt, repositoryAt } from "../bed/hand_image.ts";
import { type HandRelease, releaseByHand, tagByHand } from "../bed/released.ts";
import { type Row, sweepRows } from "../bed/swept.ts";
import { workflowsIn } from "../bed/workflow.ts";

/** A dev image that a prod image can be built on; released once, and pushed under each repo's own name. */
let dev: HandImage;
const after =
  (releases: () => readonly HandRelease[]) =>
  async ({ repo }: Spot, { ground }: CrashGround) => {
    await releaseByHand(ground, repo, releases());
    await tagByHand(repo, releases());
  };
const past = (stage: HandRelease["stage"], version: string): HandRelease => ({
  stage,
  version,
  image: handImage(`${stage} ${version}`, [100, 1000]),
});
const devs = [past("dev", "1.0.0"), past("dev", "1.1.0")];

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
  only: /^(pull_base|build_prod|run_fast_tests: (docker|log)|tag_prod|flip_prod: prod in r2)/,
  least: 18,
  alone: /docker (buildx|compose)/,
  interrupted: /^(pull_base|build_prod|run_fast_tests: docker)/,
  elsewhere: /run_fast_tests: log|flip_prod: prod in r2/,
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
  "a candidate": {
    line: ["docker_create_candidate", "--version", "1.0.0"],
    before: after(() => [{ stage: "dev", version: "1.0.0", image: dev }]),
    gates: [],
    only: /^(push_prod_candidate|copy_to_others)/,
    has: ["push_prod_candidate: docker push", "copy_to_others: blob to r2", "copy_to_others: manifest to r2"],
    least: 10,
    elsewhere: /manifest to r2/,
  },
  "a release of dev and prod": {
    line: ["docker_release_all", "--version", "1.0.0"],
    gates: [],
    // Within its two parts it is a release as the others; between them it has to go on with the second.
    only: /^(flip_dev: log|record_release|release_claim)/,
    has: ["flip_dev: log", "record_release: log", "release_claim: ref"],
    least: 9,
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
    // Intent, log and the rest of the move are those of dev.
    only: /^flip_prod: prod in/,
    has: ["flip_prod: prod in r1", "flip_prod: prod in r2"],
    least: 6,
    elsewhere: /prod in r2/,
  },
};

sweepRows(
  {
    prefix: "ended",
    before: async (on) => {
      const { repo, image } = await on.spot();
      const done = await workflowsIn(repo)("docker_release_dev", "--version", "1.0.0");
      if (done.code !== 0) throw new Error(done.stderr);
      dev = await imageAt(repositoryAt(on.ground.addresses["r1"] ?? "", image), "dev-1.0.0");
    },
  },
  rows,
);
