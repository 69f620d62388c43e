import { describe, expect, it } from "vitest";
import { asksShare, asksTake, shareLocal, takeLocal } from "../../lib/flows/hand_over.ts";
import type { HandedOver } from "../../lib/model/around_facts.ts";
import type { Facts } from "../../lib/model/facts.ts";
import { config, digest, doing, engine, facts, found, lines, localImage, refusal, stepOf } from "./factory.ts";

const repository = "127.0.0.1:5001/cmamp";
const mine = (id = digest("1")) => localImage(`${repository}:local-gp-1.2.0`, { id, digests: [id] });
const handed = (more: Partial<HandedOver> = {}): Partial<Facts> => ({
  handedOver: { archive: null, inEngine: null, inRegistry: null, ...more },
});
const archive = { path: "/tmp/image.tar", exists: true, digest: digest("a"), version: "1.2.0" };
const world = (more: Partial<HandedOver> = {}, store: "classic" | "containerd" = "containerd") =>
  facts({ engine: engine({ images: [mine()], store }), ...handed(more) });
const share = (all: Facts, readable = false) => shareLocal(all, { readable });

describe("docker_share_local", () => {
  it("pushes the image and reads it back", () => {
    const steps = share(world());
    expect([lines(steps), doing(steps, "verify_digest")]).toEqual([
      [`docker push ${repository}:local-gp-1.2.0`],
      [expect.objectContaining({ digest: digest("1"), places: [{ registry: "ecr", repository }] })],
    ]);
  });

  it("pushes to the registry that was named, under its name", () => {
    const settings = config();
    const all = { ...world(), config: settings, targets: settings.registries.slice(1) };
    const there = "127.0.0.1:5002/cmamp:local-gp-1.2.0";
    expect(lines(share(all))).toEqual([`docker tag ${digest("1")} ${there}`, `docker push ${there}`]);
    expect(doing(share(all), "announce")[0]?.text).toContain("--target-registries dockerhub");
  });

  it("pushes nothing where the registry has this image", () => {
    expect(stepOf(share(world({ inRegistry: found(digest("1")) })), "docker_push").skip).toBe("ecr has it");
  });

  it.each([
    [true, "0644"],
    [false, "0600"],
  ])("writes a file by digest, so that no tag goes with it (readable %s: %s)", (readable, mode) => {
    expect(lines(share(world({ archive }), readable))).toEqual([
      `docker save --output /tmp/image.tar ${digest("1")}`,
      `chmod ${mode} /tmp/image.tar`,
    ]);
  });

  it.each<[string, Partial<HandedOver>, string | null]>([
    ["a file that is there", { archive }, "Replace /tmp/image.tar, which is there already?"],
    ["a new file", { archive: { ...archive, exists: false } }, null],
    [
      "another image there",
      { inRegistry: found(digest("b")) },
      `Replace ecr's local-gp-1.2.0, which is ${digest("b")}?`,
    ],
    ["the same image there", { inRegistry: found(digest("1")) }, null],
    ["nothing there", { inRegistry: { state: "absent" } }, null],
  ])("asks about %s", (_name, more, question) => {
    expect(asksShare(world(more))).toBe(question);
  });

  it.each<[string, () => unknown, string]>([
    ["without the image", () => share(facts()), "i docker_build_local"],
    ["--readable without --file", () => share(world(), true), "--file /tmp/image.tar"],
    ["a file of the classic store", () => share(world({ archive }, "classic")), "without --file"],
    ["without any registry", () => share({ ...world(), targets: [] }), "--file /tmp/image.tar --readable"],
  ])("refuses %s", (_name, run, fix) => {
    expect(refusal(run).fix).toContain(fix);
  });
});

describe("docker_take_local", () => {
  const take = (more: Partial<HandedOver>, options: { from?: string; digest?: string } = {}, images = [mine()]) =>
    takeLocal(facts({ engine: engine({ images }), ...handed(more) }), { from: "ann", ...options });
  const own = `${repository}:local-gp-1.2.0`;
  const theirs = localImage(`${repository}:local-ann-1.2.0`, { id: digest("e") });
  const inRegistry = found(digest("d"));

  it.each<[string, Partial<HandedOver>, readonly string[]]>([
    [
      "a file first",
      { archive, inEngine: theirs },
      ["docker load --input /tmp/image.tar", `docker tag ${digest("a")} ${own}`],
    ],
    ["then the engine", { inEngine: theirs, inRegistry }, [`docker tag ${digest("e")} ${own}`]],
    [
      "then the registry, by digest",
      { inRegistry },
      [`docker pull ${repository}@${digest("d")}`, `docker tag ${repository}@${digest("d")} ${own}`],
    ],
  ])("takes from %s", (_name, more, expected) => {
    expect(lines(take(more))).toEqual(expected);
  });

  it("does nothing for an image that is the taker's already", () => {
    expect(lines(take({ inRegistry: found(digest("1")) }))).toEqual([]);
  });

  it.each<[string, () => unknown, string]>([
    ["nobody", () => take({ archive }, { from: "" }), "--from ann"],
    [
      "another digest than the one told",
      () => take({ archive }, { digest: digest("9") }),
      "i docker_share_local printed",
    ],
    ["a file of another version", () => take({ archive: { ...archive, version: "1.3.0" } }), "--version 1.3.0"],
    ["a file that is not there", () => take({ archive: { ...archive, exists: false, digest: null } }), "the path"],
    [
      "what is nowhere",
      () => take({ inRegistry: { state: "absent" } }),
      "Let ann type: i docker_share_local --version 1.2.0",
    ],
    ["what a registry cannot tell", () => take({ inRegistry: { state: "unknown", why: "it is off" } }), "Let ann type"],
  ])("refuses %s", (_name, run, fix) => {
    expect(refusal(run).fix).toContain(fix);
  });

  it("asks only where the taker's tag would move", () => {
    const asks = (images: ReturnType<typeof mine>[]) =>
      asksTake(facts({ engine: engine({ images }), ...handed({ inRegistry }) }), { from: "ann" });
    expect([asks([]), asks([mine(digest("d"))]), asks([mine()])]).toEqual([
      null,
      null,
      `Point ${own}, which is ${digest("1")}, at another image?`,
    ]);
  });
});
