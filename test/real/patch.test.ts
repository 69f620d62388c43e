import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run, until } from "../../thin_client/engine/command.ts";
import { digestAt } from "../bed/oracle.ts";
import { story } from "../bed/story.ts";
import { openTerminal, type Terminal } from "../bed/terminal.ts";
import { type Ground, makeGround } from "../bed/tiny_repo.ts";
import { docker, startWorkflow, workflow, workflowsIn } from "../bed/workflow.ts";

const name = "patchbox";
const secret = "s3cret-of-the-caller";
let ground: Ground;
let repo = "";
let terminal: Terminal;
let box: ReturnType<typeof startWorkflow>;
beforeAll(async () => {
  ground = await makeGround(1);
  repo = await ground.repo(name);
  terminal = await openTerminal(repo, ground.dir);
  expect((await i("docker_build_local", "--poetry-mode", "no_update")).code).toBe(0);
  Object.assign(process.env, { OPENAI_API_KEY: secret, SLIPWAY_PASS_ENV: "OPENAI_API_KEY" });
  box = startWorkflow(repo, "docker_cmd", "--stage", "local", "--version", "1.0.0", "--", "sleep", "300");
  expect(await until(async () => (await i("docker_ps")).stdout.includes(" Up "), 300_000)).toBe(true);
  const made = await i("docker_exec", "--as-root", "--cmd", "echo by hand > /by_hand; echo $OPENAI_API_KEY");
  expect(made, made.stderr).toMatchObject({ code: 0, stdout: `${secret}\n` });
});
afterAll(async () => {
  for (const variable of ["OPENAI_API_KEY", "SLIPWAY_PASS_ENV"]) delete process.env[variable];
  await box.kill("SIGTERM");
  await terminal.end();
  await ground.end();
});

const i = (script: string, ...words: readonly string[]) => workflowsIn(repo)(script, ...words);
/** Types a workflow into the terminal, which is empty then. */
async function types(script: string, ...words: readonly string[]): Promise<void> {
  await terminal.clear();
  await terminal.type(`${workflow("bun", script, ...words).join(" ")}; echo ended-$?`);
}
const reference = (tag: string) => `${ground.addresses["r1"]}/${name}:${tag}`;
const inspected = async (tag: string) => {
  const [image] = JSON.parse(await docker("image", "inspect", reference(tag))) as { Config: Record<string, unknown> }[];
  return image?.Config ?? {};
};

describe("docker_patch --name", () => {
  it("commits the container with a warning, keeps the image's settings and takes no variable of the run", async () => {
    const ran = await i("docker_patch", "--name", "ccxtpro", "--push");
    expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: expect.stringMatching(/^PATCHED .*dev_ccxtpro/) });
    const tag = "dev_ccxtpro";
    expect(await docker("run", "--rm", reference(tag), "cat", "/by_hand")).toBe("by hand");
    const inside = (of: string) => docker("run", "--rm", reference(of), "sh", "-c", "id -u; pwd; echo $HOME $PATH");
    expect(await inside(tag)).toBe(await inside("local-root-1.0.0"));
    const [made, from] = [await inspected(tag), await inspected("local-root-1.0.0")];
    for (const key of ["Cmd", "Entrypoint", "WorkingDir"]) expect(made[key] ?? []).toEqual(from[key] ?? []);
    const whole = JSON.stringify(made) + (await docker("image", "history", "--no-trunc", reference(tag)));
    expect([whole.includes(secret), whole.includes("OPENAI_API_KEY=")]).toEqual([false, true]);
    expect(whole).toMatch(/dev\.slipway\.patched":"root committed container \S+ of /);
    expect(await digestAt(reference(tag))).toBe(
      await docker("image", "inspect", "--format", "{{.Id}}", reference(tag)),
    );
  });

  it("makes an image whose plain containers are nobody's, so that no run reaps them", async () => {
    const id = await docker("run", "--detach", "--init", reference("dev_ccxtpro"), "sleep", "100");
    expect((await i("docker_cmd", "--stage", "local", "--version", "1.0.0", "--", "true")).code).toBe(0);
    const [listed, alive] = [await i("docker_ps"), await docker("inspect", "--format", "{{.State.Running}}", id)];
    await docker("rm", "--force", id);
    expect([listed.stdout.includes(id.slice(0, 12)), alive]).toEqual([false, "true"]);
  });

  it.each(["a b", "-x/..", "$(id)"])("refuses the name %s", async (bad) => {
    const ran = await i("docker_patch", `--name=${bad}`);
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining("--name ccxtpro") });
  });
});

describe("a container in a terminal", () => {
  it.each<[string, readonly [string, ...string[]], (show: Terminal) => Promise<void>, number]>([
    ["a shell is left with", ["docker_bash"], (show) => show.type("exit 3"), 3],
    ["a command fails with", ["docker_cmd", "--cmd", "'echo to run; exit 4'"], async () => {}, 4],
    [
      "Ctrl-C ends a command with",
      ["docker_cmd", "--cmd", "'echo to run; sleep 60'"],
      (show) => show.press("C-c"),
      130,
    ],
  ])("says nothing of its own where %s", async (_how, [name, ...words], ends, code) => {
    await types(name, "--stage", "local", ...words);
    await terminal.shows(name === "docker_bash" ? /\n.*[#$]$/ : /^to run/m);
    await ends(terminal);
    const shown = await terminal.shows(/ended-\d+\n\$/);
    expect([shown, /error|why:|fix:/.test(shown)]).toEqual([expect.stringContaining(`ended-${code}\n`), false]);
  });
});

describe("docker_patch without a name", story, () => {
  it("asks before the local image is replaced, and refuses without a terminal", async () => {
    const before = await docker("image", "inspect", "--format", "{{.Id}}", reference("local-root-1.0.0"));
    const refused = await i("docker_patch");
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("pass --yes") });
    for (const [answer, code] of [
      ["n", 2],
      ["C-d", 2],
      ["C-c", 130],
    ] as const) {
      await types("docker_patch");
      await terminal.shows(/Replace local-root-1\.0\.0 in the engine by the patched image\? \(y\/N\)/);
      await (answer === "n" ? terminal.type(answer) : terminal.press(answer));
      const shown = await terminal.shows(/ended-\d+\n\$/);
      expect([shown, /^ +at /m.test(shown)]).toEqual([expect.stringContaining(`ended-${code}\n`), false]);
    }
    expect(await docker("image", "inspect", "--format", "{{.Id}}", reference("local-root-1.0.0"))).toBe(before);
    expect((await i("docker_patch", "--yes")).code).toBe(0);
    const used = await i("docker_cmd", "--stage", "local", "--", "cat", "/by_hand");
    expect(used, used.stderr).toMatchObject({ code: 0, stdout: "by hand\n" });
  });

  it.each([
    ["docker_tag_local_as_dev", "--version", "1.0.0", "--skip-tests"],
    ["docker_release_dev", "--version", "1.0.0"],
  ])("makes an image that %s refuses", async (script, ...words) => {
    const ran = await i(script, ...words);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("is a patched image: root committed container");
    expect(ran.stderr).toContain("fix: Put the change into devops/docker_build, then build it: i docker_build_local");
  });

  it("is no dev image either for docker_push_dev when somebody tags it so by hand", async () => {
    await docker("tag", reference("local-root-1.0.0"), reference("dev-1.0.0"));
    const ran = await i("docker_push_dev", "--version", "1.0.0");
    await run(["docker", "rmi", reference("dev-1.0.0")]);
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining("is a patched image") });
  });

  it("is over once the image is built again", async () => {
    expect((await i("docker_build_local", "--poetry-mode", "no_update")).code).toBe(0);
    const ran = await i("docker_release_dev", "--version", "1.0.0", "--skip-tests");
    expect(ran.code, ran.stderr).toBe(0);
  });
});
