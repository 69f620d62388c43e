import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addRemote, commitAll } from "../bed/git.ts";
import { changelog, tinyConfig, write } from "../bed/tiny_repo.ts";
import { root } from "../unit/source.ts";

type Coverage = { readonly result: readonly { readonly url: string }[] };

/** Each file costs bun a third of a millisecond; one more has to be worth it. */
const mostFiles = 72;

const base = mkdtempSync(join(tmpdir(), "slipway-start-up-"));
const repo = join(base, "repo");
let printed = "";
/** What was loaded of Slipway and of its packages, by their paths. */
let loaded: readonly string[] = [];

beforeAll(async () => {
  write(repo, {
    "repo_config.yaml": tinyConfig({ name: "start-up", registries: { r1: "127.0.0.1:5000" } }),
    "changelog.txt": changelog("start-up", "1.0.0"),
  });
  await commitAll(repo, "Start");
  await addRemote(repo);
  write(base, { "bin/git": `#!/bin/sh\necho "$@" >>'${base}/asked'\nPATH=\${PATH#*:} exec git "$@"\n` });
  chmodSync(join(base, "bin/git"), 0o755);
  // Node writes down every file that it loaded (nodejs.org, "Coverage output"); bun loads the same.
  const env = { HOME: base, SLIPWAY_RUNTIME: "tsx", NODE_V8_COVERAGE: join(base, "coverage") };
  const { stdout } = spawnSync(join(root, "thin_client/bin/i"), ["docker_pull", "--dry-run", "--offline"], {
    cwd: repo,
    env: { ...env, PATH: `${join(base, "bin")}:${process.env["PATH"]}` },
    encoding: "utf8",
  });
  printed = stdout;
  const texts = readdirSync(env.NODE_V8_COVERAGE).map((name) => readFileSync(join(env.NODE_V8_COVERAGE, name), "utf8"));
  const urls = texts.flatMap((text) => (JSON.parse(text) as Coverage).result.map(({ url }) => url));
  loaded = [...new Set(urls.filter((url) => url.startsWith("file:")))].map((url) => relative(root, fileURLToPath(url)));
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

describe("a plan that asks no network", () => {
  it("is printed", () => {
    expect(printed).toContain("> docker pull 127.0.0.1:5000/start-up:dev\n");
  });

  it("asks Git for its settings and its refs, once each", () => {
    const asked = readFileSync(join(base, "asked"), "utf8").trim().split("\n");
    expect(asked.map((line) => / (config|for-each-ref) /.exec(line)?.[1] ?? line)).toEqual(["config", "for-each-ref"]);
  });

  it("loads no package but the one that reads YAML", () => {
    const packages = loaded.flatMap((path) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []);
    // The packages may be linked from elsewhere, and those of the runtime are no cost of Slipway's.
    expect([...new Set(packages)].filter((name) => !["tsx", "esbuild"].includes(name))).toEqual(["js-yaml"]);
  });

  it("loads nothing that only a run, a help or a registry needs", () => {
    const own = loaded.filter((path) => /^(lib|scripts)\//.test(path)).sort();
    const late = ["lib/run/run_plan.ts", "lib/run/world.ts", "lib/kinds/run_command.ts", "lib/run/help.ts"];
    expect(own).toContain("lib/run/script.ts");
    expect(own.filter((path) => late.includes(path) || path.startsWith("lib/oci/registry"))).toEqual([]);
    expect(own.length, own.join("\n")).toBeLessThanOrEqual(mostFiles);
  });
});
