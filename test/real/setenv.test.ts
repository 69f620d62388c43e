import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandNames, commandsDir, makeCommands } from "../../thin_client/env/commands.ts";
import { dotEnvCases, readByShell } from "../bed/dotenv_cases.ts";
import { needs } from "../bed/parts.ts";
import { makeClone, run } from "../bed/thin_clone.ts";

const base = realpathSync(mkdtempSync(join(tmpdir(), "set env ")));
const [repo, slipway, data] = [join(base, "repo"), join(base, "repo", "slip way"), join(base, "data")];
const commands = join(data, "slipway", "commands");
const bin = join(slipway, "thin_client", "bin");

beforeAll(() => {
  makeClone(slipway);
  rmSync(join(slipway, ".git"), { recursive: true });
  run(["git", "init", "--quiet", repo], { cwd: base });
  mkdirSync(join(slipway, "node_modules", "tsx"), { recursive: true });
  writeFileSync(join(slipway, "node_modules", "tsx", "package.json"), "{}");
  mkdirSync(join(base, "env"));
  run(["cp", join(slipway, "package-lock.json"), join(base, "env")], { cwd: base });
  symlinkSync(join(base, "env"), join(slipway, "node_modules", ".slipway_env"));
  const names = commandNames(slipway);
  makeCommands(commandsDir({ root: slipway, shared: "", env: "", commands, tools: "" }, names), names);
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

const all = `if [ -n "\${ZSH_VERSION-}" ]; then typeset +m '*'; print -l \${(ok)functions}; else compgen -v; compgen -A function; fi`;

describe.each(["bash", "zsh"])("setenv.sh in %s", (shell) => {
  beforeAll(() => needs(...(shell === "zsh" ? (["zsh"] as const) : [])));
  const source = '. "slip way/thin_client/setenv.sh"';
  const env = { XDG_DATA_HOME: data, SLIPWAY_ROOT: undefined, SLIPWAY_REPO_ROOT: undefined, HOME: base };
  const sh = (text: string, more = {}) => {
    const ran = run([shell, shell === "zsh" ? "-f" : "--norc", "-c", text], { cwd: repo, env: { ...env, ...more } });
    return { ...ran, lines: ran.out.trimEnd().split("\n") };
  };

  it("puts the commands on PATH once, and prints nothing", () => {
    const ran = sh(
      `${source}; ${source}; echo "$PATH"; command -v i; type docker_bash >/dev/null 2>&1; echo $SLIPWAY_ROOT`,
    );
    expect(ran.err).toBe("");
    const entries = (ran.lines[0] ?? "").split(":");
    expect(entries[0]).toBe(bin);
    expect(entries.filter((entry) => entry.startsWith(base))).toEqual([bin, expect.stringContaining(commands)]);
    expect(ran.lines.slice(1)).toEqual([join(bin, "i"), slipway]);
  });

  it("adds nothing the second time, not in a shell within the shell either", () => {
    const again = `${shell} ${shell === "zsh" ? "-f" : "--norc"} -c '${source}; echo "$PATH"'`;
    const { lines } = sh(`${source}; echo "$PATH"; ${source}; echo "$PATH"; ${again}`);
    expect(lines).toEqual(Array(3).fill(expect.stringMatching(`^${bin}:`)));
    expect(new Set(lines).size).toBe(1);
  });

  it("is undone by slipway_deactivate", () => {
    writeFileSync(join(repo, ".env"), "CSFY_FROM_DOTENV=1\n");
    const state = `{ ${all}; } | grep -v -e '^_$' -e '^[0-9?#!$*@-]' -e PIPESTATUS -e '^before' -e LINENO -e pipestatus -e '^BASH' -e '^[!-@]' | sort`;
    const { lines, err } = sh(
      `before_path=$PATH; before=$(${state}); ${source}; [ "$CSFY_FROM_DOTENV" = 1 ] || echo unset
       [ "$before" != "$(${state})" ] || echo unchanged
       slipway_deactivate; [ "$PATH" = "$before_path" ] || echo "$PATH"; after=$(${state})
       [ "$before" = "$(printf '%s\\n' "$after" | grep -v '^after$')" ] && echo same || printf '%s\\n' "$before" --- "$after"`,
    );
    expect({ lines, err }).toEqual({ lines: ["same"], err: "" });
  });

  it("reads .env of the root of the repo as data, wherever in it one stands, and again what changed", () => {
    writeFileSync(join(repo, ".env"), "CSFY_S='$(touch pwned) `touch pwned`'\nCSFY_OWN=no\nLD_PRELOAD=/evil.so\n");
    const there = source.replace("slip way", "../slip way");
    const again = `printf 'CSFY_T=t\\n' >../.env; ${there}; echo "\${CSFY_S-none} $CSFY_T $CSFY_OWN"`;
    const { lines, err } = sh(
      `CSFY_OWN=mine; mkdir -p inner; cd inner; ${there}; echo "$CSFY_S $CSFY_OWN"; env | grep -c evil; ${again}`,
    );
    expect(lines).toEqual(["$(touch pwned) `touch pwned` mine", "0", "none t mine"]);
    expect(err).toMatch(/^slipway: \.env may not set LD_PRELOAD; left out .*\n$/);
    expect([existsSync(join(repo, "pwned")), existsSync(join(repo, "inner/pwned"))]).toEqual([false, false]);
    rmSync(join(repo, ".env"));
  });

  it("reads every .env as lib does", () => {
    const words = shell === "zsh" ? (["zsh", "-f"] as const) : (["bash", "--norc"] as const);
    expect(readByShell([...words])).toEqual(dotEnvCases.map(([, , expected]) => expected));
  });

  it("is found from any dir, by a link too, in a shell of a person whose cd and CDPATH print", () => {
    const home = join(base, `home of ${shell}`);
    mkdirSync(home);
    const rc =
      'cd() { builtin cd "$@"; echo hooked; }; chpwd() { echo hooked; }; export CDPATH=.:/tmp; cdpath=(. /tmp)\n';
    writeFileSync(join(home, `.${shell}rc`), rc);
    symlinkSync(join(slipway, "thin_client"), join(home, "dir link"));
    symlinkSync("../repo/slip way/thin_client/setenv.sh", join(home, "relative.sh"));
    const ways: readonly (readonly [string, string])[] = [
      [slipway, "thin_client/setenv.sh"],
      [join(slipway, "thin_client"), "./setenv.sh"],
      [join(slipway, "lib"), "../thin_client/setenv.sh"],
      ["/", join(slipway, "thin_client/setenv.sh")],
      [home, "relative.sh"],
      [base, `${home}/relative.sh`],
      [home, "dir link/setenv.sh"],
    ];
    const typed = ways.map(
      ([dir, file]) => `builtin cd '${dir}'\nsource '${file}'\necho "=$? $SLIPWAY_ROOT"\nslipway_deactivate\n`,
    );
    const { out } = run([shell, "-i"], { cwd: base, env: { ...env, HOME: home }, input: `${typed.join("")}exit\n` });
    expect(out.match(/=\d .*/g)).toEqual(ways.map(() => `=0 ${slipway}`));
  });

  it("lives without HOME, and says so where that is needed", () => {
    const { lines, err } = sh(`set -u; ${source}; echo alive`, { HOME: undefined, XDG_DATA_HOME: undefined });
    expect(lines).toEqual(["alive"]);
    // zsh takes the user's home by itself.
    if (shell === "bash") expect(err).toMatch(/^slipway: HOME is not set; taken to be \/\S+, where the commands are/);
  });

  it("says what it is for where it is run", () => {
    const ran = run([shell, join(slipway, "thin_client/setenv.sh")], { cwd: repo, env });
    expect(ran.err).toContain(`error: setenv.sh was run\n`);
    expect(ran.err).toContain(`fix: . ${slipway}/thin_client/setenv.sh\n`);
    expect(ran.code).toBe(1);
  });

  it("survives set -eu and stays where it is", () => {
    const { lines, code } = sh(`set -eu; ${source}; pwd; slipway_deactivate; case $- in *e*) echo still;; esac`);
    expect({ lines, code }).toEqual({ lines: [repo, "still"], code: 0 });
  });

  it("says that the env is stale, or not built", () => {
    const lock = join(slipway, "package-lock.json");
    appendFileSync(lock, "\n");
    const stale = sh(`${source}; echo $?`);
    run(["cp", join(base, "env", "package-lock.json"), lock], { cwd: base });
    expect(stale.lines).toEqual(["0"]);
    expect(stale.err).toContain(
      `is stale\n  why: package-lock.json changed since it was built.\n  fix: ${slipway}/thin_client/build`,
    );

    run(["mv", "node_modules", "aside"], { cwd: slipway });
    const unbuilt = sh(`before=$PATH; ${source}; echo $?; [ "$PATH" = "$before" ] && echo same`);
    run(["mv", "aside", "node_modules"], { cwd: slipway });
    expect(unbuilt.lines).toEqual(["1", "same"]);
    expect(unbuilt.err).toContain("is not built\n  why: ");
  });

  it("says nothing of its age inside a container, whose packages are the machine's", () => {
    const modules = join(slipway, "node_modules");
    run(["mv", join(modules, ".slipway_env"), join(base, "aside")], { cwd: base });
    writeFileSync(join(modules, ".package-lock.json"), "{}");
    run(["touch", "--date", "2001-01-01", join(modules, ".package-lock.json")], { cwd: base });
    const [inside, outside] = [sh(`${source}; echo $?`, { CONTAINER_VERSION: "cmamp-1.0.0" }), sh(source)];
    rmSync(join(modules, ".package-lock.json"));
    run(["mv", join(base, "aside"), join(modules, ".slipway_env")], { cwd: base });
    expect([inside.lines, inside.err]).toEqual([["0"], ""]);
    expect(outside.err).toContain("is stale");
  });

  it("says that the env is there but unreadable, where it belongs to somebody else", () => {
    const closed = join(base, "closed");
    mkdirSync(closed, { mode: 0 });
    run(["mv", "node_modules", "aside"], { cwd: slipway });
    mkdirSync(join(slipway, "node_modules"));
    symlinkSync(join(closed, "env"), join(slipway, "node_modules", ".slipway_env"));
    // Root may read everything; permission denied.
    const user = "setpriv --reuid 12345 --regid 12345 --clear-groups";
    const words = shell === "zsh" ? "zsh -f" : "bash --norc";
    run(["chmod", "755", base], { cwd: base });
    const { err, lines } = sh(`${user} ${words} -c '${source}; echo $?'`);
    run(["rm", "-r", "node_modules"], { cwd: slipway });
    run(["mv", "aside", "node_modules"], { cwd: slipway });
    run(["rmdir", closed], { cwd: base });
    expect(lines).toEqual(["1"]);
    expect(err).toContain(`is there, but permission denied read ${closed}\n  why: `);
    expect(err).not.toContain("is not built");
  });

  it("completes the names of the workflows", () => {
    const bash = `COMP_WORDS=(i docker_bui); COMP_CWORD=1; _slipway_complete_bash; echo "\${COMPREPLY[@]}"`;
    const zsh = `words=(i docker_bui); CURRENT=2; compadd() { shift; echo "$@" }; _slipway_complete_zsh`;
    const { out } = sh(`${source}; ${shell === "zsh" ? zsh : bash}`);
    expect(out).toContain("docker_build_local");
    // zsh chooses among them itself.
    expect(out.includes("docker_release_dev")).toBe(shell === "zsh");
  });
});

it("setenv.sh says that it needs bash or zsh", () => {
  const ran = run(["dash", "-c", `. "${slipway}/thin_client/setenv.sh"; echo alive`], { cwd: repo });
  expect([ran.out, ran.err.split("\n")[0]]).toEqual(["alive\n", "error: setenv.sh does not know this shell"]);
});

// bin_i.test.ts has the shells that are on every machine.
it.each([["dash"], ["zsh", "--emulate", "sh"]])("bin/i needs nothing that %s has not", (shell, ...words) => {
  const ran = run([shell, ...words, join(bin, "i"), "--list"], { cwd: repo, env: { HOME: base } });
  expect(ran).toMatchObject({ code: 0, err: "" });
  expect(ran.out.split("\n")).toContain("docker_release_dev");
});
