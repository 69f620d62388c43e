import { afterReleases, handRelease } from "../bed/released.ts";
import { type Row, sweepRows } from "../bed/swept.ts";

const rows: Readonly<Record<string, Row>> = {
  "a release of several architectures": {
    line: ["docker_release_multi_build_dev", "--version", "1.0.0"],
    parts: ["emulation", "foreign"],
    has: ["build_local: docker buildx", "run_smoke_test_arm64: docker compose"],
    only: /^(build_local|run_smoke|push_dev: docker push|copy_to_others: manifest)/,
    least: 10,
    // A build that is interrupted, or lives on, is that of any other dev image.
    interrupted: /^run_smoke_test_arm64: docker/,
    elsewhere: /run_smoke_test_arm64: docker|manifest to r2/,
  },
  "a release of dev and prod": {
    line: ["docker_release_all", "--version", "1.0.0"],
    gates: [],
    // Within its two parts it is a release as the others; between them it has to go on with the second.
    only: /^(flip_dev: dev in r2|(prod_)?release_claim)/,
    has: ["flip_dev: dev in r2", "release_claim: ref", "prod_release_claim: ref"],
    least: 6,
  },
  "a rollback of dev": {
    moments: true,
    line: ["docker_rollback_dev", "--version", "1.0.0", "--message", "it leaks"],
    before: afterReleases(() => [handRelease("dev", "1.0.0"), handRelease("dev", "1.1.0")]),
    gates: [],
    has: ["flip_dev: intent", "flip_dev: dev in r1", "flip_dev: dev in r2", "end: intent taken back"],
    least: 12,
    alone: /dev in/,
    interrupted: /dev in/,
    elsewhere: /dev in r2|end/,
  },
  "an image of a branch": {
    moments: true,
    line: ["release_branch", "--branch", "main"],
    built: true,
    // Its claim, build and tests are those of a dev release, and so is what lies within a push; what comes after them is
    // under tags of its own.
    only: /^(push_branch: docker push|copy_to_others: manifest|follow_branch|end|release_claim)/,
    has: ["push_branch: docker push", "copy_to_others: manifest to r2", "follow_branch: intent", "release_claim: ref"],
    least: 18,
    interrupted: /docker push|in r2/,
    elsewhere: /manifest to r2|in r2/,
  },
};

sweepRows({ prefix: "ended" }, rows);
