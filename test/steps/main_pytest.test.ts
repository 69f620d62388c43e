import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Plan, stepsOf } from "../../lib/plan/plan.ts";
import workflow from "../../scripts/main_pytest.ts";
import { commitAll, inOneShell } from "../bed/git.ts";
import { type Ground, type Place, startGround, writeTo } from "./ground.ts";

let ground: Ground;
let place: Place;

const config = (image: string, ...dependsOn: readonly string[]) =>
  `docker_info: {docker_image_name: ${image}}\nrunnable_dir_info: {depends_on: [${dependsOn.join(", ")}]}\n`;
const files: Readonly<Record<string, string>> = {
  "app/repo_config.yaml": config("app"),
  "app/file": "one\n",
  "app/changelog.txt": "# app-1.0.0\n",
  "base/repo_config.yaml": config("base"),
  "base/file": "one\n",
  "user/repo_config.yaml": config("user", "../shared/code", "../base/"),
  "over/repo_config.yaml": config("over", "../user"),
  "deep/repo_config.yaml": config("deep"),
  "deep/inner/repo_config.yaml": config("inner"),
  "half/changelog.txt": "",
  "half/devops/file": "",
  "marked/runnable_dir": "",
  "docs/changelog.txt": "",
  "shared/code/file": "one\n",
  "shared/more/file": "one\n",
  ".gitignore": "ignored\n",
};
const write = (folder: string, all: Readonly<Record<string, string>>) => {
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
};

beforeAll(async () => {
  ground = await startGround({ remote: true });
  place = ground.place("place");
  const source = join(ground.dir, "source");
  write(source, { "repo_config.yaml": config("sub"), file: "one\n" });
  await commitAll(source, "Start");
  write(ground.repo, files);
  await inOneShell(
    ground.repo,
    [
      'git -c protocol.file.allow=always submodule --quiet add "$1" sub',
      "git add --all",
      "git commit --quiet --message Dirs",
      "git push --quiet",
      "git switch --quiet --create work",
      "git tag start",
    ],
    source,
  );
});
afterAll(() => ground.end());

/** The dirs whose lists would run. */
async function tested(...words: readonly string[]): Promise<readonly string[]> {
  const planned = await place.run(["main_pytest", workflow], ...words, "--dry-run", "--json", "--dir", ground.repo);
  expect(planned.err).toBe("");
  const steps = stepsOf(JSON.parse(planned.out) as Plan);
  return steps.filter(({ id, skip }) => id !== "join_reports" && skip === null).map(({ title }) => title.slice(22));
}

const all = ["app", "base", "deep", "deep/inner", "half", "marked", "over", "place", "sub", "user"];

it("main_pytest that is only planned writes nothing, no folder of Slipway's own either", async () => {
  expect(await tested()).toEqual(all);
  expect(existsSync(join(ground.repo, ".git/slipway"))).toBe(false);
});

describe("main_pytest finds", () => {
  it("dirs with a config, with what shows that one is missing, and those of submodules", async () => {
    expect(await tested()).toEqual(all);
    expect(await tested("--dirs", "deep/inner/,app")).toEqual(["deep/inner", "app"]);
  });
});

const commit = "git add --all; git commit --quiet --message Change";

type Case = readonly [what: string, lines: string, meant: readonly string[], option?: string];
const cases: readonly Case[] = [
  ["nothing", "true", []],
  ["a file that is not committed", "echo two >app/file", ["app"]],
  ["a file that is committed", `echo two >app/file; ${commit}`, ["app"]],
  ["a file that is only staged", "echo two >app/file; git add app", ["app"]],
  ["a file that Git does not know", "echo >app/new", ["app"]],
  ["a file that Git is to ignore", "echo >app/ignored", []],
  ["a file that is gone", "rm app/file", ["app"]],
  ["a file that may be run now", "chmod +x app/file", ["app"]],
  ["a file that became a link", "ln -sf file2 app/file", ["app"]],
  ["a file whose name is no line", 'echo >"app/it\'s\n"', ["app"]],
  ["a moved file both ends", `git mv app/file deep/inner/moved; ${commit}`, ["app", "deep/inner"]],
  ["a changelog alone nothing", `echo more >>app/changelog.txt; ${commit}`, []],
  ["a changelog beside code", `echo more >>app/changelog.txt; echo two >app/file; ${commit}`, ["app"]],
  [
    "shared code those that depend on it, and those that depend on them",
    "echo two >shared/code/file",
    ["over", "user"],
  ],
  ["shared code that nobody depends on nothing", "echo two >shared/more/file", []],
  ["a dir that others depend on them too", "echo two >base/file", ["base", "over", "user"]],
  ["the dir around another alone", "echo >deep/file", ["deep"]],
  ["the inner of two dirs alone", "echo >deep/inner/file", ["deep/inner"]],
  ["a config", "echo '# more' >>app/repo_config.yaml", ["app"]],
  ["a deleted dir those that depend on it", `git rm --quiet -r base; ${commit}`, ["over", "user"]],
  ["a renamed dir by its new name", `git mv app other; ${commit}`, ["other"]],
  ["the pointer of a submodule", `git -C sub commit --quiet --allow-empty -m Next; ${commit}`, ["sub"]],
  ["a file of a submodule", "echo two >sub/file", ["sub"]],
  ["a new file of a submodule", "echo two >sub/new", ["sub"]],
  ["a commit since the named one nothing", `echo two >app/file; ${commit}`, [], "--changed=HEAD"],
  ["a tag as a commit", `echo two >app/file; ${commit}`, ["app"], "--changed=start"],
];

describe("--changed means, of what changed since the branch left main,", () => {
  it.each(cases.map(([what, lines, meant, option = "--changed"]) => ({ what, lines, meant, option })))(
    "$what",
    async ({ lines, meant, option }) => {
      await inOneShell(ground.repo, [lines]);
      try {
        expect(await tested(option)).toEqual(meant);
      } finally {
        await inOneShell(ground.repo, [
          "git reset --quiet --hard start",
          "git clean --quiet -ffdx -e place",
          "git submodule --quiet update --force",
          "git -C sub clean --quiet -fd",
        ]);
      }
    },
  );

  it("nothing in a clone that lacks the commit at which it left, and says how to get it", async () => {
    const shallow = join(ground.dir, "shallow");
    await inOneShell(
      ground.repo,
      [
        "git commit --quiet --allow-empty -m One; git push --quiet origin work; git reset --quiet --hard start",
        'git clone --quiet --depth 1 --branch work "file://$1" "$2"',
      ],
      `${ground.repo}.git`,
      shallow,
    );
    const refused = await place.run(["main_pytest", workflow], "--changed", "--dry-run", "--dir", shallow);
    expect([refused.code, refused.out]).toEqual([2, ""]);
    expect(refused.err).toContain("git fetch --unshallow origin");
  });
});

describe("main_pytest refuses", () => {
  it.each<readonly [what: string, words: readonly [string, ...string[]], message: string, fix: string]>([
    ["--dirs", ["--dirs", "ap"], '"ap" is no runnable dir of "."', "Did you mean --dirs app?"],
    ["a folder without runnable dirs", ["--dir", "docs"], 'there is no runnable dir in "docs"', "i init_runnable_dir"],
    ["a folder that is not there", ["--dir", "nowhere"], 'the directory "nowhere" does not exist', "Give --dir one"],
    ["a commit that is none", ["--changed=--output=x"], '"--output=x" is no commit of this clone', "git fetch origin"],
  ])("%s that does not fit", async (_, words, what, fix) => {
    const at = words[0] === "--dir" ? ["--dir", join(ground.repo, String(words[1]))] : [...words, "--dir", ground.repo];
    const { code, err } = await place.run(["main_pytest", workflow], ...at, "--dry-run");
    expect([code, err]).toEqual([2, expect.stringContaining(what)]);
    expect(err).toContain(fix);
  });
});

describe("what is chosen", () => {
  const planned = async (...words: readonly string[]) =>
    (await place.run(["main_pytest", workflow], "--dir", ground.repo, "--dry-run", ...words)).out;

  it("is passed on to every list, the command's own words behind --", async () => {
    const typed = ["--dirs", "app", "--n-threads", "2", "--tee-to-file", "--pytest-opts=-x", "--", "a b.py"];
    expect(await planned(...typed)).toContain(
      "i run_fast_tests --dir app --tee-to-file --n-threads 2 -- -x 'a b.py'\n",
    );
  });

  it("as --coverage reaches lists of pytest alone, and all their data become one report", async () => {
    writeTo(join(ground.repo, "base/repo_config.yaml"), `${config("base")}tests: {fast: {command: [npm, test]}}\n`);
    const out = await planned("--dirs", "app,base,user", "--coverage");
    writeTo(join(ground.repo, "base/repo_config.yaml"), config("base"));
    const data = (dir: string) => `--data .git/slipway/reports/${dir}/fast.coverage`;
    expect(
      out
        .split("\n")
        .filter((line) => /> i /.test(line))
        .map((line) => line.replace(/.*> i /, "")),
    ).toEqual([
      "run_fast_tests --dir app --coverage",
      "run_fast_tests --dir base",
      "run_fast_tests --dir user --coverage",
      `run_coverage --dir app --html --output .git/slipway/reports/main_pytest ${data("app")} ${data("user")}`,
    ]);
  });
});

describe("what its dirs say that they need", () => {
  const typed = ["main_pytest", workflow] as const;
  const sized = async (tests: string, ...words: readonly string[]) => {
    ground.docker.does('[ "$1" = info ] && echo "4 8000000000"');
    writeTo(join(ground.repo, "base/repo_config.yaml"), `${config("base")}tests: ${tests}\n`);
    const ended = await place.run(typed, "--dir", ground.repo, "--dirs", "app,base", "--dry-run", ...words);
    writeTo(join(ground.repo, "base/repo_config.yaml"), config("base"));
    return ended;
  };

  it("is room in the engine, of which the others take a core", async () => {
    const { out } = await sized("{cpus: 3.5, memory: 2g}", "--json");
    expect((JSON.parse(out) as Plan).steps[0]).toMatchObject({
      atOnce: 2,
      room: {
        has: { cpus: 4, memory: 8_000_000_000 },
        takes: { fast_app: { cpus: 1, memory: 0 }, fast_base: { cpus: 3.5, memory: 2 ** 31 } },
      },
    });
    expect(ground.docker.asked()).toEqual(["info --format {{.NCPU}} {{.MemTotal}}"]);
  });

  it("is told where the engine does not have it", async () => {
    const { code, err } = await sized("{cpus: 5}");
    expect([code, err]).toEqual([
      2,
      expect.stringContaining("the fast list of base wants 5 cores, and the engine has 4"),
    ]);
  });

  it("costs no question where none says anything", async () => {
    await sized("{}");
    expect(ground.docker.asked()).toEqual([]);
  });
});

describe("--matrix", () => {
  it("shares the dirs out by the times of their last run", async () => {
    const times = { fast_app: 60, fast_base: 20, fast_deep: 20, fast_user: 21 };
    mkdirSync(join(ground.repo, ".git/slipway"), { recursive: true });
    writeFileSync(join(ground.repo, ".git/slipway/times.main_pytest.json"), JSON.stringify(times));
    const words = ["--matrix", "2", "--dirs", "app,base,deep,user", "--dir", ground.repo];
    const { code, out } = await place.run(["main_pytest", workflow], ...words);
    expect([code, JSON.parse(out)]).toEqual([
      0,
      {
        include: [
          { shard: 1, dirs: "app" },
          { shard: 2, dirs: "base,deep,user" },
        ],
      },
    ]);
  });
});
