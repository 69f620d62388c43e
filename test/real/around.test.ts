import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type AroundGround, line, makeAroundGround } from "../bed/around_ground.ts";
import { namesAt } from "../bed/engine_api.ts";
import { startLabelled } from "../bed/labelled.ts";
import { docker, workflowsIn } from "../bed/workflow.ts";

const name = "aroundbox";
let at: AroundGround;
beforeAll(async () => {
  at = await makeAroundGround(name);
});
afterEach(() => at.endAll());
afterAll(() => at.end());

describe("docker_ps and docker_stats", () => {
  it("tell the own containers of this image, and with --all everyone's", async () => {
    const [own, other, elsewhere] = [
      await at.mine(),
      await startLabelled(name, "ann"),
      await startLabelled("x", "root"),
    ];
    const idsIn = async (...words: readonly string[]) => {
      const told = JSON.parse((await at.i(...(words as [string]), "--json")).stdout) as { result: { id: string }[] };
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
    const id = (await at.mine()).slice(0, 12);
    await at.terminal.clear();
    await at.terminal.type(line("docker_ps"));
    const listed = await at.terminal.shows(
      new RegExp(`^${id} +root +${at.reference}:dev +sleep 600 +Up .* - +\\w+$`, "m"),
    );
    expect(listed).toMatch(/^ID +USER +IMAGE +COMMAND +STATUS +PORTS +NAME$/m);
    await at.terminal.clear();
    await at.terminal.type(line("docker_stats"));
    await at.terminal.shows(new RegExp(`^${id} +\\w+ +[\\d.]+% +\\S+ / \\S+ +[\\d.]+%.* \\d+$`, "m"));
  });

  it("say that there is none", async () => {
    const [listed, used] = [await at.i("docker_ps"), await at.i("docker_stats")];
    expect([listed.code, used.code]).toEqual([0, 0]);
    expect(listed.stdout).toBe(`root has no container of ${name}; --all shows everyone's\n`);
    expect(used.stdout).toBe(`root has no running container of ${name}; --all shows everyone's\n`);
  });
});

describe("docker_images_ls_repo", () => {
  it("tells each registry's images of the repo with the digest that the engine knows", async () => {
    await at.mine();
    const id = (await docker("image", "inspect", "--format", "{{.Id}}", `${at.reference}:dev`)).slice(7, 19);
    await at.terminal.clear();
    await at.terminal.type(line("docker_images_ls_repo"));
    const [r1, r2] = [at.ground.addresses["r1"], at.ground.addresses["r2"]];
    const row = (key: string, address: string | undefined, tag: string, used: string) =>
      new RegExp(`^${key} +${address}/${name}:${tag} +${id} +[\\d-]+ [\\d:]+ +[\\d.]+[kM]B +${used}$`, "m");
    await at.terminal.shows(row("r2", r2, "local-root-1.0.0", "1"));
    const shown = await at.terminal.screen();
    expect(shown).toMatch(row("r1", r1, "dev", "1"));
    expect(shown.match(new RegExp(`/${name}:`, "g"))?.length).toBe(4);
  });
});

describe("docker_remove", () => {
  const tags = async () => {
    const names = await namesAt(Object.values(at.ground.addresses));
    return names.filter((one) => one.includes(`/${name}:`)).length;
  };

  it("refuses an image that a container uses, whoever started it", async () => {
    const id = await startLabelled(name, "ann", `${at.reference}:dev`);
    const ran = await at.i("docker_remove", "--stage", "dev", "--yes");
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining(id.slice(0, 12)) });
    expect(await tags()).toBe(4);
  });

  it("refuses without a terminal", async () => {
    const ran = await at.i("docker_remove", "--stage", "local");
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining("pass --yes") });
    expect(await tags()).toBe(4);
  });

  it("asks in a terminal, and then takes the tag off every registry's repository in the engine", async () => {
    await at.terminal.clear();
    await at.terminal.type(`${line("docker_remove", "--stage", "local")}; echo ended-$?`);
    await at.terminal.shows(/Remove from the engine: .*local-root-1\.0\.0, .*local-root-1\.0\.0\? \(y\/N\)/s);
    await at.terminal.type("y");
    await at.terminal.shows(/ended-0/);
    expect(await tags()).toBe(2);
    const again = await at.i("docker_remove", "--stage", "local", "--version", "1.0.0");
    expect(again).toMatchObject({ code: 0, stdout: `the engine has no ${name}:local-root-1.0.0\n` });
  });
});

it("an engine that does not answer is an error, not an empty list", async () => {
  const env = { ...process.env, DOCKER_HOST: "unix:///nowhere.sock" };
  const ran = await workflowsIn(at.repo, { env })("docker_ps");
  expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining("i engine up") });
});
