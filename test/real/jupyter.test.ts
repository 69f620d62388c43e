import { readdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { must, run, until } from "../../thin_client/engine/command.ts";
import { ensureJupyter } from "../bed/jupyter_image.ts";
import { labelled } from "../bed/labelled.ts";
import { openTerminal, type Terminal } from "../bed/terminal.ts";
import { type Ground, makeGround } from "../bed/tiny_repo.ts";
import { docker, workflow, workflowsIn } from "../bed/workflow.ts";

const name = "notebook";
const local = ["--stage", "local", "--version", "1.0.0"];
let ground: Ground;
let repo = "";
let terminal: Terminal;
beforeAll(async () => {
  ground = await makeGround(1);
  repo = await ground.repo(name);
  await ensureJupyter(`${ground.addresses["r1"]}/${name}:local-root-1.0.0`);
  await docker("tag", "slipway/tiny:1", `${ground.addresses["r1"]}/${name}:dev`);
  terminal = await openTerminal(repo, ground.dir);
});
afterAll(async () => {
  await terminal.end();
  await ground.end();
});

const i = (...words: readonly string[]) => workflowsIn(repo)("docker_jupyter", ...words);
/** The words of what runs on this machine, and what lies in Slipway's folder of the repo: whoever looks there must find no token. */
async function seenByOthers(): Promise<string> {
  const [id = ""] = await labelled(name);
  const folder = join(repo, ".git", "slipway");
  const paths = readdirSync(folder, { recursive: true }).map((path) => join(folder, String(path)));
  const files = paths.filter((path) => statSync(path).isFile()).map((path) => readFileSync(path, "utf8"));
  const logs = await run(["docker", "logs", id]);
  return [await must(["ps", "axww"]), await docker("inspect", id), logs.stdout, logs.stderr, ...files].join("\n");
}

describe("docker_jupyter", () => {
  it("answers on a port of 127.0.0.1 and with its token only, which nobody else sees, until Ctrl-C", async () => {
    await terminal.type(`${workflow("bun", "docker_jupyter", ...local).join(" ")}; echo ended-$?`);
    const shown = await terminal.shows(/http:\/\/127\.0\.0\.1:\d+\/\S*token=[0-9a-f]{48}/);
    const [, port = "", token = ""] = /http:\/\/127\.0\.0\.1:(\d+)\/\S*token=([0-9a-f]{48})/.exec(shown) ?? [];
    const status = async (headers: Readonly<Record<string, string>> = {}) =>
      (await fetch(`http://127.0.0.1:${port}/api/status`, { headers })).status;
    expect([await status(), await status({ Authorization: `token ${token}` })]).toEqual([403, 200]);
    const [id = ""] = await labelled(name);
    expect(await docker("port", id)).toBe(`${port}/tcp -> 127.0.0.1:${port}`);
    const seen = await seenByOthers();
    expect([seen.includes("jupyter_server"), seen.includes(token)]).toEqual([true, false]);
    await terminal.press("C-c");
    await terminal.shows(/\(y\/\[n\]\)/);
    await terminal.type("y");
    await terminal.shows(/ended-0/);
    expect(await until(async () => (await labelled(name)).length === 0, 300_000)).toBe(true);
  });

  it("--self-test starts it, sees both answers, and leaves nothing", async () => {
    const ran = await i(...local, "--self-test");
    expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: expect.stringMatching(/only with its token\n$/) });
    expect(await labelled(name)).toEqual([]);
  });

  it("says what an image lacks that holds no Jupyter", async () => {
    const ran = await i("--stage", "dev");
    expect(ran).toMatchObject({ code: 127, stderr: expect.stringContaining("The image holds no Jupyter") });
    expect(ran.stderr).toContain("fix: Add jupyterlab to devops/docker_build/pyproject.toml");
  });

  it("takes the next port where the first is taken, and refuses one that was named", async () => {
    const portOf = async (...words: readonly string[]) => {
      const { stdout } = await i(...local, "--dry-run", ...words);
      return Number(/http:\/\/127\.0\.0\.1:(\d+)/.exec(stdout)?.[1]);
    };
    const first = await portOf();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(first, "127.0.0.1", resolve));
    try {
      expect(await portOf()).toBeGreaterThan(first);
      const refused = await i(...local, "--port", String(first));
      expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining(`port ${first} is taken`) });
    } finally {
      server.close();
    }
    expect(await portOf("--no-auto-assign-port")).toBe(9999);
  });
});
