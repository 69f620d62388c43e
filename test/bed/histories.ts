import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { randomFrom } from "./random.ts";

/** A repo's history as `git fast-import` reads it; the tree stays empty, so that a clone is clean as it is. */
export type History = { readonly several: boolean; readonly text: string; readonly dirty: boolean };

/** How tags of releases are written; a repo of several images has others beside them. */
const spellings = [
  ["amp-"],
  [""],
  ["v"],
  ["amp-", "", "v"],
  ["amp-", "amp-x-", "opt-", "amp-prod-", "", "amp-rc-", "nightly/", "9ball-"],
] as const;

/** Merges, tags on side branches, annotated and light ones, two at one commit, none; clocks that go back now and then. */
export function historyOf(seed: number): History {
  const random = randomFrom(seed);
  const below = (count: number) => Math.floor(random() * count);
  const which = seed % spellings.length;
  const prefixes = spellings[which] ?? [""];
  const count = 1 + below(14);
  const lines: string[] = [];
  let time = 1_700_000_000;
  const heads = [0];
  const who = () => `Ada <ada@example.com> ${time} +0000`;
  for (let mark = 1; mark <= count; mark += 1) {
    time += random() < 0.1 ? -300 : 60;
    lines.push("commit refs/heads/work", `mark :${mark}`, `committer ${who()}`, "data 1", "x");
    const parent = heads[below(heads.length)] ?? 0;
    const other = heads[below(heads.length)] ?? 0;
    if (parent > 0) lines.push(`from :${parent}`);
    else if (mark > 1) lines.push("from :1");
    if (other > 0 && other !== parent && parent > 0 && random() < 0.4) lines.push(`merge :${other}`);
    if (random() < 0.7) heads.splice(heads.indexOf(parent), 1);
    heads.push(mark);
    lines.push("");
  }
  const tags = seed % 9 === 0 ? 0 : below(7);
  const names = new Set<string>();
  for (let index = 0; index < tags; index += 1) {
    const version = `${below(3)}.${below(12)}.${below(12)}`;
    const prefix = prefixes[below(prefixes.length)] ?? "";
    const name = `${prefix}${version}${which === 4 && random() < 0.2 ? "-rc1" : ""}`;
    if (names.has(name)) continue;
    names.add(name);
    const at = `from :${1 + below(count)}`;
    time += 60;
    if (random() < 0.5) lines.push(`tag ${name}`, at, `tagger ${who()}`, "data 1", "x");
    else lines.push(`reset refs/tags/${name}`, at, "");
  }
  const head = random() < 0.7 ? count : 1 + below(count);
  lines.push("reset refs/heads/main", `from :${head}`, "");
  return { several: which === 4, text: `${lines.join("\n")}\n`, dirty: seed % 13 === 0 };
}

/** Makes a repo of a history, with `main` checked out. */
export function makeRepo(dir: string, { text, dirty }: History): void {
  const more = dirty ? "echo x >file && git add file" : ":";
  const script = `git init --quiet --initial-branch=main "$1" && cd "$1" && git fast-import --quiet && ${more}`;
  execFileSync("sh", ["-ec", script, "sh", dir], {
    input: text,
    env: { PATH: process.env["PATH"], HOME: join(dir, ".."), GIT_CONFIG_SYSTEM: "/dev/null" },
  });
}

/**
 * How a team whose repo has several images tells setuptools_scm which tags are this image's: in pyproject.toml, as
 * `tag_regex` and `git_describe_command` of [tool.setuptools_scm]. Before the first release it calls the tag `0.0`.
 */
const ofOneImage = {
  tag_regex: String.raw`^(?:amp-|v)?(?P<version>\d+(?:\.\d+)+)$`,
  git_describe_command: [
    ...["git", "describe", "--dirty", "--tags", "--long", "--match", "amp-[0-9]*", "--match", "[0-9]*"],
    ...["--match", "v[0-9]*", "--exclude", "*-rc*", "--exclude", "9ball-*"],
  ],
};

/** The versions that setuptools_scm gives the repos, by one Python process: guess-next-dev, no local part. */
export function versionsByScm(repos: readonly { readonly dir: string; readonly several: boolean }[]): string[] {
  const program = [
    "import json, sys, warnings, setuptools_scm",
    "warnings.simplefilter('ignore')",
    "repos, more = json.load(sys.stdin)",
    "says = lambda one: setuptools_scm.get_version(one['dir'], version_scheme='guess-next-dev', local_scheme=lambda v: '', **(more if one['several'] else {}))",
    "print(json.dumps([says(one) for one in repos]))",
  ].join("\n");
  const said = execFileSync("/usr/bin/python3", ["-c", program], {
    input: JSON.stringify([repos, ofOneImage]),
    env: { PATH: process.env["PATH"], HOME: "/nonexistent", GIT_CONFIG_SYSTEM: "/dev/null" },
    encoding: "utf8",
  });
  return JSON.parse(said) as string[];
}
