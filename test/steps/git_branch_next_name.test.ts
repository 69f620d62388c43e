import { afterAll, beforeAll, expect, it } from "vitest";
import gitBranchNextName from "../../scripts/git_branch_next_name.ts";
import { inOneShell } from "../bed/git.ts";
import { type Ground, type Place, startGround } from "./ground.ts";

let ground: Ground;
let place: Place;
beforeAll(async () => {
  ground = await startGround({ remote: true });
  place = ground.place("named");
});
afterAll(() => ground.end());

const next = (...argv: readonly string[]) => place.run(["git_branch_next_name", gitBranchNextName], ...argv);

it("a name is free that neither this clone nor its remote has, fetched or not", async () => {
  await inOneShell(
    ground.repo,
    ["git branch main_1", "git push -q origin main:main_2 main:fetched_1", 'git -C "$1" branch main_3'],
    ground.shared,
  );
  expect(await next()).toMatchObject({ code: 0, out: "main_4\n" });
  expect(await next("--offline")).toMatchObject({ code: 0, out: "main_3\n" });
  expect(await next("--branch", "fetched")).toMatchObject({ code: 0, out: "fetched_2\n" });
  expect((await inOneShell(ground.repo, ["git branch --format='%(refname:short)'"])).split("\n")).toEqual([
    "main",
    "main_1",
  ]);
});

it("the branch that is checked out is meant, and without one it is asked for", async () => {
  await inOneShell(ground.repo, ["git checkout -q main_1"]);
  expect(await next()).toMatchObject({ code: 0, out: "main_4\n" });
  await inOneShell(ground.repo, ["git checkout -q --detach"]);
  expect(await next()).toMatchObject({ code: 2, err: expect.stringContaining("--branch NAME") });
});

it("a remote that does not answer is told, and no name is guessed", async () => {
  await inOneShell(ground.repo, ["git checkout -q main; git remote set-url origin ../nowhere.git"]);
  const { code, out, err } = await next();
  expect([code, out, err]).toEqual([2, "", expect.stringContaining("nowhere.git")]);
});
