import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { labelled, startLabelled } from "../bed/labelled.ts";
import { openTerminal, type Terminal } from "../bed/terminal.ts";
import { tinyImage } from "../bed/tiny.ts";
import { type Ground, makeGround } from "../bed/tiny_repo.ts";
import { docker, startWorkflow, workflow, workflowsIn } from "../bed/workflow.ts";

const name = "aroundbox";
let ground: Ground;
let repo = "";
let terminal: Terminal;
let reference = "";
beforeAll(async () => {
  ground = await makeGround(2);
  repo = await ground.repo(name);
  reference = `${ground.addresses["r1"]}/${name}`;
  for (const address of Object.values(ground.addresses))
    for (const tag of ["local-root-1.0.0", "dev"]) await docker("tag", tinyImage, `${address}/${name}:${tag}`);
  terminal = await openTerminal(repo, ground.dir);
});
const endAll = async () => {
  const ids = await labelled(name);
  if (ids.length > 0) await docker("rm", "--force", ...ids);
};
afterEach(endAll);
afterAll(async () => {
  await terminal.end();
  await ground.end();
});

const i = (script: string, ...words: readonly string[]) => workflowsIn(repo)(script, ...words);
const mine = () => startLabelled(name, "root", `${reference}:dev`);
const line = (script: string, ...words: readonly string[]) => workflow("bun", script, ...words).join(" ");

describe("docker_ps and docker_stats", () => {
  it("tell the own containers of this image, and with --all everyone's", async () => {
    const [own, other, elsewhere] = [await mine(), await startLabelled(name, "ann"), await startLabelled("x", "root")];
    const idsIn = async (...words: readonly string[]) => {
      const told = JSON.parse((await i(...(words as [string]), "--json")).stdout) as { result: { id: string }[] };
      return told.result.map(({ id }) => id);
    };
    try {
      expect(await idsIn("docker_ps")).toEqual([own]);
      expect(await idsIn("docker_ps", "--all")).toEqual(expect.arrayContaining([own, other, elsewhere]));
      expect(await idsIn("docker_stats")).toEqual([own]);
      expect(await idsIn("docker_stats", "--all")).toEqual(expect.arrayContaining([own, other, elsewhere]));
    } finally {
      await docker("rm", "--force", elsewhere);
    }
  });

  it("tell in a terminal one line a container, in columns", async () => {
    const id = (await mine()).slice(0, 12);
    await terminal.clear();
    await terminal.type(line("docker_ps"));
    const listed = await terminal.shows(new RegExp(`^${id} +root +${reference}:dev +sleep 600 +Up .* - +\\w+$`, "m"));
    expect(listed).toMatch(/^ID +USER +IMAGE +COMMAND +STATUS +PORTS +NAME$/m);
    await terminal.clear();
    await terminal.type(line("docker_stats"));
    await terminal.shows(new RegExp(`^${id} +\\w+ +[\\d.]+% +\\S+ / \\S+ +[\\d.]+%.* \\d+$`, "m"));
  });

  it("say that there is none", async () => {
    const [listed, used] = [await i("docker_ps"), await i("docker_stats")];
    expect([listed.code, used.code]).toEqual([0, 0]);
    expect(listed.stdout).toBe(`root has no container of ${name}; --all shows everyone's\n`);
    expect(used.stdout).toBe(`root has no running container of ${name}; --all shows everyone's\n`);
  });
});

describe("docker_kill", () => {
  it("ends the last own container alone", async () => {
    const [first, foreign, last] = [await mine(), await startLabelled(name, "ann"), await mine()];
    const ran = await i("docker_kill");
    expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining(last.slice(0, 12)) });
    expect([...(await labelled(name))].sort()).toEqual([first, foreign].sort());
  });

  it("ends the one that was named, and nobody else's", async () => {
    const [first, foreign, last] = [await mine(), await startLabelled(name, "ann"), await mine()];
    expect((await i("docker_kill", "--container", first.slice(0, 10))).code).toBe(0);
    const refused = await i("docker_kill", "--container", foreign.slice(0, 12));
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("names no container of yours") });
    expect([...(await labelled(name))].sort()).toEqual([foreign, last].sort());
  });

  it("--all refuses without a terminal, and with --yes ends all own ones and no other's", async () => {
    const [first, foreign, last] = [await mine(), await startLabelled(name, "ann"), await mine()];
    const refused = await i("docker_kill", "--all");
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("fix: Run it in a terminal, or pass --yes"),
    });
    expect([...(await labelled(name))].sort()).toEqual([first, foreign, last].sort());
    expect((await i("docker_kill", "--all", "--yes")).code).toBe(0);
    expect(await labelled(name)).toEqual([foreign]);
  });

  it("--all asks in a terminal, and no leaves everything", async () => {
    const id = await mine();
    await terminal.clear();
    await terminal.type(`${line("docker_kill", "--all")}; echo ended-$?`);
    await terminal.shows(/End and remove 1 container: \w+\? \(y\/N\)/);
    await terminal.type("n");
    expect(await terminal.shows(/ended-\d/)).toMatch(/error: not confirmed[\s\S]*ended-2/);
    expect(await labelled(name)).toEqual([id]);
    await terminal.clear();
    await terminal.type(`${line("docker_kill", "--all")}; echo ended-$?`);
    await terminal.shows(/\(y\/N\)/);
    await terminal.type("y");
    await terminal.shows(/ended-0/);
    expect(await labelled(name)).toEqual([]);
  });

  it("of nothing is fine", async () => {
    const ran = await i("docker_kill");
    expect(ran).toMatchObject({ code: 0, stdout: `root has no container of ${name}\n` });
  });

  it("of what another run is in ends that run with the reason", async () => {
    const started = startWorkflow(repo, "docker_cmd", "--stage", "local", "--version", "1.0.0", "--", "sleep", "60");
    const ids = async () => (await i("docker_ps", "--json")).stdout;
    await expect.poll(ids, { timeout: 30_000 }).toContain('"running": true');
    expect((await i("docker_kill")).code).toBe(0);
    expect(await started.ended).toBe(137);
  });
});

describe("docker_exec", () => {
  it("hands --cmd to one shell unchanged and ends with its exit code", async () => {
    await mine();
    const text = `echo "a  b" 'c$HOME' | tr a-c A-C; exit 7`;
    const ran = await i("docker_exec", "--cmd", text);
    expect(ran, ran.stderr).toMatchObject({ code: 7, stdout: "A  B C$HOME\n" });
  });

  it("keeps words as they are, in the container that was named", async () => {
    const first = await mine();
    await mine();
    const ran = await i(
      "docker_exec",
      "--container",
      first.slice(0, 12),
      "--",
      "sh",
      "-c",
      'hostname; echo "$0|$1"',
      "a b",
      "*",
    );
    expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: `${first.slice(0, 12)}\na b|*\n` });
  });

  it("reads what is piped into it", async () => {
    await mine();
    const ran = await workflowsIn(repo, { input: "one\ntwo\n" })("docker_exec", "--", "tac");
    expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: "two\none\n" });
  });

  it("is a shell with a terminal of its own", async () => {
    await mine();
    await terminal.clear();
    await terminal.type(`${line("docker_exec")}; echo ended-$?`);
    await terminal.shows(/[~/] # ?$/);
    await terminal.type("tty; exit 3");
    expect(await terminal.shows(/ended-\d/)).toMatch(/\/dev\/pts\/\d+$[\s\S]*ended-3/m);
  });

  it("refuses somebody else's container", async () => {
    await startLabelled(name, "ann");
    const ran = await i("docker_exec", "--cmd", "true");
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining(`root has no running container of ${name}`) });
  });
});

describe("docker_images_ls_repo", () => {
  it("tells each registry's images of the repo with the digest that the engine knows", async () => {
    await mine();
    const id = (await docker("image", "inspect", "--format", "{{.Id}}", tinyImage)).slice(7, 19);
    await terminal.clear();
    await terminal.type(line("docker_images_ls_repo"));
    const [r1, r2] = [ground.addresses["r1"], ground.addresses["r2"]];
    const row = (key: string, address: string | undefined, tag: string, used: string) =>
      new RegExp(`^${key} +${address}/${name}:${tag} +${id} +[\\d-]+ [\\d:]+ +[\\d.]+[kM]B +${used}$`, "m");
    await terminal.shows(row("r2", r2, "local-root-1.0.0", "1"));
    const shown = await terminal.screen();
    expect(shown).toMatch(row("r1", r1, "dev", "1"));
    expect(shown.match(new RegExp(`/${name}:`, "g"))?.length).toBe(4);
  });
});

describe("docker_remove", () => {
  const tags = async () => {
    const listed = await docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}");
    return listed.split("\n").filter((one) => one.includes(`/${name}:`)).length;
  };

  it("refuses an image that a container uses, whoever started it", async () => {
    const id = await startLabelled(name, "ann", `${reference}:dev`);
    const ran = await i("docker_remove", "--stage", "dev", "--yes");
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining(id.slice(0, 12)) });
    expect(await tags()).toBe(4);
  });

  it("refuses without a terminal", async () => {
    const ran = await i("docker_remove", "--stage", "local");
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining("pass --yes") });
    expect(await tags()).toBe(4);
  });

  it("asks in a terminal, and then takes the tag off every registry's repository in the engine", async () => {
    await terminal.clear();
    await terminal.type(`${line("docker_remove", "--stage", "local")}; echo ended-$?`);
    await terminal.shows(/Remove from the engine: .*local-root-1\.0\.0, .*local-root-1\.0\.0\? \(y\/N\)/s);
    await terminal.type("y");
    await terminal.shows(/ended-0/);
    expect(await tags()).toBe(2);
    const again = await i("docker_remove", "--stage", "local", "--version", "1.0.0");
    expect(again).toMatchObject({ code: 0, stdout: `the engine has no ${name}:local-root-1.0.0\n` });
  });
});

it("an engine that does not answer is an error, not an empty list", async () => {
  const env = { ...process.env, DOCKER_HOST: "unix:///nowhere.sock" };
  const ran = await workflowsIn(repo, { env })("docker_ps");
  expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining("i engine up") });
});
