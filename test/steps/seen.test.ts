import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cmd } from "../../lib/kinds/command.ts";
import { engineIn, readSeen, renderSeen, type Seen } from "../../lib/model/seen.ts";
import { loadEngineFacts, loadSeen } from "../../lib/run/engine_facts.ts";
import { digest } from "../unit/factory.ts";
import { type Acting, startActing } from "./acting.ts";

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
const seen = (names: Seen["names"]) => renderSeen({ at: engineIn({}), engine: engine as Seen["engine"], names });
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
    const { facts } = actor();
    const passed = await loadSeen(facts);
    expect(passed).toEqual({ at: engineIn({}), engine, names: ["cmamp:dev", "cmamp:prod"] });
    expect(passed && readSeen({ SLIPWAY_SEEN: renderSeen(passed) })).toEqual(passed);
  });

  it("passes on nothing of an engine that does not answer", async () => {
    acting.docker.does("exit 1");
    expect(await loadSeen(actor().facts)).toBeNull();
  });
});
