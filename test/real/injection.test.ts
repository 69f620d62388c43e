import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../thin_client/engine/command.ts";
import { commitAll, git } from "../bed/git.ts";
import type { Line } from "../bed/in_process.ts";
import { nul, type Planted, passedOn, payloads, planted, plantedConfig } from "../bed/injections.ts";
import { tinyImage } from "../bed/tiny.ts";
import { change, type Ground, makeGround, write } from "../bed/tiny_repo.ts";
import { treeOf } from "../bed/watch.ts";
import { docker, inOneProcess, type Runtime, runtimes, trustingCi, workflowsIn } from "../bed/workflow.ts";

const place = mkdtempSync(join(tmpdir(), "slipway-marker-"));
const marker = join(place, "marker");
const texts: Readonly<Record<string, string>> = { ...payloads(marker), nul: nul(marker) };
/** Where everything lies: a folder whose own name would run something. */
const evil = 'it\'s $(touch x) `touch x` ;touch x; "q"';
const name = "planted";
const both = ["tsx", "bun"] as const satisfies readonly Runtime[];
let ground: Ground;
let repo = "";
const told: string[] = [];

beforeAll(async () => {
  ground = await makeGround(1);
  repo = await ground.repo(join(evil, name), { name });
  await git(repo, "checkout", "--quiet", "-b", "feat/$(touch${IFS}x)`touch`'\"");
  await change(repo, {
    "repo_config.yaml": plantedConfig(ground, name, { release: { gates: [] }, container: { env: values } }),
    "devops/docker_build/$(touch x) 'a' \"b\" ;c": "a file of the context\n",
    "devops/docker_build/-rf": "one more\n",
    "devops/docker_build/dev.Dockerfile": `FROM ${tinyImage}\n${labels}COPY devops /devops\nWORKDIR /app\n`,
  });
  const released = await workflowsIn(repo)("docker_release_dev", "--version", "1.0.0");
  if (released.code !== 0) throw new Error(released.stderr);
});
afterAll(async () => {
  process.stdout.write(`${told.join("\n")}\n`);
  rmSync(place, { recursive: true });
  await ground.end();
});

const plain = Object.entries(payloads(marker));
const values = Object.fromEntries(plain.map(([kind, text]) => [`EVIL_${kind.toUpperCase()}`, text]));
const labels = plain.map(([kind]) => `ARG A_${kind}\nLABEL evil.${kind}="$A_${kind}"\n`).join("");
/** Nothing that was planted made a file, beside the repo, in it or where the marker says. */
const untouched = () => {
  expect(existsSync(marker)).toBe(false);
  expect(treeOf(place)).toEqual([]);
  for (const folder of [repo, ground.dir, join(ground.dir, evil)]) expect(existsSync(join(folder, "x"))).toBe(false);
};

const rowsOf = (all: readonly Planted[]) =>
  all.flatMap((one) => one.kinds.flatMap((kind) => both.map((runtime) => [one.slot, kind, runtime, one] as const)));

/** Plants the text in a clone of its own; gives the line that is typed there. */
async function plant(one: Planted, kind: string): Promise<Line & { readonly cwd: string }> {
  const text = texts[kind] ?? "";
  const at = `clone-${crypto.randomUUID()}`;
  await git(ground.dir, "clone", "--quiet", `${repo}.git`, "--branch", "feat/$(touch${IFS}x)`touch`'\"", at);
  const cwd = join(ground.dir, at);
  if (one.config) {
    write(cwd, { "repo_config.yaml": plantedConfig(ground, name, one.config(text)) });
    await commitAll(cwd, "Plant");
  }
  const [workflow = "", ...words] = one.line.split(" ").map((word) => (word === "%" ? text : word));
  return { workflow, words, cwd };
}

type Ended = { readonly code: number; readonly stderr: string; readonly trees: readonly (readonly string[])[] };
const treeIn = (clone: string) => treeOf(clone, [".git"]);

/** Whether a row is typed under bun in a process of its own, so that the text is a word of a real command line: one of each slot. */
const isAlone = (one: Planted, kind: string): boolean =>
  kind === one.kinds[[...planted, ...passedOn].indexOf(one) % one.kinds.length];

async function typeAlone(one: Planted, kind: string): Promise<Ended> {
  const { workflow, words, cwd } = await plant(one, kind);
  const before = treeIn(cwd);
  const { code, stderr } = await workflowsIn(cwd, { input: "word\n", env: trustingCi })(workflow, ...words);
  return { code, stderr, trees: [before, treeIn(cwd)] };
}

const together: Partial<Record<Runtime, Promise<ReadonlyMap<string, Ended>>>> = {};
/** Types all lines in one process of a runtime, but those that have one of their own: what takes long is its start. */
async function typeAll(runtime: Runtime): Promise<ReadonlyMap<string, Ended>> {
  const rows = [...planted, ...passedOn]
    .flatMap((one) => one.kinds.map((kind) => ({ one, kind })))
    .filter(({ one, kind }) => runtime === "tsx" || !isAlone(one, kind));
  const lines = await Promise.all(rows.map(({ one, kind }) => plant(one, kind)));
  const before = lines.map(({ cwd }) => treeIn(cwd));
  const answers = await inOneProcess(runtimes[runtime], repo, lines, trustingCi);
  return new Map(
    rows.map(({ one, kind }, index) => {
      const { code = -1, told = "" } = answers[index] ?? {};
      return [
        `${one.slot} ${kind}`,
        { code, stderr: told, trees: [before[index] ?? [], treeIn(lines[index]?.cwd ?? "")] },
      ];
    }),
  );
}

/** Types the line where the text is planted, in a clone of its own. */
async function type(one: Planted, kind: string, runtime: Runtime): Promise<Ended> {
  const isOwn = runtime === "bun" && isAlone(one, kind);
  if (!isOwn) together[runtime] ??= typeAll(runtime);
  const ended = isOwn ? await typeAlone(one, kind) : (await together[runtime])?.get(`${one.slot} ${kind}`);
  if (ended === undefined) throw new Error(`nobody typed ${one.slot}, ${kind}`);
  told.push(
    `${one.slot.padEnd(26)}${kind.padEnd(14)}${runtime.padEnd(5)}${String(ended.code).padEnd(4)}${/^error: (.*)$/m.exec(ended.stderr)?.[1]?.slice(0, 80)}`,
  );
  expect(ended.trees[1]).toEqual(ended.trees[0]);
  expect(ended.stderr).not.toContain("fault of Slipway");
  untouched();
  return ended;
}

describe("the planted texts", () => {
  const own = mkdtempSync(join(tmpdir(), "slipway-control-"));
  afterAll(() => rmSync(own, { recursive: true }));

  it.each<[string, (text: string) => readonly string[]]>([
    ["quote", (text) => ["sh", "-c", `echo '${text}'`]],
    ["double_quote", (text) => ["sh", "-c", `echo "${text}"`]],
    ["dollar", (text) => ["sh", "-c", `echo "${text}"`]],
    ["backtick", (text) => ["sh", "-c", `echo "${text}"`]],
    ["newline", (text) => ["sh", "-c", `echo ${text}`]],
    ["pipe", (text) => ["sh", "-c", `echo ${text}`]],
    ["dash", (text) => ["git", "-C", repo, "log", text]],
    ["upload_pack", (text) => ["git", "ls-remote", text, repo]],
  ])("%s makes a file where it is taken for more than a text", async (kind, careless) => {
    const file = join(own, kind);
    await run(careless(payloads(file)[kind] ?? ""));
    expect(existsSync(file)).toBe(true);
  });
});

describe("a text that would run something", () => {
  it.concurrent.each(rowsOf(planted))("in %s, %s, is refused under %s", async (_slot, kind, runtime, one) => {
    const { code, stderr } = await type(one, kind, runtime);
    expect(code, stderr).toBe(2);
    // It is refused for itself, and for nothing else that is wrong.
    expect(/^error: ([\s\S]*?)\n {2}why: /m.exec(stderr)?.[1]).toContain(marker);
  });

  it.concurrent.each(rowsOf(passedOn))("in %s, %s, runs nothing here under %s", async (_slot, kind, runtime, one) => {
    const { code, stderr } = await type(one, kind, runtime);
    expect(code, stderr).not.toBe(0);
    expect(stderr).toMatch(/^error: \w+ stopped at step "(docker_cmd|run_fast_tests)": /m);
  });
});

describe.each(both)("under %s a text stays one text", (runtime) => {
  const i = (...words: readonly [string, ...string[]]) => workflowsIn(repo, { runtime })(...words);
  const kinds = plain.map(([, text]) => text);

  it("as a word of a command in a container", async () => {
    const { code, stdout, stderr } = await i("docker_cmd", "--", "printf", "%s\\0", ...kinds);
    expect(code, stderr).toBe(0);
    expect(stdout.split("\0").slice(0, -1)).toEqual(kinds);
    untouched();
  });

  it("as shell text for the container alone", async () => {
    const script = kinds.map((text) => `printf '%s\\0' '${text.replaceAll("'", "'\\''")}'`).join("\n");
    const { code, stdout, stderr } = await i("docker_cmd", "--cmd", script);
    expect(code, stderr).toBe(0);
    expect(stdout.split("\0").slice(0, -1)).toEqual(kinds);
    untouched();
  });

  it("as a word for the command of a test list", async () => {
    // Its image has no pytest: all of the line is a shell's by then.
    const { code, stderr } = await i("run_fast_tests", "--tee-to-file", "--", ...kinds);
    expect(code, stderr).toBe(127);
    untouched();
  });

  it("as a variable of a container", async () => {
    const { code, stdout, stderr } = await i("docker_cmd", "--", "env", "-0");
    expect(code, stderr).toBe(0);
    const found = stdout.split("\0").filter((line) => line.startsWith("EVIL_"));
    expect(found.sort()).toEqual(
      Object.entries(values)
        .map(([key, text]) => `${key}=${text}`)
        .sort(),
    );
    untouched();
  });

  it("as a build argument and a file of the context", async () => {
    const args = plain.flatMap(([kind, text]) => ["--build-arg", `A_${kind}=${text}`]);
    const { code, stderr } = await i("docker_build_local", "--poetry-mode", "no_update", ...args);
    expect(code, stderr).toBe(0);
    const image = `${ground.addresses["r1"]}/${name}:local-root-1.0.0`;
    const found = JSON.parse(await docker("image", "inspect", "--format", "{{json .Config.Labels}}", image)) as object;
    expect(found).toMatchObject(Object.fromEntries(plain.map(([kind, text]) => [`evil.${kind}`, text])));
    untouched();
  });

  it("as a line of the changelog and as the reason of a rollback", async () => {
    const lines = kinds.filter((text) => !text.includes("\n"));
    const words = lines.map((text) => `--message=${text}`);
    const { code, stderr } = await i("changelog_add", ...words);
    expect(code, stderr).toBe(0);
    const changelog = readFileSync(join(repo, "changelog.txt"), "utf8");
    await git(repo, "checkout", "--quiet", "changelog.txt");
    expect(changelog.split("\n").slice(2, 2 + lines.length)).toEqual(lines.map((text) => `- ${text}`));
    const planned = await i("docker_rollback_dev", "--version", "1.0.0", "--dry-run", "--json", ...words);
    expect(planned.stdout).toContain(JSON.stringify(lines.join(" ")));
    const login = await i("docker_login", "--username", "$(touch x)", "--dry-run", "--json");
    expect(JSON.parse(login.stdout)).toMatchObject({
      steps: [{ do: [{ argv: ["docker", "login", "--username", "$(touch x)", ground.addresses["r1"]] }] }],
    });
    untouched();
  });
});
