import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../thin_client/engine/command.ts";
import { fitting, workflowNames } from "../bed/fitting.ts";
import { startLabelled } from "../bed/labelled.ts";
import { otherNode } from "../bed/nodes.ts";
import { type Ground, makeGround } from "../bed/tiny_repo.ts";
import { docker, runtimes, workflowsIn } from "../bed/workflow.ts";

const scripts = fileURLToPath(new URL("../../scripts", import.meta.url));

describe("every workflow under tsx and under bun", () => {
  let ground: Ground;
  let repo = "";
  let box = "";
  beforeAll(async () => {
    ground = await makeGround(1);
    repo = await ground.repo("smoke");
    box = await startLabelled("smoke", "root");
    const released = await workflowsIn(repo)("docker_release_dev", "--version", "1.0.0", "--json");
    expect(released.code, released.stderr).toBe(0);
  });
  afterAll(async () => {
    await docker("rm", "--force", box);
    await ground.end();
  });

  it("has options to be tried with", () => {
    expect(Object.keys(fitting).sort()).toEqual(workflowNames);
  });

  it.each(Object.entries(fitting))("%s makes one plan, or refuses in the same words", async (name, words) => {
    const [tsx, bun] = await Promise.all(
      (["tsx", "bun"] as const).map((runtime) => workflowsIn(repo, { runtime })(name, "--dry-run", ...words)),
    );
    // Some have nothing to do in this repo; plans.test.ts leads each to where it has.
    if (tsx?.code === 0) expect(tsx.stdout).toMatch(new RegExp(`^${name}:$`, "m"));
    else expect([tsx?.code, tsx?.stderr]).toEqual([2, expect.stringMatching(/^error: .*\n {2}why: .*\n {2}fix: /m)]);
    expect(bun).toEqual(tsx);
  });
});

describe("the help of every workflow", () => {
  const programs: Record<string, readonly string[]> = { ...runtimes };
  const helpOf = async (program: readonly string[], name: string) => {
    const { code, stdout, stderr } = await run([...program, join(scripts, `${name}.ts`), "--help"]);
    return { code, stdout, stderr };
  };
  beforeAll(async () => {
    const [node22, node24] = await Promise.all([otherNode(22), otherNode(24)]);
    // What these print about type stripping is Node's own word, not the workflow's.
    Object.assign(programs, {
      "Node 22": [node22, "--disable-warning=ExperimentalWarning"],
      "Node 24": [node24, "--disable-warning=ExperimentalWarning"],
    });
  });

  it.each(["Node 22", "Node 24"])("is rendered by the %s that it names", async (name) => {
    const { stdout } = await run([...(programs[name] ?? []), "--version"]);
    expect(stdout).toMatch(new RegExp(`^v${name.slice(-2)}\\.`));
  });

  it.each(workflowNames)("%s: is the same under tsx, bun, Node 22 and Node 24", async (name) => {
    const entries = Object.entries(programs);
    const [first, ...others] = await Promise.all(entries.map(([, program]) => helpOf(program, name)));
    expect(entries.map(([runtime]) => runtime)).toEqual(["tsx", "bun", "Node 22", "Node 24"]);
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first?.stdout).toContain("--dry-run");
    for (const other of others) expect(other).toEqual(first);
  });
});
