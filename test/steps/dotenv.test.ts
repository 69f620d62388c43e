import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { loadEnvironment } from "../../lib/doors/environment.ts";
import { dotEnvNotes } from "../../lib/formats/dotenv.ts";
import { dotEnvCases, dotEnvEnv, readByShell } from "../bed/dotenv_cases.ts";
import { readIn, sources } from "../unit/source.ts";

const dir = realpathSync(mkdtempSync(join(tmpdir(), "environment-")));
afterAll(() => rmSync(dir, { recursive: true }));
/** A dir that is the root of a Git repo, as far as a reader of files sees it. */
function repo(name: string, text: string | null): string {
  const path = join(dir, name);
  mkdirSync(join(path, ".git"), { recursive: true });
  mkdirSync(join(path, "inner"), { recursive: true });
  if (text !== null) writeFileSync(join(path, ".env"), text);
  return path;
}
const own = { ...dotEnvEnv, HOME: "/home" };

describe(".env, as both readers read it:", () => {
  const byShell = readByShell(["bash", "--norc"]);
  it.each(dotEnvCases.map(([title, text, expected], index) => ({ title, text, expected, index })))(
    "$title",
    async ({ text, expected, index }) => {
      const { env, dotEnv } = await loadEnvironment(repo(`case${index}`, text), own);
      const notes = dotEnvNotes(dotEnv).map((line) => `slipway: ${line}`);
      const { HOME, SLIPWAY_DOTENV_ALLOW, CSFY_SET, CSFY_EMPTY, ...values } = env;
      expect({ values, notes }).toEqual(expected);
      expect({ HOME, SLIPWAY_DOTENV_ALLOW, CSFY_SET, CSFY_EMPTY }).toEqual(own);
      expect(byShell[index]).toEqual(expected);
    },
  );
});

describe("the environment of a run", () => {
  it("has the .env of the outermost root, wherever in the repo one stands, and no other", async () => {
    const top = repo("top", "CSFY_A=top\n");
    writeFileSync(join(top, "inner/.env"), "CSFY_A=inner\nCSFY_B=inner\n");
    for (const at of [top, join(top, "inner")])
      expect((await loadEnvironment(at, { HOME: "/home" })).env).toEqual({ HOME: "/home", CSFY_A: "top" });
    expect((await loadEnvironment(tmpdir(), { HOME: "/home" })).env).toEqual({ HOME: "/home" });
  });

  it("has nothing that the sourced shell took from the .env of another repo, but what was typed over it", async () => {
    const [here, there] = [repo("here", "CSFY_C=here\n"), repo("there", "CSFY_A=1\nCSFY_B=2\n")];
    const sourced = { SLIPWAY_REPO_ROOT: there, SLIPWAY_DOTENV_KEYS: "CSFY_A CSFY_B" };
    const env = { ...sourced, CSFY_A: "1", CSFY_B: "typed" };
    expect((await loadEnvironment(here, env)).env).toEqual({ ...sourced, CSFY_B: "typed", CSFY_C: "here" });
    expect((await loadEnvironment(there, env)).env).toEqual(env);
  });

  it("waits for no pipe that is called .env", async () => {
    const at = repo("pipe", null);
    const { spawnSync } = await import("node:child_process");
    expect(spawnSync("mkfifo", [join(at, ".env")]).status).toBe(0);
    expect((await loadEnvironment(at, {})).env).toEqual({});
  });
});

it("every SLIPWAY_ variable that a source names is an option of a workflow, or one that .env may not set", () => {
  const list = readIn("thin_client/env/dotenv_names.txt").split("\n");
  const shells = ["thin_client/setenv.sh", "thin_client/bin/i", "thin_client/build"];
  const words = [...["lib", "scripts", "thin_client"].flatMap(sources), ...shells].flatMap((path) =>
    [...readIn(path).matchAll(/\bSLIPWAY_[A-Z_]*[A-Z]\b/g)].map(([name]) => name),
  );
  const strange = [...new Set(words)].filter((name) => !list.includes(`!${name}`));
  // The one that stands in a sentence as an example of an option.
  expect(strange.sort()).toEqual(["SLIPWAY_STAGE"]);
});
