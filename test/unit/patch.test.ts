import { describe, expect, it } from "vitest";
import { findImage } from "../../lib/flows/find_image.ts";
import { asksPatch, commitChanges, patchContainer } from "../../lib/flows/patch.ts";
import { tagLocalAsDev } from "../../lib/flows/promote.ts";
import type { ImageSettings } from "../../lib/model/around_facts.ts";
import type { Facts } from "../../lib/model/facts.ts";
import { patchTag } from "../../lib/model/patched.ts";
import {
  container,
  digest,
  engine,
  facts,
  found,
  lines,
  listedImage,
  localImage,
  refusal,
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
const patch = { startedFrom: settings(), tag: "dev_ccxtpro", inRegistry: null };
const world = (more: Partial<Facts> = {}) => facts({ containers: [own], patch, ...more });
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
    const [commit, ...more] = lines(patchContainer(world(), { push: true }));
    expect([commit?.endsWith(` ${own.id} ${repository}:dev_ccxtpro`), more]).toEqual([
      true,
      [`docker push ${repository}:dev_ccxtpro`],
    ]);
  });

  const listedImages = [listedImage(repository, "dev_ccxtpro")];
  it.each<[string, Partial<Facts>, boolean, string | null]>([
    ["nothing is there", {}, true, null],
    ["the engine has the tag", { listedImages }, false, "Replace dev_ccxtpro in the engine by the patched image?"],
    [
      "both have it",
      { listedImages, patch: { ...patch, inRegistry: found(digest("a")) } },
      true,
      "Replace dev_ccxtpro in the engine and ecr by the patched image?",
    ],
    [
      "the registry has it, and nothing is pushed",
      { patch: { ...patch, inRegistry: found(digest("a")) } },
      false,
      null,
    ],
  ])("asks where a tag would move: %s", (_name, more, push, question) => {
    expect(asksPatch(world(more), { push })).toBe(question);
  });

  it.each<[string, Partial<Facts>, string]>([
    ["nobody's container", { containers: [] }, "i docker_bash"],
    ["a container whose image is gone", { patch: { ...patch, startedFrom: null } }, "Pull or build"],
    ["a push without a registry", { targets: [] }, "Leave --push out"],
  ])("refuses %s", (_name, more, fix) => {
    expect(refusal(() => patchContainer(world(more), { push: true })).fix).toContain(fix);
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
