import { describe, expect, it } from "vitest";
import { imageLabels, inputsLabel } from "../../lib/build/build.ts";
import { buildLocal, buildLocalAndTell } from "../../lib/build/local.ts";
import { tellBuilt } from "../../lib/build/tell_built.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { config, doing, facts, git, ids, inputs, lines, version } from "./factory.ts";

const options = { cache: true, buildArg: [] };
type Options = Parameters<typeof buildLocal>[1];
const build = (world: Partial<AllFacts> = {}, more: Partial<Options> = {}) =>
  buildLocal(facts(world), { ...options, ...more });
const line = (...given: Parameters<typeof build>) =>
  lines(build(...given)).find((one) => one.startsWith("docker buildx build")) ?? "";
const declaring = (...names: readonly string[]) => ({
  inputs: inputs({ dockerfileText: `FROM x\n${names.map((name) => `ARG ${name}\n`).join("")}` }),
});

describe("docker_build_local", () => {
  it.each<[string, Partial<Options>, readonly string[]]>([
    ["update", { poetryMode: "update" }, ["build_local", "bring_lock_back"]],
    ["refresh", { poetryMode: "refresh" }, ["build_local", "bring_lock_back"]],
    ["no_update", { poetryMode: "no_update" }, ["build_local"]],
    ["update, the default,", {}, ["build_local", "bring_lock_back"]],
  ])("with poetry mode %s has the steps it needs", (_name, more, expected) => {
    expect(ids(build({}, more))).toEqual(expected);
  });

  it("tells what is built and what to type next", () => {
    const told = (world: Partial<AllFacts>, more = {}) =>
      doing(buildLocalAndTell(facts(world), { ...options, ...more }), tellBuilt)[0];
    const built = {
      kind: "tell_built",
      reference: "127.0.0.1:5001/cmamp:local-gp-1.2.0",
      digest: { from: "build_local" },
    };
    const next = [
      "Try it with: i docker_bash --stage local --version 1.2.0",
      "Test it with: i run_fast_tests --stage local --version 1.2.0",
    ];
    expect(told({})).toEqual({ ...built, packages: "devops/docker_build/pip_list.txt", next });
    expect(told({}, { poetryMode: "no_update" })).toEqual({ ...built, packages: null, next });
    expect(told({ builder: "far" })?.next).toEqual([]);
  });

  it("tags the user's local image", () => {
    expect(line()).toContain("--tag 127.0.0.1:5001/cmamp:local-gp-1.2.0");
  });

  it("gives every file the time of the commit", () => {
    expect(line()).toContain("--build-arg SOURCE_DATE_EPOCH=1735800000");
  });

  it("passes a build argument only where the Dockerfile declares it", () => {
    expect([line(declaring("POETRY_MODE")), line(declaring())].map((one) => one.includes("POETRY_MODE="))).toEqual([
      true,
      false,
    ]);
  });

  it("runs the resolver each time in update, by a nonce where the Dockerfile takes one", () => {
    const given = line(declaring("RESOLVE_NONCE"), { poetryMode: "update" });
    expect([given.includes("RESOLVE_NONCE=1735800000"), given.includes("--no-cache")]).toEqual([true, false]);
  });

  it.each<[string, Partial<Options>, boolean]>([
    ["update without a nonce", { poetryMode: "update" }, true],
    ["no_update", { poetryMode: "no_update" }, false],
    ["no_update with --no-cache", { poetryMode: "no_update", cache: false }, true],
  ])("%s builds without the cache: %#", (_name, more, expected) => {
    expect(line(declaring(), more).includes("--no-cache")).toBe(expected);
  });

  it("lets --build-arg come after the config's, so that it wins", () => {
    const settings = config({ release: { build_args: { A: "1" } } });
    const given = line({ config: settings, ...declaring("A") }, { buildArg: ["A=2"] });
    expect(given.indexOf("A=2")).toBeGreaterThan(given.indexOf("A=1"));
  });

  it("stages a context with links, following them", () => {
    expect(
      lines(build({ inputs: inputs({ hasLinks: true }) })).filter((one) => one.startsWith("cp -R -L")),
    ).toHaveLength(1);
  });

  it("writes nothing into the work tree but below the Git dir", () => {
    const paths = doing(build(), writeFile).map(({ path }) => path.replace(/[0-9a-f]{12}/, "HASH"));
    const copied = ".git/slipway/build/HASH/dev.Dockerfile";
    expect(paths).toEqual([copied, `${copied}.dockerignore`]);
  });
});

describe("labels", () => {
  it("tell version, commit, time, source and inputs", () => {
    expect(imageLabels(facts(), version("1.2.0"), "no_update")).toEqual({
      // sha256 of no text at all: it is built on no other image.
      "dev.slipway.bases": "e3b0c44298fc",
      // sha256 of the inputs' hash, the platform and the mode, with a blank between them.
      "dev.slipway.inputs": "5d7e9e56bc5d",
      "org.opencontainers.image.created": "2025-01-02T06:40:00Z",
      "org.opencontainers.image.revision": "a".repeat(40),
      "org.opencontainers.image.source": "https://host/team/cmamp",
      "org.opencontainers.image.version": "1.2.0",
    });
  });

  it("say where the code is by the config, else by the remote, else not at all", () => {
    const at = (account: string | null, address: string | null) =>
      imageLabels(
        facts({
          config: config(account ? { repo_info: { github_repo_account: account } } : {}),
          git: git({ remote: address === null ? null : { name: "origin", address, pushTo: address } }),
        }),
        version("1.2.0"),
        "no_update",
      )["org.opencontainers.image.source"];
    expect(at("acme", "git@host:team/x.git")).toBe("https://github.com/acme/cmamp");
    expect(at("your-account", "git@host:team/x.git")).toBe("https://host/team/x");
    expect(at(null, "ssh://git@HOST:22/team/x.git/")).toBe("https://host/team/x");
    expect(at(null, "https://me:secret@host/a/b/x")).toBe("https://host/a/b/x");
    expect(at("your-account", "/srv/x.git")).toBeUndefined();
    expect(at(null, null)).toBeUndefined();
  });

  it("of inputs differ by content, platform and poetry mode", () => {
    const all = [
      inputsLabel(inputs(), "no_update", "linux/amd64"),
      inputsLabel(inputs({ hash: "d".repeat(64) }), "no_update", "linux/amd64"),
      inputsLabel(inputs(), "no_update", "linux/arm64"),
      inputsLabel(inputs(), "update", "linux/amd64"),
    ];
    expect(new Set(all).size).toBe(all.length);
  });
});
