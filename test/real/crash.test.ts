import { inEngine, type Spot } from "../bed/crash_ground.ts";
import type { Swept } from "../bed/sweep.ts";
import { type Row, sweepRows } from "../bed/swept.ts";
import { workflowsIn } from "../bed/workflow.ts";

/** What builds and tests the image is swept from the start, what comes before and after from an image that is there. */
const first = /^(build_local|run_fast_tests)/;
const line = ["docker_release_dev", "--version", "1.0.0"] as const;

const rows: Readonly<Record<string, Row>> = {
  "a dev release that builds and tests its image": {
    line,
    only: first,
    has: ["build_local: docker buildx", "run_fast_tests: docker compose"],
    least: 6,
    alone: /docker (buildx|compose)/,
    interrupted: /^(build_local|run_fast_tests: docker)/,
    terminated: /^(build_local|run_fast_tests: docker)/,
    elsewhere: /^run_fast_tests: docker compose/,
  },
  "a dev release of an image that is built and tested": {
    line,
    built: true,
    only: new RegExp(`^(?!${first.source.slice(2, -1)})`),
    has: [
      ...["claim: upload opened", "claim: ref", "tag_local_as_dev: docker tag", "git_tag: ref"],
      ...["blob sent by the engine", "manifest sent by the engine", "blob to r2", "manifest to r2", "flip_dev: intent"],
      ...["flip_dev: dev in r1", "flip_dev: dev in r2", "release_claim: ref"],
    ],
    least: 35,
    alone: /docker push|blob (to|sent)|manifest to|dev in/,
    interrupted: /^(claim: ref|git_tag|push_dev: docker push|copy_to_others: blob|flip_dev: (intent$|dev in))/,
    terminated: /^(git_tag: ref|copy_to_others: blob)/,
    elsewhere: /^(git_tag: ref|copy_to_others: manifest to r2|flip_dev: dev in r2|release_claim)/,
  },
};

const gates: readonly string[] = [];
const tagged = async ({ repo }: Spot) => {
  const done = await workflowsIn(repo)("docker_tag_local_as_dev", "--version", "1.0.0");
  if (done.code !== 0) throw new Error(done.stderr);
};
const parts: Readonly<Record<string, Swept>> = {
  "a local image": { line: ["docker_build_local", "--version", "1.0.0"], gates, also: inEngine },
  "a test list": { line: ["run_fast_tests", "--stage", "local", "--version", "1.0.0"], built: true },
  "two test lists": {
    line: ["run_fast_slow_tests", "--stage", "local", "--version", "1.0.0"],
    built: true,
  },
  "a tag": { line: ["docker_tag_local_as_dev", "--version", "1.0.0"], built: true, also: inEngine },
  "a push of dev": { line: ["docker_push_dev", "--version", "1.0.0"], built: true, before: tagged, also: inEngine },
  "images that are removed": {
    line: ["docker_remove", "--stage", "dev"],
    built: true,
    before: tagged,
    also: inEngine,
  },
};

sweepRows({ prefix: "crash" }, rows, parts);
