import { spawn } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { must, until } from "../../thin_client/engine/command.ts";
import { startLabelled } from "../bed/labelled.ts";
import { needs } from "../bed/parts.ts";
import { randomFrom } from "../bed/random.ts";
import { tinyImage } from "../bed/tiny.ts";
import { write } from "../bed/tiny_repo.ts";
import { docker } from "../bed/workflow.ts";
import { root } from "../unit/source.ts";

/** Two images, two directories, and three containers that wait for each other. */
const files = {
  "repo_config.yaml": "docker_info: {docker_image_name: groupbox}\n",
  "left/Dockerfile": `FROM ${tinyImage}\nRUN echo one >/name\n`,
  "right/Dockerfile": `FROM ${tinyImage}\nRUN echo two >/name\n`,
  "verdicts.json": "{}",
  "scripts/many.ts": `import { readFileSync } from "node:fs";
import { cmd, command, group, step, writeFile } from "slipway/plan";
import { script } from "slipway/script";

const build = (name, dir) =>
  step(\`build_\${name}\`, \`Build \${name}\`, [
    command({
      ...cmd\`docker buildx build --provenance=false --load --metadata-file \${name}.json --tag groupbox-\${name} .\`,
      cwd: dir,
      digestFile: \`\${dir}/\${name}.json\`,
    }),
  ]);

const compose = (root) => ({
  services: {
    app: {
      image: "$" + "{IMAGE}",
      pull_policy: "never",
      network_mode: "none",
      labels: { "dev.slipway.run": "$" + "{SLIPWAY_RUN:-}", "dev.slipway.owner": "$" + "{SLIPWAY_OWNER:-}" },
      volumes: [\`\${root}/met:/met\`],
    },
  },
});

const list = (root, verdicts, { name, dir, from }) => {
  const text = \`touch /met/\${name}; while [ "$(ls /met | wc -l)" -lt \${verdicts.meet ?? 3} ]; do sleep 0.05; done; echo "\${name} in $(cat /name)"; exit \${verdicts[name] ?? 0}\`;
  return step(\`list_\${name}\`, \`Run \${name}\`, [
    writeFile({ path: \`\${dir}/\${name}.yml\`, content: JSON.stringify(compose(root)) }),
    command({
      ...cmd\`docker compose --progress quiet --file \${name}.yml run app sh -c \${text}\`,
      cwd: dir,
      env: { IMAGE: { from } },
      container: true,
    }),
  ]);
};

export default await script(import.meta.url, {
  about: "Build two images and run three lists in them at once.",
  options: {},
  look: async ({ place }) => JSON.parse(readFileSync(\`\${place.root}/verdicts.json\`, "utf8")),
  steps: ({ place }, _options, verdicts) => [
    step("clear", "Clear the meeting place", [cmd\`rm -rf met\`, cmd\`mkdir met\`]),
    group("images", "Build the images", [build("one", "left"), build("two", "right")], { atOnce: 2, onFailure: "stop" }),
    group(
      "lists",
      "Run the lists",
      [
        { name: "a", dir: "left", from: "build_one" },
        { name: "b", dir: "right", from: "build_one" },
        { name: "c", dir: "right", from: "build_two" },
      ].map((one) => list(place.root, verdicts, one)),
      { atOnce: 3, onFailure: "go_on" },
    ),
  ],
});
`,
};

let repo = "";
let owner = "";
beforeAll(async () => {
  await needs("engine", "tiny");
  repo = realpathSync(mkdtempSync(join(tmpdir(), "groups-")));
  await must(["git", "init", "--quiet", repo]);
  write(repo, files);
  expect(await start("trust", "--yes").ended).toMatchObject({ code: 0 });
  // Nobody's run: its owner is this process, which lives.
  owner = await startLabelled("groupbox-other", "ann");
});
afterEach(() => write(repo, { "verdicts.json": "{}" }));
afterAll(async () => {
  await docker("rm", "--force", owner);
  for (const folder of [repo, `${repo}.config`]) rmSync(folder, { recursive: true });
});

type Told = {
  readonly steps: readonly { readonly id: string; readonly state: string; readonly log?: string }[];
  readonly error?: { readonly kind: string; readonly what: string };
};

/** Starts the workflow as the leader of a process group. */
function start(...words: readonly string[]) {
  const own = { SLIPWAY_RUNTIME: "bun", XDG_CONFIG_HOME: `${repo}.config` };
  const env = { ...process.env, ...own, CI: undefined, VITEST: undefined, NO_COLOR: "1" };
  const child = spawn(join(root, "thin_client/bin/i"), words, { cwd: repo, env, detached: true });
  let [out, err] = ["", ""];
  child.stdout.on("data", (text) => {
    out += String(text);
  });
  child.stderr.on("data", (text) => {
    err += String(text);
  });
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
    child.once("close", (code) => resolve({ code, out, err })),
  );
  const send = (signal: NodeJS.Signals) => process.kill(-(child.pid ?? 0), signal);
  return { ended, send };
}
const i = (...words: readonly string[]) => start("many", ...words).ended;

/** The containers that runs own. */
const owned = async (): Promise<readonly string[]> =>
  (await docker("ps", "--all", "--quiet", "--filter", "label=dev.slipway.run", "--filter", "ancestor=groupbox-one"))
    .concat(
      "\n",
      await docker("ps", "--all", "--quiet", "--filter", "label=dev.slipway.run", "--filter", "ancestor=groupbox-two"),
    )
    .split("\n")
    .filter((id) => id !== "");

const all = ["clear", "build_one", "build_two", "list_a", "list_b", "list_c"];

describe("a plan with two images, two directories and three containers at once", () => {
  it("is printed with its groups and lines that a person could type", async () => {
    const { out } = await i("--dry-run");
    expect(out).toContain("    images: Build the images, 2 at once\n 2.   build_one: Build one\n");
    expect(out).toContain("    lists: Run the lists, 3 at once, all of them, also after a failure\n");
    expect(out).toContain(
      "(cd right && IMAGE=<digest of build_one> docker compose --progress quiet --file b.yml run app",
    );
  });

  it("runs: each container in its image, all at the same time, the output of each whole and apart", async () => {
    const { code, err } = await i();
    expect(code, err).toBe(0);
    for (const [name, image] of [
      ["a", "one"],
      ["b", "one"],
      ["c", "two"],
    ])
      expect(err).toMatch(new RegExp(`Run ${name}: done in [^\\n]*\\n${name} in ${image}\\n`));
    expect(await owned()).toEqual([]);
  });

  it("tells machines each step and its log", async () => {
    const told = JSON.parse((await i("--json")).out) as Told;
    expect(told.steps.map(({ id, state }) => [id, state])).toEqual(all.map((id) => [id, "done"]));
  });

  it("with a container that fails has the results of all, and its verdict", async () => {
    write(repo, { "verdicts.json": '{"b": 3}' });
    const { code, out, err } = await i("--json");
    const told = JSON.parse(out) as Told;
    expect([code, told.error?.what], err).toEqual([3, expect.stringContaining('step "list_b" of many failed')]);
    expect(told.steps.map(({ state }) => state)).toEqual(["done", "done", "done", "done", "failed", "done"]);
    expect(await owned()).toEqual([]);
  });

  it("that Ctrl-C ends ends its three containers, and nobody else's", async () => {
    write(repo, { "verdicts.json": '{"meet": 4}' });
    const held = start("many", "--json");
    expect(await until(async () => (await owned()).length === 3, 120_000)).toBe(true);
    held.send("SIGINT");
    const { code, out } = await held.ended;
    expect([code, (JSON.parse(out) as Told).error?.kind]).toEqual([130, "interrupted"]);
    expect(await owned()).toEqual([]);
    expect(await docker("inspect", "--format", "{{.State.Running}}", owner)).toBe("true");
  });

  it("that is killed anywhere and run again comes to the same end, and leaves no container", async () => {
    const random = randomFrom(13);
    const began = Date.now();
    expect((await i("--json")).code).toBe(0);
    const whole = Date.now() - began;
    let killed = 0;
    for (let turn = 0; turn < 10; turn += 1) {
      const run = start("many", "--json");
      const at = random() * whole;
      const isOver = await Promise.race([
        run.ended.then(() => true),
        new Promise<false>((go) => setTimeout(() => go(false), at)),
      ]);
      if (isOver) continue;
      run.send("SIGKILL");
      await run.ended;
      killed += 1;
      const { code, out, err } = await i("--json");
      expect(code, `killed after ${Math.round(at)} ms\n${err}`).toBe(0);
      expect((JSON.parse(out) as Told).steps.map(({ id, state }) => [id, state])).toEqual(
        all.map((id) => [id, "done"]),
      );
      expect(await owned()).toEqual([]);
    }
    expect(killed).toBeGreaterThanOrEqual(5);
  });
});
