import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { branchTag } from "../../lib/names/dev_version.ts";
import releaseTrigger from "../../scripts/release_trigger.ts";
import { git } from "../bed/git.ts";
import { type Ground, type Place, startGround } from "./ground.ts";

let ground: Ground;
let place: Place;
beforeAll(async () => {
  ground = await startGround({ remote: true });
  place = ground.place("pushed", { config: "release: {channels: {develop: [develop, edge]}}\n" });
  mkdirSync(join(ground.dir, "events"));
});
afterAll(() => ground.end());

const repository = { full_name: "acme/pushed", default_branch: "main", fork: false };
/** Runs it as GitHub Actions would, for an event that is written as this text. */
async function told(text: string, event = "push", more: Readonly<Record<string, string>> = {}) {
  const file = join(ground.dir, "events", "event.json");
  writeFileSync(file, text);
  return run({ GITHUB_EVENT_PATH: file, GITHUB_EVENT_NAME: event, ...more });
}
async function run(env: Readonly<Record<string, string>>) {
  Object.assign(ground.env, env);
  try {
    const { code, out, err } = await place.run(["release_trigger", releaseTrigger], "--json");
    return { code, err, result: code === 0 ? (JSON.parse(out) as { readonly result: unknown }).result : null };
  } finally {
    for (const name of Object.keys(env)) delete ground.env[name];
  }
}
const push = (ref: string, id = ground.commit) => JSON.stringify({ ref, after: id, repository, head_commit: { id } });

it("a push to a branch asks for its image, with the commit and the ref that started it", async () => {
  const tag = `0.1.0-dev.1.g${ground.commit.slice(0, 12)}`;
  expect((await told(push("refs/heads/develop"))).result).toEqual({
    ...{ build: "branch", branch: "develop", why: "a push to a branch is a version between releases", event: "push" },
    ...{ ref: "refs/heads/develop", commit: ground.commit, version: "0.1.dev1" },
    tags: [tag, branchTag("develop"), "develop", "edge"],
    line: `i release_branch --branch develop --commit ${ground.commit}`,
  });
});

it("an event that does not say its ref is of the one that GitHub names", async () => {
  const text = JSON.stringify({ repository });
  const one = await told(text, "workflow_dispatch", { GITHUB_REF: "refs/heads/it's-$(x)" });
  expect(one.result).toMatchObject({ build: "branch", branch: "it's-$(x)" });
});

it("a push of another commit than what is checked out is refused, with the line that checks it out", async () => {
  const other = "b".repeat(40);
  expect(await told(push("refs/heads/x", other))).toMatchObject({
    code: 2,
    err: expect.stringContaining(`git checkout ${other}`),
  });
});

it("nothing is asked for by the main branch, whatever is checked out", async () => {
  expect((await told(push("refs/heads/main", "b".repeat(40)))).result).toMatchObject({ build: "nothing", tags: [] });
});

it("without an event it is the branch that is checked out, else the release tag of the commit", async () => {
  expect((await run({})).result).toMatchObject({ build: "branch", branch: "main" });
  await git(ground.repo, "checkout", "--quiet", "--detach");
  expect((await run({})).result).toMatchObject({ build: "nothing" });
  await git(ground.repo, "tag", "v2.0.0");
  expect((await run({})).result).toMatchObject({ build: "release", stage: "dev", version: "2.0.0" });
  await git(ground.repo, "tag", "--delete", "v2.0.0");
  await git(ground.repo, "checkout", "--quiet", "main");
});

it.each<[string, (file: string) => void, string]>([
  ["that is not there", () => undefined, "holds no event"],
  ["that is a pipe", (file) => void execFileSync("mkfifo", [file]), "is a pipe or a device"],
  ["that leads elsewhere", (file) => symlinkSync("/etc/passwd", file), "leads out"],
  [
    "without an end",
    (file) => {
      writeFileSync(file, "");
      truncateSync(file, 2 ** 30);
    },
    "bytes",
  ],
  ["of no JSON", (file) => writeFileSync(file, "\u001b[2J{"), "holds no event"],
])("an event file %s is refused", async (what, make, said) => {
  const file = join(ground.dir, "events", `${what.replaceAll(" ", "_")}.json`);
  make(file);
  const { code, err } = await run({ GITHUB_EVENT_PATH: file, GITHUB_EVENT_NAME: "push" });
  expect([code, err]).toEqual([2, expect.stringContaining(said)]);
});
