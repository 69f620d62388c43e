import { describe, expect, it } from "vitest";
import { engineIn, readSeen, renderSeen, type Seen } from "../../lib/text/seen.ts";

const env = { DOCKER_HOST: "unix:///run/docker.sock" };
const seen: Seen = {
  at: engineIn(env),
  engine: { up: true, why: "", version: "26.1.5", plugins: ["compose"], platform: "linux/amd64", store: "containerd" },
  names: ["cmamp:dev"],
  refs: { of: "here", all: { "refs/slipway/log/cmamp": "0a" } },
};
const passed = (text: string, more: Readonly<Record<string, string>> = {}) =>
  readSeen({ ...env, ...more, SLIPWAY_SEEN: text });

describe("what a workflow passes on to those that it starts", () => {
  it("is read as it was written", () => {
    expect(passed(renderSeen(seen))).toEqual(seen);
  });

  it("leaves out what no variable can hold", () => {
    const many = { ...seen, names: Array.from({ length: 20_000 }, (_, index) => `image-${index}:dev`) };
    expect(passed(renderSeen(many))).toEqual({ ...seen, names: null });
    const all = Object.fromEntries(many.names.map((name) => [name, "0a"]));
    expect(passed(renderSeen({ ...seen, refs: { of: "here", all } }))).toEqual({ ...seen, refs: null });
    expect(passed(renderSeen({ ...many, refs: { of: "here", all } }))).toEqual({ ...seen, names: null, refs: null });
  });

  it.each([
    ["of another engine", renderSeen(seen), { DOCKER_HOST: "ssh://other" }],
    ["of another context", renderSeen(seen), { DOCKER_CONTEXT: "other" }],
    ["of an engine that did not answer", renderSeen({ ...seen, engine: { ...seen.engine, up: false } }), {}],
    ["that is no JSON", "{", {}],
    ["that lacks a part", JSON.stringify({ ...seen, engine: { up: true } }), {}],
  ])("counts for nothing %s", (_, text, more) => {
    expect(passed(text, more)).toBeNull();
  });
});
