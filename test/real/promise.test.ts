import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { must } from "../../thin_client/engine/command.ts";
import { engineTags } from "../bed/engine_api.ts";
import { git } from "../bed/git.ts";
import { digestAt, logOf } from "../bed/oracle.ts";
import { story } from "../bed/story.ts";
import { tinyImage } from "../bed/tiny.ts";
import { change, changelog, type Ground, makeGround, write } from "../bed/tiny_repo.ts";
import { docker, workflowsIn } from "../bed/workflow.ts";

// What was tested is what is released: a commit's files, under one version that log, Git tag and registries agree on.
const name = "promised";
let ground: Ground;
let repo = "";
let clone = "";
beforeAll(async () => {
  ground = await makeGround(1);
  repo = await ground.repo(name);
  for (const [key, value] of [
    ["user.name", "Ada"],
    ["user.email", "ada@localhost"],
  ] as const)
    await git(repo, "config", key, value);
  await change(repo, {
    ".gitignore": "runs.txt\n*.env\n",
    "devops/docker_build/dev.Dockerfile": `FROM ${tinyImage}\nCOPY devops /devops\nWORKDIR /app\n`,
  });
  clone = await ground.clone(repo, `${name}-clone`);
});
afterAll(() => ground.end());

const image = (tag: string) => `${ground.addresses["r1"]}/${name}:${tag}`;
const filesOf = (tag: string) =>
  docker("run", "--rm", "--entrypoint", "sh", image(tag), "-c", "cd /devops && find . -type f | sort");
const commits = async () =>
  (await logOf(`${repo}.git`, name)).flatMap((entry) => (entry.type === "release" ? [entry.commit] : []));

describe("a release", story, () => {
  it("holds nothing that Git ignores, and is the same for a clone that never had it", async () => {
    write(repo, { "devops/token.env": "TOKEN=abc\n" });
    const done = await workflowsIn(repo)("docker_release_dev", "--version", "1.0.0", "--json");
    expect(done.code, done.stderr).toBe(0);
    expect((await filesOf("dev-1.0.0")).split("\n")).toEqual([
      ...["./docker_build/bash", "./docker_build/dev.Dockerfile", "./docker_build/dockerignore.dev"],
      ...["./docker_build/prod.Dockerfile", "./docker_build/words.txt"],
    ]);
    const again = await workflowsIn(clone)("docker_release_dev", "--version", "1.0.0", "--json");
    expect([again.code, again.digest, again.states["build_local"]], again.stderr).toEqual([0, done.digest, "skipped"]);
  });

  it("is refused from a file that Git does not look at, and the line that is told brings the commit's back", async () => {
    await change(repo, { "changelog.txt": changelog(name, "1.1.0", "1.0.0") });
    await git(repo, "update-index", "--assume-unchanged", "devops/docker_build/words.txt");
    write(repo, { "devops/docker_build/words.txt": "never committed\n" });
    const refused = await workflowsIn(repo)("docker_release_dev", "--version", "1.1.0");
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining("the files of the image are not those of the commit: devops/docker_build/words.txt"),
    ]);
    await must(["sh", "-c", refused.stderr.match(/or take the commit's: (.*)/)?.[1] ?? "false"], { cwd: repo });
    const planned = await workflowsIn(repo)("docker_release_dev", "--version", "1.1.0", "--dry-run");
    expect(planned.code, planned.stderr).toBe(0);
  });

  it("takes no local image of files that are not committed, which its label names", async () => {
    write(repo, { "devops/new.txt": "new\n" });
    const built = await workflowsIn(repo)("docker_build_local", "--version", "1.1.0", "--poetry-mode", "no_update");
    expect(built.code, built.stderr).toBe(0);
    const [tag = ""] = await engineTags(image("").slice(0, -1), "local-*-1.1.0");
    expect(await docker("inspect", "--format", '{{index .Config.Labels "dev.slipway.context"}}', image(tag))).toBe(
      "with files that are not the commit's: devops/new.txt",
    );
    await change(repo, {});
    const refused = await workflowsIn(repo)("docker_tag_local_as_dev", "--version", "1.1.0", "--skip-tests");
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(`${tag} was built with files`)]);
    const released = await workflowsIn(repo)("docker_release_dev", "--version", "1.1.0", "--json");
    expect([released.code, released.states["build_local"]], released.stderr).toEqual([0, "done"]);
  });

  it("is refused where its Git tag was moved, and the line that is told puts it back", async () => {
    const before = await commits();
    await change(repo, { "source.sh": "true # never tested\n" });
    await git(repo, "tag", "--force", `${name}-1.1.0`);
    await git(repo, "push", "--quiet", "--force", "origin", `refs/tags/${name}-1.1.0`);
    const again = () => workflowsIn(repo)("docker_release_dev", "--version", "1.1.0", "--json");
    const refused = await again();
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("and the log has its release from")]);
    await must(["sh", "-c", refused.stderr.match(/Put it back: (.*)/)?.[1] ?? "false"], { cwd: repo });
    const done = await again();
    expect(done.code, done.stderr).toBe(0);
    expect(await commits()).toEqual(before);
  });

  it("of prod does not stand on a dev that was rolled back, and says why", async () => {
    await change(repo, { "changelog.txt": changelog(name, "1.1.1", "1.1.0", "1.0.0"), "devops/new.txt": "newer\n" });
    const workflows = workflowsIn(repo);
    const lines = [
      ["docker_release_dev", "--version", "1.1.1"],
      ["docker_rollback_dev", "--version", "1.1.0"],
    ] as const;
    for (const [line, ...words] of lines) expect(await workflows(line, ...words, "--yes")).toMatchObject({ code: 0 });
    expect(await digestAt(image("dev"))).toBe(await digestAt(image("dev-1.1.0")));
    const plan = (...words: readonly string[]) =>
      workflows("docker_release_prod", "--version", "1.1.1", "--dry-run", ...words);
    expect((await plan()).stdout).toContain(
      "Pull dev-1.1.0, which prod is built on: the newest dev 1.1 that was not rolled back, as 1.1.1 was",
    );
    expect((await plan("--dev-version", "1.1.1")).stdout).toContain(
      "Pull dev-1.1.1, which prod is built on: the one of --dev-version",
    );
  });
});
