import { describe, expect, it } from "vitest";
import { asksPatch, commitChanges, patchContainer } from "../../lib/build/patch.ts";
import type { Patch } from "../../lib/container/look_containers.ts";
import type { ImageSettings } from "../../lib/doors/containers.ts";
import { announce } from "../../lib/kinds/announce.ts";
import { command } from "../../lib/kinds/command.ts";
import { patchTag } from "../../lib/names/patched.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { findImage } from "../../lib/release/find_image.ts";
import { tagLocalAsDev } from "../../lib/release/promote.ts";
import {
  config,
  container,
  digest,
  doing,
  engine,
  facts,
  found,
  lines,
  listedImage,
  localImage,
  refusal,
  stepOf,
  version,
} from "./factory.ts";

const settings = (more: Partial<ImageSettings> = {}): ImageSettings => ({
  labels: { "org.opencontainers.image.version": "1.2.0" },
  env: { PATH: "/venv/bin:/bin", ODD: 'a"$b\\c' },
  user: "",
  workingDir: "/app",
  entrypoint: ["/install/entrypoint.sh"],
  cmd: ["bash"],
  ...more,
});
const own = container("a1");
const seen = (more: Partial<Patch> = {}): Patch => ({
  ...{ containers: [own], images: [], startedFrom: settings(), tag: "dev_ccxtpro", inRegistry: null },
  ...more,
});
const nowhere = { targets: [] };
const repository = "127.0.0.1:5001/cmamp";

describe("what a commit changes", () => {
  const changes = (envNames: readonly string[], labels: Readonly<Record<string, string>> = {}) =>
    commitChanges(container("a1", { envNames, labels }), settings(), "gp did");
  it.each([
    ["empties a variable of the run", ["GH_TOKEN"], 'ENV GH_TOKEN=""'],
    ["gives a variable back the image's value", ["PATH"], 'ENV PATH="/venv/bin:/bin"'],
    ["lets no sign of a value be read by the builder", ["ODD"], 'ENV ODD="a\\"\\$b\\\\c"'],
  ])("%s", (_name, names, line) => {
    expect(changes(names)).toContain(line);
  });

  it("empties every label that the image does not have, and what the image was built from", () => {
    const made = changes([], { "dev.slipway.owner": "laptop|1", "org.opencontainers.image.version": "1.2.0" });
    expect(made.filter((line) => line.startsWith("LABEL"))).toEqual([
      'LABEL "dev.slipway.owner"=""',
      'LABEL "dev.slipway.inputs"=""',
      'LABEL dev.slipway.patched="gp did"',
    ]);
  });

  it("starts as the image does", () => {
    expect(changes([]).slice(-4)).toEqual([
      "USER 0",
      "WORKDIR /app",
      'ENTRYPOINT ["/install/entrypoint.sh"]',
      'CMD ["bash"]',
    ]);
  });

  it("refuses a variable whose name cannot be written", () => {
    expect(refusal(() => changes(["a b"])).message).toBe('the container has a variable named "a b"');
  });
});

describe("docker_patch", () => {
  it("commits, then pushes where it is asked to", () => {
    const [commit, ...more] = lines(patchContainer(facts(), { push: true }, seen()));
    expect([commit?.endsWith(` ${own.id} ${repository}:dev_ccxtpro`), more]).toEqual([
      true,
      [`docker push ${repository}:dev_ccxtpro`],
    ]);
  });

  const images = [listedImage(repository, "dev_ccxtpro")];
  it.each<[string, Partial<Patch>, boolean, string | null]>([
    ["nothing is there", {}, true, null],
    ["the engine has the tag", { images }, false, "Replace dev_ccxtpro in the engine by the patched image?"],
    [
      "both have it",
      { images, inRegistry: found(digest("a")) },
      true,
      "Replace dev_ccxtpro in the engine and ecr by the patched image?",
    ],
    ["the registry has it, and nothing is pushed", { inRegistry: found(digest("a")) }, false, null],
  ])("asks where a tag would move: %s", (_name, more, push, question) => {
    expect(asksPatch(facts(), { push }, seen(more))).toBe(question);
  });

  it.each<[string, Partial<Patch>, Partial<AllFacts>, string]>([
    ["nobody's container", { containers: [] }, {}, "i docker_bash"],
    ["a container whose image is gone", { startedFrom: null }, {}, "Pull or build"],
    ["a push without a registry", {}, nowhere, "Leave --push out"],
  ])("refuses %s", (_name, more, world, fix) => {
    expect(refusal(() => patchContainer(facts(world), { push: true }, seen(more))).fix).toContain(fix);
  });

  it.each([
    ["ccxtpro", null, "dev_ccxtpro"],
    [undefined, "1.2.0", "local-gp-1.2.0"],
  ])("named %s at version %s makes the tag %s", (name, of, tag) => {
    expect(patchTag(facts(), name, of === null ? null : version(of))).toBe(tag);
  });

  it("refuses an image without name and version", () => {
    expect(refusal(() => patchTag(facts(), undefined, null)).fix).toContain("--version X.Y.Z");
  });
});

describe("a patched image", () => {
  const image = localImage(`${repository}:local-gp-1.2.0`, { labels: { "dev.slipway.patched": "gp did" } });
  const all = facts({ engine: engine({ images: [image] }) });
  it.each<[string, () => unknown]>([
    ["released", () => findImage(all, version("1.2.0"))],
    ["tagged as dev", () => tagLocalAsDev(all, { skipTests: true })],
  ])("is not %s", (_name, run) => {
    expect(refusal(run)).toMatchObject({
      message: `${repository}:local-gp-1.2.0 is a patched image: gp did`,
      fix: expect.stringContaining("i docker_build_local"),
    });
  });
});

describe("the steps of a patch", () => {
  const plan = (more: Partial<Patch> = {}, world: Partial<AllFacts> = {}, push = true) =>
    patchContainer(facts(world), { push }, seen(more));
  const second = { targets: config().registries.slice(1) };

  it("commit with every change as an option, push and tell what it is", () => {
    const steps = plan();
    expect(steps.map(({ id, title }) => [id, title])).toEqual([
      ["docker_commit", `Commit box_a1 as ${repository}:dev_ccxtpro`],
      ["docker_push", `Push ${repository}:dev_ccxtpro`],
      ["tell", "Report what it is"],
    ]);
    const note = 'LABEL dev.slipway.patched="gp committed container box_a1 of 127.0.0.1:5001/cmamp:dev on 2025-01-02"';
    expect(doing(steps, command)[0]?.argv).toEqual([
      ...["docker", "commit", "--change", 'LABEL "dev.slipway.image"=""', "--change", 'LABEL "dev.slipway.user"=""'],
      ...[
        "--change",
        'LABEL "dev.slipway.inputs"=""',
        "--change",
        note,
        "--change",
        "USER 0",
        "--change",
        "WORKDIR /app",
      ],
      ...["--change", 'ENTRYPOINT ["/install/entrypoint.sh"]', "--change", 'CMD ["bash"]'],
      ...[own.id, `${repository}:dev_ccxtpro`],
    ]);
    expect(plan({}, {}, false).map(({ id }) => id)).toEqual(["docker_commit", "tell"]);
  });

  it("give the image the registry's name where the engine knows it by another", () => {
    expect(lines([stepOf(plan({}, second), "docker_push")])).toEqual([
      `docker tag ${repository}:dev_ccxtpro 127.0.0.1:5002/cmamp:dev_ccxtpro`,
      "docker push 127.0.0.1:5002/cmamp:dev_ccxtpro",
    ]);
  });

  it.each([
    ["dev_ccxtpro", `Use it with: i docker run --rm -it ${repository}:dev_ccxtpro bash`],
    ["local-gp-1.2.0", "Use it with: i docker_bash --stage local --version 1.2.0"],
    ["local-a-b-1.2.0", "Use it with: i docker_bash --stage local --version 1.2.0"],
  ])("tell how %s is used, and that it cannot be released", (tag, use) => {
    const [told] = doing(plan({ tag }), announce);
    expect(told).toEqual({
      kind: "announce",
      text: [
        `PATCHED  ${repository}:${tag} is container a10000000000 as it is now`,
        "PATCHED  It cannot be released: nobody can build it again. It holds every file that was written in the container,",
        "PATCHED  secrets among them; the container's variables were left out.",
        use,
        "To keep the change, put it into devops/docker_build, then i docker_build_local",
      ].join("\n"),
      data: { reference: `${repository}:${tag}`, container: own.id, image: "cmamp" },
    });
  });

  it("take a container that has ended", () => {
    expect(plan({ containers: [container("a1", { running: false })] })[0]?.title).toContain("Commit box_a1");
  });

  it("ask where the registry that it is pushed to has the tag", () => {
    const asks = (more: Partial<Patch>) => asksPatch(facts(), { push: true }, seen(more));
    expect(asks({ inRegistry: found(digest("a")) })).toBe("Replace dev_ccxtpro in ecr by the patched image?");
    const others = [listedImage("elsewhere/cmamp", "dev_ccxtpro"), listedImage(repository, "dev")];
    expect(asks({ images: others })).toBeNull();
  });

  it.each<[string, Partial<Patch>, Partial<AllFacts>, object]>([
    [
      "of a container whose image is gone",
      { startedFrom: null },
      {},
      {
        message: "the engine no longer has 127.0.0.1:5001/cmamp:dev, which box_a1 was started from",
        why: "Its variables and labels tell what the container has beside it, and that must not get into the patched image.",
        fix: "Pull or build that image again, then run the same command",
      },
    ],
    [
      "that is pushed nowhere",
      {},
      nowhere,
      {
        message: "--push was given, and no registry is configured",
        why: "An image is pushed to a registry of container_registry_info.",
        fix: "Leave --push out, or add a registry to repo_config.yaml",
      },
    ],
  ])("are refused %s", (_what, more, world, wanted) => {
    expect(refusal(() => plan(more, world))).toMatchObject(wanted);
  });

  it("are refused where a variable cannot be emptied", () => {
    const odd = container("a1", { envNames: ["GOOD", "a b"] });
    expect(refusal(() => plan({ containers: [odd] }))).toMatchObject({
      message: 'the container has a variable named "a b"',
      why: "Variables may hold secrets and are emptied in a patched image, which cannot be done with this name.",
      fix: "Start a container without it, and patch that",
    });
  });

  it("start as the image does: in its dir and as its user, else in / as root", () => {
    const changes = (more: Partial<ImageSettings>) => commitChanges(own, settings(more), "did\r\nit").slice(-5);
    expect([changes({ user: "app", workingDir: "" }), changes({})[1]]).toEqual([
      [
        'LABEL dev.slipway.patched="did it"',
        "USER app",
        "WORKDIR /",
        'ENTRYPOINT ["/install/entrypoint.sh"]',
        'CMD ["bash"]',
      ],
      "USER 0",
    ]);
  });
});
