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
    writeFileSync(join(repo, ".env"), "FROM_DOTENV=1\n");
    const state = `{ ${all}; } | grep -v -e '^_$' -e '^[0-9?#!$*@-]' -e PIPESTATUS -e '^before' -e LINENO -e pipestatus -e '^BASH' -e '^[!-@]' | sort`;
    const { lines, err } = sh(
      `before_path=$PATH; before=$(${state}); ${source}; [ "$FROM_DOTENV" = 1 ] || echo unset
       [ "$before" != "$(${state})" ] || echo unchanged
       slipway_deactivate; [ "$PATH" = "$before_path" ] || echo "$PATH"; after=$(${state})
       [ "$before" = "$(printf '%s\\n' "$after" | grep -v '^after$')" ] && echo same || printf '%s\\n' "$before" --- "$after"`,
    );
    expect({ lines, err }).toEqual({ lines: ["same"], err: "" });
  });

  it("reads .env as data, and only sets what is unset", () => {
    const quoted = "Q=\"a 'b' c\"  # note\nS='$(touch pwned) `touch pwned`'\n  export U = x y # note\r\nH=a#b\nE=\n";
    writeFileSync(
      join(repo, ".env"),
      `${quoted}OWN=no\nPATH=/evil\nLD_PRELOAD=/evil.so\n1x=2\nnot a line\nA[$(touch pwned)]=1`,
    );
    const { lines, err } = sh(
      `OWN=mine; ${source}; printf '%s|' "$Q" "$S" "$U" "$H" "\${E-unset}" "$OWN"; env | grep -c evil`,
    );
    expect(lines).toEqual(["a 'b' c|$(touch pwned) `touch pwned`|x y|a#b||mine|0"]);
    expect(err).toBe("slipway: .env may not set LD_PRELOAD; left out\n");
    expect(existsSync(join(repo, "pwned"))).toBe(false);
    rmSync(join(repo, ".env"));
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

  it("completes the names of the workflows", () => {
    const bash = `COMP_WORDS=(i docker_bui); COMP_CWORD=1; _slipway_complete_bash; echo "\${COMPREPLY[@]}"`;
    const zsh = `words=(i docker_bui); CURRENT=2; compadd() { shift; echo "$@" }; _slipway_complete_zsh`;
    const { out } = sh(`${source}; ${shell === "zsh" ? zsh : bash}`);
    expect(out).toContain("docker_build_local");
    expect(out.includes("docker_release_dev")).toBe(shell === "zsh");
  });
});

// bin_i.test.ts has the shells that are on every machine.
it.each([["dash"], ["zsh", "--emulate", "sh"]])("bin/i needs nothing that %s has not", (shell, ...words) => {
  const ran = run([shell, ...words, join(bin, "i"), "--list"], { cwd: repo, env: { HOME: base } });
  expect(ran).toMatchObject({ code: 0, err: "" });
  expect(ran.out.split("\n")).toContain("docker_release_dev");
});
