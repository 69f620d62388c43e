import { statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { story } from "../bed/story.ts";
import { tinyImage } from "../bed/tiny.ts";
import { type Ground, makeGround, write } from "../bed/tiny_repo.ts";
import { docker, workflowsIn } from "../bed/workflow.ts";

let ground: Ground;
let repo = "";
beforeAll(async () => {
  ground = await makeGround(1);
  repo = await ground.repo("tooled");
  // Each build writes another word, so that two builds are told apart.
  const once = `FROM ${tinyImage}\nRUN cat /proc/sys/kernel/random/uuid >/built && sleep 1\n`;
  write(repo, {
    "devops/tools/show.Dockerfile": `${once}ENTRYPOINT ["cat"]\n`,
    "devops/tools/plain.Dockerfile": `FROM ${tinyImage}\n`,
    "devops/tools/broken.Dockerfile": `FROM ${tinyImage}\nRUN exit 3\n`,
  });
});
afterAll(async () => {
  const images = await docker("image", "ls", "--quiet", "--filter", "label=dev.slipway.tool");
  if (images !== "") await docker("image", "rm", "--force", ...new Set(images.split("\n")));
  await ground.end();
});
const run = (...words: readonly string[]) => workflowsIn(repo)("tools_run", ...words);

describe("tools_run", story, () => {
  it("builds a tool once where two want it at once, and its entrypoint gets the words", async () => {
    const both = await Promise.all([run("show", "--", "/built"), run("show", "/built")]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    const [a = "", b = ""] = both.map(
      ({ stdout, stderr }) => /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(`${stdout}${stderr}`)?.[0],
    );
    expect([a, a.length]).toEqual([b, 36]);
  });

  it("builds nothing the second time", async () => {
    const { code, stdout } = await run("--json", "show", "/built");
    expect(code).toBe(0);
    const { steps } = JSON.parse(stdout.slice(stdout.indexOf("{\n"))) as { steps: { id: string; state: string }[] };
    expect(steps.map(({ id, state }) => `${id} ${state}`)).toEqual(["build_tool skipped", "tools_run done"]);
  });

  it("ends with the tool's exit code, and what it writes is the caller's", async () => {
    const made = await run("plain", "--", "sh", "-c", "pwd >made; exit 7");
    expect(made.code).toBe(7);
    const file = statSync(join(repo, "made"));
    expect([file.uid, file.gid]).toEqual([process.getuid?.(), process.getgid?.()]);
  });

  it("is another image where the Dockerfile is another", async () => {
    write(repo, { "devops/tools/show.Dockerfile": `FROM ${tinyImage}\nENTRYPOINT ["echo", "another"]\n` });
    const { code, stdout, stderr } = await run("show", "word");
    expect([code, `${stdout}${stderr}`]).toEqual([0, expect.stringContaining("another word")]);
  });

  it.each([
    [["gone"], /there is no tool gone\n.*\n.*Name one of broken, plain, show:/],
    [["../plain"], /"..\/plain" is not the name of a tool/],
    [[], /no tool was named/],
  ])("refuses %j by name", async (words, said) => {
    const { code, stderr } = await run(...words);
    expect([code, stderr]).toEqual([2, expect.stringMatching(said)]);
  });

  it("runs nothing where the build fails", async () => {
    const { code, stderr } = await run("broken", "sh", "-c", "touch ran");
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/build_tool/);
    expect(statSync(join(repo, "ran"), { throwIfNoEntry: false })).toBeUndefined();
  });
});
