import { afterReleases, handRelease } from "../bed/released.ts";
import { type Row, sweepRows } from "../bed/swept.ts";

const rows: Readonly<Record<string, Row>> = {
  "a release of several architectures": {
    line: ["docker_release_multi_build_dev", "--version", "1.0.0"],
    parts: ["emulation", "foreign"],
    has: ["build_local: docker buildx", "run_smoke_test_arm64: docker compose", "run_smoke_test_arm64: log"],
    only: /^(build_local|run_smoke|push_dev: docker push|copy_to_others: manifest)/,
    least: 14,
    // A build that is interrupted, or lives on, is that of any other dev image.
    interrupted: /^run_smoke_test_arm64: docker/,
    elsewhere: /run_smoke_test_arm64: log|manifest to r2/,
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
    moments: true,
    line: ["docker_rollback_dev", "--version", "1.0.0", "--message", "it leaks"],
    before: afterReleases(() => [handRelease("dev", "1.0.0"), handRelease("dev", "1.1.0")]),
    gates: [],
    has: ["flip_dev: intent", "flip_dev: dev in r1", "flip_dev: dev in r2", "flip_dev: log"],
    least: 15,
    alone: /dev in/,
    interrupted: /dev in/,
    elsewhere: /dev in r2|log/,
  },
};

sweepRows({ prefix: "ended" }, rows);
