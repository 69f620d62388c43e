import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { must, run, until } from "../../thin_client/engine/command.ts";
import { makePythonBox, type PythonBox } from "../bed/python_box.ts";
import { tinyImage } from "../bed/tiny.ts";
import { write } from "../bed/tiny_repo.ts";
import { docker, startWorkflow, trustingCi, workflow, workflowsIn } from "../bed/workflow.ts";

const name = "boxed";
const local = ["--stage", "local", "--version", "1.0.0"];
let box: PythonBox;
beforeAll(async () => {
  box = await makePythonBox(name);
});
afterAll(() => box.ground.end());

const cmd = (...words: readonly string[]) => workflowsIn(box.repo)("docker_cmd", ...local, ...words);
const containers = async () => {
  const ids = await docker("ps", "--all", "--quiet", "--filter", `label=dev.slipway.image=${name}`);
  return ids.split("\n").filter((id) => id !== "");
};
const running = async () => {
  const found = await docker("ps", "--quiet", "--filter", `label=dev.slipway.image=${name}`);
  return found !== "";
};

describe("docker_cmd --cmd", () => {
  it("hands quotes, dollars, backticks and lines to one shell unchanged, and ends with its exit code", async () => {
    const text = [
      "# 'one' \"quote\" left open: ' \\",
      'x=1; printf \'%s|\' "a  b" \'c"d\' "$((x + 1))" `echo tick` "\\$HOME" \'*\' é',
      "echo; printf 'one\\ntwo\\n' | tac && exit 7",
    ].join("\n");
    const ran = await cmd("--cmd", text);
    expect(ran, ran.stderr).toMatchObject({ code: 7, stdout: 'a  b|c"d|2|tick|$HOME|*|é|\ntwo\none\n' });
  });

  it("is bash in an image that has it, with pipes and && as typed", async () => {
    const ran = await cmd("--cmd", 'python3 -c "print(1)" | cat && [[ $BASH_VERSION ]] && exit 7');
    expect(ran, ran.stderr).toMatchObject({ code: 7, stdout: "1\n" });
  });
});

describe("a container that mounts the repo", () => {
  it("writes into its Git dir, but not its hooks and its config", async () => {
    const tries = ["config", "hooks/pre-push", "tried"].map((file) => `( : >>.git/${file} ) 2>&- && echo ${file}`);
    expect(await cmd("--cmd", `${tries.join("; ")}; rm .git/tried`)).toMatchObject({ code: 0, stdout: "tried\n" });
  });
});

describe("docker_cmd --", () => {
  it("keeps every word as it is", async () => {
    const ran = await cmd("--", "printf", "[%s]", "a b", "$HOME", "*", "", "'", "--version");
    expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: "[a b][$HOME][*][]['][--version]" });
  });

  it("ends with 127 for a program that is not there, in the entrypoint's words and without it in the engine's", async () => {
    const [through, direct] = [
      await cmd("--", "no-such-program", "x"),
      await cmd("--no-entrypoint", "--", "no-such", "x"),
    ];
    expect([through.code, direct.code], direct.stderr).toEqual([127, 127]);
    expect(direct.stderr).toContain("the container did not start");
    expect(await containers()).toEqual([]);
  });
});

describe("an entrypoint", () => {
  it.each([
    [
      "that does not run its words is told",
      ["echo", "serving"],
      ["--cmd", "false"],
      125,
      "serving /slipway/run /slipway/cmd\n",
    ],
    ["that is left out needs no receipt", ["echo", "serving"], ["--no-entrypoint", "--cmd", "exit 6"], 6, ""],
    ["that ends with 0 hides no failure", ["sh", "-c", '"$@"; exit 0', "sh"], ["--", "sh", "-c", "exit 7"], 7, ""],
    ["that keeps no variables hides no pass", ["env", "-i"], ["--", "/bin/true"], 0, ""],
  ])("%s", async (_what, entrypoint, words, code, stdout) => {
    const repo = await box.ground.repo("behind");
    const made = await docker("create", tinyImage);
    const change = `ENTRYPOINT ${JSON.stringify(entrypoint)}`;
    await docker("commit", "--change", change, made, `${box.ground.addresses["r1"]}/behind:local-root-1.0.0`);
    const ran = await workflowsIn(repo)("docker_cmd", ...local, ...words);
    await run(["rm", "-rf", repo, `${repo}.git`]);
    await docker("rm", made);
    expect({ code: ran.code, stdout: ran.stdout }, ran.stderr).toEqual({ code, stdout });
    expect(ran.stderr.includes("did not run the command")).toBe(code === 125);
  });
});

describe("a container", () => {
  const started = () => startWorkflow(box.repo, "docker_cmd", ...local, "--", "sleep", "300");

  it("is gone after an interrupt of its run, which ends with 130", async () => {
    const one = started();
    expect(await until(running, 300_000)).toBe(true);
    expect(await one.kill("SIGINT")).toBe(130);
    expect(await containers()).toEqual([]);
  });

  it.each([
    ["SIGTERM", "a scheduler sends it"],
    ["SIGHUP", "a connection that is lost does"],
  ] as const)("is gone after a %s to the runner alone, as %s", async (signal, _) => {
    const one = started();
    expect(await until(running, 300_000)).toBe(true);
    process.kill(one.pid, signal);
    expect(await one.ended).toBe(130);
    expect(await containers()).toEqual([]);
  });

  it("that a killed run left behind is removed by the next run", async () => {
    const one = started();
    expect(await until(running, 300_000)).toBe(true);
    await one.kill("SIGKILL");
    expect(await containers()).toHaveLength(1);
    const next = await cmd("--", "true", "x");
    expect(next.code, next.stderr).toBe(0);
    expect(await containers()).toEqual([]);
  });

  it.each(["/app2:ro", "/app2"])(
    "is refused for a mount whose source is missing, which is not created (%s)",
    async (to) => {
      const missing = join(box.ground.dir, "missing");
      const repo = await box.ground.repo("mounting", { container: `{volumes: ["${missing}:${to}"]}` });
      await docker("tag", box.image, `${box.ground.addresses["r1"]}/mounting:local-root-1.0.0`);
      const ran = await workflowsIn(repo, { env: trustingCi })("docker_cmd", ...local, "--", "true", "x");
      await run(["rm", "-rf", repo, `${repo}.git`]);
      expect(existsSync(missing)).toBe(false);
      expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 125, stderr: expect.stringContaining(missing) });
    },
  );
});

describe("docker_bash", () => {
  const socket = () => join(box.ground.dir, "tmux");
  const tmux = (...words: readonly string[]) => must(["tmux", "-S", socket(), "-f", "/dev/null", ...words]);
  const screen = async () => (await tmux("capture-pane", "-p", "-t", "dev")).trim();
  afterAll(() => run(["tmux", "-S", socket(), "kill-server"]));

  it("is a prompt with a terminal in the mounted repo, and gives back its last exit code", async () => {
    await tmux("new-session", "-d", "-s", "dev", "-x", "150", "-y", "40", "-c", box.repo, "sh");
    const line = workflow("bun", "docker_bash", ...local).join(" ");
    await tmux("send-keys", "-t", "dev", "-l", `${line}; echo ended-$?`);
    await tmux("send-keys", "-t", "dev", "Enter");
    expect(await until(async () => /:\/app# ?$/.test(await screen()), 300_000), await screen()).toBe(true);
    write(box.repo, { "tmp.mark": "" });
    await tmux("send-keys", "-t", "dev", "tty && ls tmp.mark && stty size && exit 3", "Enter");
    expect(await until(async () => (await screen()).includes("ended-3"), 300_000), await screen()).toBe(true);
    expect(await screen()).toMatch(/\/dev\/pts\/\d+\s+tmp\.mark\s+40 150/);
    expect(await containers()).toEqual([]);
  });
});
