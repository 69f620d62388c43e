import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { git } from "../bed/git.ts";
import { digestsAt, refsOf } from "../bed/oracle.ts";
import { story } from "../bed/story.ts";
import { change, changelog, type Ground, makeGround, tinyConfig } from "../bed/tiny_repo.ts";
import { workflowsIn } from "../bed/workflow.ts";

const name = "only-heads";
let ground: Ground;
let repo = "";
const addresses = () => Object.values(ground.addresses);
/** Says on the remote's stderr what it refuses, as hosted servers do; and what is moved, into a file. */
const hook =
  '#!/bin/sh\ncase $1 in refs/heads/*|refs/tags/*) echo "$1 $2 $3" >> moved ;; *) echo "only heads and tags" >&2; exit 1 ;; esac\n';

beforeAll(async () => {
  ground = await makeGround(2);
  repo = await ground.repo(name);
  const update = join(`${repo}.git`, "hooks", "update");
  writeFileSync(update, hook);
  chmodSync(update, 0o755);
  await git(`${repo}.git`, "config", "receive.denyNonFastForwards", "true");
});
afterAll(() => ground.end());

describe("a remote that accepts nothing but heads and tags, and no branch that is not moved forwards", story, () => {
  it("is refused a release with the setting that helps", async () => {
    const { code, stderr } = await workflowsIn(repo)("docker_release_dev", "--version", "1.0.0");
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("could not be moved on origin") });
    expect(stderr).toContain("set release.ref_prefix: refs/heads/slipway");
  });

  it("takes a release whose refs are branches, and keeps its log alone", async () => {
    const config = tinyConfig({ name, registries: ground.addresses });
    const text = config.replace("release: {", "release: {ref_prefix: refs/heads/slipway, ");
    await change(repo, { "repo_config.yaml": text, "changelog.txt": changelog(name, "1.0.0") });
    const released = await workflowsIn(repo)("docker_release_dev", "--version", "1.0.0", "--json");
    expect(released.code, released.stderr).toBe(0);
    expect(await digestsAt(addresses(), `${name}:dev`)).toEqual([released.digest, released.digest]);
    const refs = (await refsOf(`${repo}.git`)).map((line) => line.split(" ")[0]);
    expect(refs).toEqual(["refs/heads/main", `refs/heads/slipway/log/${name}`, `refs/tags/${name}-1.0.0`]);
  });

  it("takes the next release and a rollback of another clone, which got those branches with all others", async () => {
    const clone = await ground.clone(repo, `${name}-clone`);
    const i = workflowsIn(clone);
    await change(clone, {
      "changelog.txt": changelog(name, "1.0.1", "1.0.0"),
      "devops/docker_build/words.txt": "other words\n",
    });
    const [before] = await digestsAt(addresses(), `${name}:dev`);
    const released = await i("docker_release_dev", "--version", "1.0.1", "--json");
    expect(released.code, released.stderr).toBe(0);
    expect(released.digest).not.toBe(before);
    const back = await i("docker_rollback_dev", "--version", "1.0.0", "--yes");
    expect(back.code, back.stderr).toBe(0);
    expect(await digestsAt(addresses(), `${name}:dev`)).toEqual([before, before]);
    expect(await git(`${repo}.git`, "for-each-ref", "refs/heads/slipway/claim", "refs/heads/slipway/flip")).toBe("");
    expect((await i("release_log")).stdout).toContain(`the log of ${name} is whole`);
  });
});
