import { describe, expect, it } from "vitest";
import { asksShare, asksTake, shareLocal, takeLocal } from "../../lib/container/hand_over.ts";
import type { HandedOver } from "../../lib/container/look_containers.ts";
import { announce } from "../../lib/kinds/announce.ts";
import { verifyDigest } from "../../lib/kinds/verify_digest.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { config, digest, doing, engine, facts, found, lines, localImage, refusal, stepOf } from "./factory.ts";

const repository = "127.0.0.1:5001/cmamp";
const mine = (id = digest("1")) => localImage(`${repository}:local-gp-1.2.0`, { id, digests: [id] });
const handed = (more: Partial<HandedOver> = {}): HandedOver => ({
  ...{ archive: null, inEngine: null, inRegistry: null },
  ...more,
});
const archive = { path: "/tmp/image.tar", exists: true, digest: digest("a"), version: "1.2.0" };
const built = { engine: engine({ images: [mine()] }) };
const classic = { engine: engine({ images: [mine()], store: "classic" }) };
const share = (more: Partial<HandedOver> = {}, world: Partial<AllFacts> = built, readable = false) =>
  shareLocal(facts(world), { readable }, handed(more));

describe("docker_share_local", () => {
  it("pushes the image and reads it back", () => {
    const steps = share();
    expect([lines(steps), doing(steps, verifyDigest)]).toEqual([
      [`docker push ${repository}:local-gp-1.2.0`],
      [expect.objectContaining({ digest: digest("1"), places: [{ registry: "ecr", repository }] })],
    ]);
  });

  it("pushes to the registry that was named, under its name", () => {
    const settings = config();
    const steps = share({}, { ...built, config: settings, targets: settings.registries.slice(1) });
    const there = "127.0.0.1:5002/cmamp:local-gp-1.2.0";
    expect(lines(steps)).toEqual([`docker tag ${digest("1")} ${there}`, `docker push ${there}`]);
    expect(doing(steps, announce)[0]?.text).toContain("--target-registries dockerhub");
  });

  it("pushes nothing where the registry has this image", () => {
    expect(stepOf(share({ inRegistry: found(digest("1")) }), "docker_push").skip).toBe("ecr has it");
  });

  it.each([
    [true, "0644"],
    [false, "0600"],
  ])("writes a file by digest, so that no tag goes with it (readable %s: %s)", (readable, mode) => {
    expect(lines(share({ archive }, built, readable))).toEqual([
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
    expect(asksShare(facts(built), { readable: false }, handed(more))).toBe(question);
  });

  it.each<[string, () => unknown, string]>([
    ["without the image", () => share({}, {}), "i docker_build_local"],
    ["--readable without --file", () => share({}, built, true), "--file /tmp/image.tar"],
    ["a file of the classic store", () => share({ archive }, classic), "without --file"],
    ["without any registry", () => share({}, { ...built, targets: [] }), "--file /tmp/image.tar --readable"],
  ])("refuses %s", (_name, run, fix) => {
    expect(refusal(run).fix).toContain(fix);
  });
});

describe("docker_take_local", () => {
  const take = (more: Partial<HandedOver>, options: { from?: string; digest?: string } = {}, images = [mine()]) =>
    takeLocal(facts({ engine: engine({ images }) }), { from: "ann", ...options }, handed(more));
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
      asksTake(facts({ engine: engine({ images }) }), { from: "ann" }, handed({ inRegistry }));
    expect([asks([]), asks([mine(digest("d"))]), asks([mine()])]).toEqual([
      null,
      null,
      `Point ${own}, which is ${digest("1")}, at another image?`,
    ]);
  });
});

describe("the steps of handing over", () => {
  const taker = (words: string) => `i docker_take_local --from gp --version 1.2.0 ${words}`;
  const told = (words: string) => ({
    text: `The taker types:\n  ${taker(words)}`,
    data: { digest: digest("1"), line: taker(words) },
  });

  it("by a file are one, with the line that the taker types", () => {
    const [step, ...more] = share({ archive });
    expect([step?.id, step?.title, more, step?.do.at(-1)]).toEqual([
      "docker_save",
      `Write ${repository}:local-gp-1.2.0 to /tmp/image.tar`,
      [],
      { kind: "announce", ...told(`--file /tmp/image.tar --digest ${digest("1")}`) },
    ]);
  });

  it("by a registry are a push, and the line with the digest that was read back", () => {
    const steps = share();
    expect(steps.map(({ id, title, skip }) => [id, title, skip])).toEqual([
      ["docker_push", `Push ${repository}:local-gp-1.2.0 and read it back`, null],
      ["tell", "Show how to take it", null],
    ]);
    expect(doing(steps, verifyDigest)).toEqual([
      { kind: "verify_digest", tag: "local-gp-1.2.0", digest: digest("1"), places: [{ registry: "ecr", repository }] },
    ]);
    expect(doing(steps, announce)).toEqual([{ kind: "announce", ...told("--digest <digest>"), digest: digest("1") }]);
  });

  it("from the classic store learn the digest by reading it back, and compare what was read", () => {
    const steps = share({}, classic);
    expect([doing(steps, verifyDigest)[0], doing(steps, announce)[0]?.digest]).toEqual([
      {
        ...{ kind: "verify_digest", tag: "local-gp-1.2.0", digest: { from: "docker_push" } },
        ...{ places: [{ registry: "ecr", repository }], tested: digest("1") },
      },
      { from: "docker_push" },
    ]);
  });

  it("from the classic store push nothing anew that a registry has", () => {
    const steps = share({ inRegistry: found(digest("1")) }, classic);
    expect([stepOf(steps, "docker_push").skip, doing(steps, announce)[0]?.digest]).toEqual(["ecr has it", digest("1")]);
  });

  it("log docker in first where AWS is behind the registry", () => {
    expect(lines(share({}, { ...built, env: { AWS_ENDPOINT_URL: "http://127.0.0.1:1" } }))[0]).toBe(
      "docker login --username AWS --password-stdin 127.0.0.1:5001",
    );
  });

  it.each<[string, () => unknown, object]>([
    [
      "without the image",
      () => share({}, {}),
      {
        message: `the engine has no ${repository}:local-gp-1.2.0`,
        why: "There is nothing to hand over.",
        fix: "Build it: i docker_build_local --version 1.2.0",
      },
    ],
    [
      "where --readable stands alone",
      () => share({}, built, true),
      {
        message: "--readable was given without --file",
        why: "It lets others read the file that the image is written to.",
        fix: "Name one: --file /tmp/image.tar --readable",
      },
    ],
    [
      "in a file of the classic store",
      () => share({ archive }, classic),
      {
        message: "this engine's classic image store cannot hand an image over in a file",
        why: "It keeps an image's config and not its manifest, so that the digest after docker load is another one. By a registry it can.",
        fix: 'Share by a registry, without --file; or set "features": {"containerd-snapshotter": true} in the engine\'s daemon.json',
      },
    ],
    [
      "without a registry",
      () => share({}, { ...built, targets: [] }),
      {
        message: "no registry is configured",
        why: "Without one an image is handed over in a file.",
        fix: "i docker_share_local --file /tmp/image.tar --readable",
      },
    ],
  ])("are refused %s", (_what, run, wanted) => {
    expect(refusal(run)).toMatchObject(wanted);
  });

  it("ask about another image of a registry, whatever other tags the engine has", () => {
    const images = [localImage("x:y", { digests: [digest("b")] }), mine()];
    expect(
      asksShare(facts({ engine: engine({ images }) }), { readable: false }, handed({ inRegistry: found(digest("b")) })),
    ).toBe(`Replace ecr's local-gp-1.2.0, which is ${digest("b")}?`);
  });
});

describe("the steps of taking over", () => {
  const own = `${repository}:local-gp-1.2.0`;
  const take = (
    more: Partial<HandedOver>,
    options: { from?: string; digest?: string } = {},
    world: Partial<AllFacts> = {},
  ) => takeLocal(facts(world), { from: "ann", ...options }, handed(more));
  const theirs = localImage(`${repository}:local-ann-1.2.0`, { id: digest("e") });

  it.each<[string, Partial<HandedOver>, string, string]>([
    ["a file", { archive }, `Take /tmp/image.tar as ${own}`, digest("a")],
    ["the engine", { inEngine: theirs }, `Take ${repository}:local-ann-1.2.0 of this engine as ${own}`, digest("e")],
    ["a registry", { inRegistry: found(digest("d")) }, `Take ${repository}:local-ann-1.2.0 as ${own}`, digest("d")],
  ])("from %s are a tag, and what was taken", (_where, more, title, hash) => {
    expect(take(more).map((step) => [step.id, step.title, step.skip])).toEqual([
      ["take_local", title, null],
      ["tell", "Report what was taken", null],
    ]);
    expect(stepOf(take(more), "tell").do).toEqual([
      {
        kind: "announce",
        text: `${own} is ${hash}\nTest it: i run_fast_tests --stage local --version 1.2.0`,
        data: { reference: own, digest: hash },
      },
    ]);
  });

  it("do nothing where the taker's tag is that image, whatever else the engine has", () => {
    const images = [localImage("x:y"), localImage(own, { digests: [digest("2"), digest("d")] })];
    const steps = (hash: string) => take({ inRegistry: found(hash) }, {}, { engine: engine({ images }) });
    expect([stepOf(steps(digest("d")), "take_local").skip, stepOf(steps(digest("c")), "take_local").skip]).toEqual([
      `${own} is this image`,
      null,
    ]);
  });

  it("take the digest that was told", () => {
    expect(stepOf(take({ archive }, { digest: digest("a") }), "take_local").skip).toBeNull();
  });

  it.each<[string, () => unknown, object]>([
    [
      "where nobody was named",
      () => take({ archive }, { from: " " }),
      {
        message: "nobody was named to take the image from",
        why: "A local image belongs to a user.",
        fix: "Name them: i docker_take_local --from ann",
      },
    ],
    [
      "of another digest than the one told",
      () => take({ archive }, { digest: digest("9") }),
      {
        message: `/tmp/image.tar holds ${digest("a")}, not ${digest("9")}`,
        why: "It is not the image that was shared.",
        fix: "Ask who shared it for the line that i docker_share_local printed, and type that",
      },
    ],
    [
      "of a file that is not there",
      () => take({ archive: { ...archive, exists: false, digest: null } }),
      {
        message: '"/tmp/image.tar" is not there',
        why: "It is the file that i docker_share_local --file wrote.",
        fix: "Give the path that the giver's command printed",
      },
    ],
    [
      "of a file that is no image",
      () => take({ archive: { ...archive, digest: null } }),
      { message: '"/tmp/image.tar" holds no image' },
    ],
    [
      "of a file of another version",
      () => take({ archive: { ...archive, version: "1.3.0" } }),
      {
        message: '"/tmp/image.tar" holds version 1.3.0, not 1.2.0',
        why: "An image is taken as the version that it was built as.",
        fix: "Take it as such: --version 1.3.0",
      },
    ],
    [
      "of what was not shared",
      () => take({ inRegistry: { state: "absent" } }),
      {
        message: "neither this engine nor ecr has local-ann-1.2.0",
        why: "ann has not shared it.",
        fix: "Let ann type: i docker_share_local --version 1.2.0, or with --file PATH --readable",
      },
    ],
    [
      "while the registry does not answer",
      () => take({ inRegistry: { state: "unknown", why: "timeout" } }),
      { why: "The registry does not answer: timeout." },
    ],
    [
      "without a registry",
      () => take({}, {}, { targets: [] }),
      { message: "neither this engine nor a registry has local-ann-1.2.0" },
    ],
    [
      "of a file by the classic store",
      () => take({ archive }, {}, { engine: engine({ store: "classic" }) }),
      { message: "this engine's classic image store cannot hand an image over in a file" },
    ],
  ])("are refused %s", (_what, run, wanted) => {
    expect(refusal(run)).toMatchObject(wanted);
  });

  it("take a file that does not say its version", () => {
    expect(stepOf(take({ archive: { ...archive, version: null } }), "take_local").title).toContain("/tmp/image.tar");
  });
});
