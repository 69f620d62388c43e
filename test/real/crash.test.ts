import { type Row, sweepRows } from "../bed/swept.ts";

/** What comes before the image is built and tested is swept from the start, what comes after from a built image. */
const first = /^(preflight|claim|build_local|note_digest|run_fast_tests)/;
const line = ["docker_release_dev", "--version", "1.0.0"] as const;

const rows: Readonly<Record<string, Row>> = {
  "a dev release up to its tests": {
    line,
    only: first,
    has: ["preflight: upload opened", "claim: ref", "build_local: docker buildx", "note_digest: ref"].concat([
      "run_fast_tests: docker compose",
      "run_fast_tests: log",
    ]),
    least: 16,
    alone: /docker (buildx|compose)/,
    interrupted: /^(claim: ref|build_local|run_fast_tests: docker)/,
    elsewhere: /^(note_digest: ref|run_fast_tests: log)/,
  },
  "a dev release of an image that is built and tested": {
    line,
    built: true,
    only: new RegExp(`^(?!${first.source.slice(2, -1)})`),
    has: [
      "tag_local_as_dev: docker tag",
      "git_tag: ref",
      "blob sent by the engine",
      "manifest sent by the engine",
    ].concat(
      ["blob to r2", "manifest to r2", "push_git_tag: ref", "flip_dev: intent", "flip_dev: dev in r1"],
      [
        "flip_dev: dev in r2",
        "flip_dev: log",
        "flip_dev: intent taken back",
        "record_release: log",
        "release_claim: ref",
      ],
    ),
    least: 40,
    alone: /docker push|blob (to|sent)|manifest to|dev in/,
    interrupted: /^(git_tag|push_dev: docker push|copy_to_others: blob|flip_dev: (intent$|dev in))/,
    elsewhere: /^(git_tag: ref|copy_to_others: manifest to r2|flip_dev: dev in r2|record_release)/,
  },
};

sweepRows({ prefix: "crash" }, rows);
