import { spawnSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { offerHooks, setHooks } from "../../thin_client/env/hooks.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A folder for repos with hooks, a shell in it with these variables and no settings of this machine's Git, and what installs hooks. */
export function hookFolder(variables: Readonly<Record<string, string>> = {}) {
  const base = realpathSync(mkdtempSync(join(tmpdir(), "slipway hooks ")));
  const env: NodeJS.ProcessEnv = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(GIT_|EMAIL$)/.test(name))),
    ...variables,
    ...{ HOME: base, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null", LC_ALL: "C.UTF-8" },
  };
  return {
    base,
    /** Does lines of shell in a folder; `kb N` prints so many KB. */
    sh: (dir: string, lines: string, shell = "sh") => {
      const text = `kb() { head -c $(($1 * 1024)) /dev/zero | tr '\\0' x; }\n${lines}`;
      const { status, stdout, stderr } = spawnSync(shell, ["-ec", text], { cwd: dir, env, encoding: "utf8" });
      return { code: status, out: stdout.trim(), err: stderr };
    },
    install: (cwd: string, more: Partial<Parameters<typeof setHooks>[1]> = {}) =>
      setHooks(root, { wanted: true, check: false, cwd, mayKeep: async () => false, ...more }),
    /** What is asked and said where the hooks are offered, with this answer; null where nobody is there. */
    offer: async (cwd: string, may: boolean | null) => {
      const [asked, said]: [string[], string[]] = [[], []];
      const mayInstall = async (question: string) => {
        asked.push(question);
        return may;
      };
      const hooks = await offerHooks(root, {
        cwd,
        say: (line) => said.push(line),
        mayInstall,
        mayKeep: async () => false,
      });
      return { state: hooks?.state, asked: asked.length, said };
    },
    end: () => rmSync(base, { recursive: true, force: true }),
  };
}
