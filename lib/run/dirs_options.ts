import { type On, parseOn } from "../config/cluster.ts";
import { listNamed } from "../config/tested_dirs.ts";
import { type ListName, listNames } from "../config/tests.ts";
import { UserError } from "../errors.ts";
import { commaSeparated, flag, list, type Option, oneOf, text } from "./options.ts";

/** Reads a number that counts something. */
export const wholeFromOne =
  (option: string) =>
  (value: string): number => {
    if (/^[1-9]\d{0,4}$/.test(value)) return Number(value);
    throw new UserError(`${option} "${value}" is no whole number from 1`, {
      why: "It counts something.",
      fix: `Pass one: ${option} 4`,
    });
  };

function parseNetwork(value: string): string {
  if (/^[a-zA-Z0-9][\w.-]{0,100}$/.test(value)) return value;
  throw new UserError(`--swarm-network "${value}" is no name of a network`, {
    why: "A network's name is letters, digits, dots, dashes and underscores.",
    fix: "Pass one of docker network ls: --swarm-network host",
  });
}

/** What `main_pytest` takes beside the options of one list. */
export const dirsTestsOptions = {
  testLists: list("LISTS", "The test lists to run (default: fast): fast, slow, superslow, qa.", {
    onlyTyped: true,
    positional: true,
    parse: (value) => commaSeparated(value).map((name) => oneOf("--test-lists", listNamed(name), listNames)),
  }) as Option<readonly ListName[]>,
  dirs: list("DIRS", "Test these runnable dirs only, comma-separated.", { onlyTyped: true }),
  changed: {
    ...text<string>(
      "COMMIT",
      "Test only dirs in which, or in whose depends_on, something changed since COMMIT, main by default.",
    ),
    takes: "optional",
    onlyTyped: true,
  } as Option<string | undefined>,
  atOnce: text<number>("N", "Run this many lists at once (default: as many as there are cores).", {
    aliases: ["n-jobs"],
    parse: wholeFromOne("--at-once"),
  }),
  on: {
    ...text<On>("CLUSTER", "Run them on a Docker swarm: swarm, or swarm:CONTEXT (default: on this engine).", {
      parse: parseOn,
    }),
    onlyTyped: true,
  } as Option<On | undefined>,
  swarmNetwork: text<string>(
    "NAME",
    "Network of the swarm's nodes that the containers of --on are in (default: their own bridge).",
    {
      parse: parseNetwork,
    },
  ) as Option<string | undefined>,
  failFast: flag("Stop all others after the first list that failed."),
  matrix: text<number>("N", "Run nothing; show the dirs in N parts as a matrix for GitHub Actions.", {
    onlyTyped: true,
    parse: wholeFromOne("--matrix"),
  }),
} as const;
