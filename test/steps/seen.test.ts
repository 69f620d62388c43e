import { chmodSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadRemote } from "../../lib/doors/git_remote.ts";
import { openRefs } from "../../lib/doors/refs.ts";
import { cmd } from "../../lib/kinds/command.ts";
import { loadEngineFacts } from "../../lib/run/engine_facts.ts";
import { lookForOthers } from "../../lib/run/look_for_others.ts";
import { sharedRefs } from "../../lib/run/ref_facts.ts";
import { engineIn, readSeen, renderSeen, type Seen } from "../../lib/text/seen.ts";
import { addRemote, commitAll, git } from "../bed/git.ts";
import { config, digest, logged } from "../unit/factory.ts";
import { type Acting, startActing } from "./acting.ts";
import { type Ground, startGround, topOf, writeTo } from "./ground.ts";

let acting: Acting;
beforeAll(async () => {
  acting = await startActing();
});
afterAll(() => acting.end());

const engine = {
  up: true,
  why: "",
  version: "26.1.5",
  plugins: ["compose"],
  platform: "linux/amd64",
  store: "classic",
};
const info = JSON.stringify({
  ...{ ServerVersion: "26.1.5", OSType: "linux", Architecture: "x86_64", DriverStatus: [] },
  ClientInfo: { Plugins: [{ Name: "compose" }] },
});
const seen = (names: Seen["names"]) =>
  renderSeen({ at: engineIn({}), engine: engine as Seen["engine"], names, refs: null });
/** Somebody whose workflow was started by another, or by a person. */
const actor = (text?: string) => acting.actor("seen", { env: text === undefined ? {} : { SLIPWAY_SEEN: text } });
const repository = () => `${acting.registries[0]?.address}/seen`;
const asked = () => acting.docker.asked().map((line) => line.replace(/ --format .*$/, ""));

describe("a workflow that another one started", () => {
  it("asks the engine for its images alone", async () => {
    const image = JSON.stringify([{ Id: digest("1"), RepoTags: [`${repository()}:local-gp-1.0.0`], Os: "linux" }]);
    acting.docker.does(`echo '${image}'`);
    const { facts } = actor(seen([`${repository()}:local-gp-1.0.0`, "other:local-gp-2.0.0"]));
    const found = await loadEngineFacts(facts, { tags: ["dev"], own: true });
    expect(found).toMatchObject({ ...engine, images: [{ id: digest("1") }] });
    expect(asked()).toEqual([`image inspect ${repository()}:dev ${repository()}:local-gp-1.0.0`]);
  });

  it("asks for the names of its images where they were not passed on", async () => {
    acting.docker.does("exit 1");
    await loadEngineFacts(actor(seen(null)).facts, { tags: [], own: true });
    expect(asked()[0]).toBe("image ls");
  });

  it("sees that an engine has gone since", async () => {
    acting.docker.does("echo 'Cannot connect to the Docker daemon' >&2; exit 1");
    expect(await loadEngineFacts(actor(seen([])).facts, { tags: ["dev"], own: true })).toMatchObject({
      up: false,
      why: "Cannot connect to the Docker daemon",
    });
  });

  it.each([
    ["leaves what killed runs left to the one that started it", seen([]), ["true"]],
    ["that a person starts looks for it", undefined, ["ps --all --no-trunc --filter label=dev.slipway.owner", "true"]],
  ])("%s", async (_, text, all) => {
    acting.docker.does("true");
    const container = { ...cmd`docker true`, container: true } as const;
    await actor(text).act([container]);
    expect(asked().slice(0, all.length)).toEqual(all);
  });
});

describe("a workflow that starts others", () => {
  it("passes on the engine and the names of its images", async () => {
    acting.docker.does(`case "$*" in info*) echo '${info}' ;; *) echo cmamp:dev; echo cmamp:prod ;; esac`);
    const passed = (await lookForOthers(["a"], actor().facts)).get("a");
    const names = ["cmamp:dev", "cmamp:prod"];
    expect(readSeen({ SLIPWAY_SEEN: passed })).toEqual({ at: engineIn({}), engine, names, refs: null });
  });

  it("passes on nothing of an engine that does not answer", async () => {
    acting.docker.does("exit 1");
    expect(await lookForOthers(["a"], actor().facts)).toEqual(new Map());
  });
});

describe("the remote of many dirs", () => {
  const images = ["one", "two"];
  let ground: Ground;
  let remote = "";
  beforeAll(async () => {
    ground = await startGround({ registries: 0 });
    for (const image of images)
      writeTo(join(ground.repo, image, "repo_config.yaml"), `docker_info: {docker_image_name: ${image}}\n`);
    await commitAll(ground.repo, "Dirs");
    remote = await addRemote(ground.repo);
    // Somebody else puts something on a log that this clone has not seen.
    await git(ground.dir, "clone", "--quiet", remote, "other");
    const on = { name: "origin", address: remote, pushTo: remote };
    const other = openRefs(topOf(join(ground.dir, "other")), { image: "one", prefix: "refs/slipway", remote: on }, own);
    const entry = logged({ type: "skip", digest: digest("a"), version: "1.0.0", list: "fast", why: "--skip-tests" });
    await other.swap([], [{ entry, again: false }]);
  });
  afterAll(() => ground.end());
  const own = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" };

  it("is asked once for the refs of all, and once for logs that are new here: each dir reads its own without it", async () => {
    const calls = join(ground.dir, "calls");
    const traced = `#!/bin/sh\necho "$*" >>'${calls}'\nPATH=\${PATH#*:} exec git "$@"\n`;
    chmodSync(writeTo(join(ground.dir, "traced/git"), traced), 0o755);
    acting.docker.does(`echo '${info}'`);
    const env = { ...own, PATH: `${join(ground.dir, "traced")}:${acting.docker.bin}:${process.env["PATH"]}` };
    const passed = await lookForOthers(images, { place: topOf(ground.repo), env });
    const asked = readFileSync(calls, "utf8").match(/ (ls-remote|fetch) /g);
    expect(asked).toEqual([" ls-remote ", " fetch "]);
    renameSync(remote, `${remote}.gone`);
    const logs = images.map(async (image) => {
      const place = topOf(ground.repo);
      const git = { ...(await loadRemote(place.owner, null, own)), branch: "main" };
      const settings = config({ docker_info: { docker_image_name: image } });
      const refs = await sharedRefs(
        { config: settings, place, env: { ...own, SLIPWAY_SEEN: passed.get(image) ?? "" } },
        git,
        false,
      );
      const all = await refs.list();
      const log = await refs.readLog(all[refs.logRef]);
      await expect(refs.list()).rejects.toThrow(remote);
      return [Object.keys(all), log.map((one) => one.type === "skip" && one.list)];
    });
    expect(await Promise.all(logs)).toEqual([
      [["refs/heads/main", "refs/slipway/log/one"], ["fast"]],
      [["refs/heads/main"], []],
    ]);
  });
});
