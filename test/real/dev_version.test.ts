import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadCode } from "../../lib/doors/git.ts";
import { describeCommit } from "../../lib/doors/git_describe.ts";
import { devVersion } from "../../lib/names/dev_version.ts";
import type { Place } from "../../lib/plan/facts.ts";
import { historyOf, makeRepo, versionsByScm } from "../bed/histories.ts";
import { needs } from "../bed/parts.ts";

const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" };
let dir = "";
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "histories-"));
  await needs("setuptools_scm");
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const placeOf = (root: string): Place => ({
  ...{ root, owner: root, dir: ".", cwd: ".", gitDir: join(root, ".git"), gitMounts: [], gitPrograms: [] },
});

async function ours(root: string, before = false) {
  const { commit, dirty, shallow } = await loadCode(placeOf(root), env);
  const described = await describeCommit(placeOf(root), { commit, image: "amp", before }, env);
  return devVersion({ ...described, image: "amp", commit, dirty: dirty.length > 0, shallow });
}

it("the version of a commit is setuptools_scm's in 200 histories, and before a release never that release", async () => {
  const repos = Array.from({ length: 200 }, (_, index) => {
    const history = historyOf(index + 1);
    const repo = { dir: join(dir, String(index + 1)), several: history.several };
    makeRepo(repo.dir, history);
    return repo;
  });
  const wanted = versionsByScm(repos);
  const versions = (before: boolean) => Promise.all(repos.map(async ({ dir }) => (await ours(dir, before)).pep440));
  const [found, before] = [await versions(false), await versions(true)];
  expect(Object.fromEntries(found.map((one, index) => [index + 1, one]))).toEqual(
    Object.fromEntries(wanted.map((one, index) => [index + 1, one])),
  );
  const exact = wanted.filter((one) => !one.includes(".dev"));
  expect([exact.length > 10, new Set(wanted).size > 80]).toEqual([true, true]);
  expect(before.filter((one) => !/\.dev[1-9]\d*$/.test(one))).toEqual([]);
});

it("a shallow clone is refused, and the line that is told fixes it", async () => {
  const seed = Array.from({ length: 200 }, (_, index) => index + 1).find(
    (one) => historyOf(one).text.includes("merge") && !historyOf(one).several && !historyOf(one).dirty,
  );
  const whole = join(dir, "whole");
  makeRepo(whole, historyOf(seed ?? 0));
  const clone = join(dir, "shallow");
  execFileSync("git", ["clone", "--quiet", "--depth=1", "--branch=main", `file://${whole}`, clone], { env });
  const refusal = (await ours(clone).catch((error: unknown) => error)) as { fix: string };
  const [line = ""] = refusal.fix.split(";");
  expect(line).toBe("git fetch --unshallow --tags");
  execFileSync("sh", ["-ec", `cd "$1" && ${line}`, "sh", clone], { env });
  expect((await ours(clone)).pep440).toBe(versionsByScm([{ dir: clone, several: false }])[0]);
});
