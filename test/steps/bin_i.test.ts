import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const thinClient = fileURLToPath(new URL("../../thin_client", import.meta.url));
const base = realpathSync(mkdtempSync(join(tmpdir(), "bin i ")));
const [slipway, repo] = [join(base, "slipway"), join(base, "repo")];
const bun = join(slipway, "node_modules", "@oven", "bun-test", "bin", "bun");
const git = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "protocol.file.allow=always"];

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Runs `i`, or a link to it; the runtime of these tests prints its words. */
function i(words: readonly string[], { cwd = repo, file = "i", env = {}, uid = process.getuid?.() } = {}) {
  const started = spawnSync(join(slipway, "thin_client", "bin", file), words, {
    cwd,
    env: { PATH: process.env["PATH"], SLIPWAY_RUNTIME: "", ...env },
    encoding: "utf8",
    ...(uid === undefined ? {} : { uid }),
  });
  return { code: started.status, out: started.stdout.trimEnd().split("\n"), err: started.stderr };
}
const script = (name: string) => join(slipway, "scripts", `${name}.ts`);
/** What follows the runtime's own flags. */
const ran = (words: readonly string[], more = {}) => i(words, more).out.slice(4);

beforeAll(() => {
  chmodSync(base, 0o755);
  for (const part of ["bin", "awk", "env", "own"])
    cpSync(join(thinClient, part), join(slipway, "thin_client", part), { recursive: true });
  write(join(slipway, "package.json"), '{\n  "name": "slipway",\n  "version": "9.8.7",\n  "private": true\n}\n');
  const bash = '  subject: "use",\n  about: "Start a shell.",\n';
  write(script("docker_bash"), `export default await script(import.meta.url, {\n${bash}});\n`);
  write(script("docker_build_local"), 'subject: "build, test",\nabout:\n    "Build \\"it\\", and more.",\n');
  write(script("docker_tag_local_as_dev"), "");
  write(script("docker_images_ls_repo"), "");
  write(join(slipway, "thin_client", "tmux.ts"), '// subject: "thin client", about: "Sessions."\n');
  write(bun, '#!/bin/sh\nprintf "%s\\n" "$@"\n');
  chmodSync(bun, 0o755);
  symlinkSync("i", join(slipway, "thin_client", "bin", "docker_bash"));
  const options = '  options: {\n    ...pick("stage", "runEndToEndTests"),\n    dataSet: text("X", "Y"),\n  },\n';
  write(join(repo, "scripts", "own_flow.ts"), `  about: "Ours.",\n${options}  needs: ["git"],\n`);
  write(join(repo, "repo_config.yaml"), "repo_info:\n");
  write(join(repo, "infra", "repo_config.yaml"), 'runnable_dir_info:\n  command_prefix: "opt"  # short\n');
  write(join(repo, "infra", "scripts", "infra_flow.ts"), "");
  spawnSync("git", ["init", "--quiet", repo]);
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

describe("names", () => {
  it("lists Slipway's workflows and those of the repo one stands in", () => {
    const names = ["docker_bash", "docker_build_local", "docker_images_ls_repo", "docker_tag_local_as_dev", "tmux"];
    expect(i(["--list"], { cwd: base }).out).toEqual(names);
    expect(i(["--list"]).out).toEqual([...names, "own_flow"]);
    expect(i(["--list"], { cwd: join(repo, "infra") }).out).toEqual([...names, "infra_flow", "own_flow"]);
  });

  it.each([[[]], [["--help"]]])("are listed by their subject: i %o", (words) => {
    const { out, code } = i(words);
    expect(code).toBe(0);
    expect(out).toEqual([
      "use         docker_bash",
      "build, test docker_build_local",
      "thin client tmux",
      "this repo   docker_images_ls_repo docker_tag_local_as_dev own_flow",
      "",
      "i NAME [OPTIONS] runs one, i help NAME explains it, i --all explains all.",
    ]);
  });

  it("are told with what each is about by --all", () => {
    const { out, code } = i(["--all"]);
    expect(code).toBe(0);
    expect(out.slice(0, 5)).toEqual([
      ...["use", "  docker_bash                 Start a shell.", "", "build, test"],
      '  docker_build_local          Build "it", and more.',
    ]);
    expect(out).toContain("  own_flow                    Ours.");
  });

  const awk = (files: readonly string[], width: number, all = "") => {
    const parts = ["about", "list"].flatMap((name) => ["-f", join(thinClient, "awk", `${name}.awk`)]);
    const words = ["-v", `width=${width}`, "-v", `all=${all}`, ...parts];
    const env = { ...process.env, LC_ALL: "C" };
    const { stdout, status } = spawnSync("awk", words, { input: `${files.join("\n")}\n`, encoding: "utf8", env });
    expect(status).toBe(0);
    return stdout.trimEnd().split("\n");
  };

  it.each([
    ["git_clean git_pull", "git_clean git_pull"],
    ["git_clean git_merge_master git_pull", "git_{clean, merge_master, pull}"],
    ["a_one a_two a_three gh_watch lint z", "a_{one, two, three} gh_watch lint z"],
    ["doctor a_one a_two b_one b_two b_three a_three lint", "doctor a_{one, two, three} b_{one, two, three} lint"],
  ])("of a family of three or more share its first word: %s", (names, shown) => {
    const missing = names.split(" ").map((name) => join(base, "no such dir", `${name}.ts`));
    expect(awk(missing, 120)).toEqual([`this repo   ${shown}`]);
  });

  it("fit a screen of 24 lines with the two below them and a prompt, and each line the terminal", () => {
    const home = join(thinClient, "..");
    const files = ["scripts", "thin_client"].flatMap((folder) =>
      readdirSync(join(home, folder)).flatMap((name) => (name.endsWith(".ts") ? [join(home, folder, name)] : [])),
    );
    expect(awk(files, 80).length).toBeLessThanOrEqual(24 - 3);
    for (const width of [40, 60, 80, 120])
      for (const all of ["", "all"]) {
        const wide = awk(files, width, all).filter((line) => line.length > width && line.trim().includes(" "));
        expect(wide, `${width} columns`).toEqual([]);
      }
  });

  it.each([
    ["docker_build_local", "docker_build_local"],
    ["docker_build_local_image", "docker_build_local"],
    ["docker_tag_local_image_as_dev", "docker_tag_local_as_dev"],
    ["docker_images_ls_repo", "docker_images_ls_repo"],
  ])("`i %s` runs %s", (name, found) => {
    expect(ran([name, "-v", "1.0.0", "two words", ""])).toEqual([script(found), "-v", "1.0.0", "two words"]);
  });

  it("takes the name of a link to it as the workflow", () => {
    expect(ran(["-s", "dev"], { file: "docker_bash" })).toEqual([script("docker_bash"), "-s", "dev"]);
  });

  it.each(["docker_bahs", "../../etc/passwd", "docker bash", "opt_nothing"])("refuses %s", (name) => {
    const { code, out, err } = i([name]);
    expect([code, out]).toEqual([2, [""]]);
    expect(err).toMatch(/^error: there is no workflow ".*"\n {2}why: .*\n {2}fix: .*\n$/);
  });

  it.each([
    ["docker_bahs", "Did you mean docker_bash? "],
    ["bash", "Did you mean docker_bash? "],
    ["nothing_like_it", ""],
  ])("suggests for %s what is near: %s", (name, near) => {
    expect(i([name]).err).toContain(`fix: ${near}\`i\` alone lists all of them.`);
  });

  it("tells its version, and the help of one workflow or of all", () => {
    expect(i(["--version"])).toMatchObject({ code: 0, out: ["slipway 9.8.7"], err: "" });
    expect(ran(["help", "docker_bash"])).toEqual([script("docker_bash"), "--help"]);
    expect(i(["help"]).out).toEqual(i([]).out);
  });
});

describe("a repo's own workflows", () => {
  const own = join(repo, "scripts", "own_flow.ts");
  const asking = join(slipway, "thin_client/own/run.ts");
  it("are run with Slipway's modules in reach, by what asks first whether they may", () => {
    expect(ran(["own_flow", "-n"])).toEqual([asking, own, "-n"]);
  });

  it.each([["--help"], ["-n", "-h"]])("are read for their help, and not run: %s", (...words) => {
    expect(i(["own_flow", ...words])).toEqual({
      code: 0,
      out: [
        ...["Ours.", "", "Usage: i own_flow [OPTIONS]", ""],
        ...["Options:", "  --stage", "  --run-end-to-end-tests", "  --data-set", ""],
        "All workflows take --dry-run, --json, --yes, --quiet, --dir DIR and --help.",
        `This is a workflow of the repo itself, so its file was read for this page and not run: ${own}`,
      ],
      err: "",
    });
    expect(ran(["own_flow", "x", "--", ...words])).toEqual([asking, own, "x", "--", ...words]);
  });

  it("say what they are about without steering the terminal", () => {
    const odd = join(repo, "scripts", "odd_flow.ts");
    write(
      odd,
      'subject: "\u001b[31mred",\nabout: "\u001b[2JA\u0007 \u009b31m\u202etxt\u200b\u200f\u061c\ufeff ö 日本 é.",\n',
    );
    const [shown, help] = [i(["--all"]), i(["odd_flow", "--help"])].map(({ out }) => out.join("\n"));
    rmSync(odd);
    expect(shown).toContain("\n?[31mred\n");
    expect(shown).toContain("  odd_flow                    ?[2JA? ?31m?txt???? ö 日本 é.");
    expect(help).toContain("?[2JA? ?31m?txt???? ö 日本 é.\n");
  });

  it("have names of letters, digits and underscores; anything else there is none", () => {
    const odd = ["$(touch pwned)", "`touch pwned`", "a b", "a-b", "*", "a\nb", "-rf", "a;b"];
    for (const name of odd) write(join(repo, "scripts", `${name}.ts`), 'about: "Odd.",\n');
    spawnSync("mkfifo", [join(repo, "scripts", "pipe.ts")]);
    const listed = i(["--list"]).out;
    const shown = i([]).out;
    for (const name of [...odd, "pipe"]) rmSync(join(repo, "scripts", `${name}.ts`));
    expect(listed.at(-1)).toBe("own_flow");
    expect(listed.every((name) => /^\w+$/.test(name))).toBe(true);
    expect(shown.join("\n")).not.toContain("Odd.");
  });

  it("are found by command_prefix from anywhere in the repo, for its dir", () => {
    const cwd = join(repo, "infra", "scripts");
    for (const name of ["opt_docker_build_local", "opt_docker_build_local_image"])
      expect(ran([name, "-n"], { cwd })).toEqual([script("docker_build_local"), "--dir", join(repo, "infra"), "-n"]);
  });

  it("are found from a submodule too, but a worktree is a repo of its own", () => {
    const sub = join(repo, "sub");
    spawnSync("git", ["init", "--quiet", join(base, "other")]);
    spawnSync("git", [...git, "-C", join(base, "other"), "commit", "--quiet", "--allow-empty", "-m", "x"]);
    spawnSync("git", [...git, "-C", repo, "submodule", "--quiet", "add", join(base, "other"), "sub"]);
    spawnSync("git", [...git, "-C", sub, "worktree", "add", "--quiet", join(repo, "tree")]);
    expect(i(["--list"], { cwd: sub }).out).toContain("own_flow");
    expect(i(["--list"], { cwd: join(repo, "tree") }).out).not.toContain("own_flow");
  });
});

describe("the runtime", () => {
  it("reads no .env, no bunfig.toml, no tsconfig.json but Slipway's and installs nothing by itself", () => {
    const paths = `--tsconfig-override=${join(slipway, "thin_client", "own", "paths.json")}`;
    expect(i(["docker_bash"]).out.slice(0, 4)).toEqual(["--no-env-file", "--config=/dev/null", "--no-install", paths]);
  });

  it("reads no tsconfig.json but Slipway's for a repo's own workflow under tsx", () => {
    const [tsx, bin] = [join(slipway, "node_modules", "tsx"), join(base, "node")];
    write(join(tsx, "dist", "loader.mjs"), "");
    write(join(bin, "node"), '#!/bin/sh\necho "$TSX_TSCONFIG_PATH"\n');
    chmodSync(join(bin, "node"), 0o755);
    const { out } = i(["own_flow"], { env: { SLIPWAY_RUNTIME: "tsx", PATH: `${bin}:${process.env["PATH"]}` } });
    rmSync(tsx, { recursive: true });
    expect(out).toEqual([join(slipway, "thin_client", "own", "paths.json")]);
  });

  it("is the one that SLIPWAY_RUNTIME names", () => {
    const missing = i(["docker_bash"], { env: { SLIPWAY_RUNTIME: "tsx" } });
    expect(missing.code).toBe(2);
    expect(missing.err).toContain(`error: the thin env has no tsx\n`);
    expect(missing.err).toContain(`fix: ${slipway}/thin_client/build\n`);
    expect(i(["docker_bash"], { env: { SLIPWAY_RUNTIME: "deno" } }).err).toContain('error: SLIPWAY_RUNTIME is "deno"');
  });

  it("is told as unreadable where it is there and permission denied read it, and not as missing", () => {
    const [modules, env] = [join(slipway, "node_modules"), join(base, "of another user")];
    renameSync(modules, `${modules}.kept`);
    mkdirSync(modules);
    mkdirSync(env, { mode: 0 });
    symlinkSync(join(env, "linux-x64"), join(modules, ".slipway_env"));
    // Root may read everything.
    const uid = process.getuid?.() || 12345;
    const closed = i(["docker_bash"], { uid });
    rmdirSync(env);
    const gone = i(["docker_bash"], { uid });
    rmSync(modules, { recursive: true });
    renameSync(`${modules}.kept`, modules);
    expect(closed.err.split("\n")).toEqual([
      `error: the thin env is there, but permission denied read ${env}`,
      "  why: it belongs to somebody else, or its mode keeps others out.",
      `  fix: See whose it is, and become that user or have it opened: ls -ld '${env}'`,
      "",
    ]);
    expect([closed.code, gone.err.split("\n")[0]]).toEqual([2, "error: the thin env has no bun and no tsx"]);
  });

  // setenv.test.ts has the shells that are not on every machine.
  it.each([["sh"], ["bash", "--posix"]])("needs nothing that %s has not", (shell, ...words) => {
    const file = join(slipway, "thin_client", "bin", "i");
    const { stdout } = spawnSync(shell, [...words, file, "docker_bash", "a b"], { cwd: repo, encoding: "utf8" });
    expect(stdout.trimEnd().split("\n").slice(4)).toEqual([script("docker_bash"), "a b"]);
  });
});
