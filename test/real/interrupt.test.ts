import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { interruption, listenForInterrupts } from "../../lib/doors/interrupt.ts";
import { capture } from "../../lib/doors/shell.ts";
import { run, until } from "../../thin_client/engine/command.ts";
import { commitAll } from "../bed/git.ts";
import { runtimes, workflow } from "../bed/workflow.ts";

it("a program that Ctrl-C ends before this process hears of it counts only when it has heard", async () => {
  const stopListening = listenForInterrupts();
  const late = "(sleep 0.02; kill -INT $PPID) & kill -INT $$";
  const { code } = await capture(["sh", "-c", late], { cwd: "/", env: process.env });
  expect([code, interruption().aborted]).toEqual([130, true]);
  stopListening();
});

let repo = "";
beforeAll(async () => {
  repo = mkdtempSync(join(tmpdir(), "slipway-interrupt-"));
  const config = "docker_info: {docker_image_name: heard}\ncontainer_registry_info: {ecr: 127.0.0.1:9}\n";
  writeFileSync(join(repo, "repo_config.yaml"), config);
  writeFileSync(join(repo, "changelog.txt"), "# heard-1.0.0\n- 2025-01-02\n- The first\n");
  await commitAll(repo, "Start");
});
afterAll(() => rmSync(repo, { recursive: true, force: true }));

describe.each(["tsx", "bun"] as const)("under %s", (runtime) => {
  it.each([
    ["whose reader has seen enough", "| true", null],
    ["into a full disk", "> /dev/full", "stdout could not be written: "],
    ["without anybody at stderr", "2> /dev/full", null],
  ])("an entry is added by a run %s, and its exit code is 0", async (what, to, said) => {
    const message = `Added by a run ${what} under ${runtime}`;
    const argv = workflow(runtime, "changelog_add", "--json", "--message", message);
    // The reader is gone before the run has anything to say.
    const text = `{ sleep 0.2; "$@"; echo $? > code; } ${to}`;
    const { stderr } = await run(["sh", "-c", text, "sh", ...argv], { cwd: repo });
    expect(readFileSync(join(repo, "code"), "utf8")).toBe("0\n");
    expect(readFileSync(join(repo, "changelog.txt"), "utf8")).toContain(message);
    if (said) expect(stderr).toContain(said);
  });
});

it.each([
  ["engine.ts", "status"],
  ["build.ts", "--help"],
  ["quickstart.ts", "--help"],
])("nobody who reads %s %s makes no difference to its exit code", async (program, word) => {
  const file = join(import.meta.dirname, "../../thin_client", program);
  const text = '{ sleep 0.2; "$@"; echo $? > code; } | true';
  await run(["sh", "-c", text, "sh", ...runtimes.tsx, file, word], { cwd: repo });
  expect(readFileSync(join(repo, "code"), "utf8")).toBe("0\n");
});

describe("a terminal that is closed", () => {
  /** A run that goes on until it is ended; gives how often it has looked. */
  function watching(...before: readonly string[]) {
    const argv = [...before, ...workflow("bun", "release_status", "--offline", "--watch", "1")];
    const [program = "", ...rest] = argv;
    const child = spawn(program, rest, { cwd: repo, env: { ...process.env, CI: undefined }, stdio: "pipe" });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
    const looks = () => text.match(/^--- /gm)?.length ?? 0;
    const seen = (count: number) => until(() => looks() >= count, 300_000);
    const ended = new Promise<string | number | null>((resolve) =>
      child.once("close", (code, by) => resolve(by ?? code)),
    );
    return { child, looks, seen, ended };
  }

  it("ends a run in order", async () => {
    const { child, seen, ended } = watching();
    expect(await seen(1)).toBe(true);
    child.kill("SIGHUP");
    expect(typeof (await ended)).toBe("number");
  });

  it("does not end one that was started with nohup", async () => {
    const { child, looks, seen, ended } = watching("nohup");
    expect(await seen(1)).toBe(true);
    child.kill("SIGHUP");
    expect(await seen(looks() + 2)).toBe(true);
    child.kill("SIGTERM");
    expect(typeof (await ended)).toBe("number");
  });

  it("ends a watch whose reader is gone", async () => {
    const { child, seen, ended } = watching();
    expect(await seen(1)).toBe(true);
    child.stdout.destroy();
    expect(typeof (await ended)).toBe("number");
  });
});
