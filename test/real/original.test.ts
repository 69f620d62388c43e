import { lstatSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { git } from "../bed/git.ts";
import { digestsAt, logOf, refsOf } from "../bed/oracle.ts";
import { makeOriginalRepo, type OriginalRepo } from "../bed/original_layout.ts";
import { ensurePythonBase } from "../bed/python_base.ts";
import { story } from "../bed/story.ts";
import { type Ground, makeGround } from "../bed/tiny_repo.ts";
import { type Done, workflowsIn } from "../bed/workflow.ts";

const name = "helpers";

/** Where the runnable dir lies, the poetry mode of its build, and the files that this mode brings back. */
const rows = [
  [".", "update", ["pip_list.txt", "poetry.lock"]],
  ["infra", "no_update", []],
] as const;

describe.each(rows)(
  "a repo laid out as the original's, its runnable dir at %s",
  story,
  (runnableDir, mode, brought) => {
    let ground: Ground;
    let repo: OriginalRepo;
    let built: Done;
    beforeAll(async () => {
      ground = await makeGround(2);
      const { r1: ecr = "", r2: ghcr = "" } = ground.addresses;
      repo = await makeOriginalRepo(join(ground.dir, "repo"), {
        base: await ensurePythonBase(),
        registries: { ecr, ghcr },
        runnableDir,
      });
      const words = ["--version", "1.0.0", "--poetry-mode", mode, "--json"];
      built = await workflowsIn(repo.runnableDir)("docker_build_local", ...words);
    });
    afterAll(() => ground.end());

    it("builds as it is and gets its lock and package list from the image where the resolver ran", async () => {
      expect(built.code, built.stderr).toBe(0);
      const folder = join(repo.runnableDir, "devops/docker_build");
      for (const file of brought) {
        const path = `/install/${file === "poetry.lock" ? "poetry.lock.out" : file}`;
        const words = ["--stage", "local", "--version", "1.0.0", "--no-entrypoint", "--", "cat", path];
        const inside = await workflowsIn(repo.runnableDir)("docker_cmd", ...words);
        expect(inside.code, inside.stderr).toBe(0);
        expect(readFileSync(join(folder, file), "utf8")).toBe(inside.stdout);
      }
      const changed = await git(repo.dir, "status", "--porcelain", "--untracked-files=all");
      const names = changed.split("\n").map((line) => basename(line));
      expect(names.filter((one) => one !== "" && !(brought as readonly string[]).includes(one))).toEqual([]);
      expect(lstatSync(join(folder, "dev.Dockerfile")).isSymbolicLink()).toBe(true);
    });

    it("runs text from a dir below through its entrypoint's eval unchanged", async () => {
      const text = "echo \"a  'b'\" '$HOME' | cat && exit 7";
      const words = ["-s", "local", "-v", "1.0.0", "--cmd", `pwd; ${text}`];
      const ran = await workflowsIn(join(repo.runnableDir, "devops"))("docker_cmd", ...words);
      expect(ran.code, ran.stderr).toBe(7);
      const here = join("/app", runnableDir, "devops");
      expect(ran.stdout.trimEnd().split("\n").slice(-2)).toEqual([here, "a  'b' $HOME"]);
      expect(ran.stdout).toContain("AM_CONTAINER_VERSION=1.0.0");
    });

    it("runs its fast tests", async () => {
      const ran = await workflowsIn(repo.runnableDir)("run_fast_tests", "--stage", "local", "--version", "1.0.0");
      expect(ran.code, ran.stderr).toBe(0);
      expect(stripVTControlCharacters(ran.stderr)).toContain(" 1 passed, 2 deselected ");
    });

    it("releases to both registries, and its own files are as they were", async () => {
      await git(repo.dir, "add", "--all");
      await git(repo.dir, "commit", "--quiet", "--allow-empty", "--message", "Lock");
      await git(repo.dir, "push", "--quiet");
      const words = ["--version", "1.0.0", "--no-qa-tests", "--json"];
      const released = await workflowsIn(repo.runnableDir)("docker_release_dev", ...words);
      expect(released.code, released.stderr).toBe(0);
      const addresses = Object.values(ground.addresses);
      const found = [
        ...(await digestsAt(addresses, `${name}:dev`)),
        ...(await digestsAt(addresses, `${name}:dev-1.0.0`)),
      ];
      expect(found).toEqual(Array(4).fill(released.digest));
      const log = await logOf(repo.remote, name);
      const commit = await git(repo.dir, "rev-parse", "HEAD");
      const passes = log.flatMap((entry) => (entry.type === "pass" && entry.commit === commit ? [entry.list] : []));
      expect(passes).toEqual(["fast", "slow"]);
      expect(log.flatMap((entry) => (entry.type === "skip" ? [entry.list] : []))).toEqual(["qa"]);
      expect((await refsOf(repo.remote)).map((line) => line.split(" ")[0])).toContain(`refs/tags/${name}-1.0.0`);
      expect(await git(repo.dir, "status", "--porcelain")).toBe("");
    });
  },
);
