import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type AroundGround, line, makeAroundGround } from "../bed/around_ground.ts";
import { labelled, startLabelled } from "../bed/labelled.ts";
import { startWorkflow, workflowsIn } from "../bed/workflow.ts";

const name = "ownbox";
let at: AroundGround;
beforeAll(async () => {
  at = await makeAroundGround(name);
});
afterEach(() => at.endAll());
afterAll(() => at.end());

describe("docker_kill", () => {
  it("ends the last own container alone", async () => {
    const [first, foreign, last] = [await at.mine(), await startLabelled(name, "ann"), await at.mine()];
    const ran = await at.i("docker_kill");
    expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining(last.slice(0, 12)) });
    expect([...(await labelled(name))].sort()).toEqual([first, foreign].sort());
  });

  it("ends the one that was named, and nobody else's", async () => {
    const [first, foreign, last] = [await at.mine(), await startLabelled(name, "ann"), await at.mine()];
    expect((await at.i("docker_kill", "--container", first.slice(0, 10))).code).toBe(0);
    const refused = await at.i("docker_kill", "--container", foreign.slice(0, 12));
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("names no container of yours") });
    expect([...(await labelled(name))].sort()).toEqual([foreign, last].sort());
  });

  it("--all refuses without a terminal, and with --yes ends all own ones and no other's", async () => {
    const [first, foreign, last] = [await at.mine(), await startLabelled(name, "ann"), await at.mine()];
    const refused = await at.i("docker_kill", "--all");
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("fix: Run it in a terminal, or pass --yes"),
    });
    expect([...(await labelled(name))].sort()).toEqual([first, foreign, last].sort());
    expect((await at.i("docker_kill", "--all", "--yes")).code).toBe(0);
    expect(await labelled(name)).toEqual([foreign]);
  });

  it("--all asks in a terminal, and no leaves everything", async () => {
    const id = await at.mine();
    await at.terminal.clear();
    await at.terminal.type(`${line("docker_kill", "--all")}; echo ended-$?`);
    await at.terminal.shows(/End and remove 1 container: \w+\? \(y\/N\)/);
    await at.terminal.type("n");
    expect(await at.terminal.shows(/ended-\d/)).toMatch(/error: not confirmed[\s\S]*ended-2/);
    expect(await labelled(name)).toEqual([id]);
    await at.terminal.clear();
    await at.terminal.type(`${line("docker_kill", "--all")}; echo ended-$?`);
    await at.terminal.shows(/\(y\/N\)/);
    await at.terminal.type("y");
    await at.terminal.shows(/ended-0/);
    expect(await labelled(name)).toEqual([]);
  });

  it("of nothing is fine", async () => {
    const ran = await at.i("docker_kill");
    expect(ran).toMatchObject({ code: 0, stdout: `root has no container of ${name}\n` });
  });

  it("of what another run is in ends that run with the reason", async () => {
    const started = startWorkflow(at.repo, "docker_cmd", "--stage", "local", "--version", "1.0.0", "--", "sleep", "60");
    const ids = async () => (await at.i("docker_ps", "--json")).stdout;
    await expect.poll(ids, { timeout: 300_000 }).toContain('"running": true');
    expect((await at.i("docker_kill")).code).toBe(0);
    expect(await started.ended).toBe(137);
  });
});

describe("docker_exec", () => {
  it("hands --cmd to one shell unchanged and ends with its exit code", async () => {
    await at.mine();
    const text = `echo "a  b" 'c$HOME' | tr a-c A-C; exit 7`;
    const ran = await at.i("docker_exec", "--cmd", text);
    expect(ran, ran.stderr).toMatchObject({ code: 7, stdout: "A  B C$HOME\n" });
  });

  it("keeps words as they are, in the container that was named", async () => {
    const first = await at.mine();
    await at.mine();
    const ran = await at.i(
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
    await at.mine();
    const ran = await workflowsIn(at.repo, { input: "one\ntwo\n" })("docker_exec", "--", "tac");
    expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: "two\none\n" });
  });

  it("is a shell with a terminal of its own", async () => {
    await at.mine();
    await at.terminal.clear();
    await at.terminal.type(`${line("docker_exec")}; echo ended-$?`);
    await at.terminal.shows(/[~/] # ?$/);
    await at.terminal.type("tty; exit 3");
    expect(await at.terminal.shows(/ended-\d/)).toMatch(/\/dev\/pts\/\d+$[\s\S]*ended-3/m);
  });

  it("refuses somebody else's container", async () => {
    await startLabelled(name, "ann");
    const ran = await at.i("docker_exec", "--cmd", "true");
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining(`root has no running container of ${name}`) });
  });
});
