import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { forgetInterrupts } from "../../lib/doors/interrupt.ts";
import type { LogEntry } from "../../lib/names/log.ts";
import type { Action } from "../../lib/plan/plan.ts";
import { returnClaim, takeClaim } from "../../lib/release/claim.ts";
import { list, pick, text } from "../../lib/run/options.ts";
import { git } from "../bed/git.ts";
import { commit, digest, logged, owner } from "../unit/factory.ts";
import { doing, type Ground, type Place, startGround, told, type Workflow } from "./ground.ts";
import type { OciServer } from "./oci_server.ts";

let ground: Ground;
let [first, second] = [] as unknown as [OciServer, OciServer];
let at: Place;
beforeAll(async () => {
  ground = await startGround({ registries: 2, remote: true });
  [first, second] = ground.registries as [OciServer, OciServer];
  at = ground.place("looked");
});
afterEach(() => {
  for (const registry of ground.registries) registry.reply = () => null;
});
afterAll(async () => {
  // The last test here is interrupted, and other files run in this process.
  forgetInterrupts();
  await ground.end();
});

const options = {
  ...pick("version", "devVersion", "stage", "targetRegistries", "multiArch", "builder", "images"),
  candidate: text<string>("TAG", "A candidate."),
};
const asking: Partial<Workflow> = { options };
const fromChangelog: Partial<Workflow> = { options, versionFromChangelog: true };
const released = (stage: "dev" | "prod", name: string): LogEntry => ({
  ...{ type: "release", stage, version: name, digest: digest("a"), commit: commit("a"), registries: ["r1"] },
});

const flip = (to: string, why: "release" | "rollback"): LogEntry => ({
  ...{ type: "flip", id: `${to}${why}`, tag: "dev", version: to, to: digest("a"), from: {}, why, registries: ["r1"] },
});

describe("every workflow knows", () => {
  it("where it is, whose it is and what is configured", async () => {
    ground.env["FROM_HERE"] = "here";
    const facts = await at.look([]);
    expect(facts.place).toMatchObject({ root: ground.repo, dir: "looked", owner: ground.repo, cwd: "looked" });
    expect(facts).toMatchObject({
      ...{ stage: "dev", version: null, versionFrom: null, platforms: [], builder: null, ci: false, terminal: false },
      ...{ now: 1_735_898_400_000, changelogText: "# looked-1.0.0\n- 2025-01-02\n- The first\n" },
      ...{ changelog: [{ version: "1.0.0" }], socket: { path: "/var/run/docker.sock" } },
      env: { FROM_HERE: "here" },
    });
    expect(facts.targets.map(({ name }) => name)).toEqual(["r1", "r2"]);
    expect(facts.config.imageName).toBe("looked");
  });

  it("whether it runs in CI, and whether a person sits there", async () => {
    for (const name of ["CI", "CSFY_CI"]) {
      ground.env[name] = "1";
      expect((await at.look([])).ci).toBe(true);
      delete ground.env[name];
    }
    expect((await ground.person([], () => at.look([]))).terminal).toBe(true);
  });

  it("has .env of the repo's root, over which the environment wins, and the variable of notify for nobody else", async () => {
    const config = at.read("repo_config.yaml");
    at.write("repo_config.yaml", `${config}notify: {slack: LD_AUDIT}\n`);
    at.write("../.env", "CSFY_ONE=from .env\nCSFY_TWO=from .env\nLD_AUDIT=https://hook\nLD_PRELOAD=x\n");
    at.write(".env", "CSFY_ONE=inner\n");
    ground.env["CSFY_TWO"] = "typed";
    const { env, webhook } = await at.look([]);
    expect([env["CSFY_ONE"], env["CSFY_TWO"], env["LD_AUDIT"], webhook]).toEqual([
      ...["from .env", "typed", undefined, "https://hook"],
    ]);
    at.write("repo_config.yaml", config);
    for (const path of ["../.env", ".env"]) at.write(path, "");
  });

  it("asks AWS as the one that every ECR of the repo names, unless the environment names another", async () => {
    const config = at.read("repo_config.yaml");
    const ecr = (name: string, profile: string) =>
      `  ${name}: {address: 1.dkr.ecr.eu-north-1.amazonaws.com, kind: ecr, profile: ${profile}, required: false}\n`;
    const profile = async (...lines: readonly string[]) => {
      at.write(
        "repo_config.yaml",
        `${config.replace(/^container_registry_info:.*\n( .*\n)*/m, "")}container_registry_info:\n${lines.join("")}`,
      );
      return (await at.look([])).env["AWS_PROFILE"];
    };
    expect(await profile(ecr("a", "team"), ecr("b", "team"), "  ghcr: ghcr.io/acme\n")).toBe("team");
    expect(await profile(ecr("a", "team"), ecr("b", "other"))).toBeUndefined();
    ground.env["AWS_PROFILE"] = "own";
    expect(await profile(ecr("a", "team"))).toBe("own");
    delete ground.env["AWS_PROFILE"];
    at.write("repo_config.yaml", config);
  });

  it("has nothing of its caller's that is meant for another repo, compose file or build, and keeps buildx from asking Git", async () => {
    const foreign = { GIT_DIR: "/x", GIT_INDEX_FILE: "/x", GIT_LITERAL_PATHSPECS: "1", COMPOSE_FILE: "/x" };
    const more = {
      COMPOSE_ENV_FILES: "/x",
      BUILDX_BUILDER: "x",
      DOCKER_DEFAULT_PLATFORM: "linux/s390x",
      BUILDKIT_PROGRESS: "x",
    };
    const kept = { GIT_SSH_COMMAND: "ssh", GIT_CONFIG_COUNT: "0", BUILDX_CONFIG: "/x", DOCKER_CLI_HINTS: "false" };
    Object.assign(ground.env, foreign, more, kept, { DOCKER_CONTENT_TRUST: "1" });
    const { env } = await at.look([]);
    expect(env).toMatchObject({ ...kept, BUILDX_GIT_INFO: "false" });
    expect(Object.keys({ ...foreign, ...more, DOCKER_CONTENT_TRUST: "" }).filter((name) => name in env)).toEqual([]);
    for (const name of Object.keys({ ...foreign, ...more, ...kept, DOCKER_CONTENT_TRUST: "" })) delete ground.env[name];
  });

  it.each([
    ["", "1.0.0", "changelog"],
    ["--version 1.2.0", "1.2.0", "option"],
    ["--candidate prod-gp-0a1b2c3d4", null, null],
  ])("its version, which %s makes %s", async (line, wanted, versionFrom) => {
    const facts = await at.look([], fromChangelog, ...line.split(" ").filter(Boolean));
    expect({ version: facts.version, versionFrom: facts.versionFrom }).toEqual({ version: wanted, versionFrom });
  });

  it("its version from the changelog only where that is meant", async () => {
    expect((await at.look([], asking)).version).toBeNull();
  });

  it("what it is built for and by whom", async () => {
    const own = ground.place("several", { config: "release: {platforms: [linux/arm64]}\n" });
    const platforms = async (place: Place, ...argv: readonly string[]) =>
      (await place.look([], asking, ...argv)).platforms;
    expect(await platforms(own)).toEqual(["linux/arm64"]);
    expect(await platforms(own, "--multi-arch")).toEqual(["linux/arm64"]);
    expect(await platforms(own, "--multi-arch", "linux/amd64")).toEqual(["linux/amd64"]);
    expect(await platforms(at, "--multi-arch")).toEqual(["linux/amd64", "linux/arm64"]);
    expect((await at.look([], asking, "--builder", "far")).builder).toBe("far");
    expect((await at.look([], asking, "--target-registries", "r2")).targets.map(({ name }) => name)).toEqual(["r2"]);
  });

  it("in a dir that is to become runnable nothing but where it is", async () => {
    const facts = await at.look([], { place: "new" }, "--dir", "../not/there/yet");
    expect(facts).toMatchObject({ place: { dir: "not/there/yet", root: ground.repo }, config: { imageName: "new" } });
  });
});

describe("registries", () => {
  const put = (image: string, tag: string, labels = {}) => first.put(image, tag, labels);

  it("are asked for the stage's tag, the version's and those that were typed", async () => {
    const image = put("looked", "dev-1.0.0");
    first.manifests.set(
      "looked:dev",
      first.manifests.get("looked:dev-1.0.0") ?? { bytes: Buffer.alloc(0), mediaType: "" },
    );
    const config = JSON.parse(String(first.manifests.get("looked:dev")?.bytes)).config.digest as string;
    const facts = await at.look(["registries"], asking, "--images", "local-a-1.0.0", "--candidate", "dev-9.9.9");
    expect(facts.registries).toEqual({
      r1: {
        dev: { state: "found", digest: image },
        "dev-1.0.0": { state: "found", digest: image, config },
        "local-a-1.0.0": { state: "absent" },
        "dev-9.9.9": { state: "absent" },
      },
      r2: Object.fromEntries(
        ["dev", "dev-1.0.0", "local-a-1.0.0", "dev-9.9.9"].map((tag) => [tag, { state: "absent" }]),
      ),
    });
  });

  it.each([
    ["--version 2.0.0", ["dev", "dev-2.0.0"]],
    ["--stage prod", ["prod", "prod-1.0.0"]],
    ["--stage prod --version 2.0.0", ["prod", "prod-2.0.0"]],
    ["--stage local", ["dev", "dev-1.0.0"]],
  ])("%s are asked for %j", async (line, tags) => {
    const { registries } = await at.look(["registries"], asking, ...line.split(" "));
    expect(Object.keys(registries["r1"] ?? {})).toEqual(tags);
  });

  it("that do not answer, or answer with what is no digest, are told with why", async () => {
    second.reply = () => ({ status: 501 });
    const facts = await at.look(["registries"]);
    expect(facts.registries["r2"]).toMatchObject({ dev: { state: "unknown", why: expect.stringContaining("r2") } });
    second.reply = () => ({ status: 200, headers: { "docker-content-digest": "none" } });
    expect((await at.look(["registries"])).registries["r2"]?.["dev"]?.state).toBe("unknown");
  });

  it("are not asked with --offline", async () => {
    const before = first.asked.length;
    const { registries } = await at.look(["registries"], {}, "--offline");
    const unknown = { state: "unknown", why: "--offline" };
    const both = { dev: unknown, "dev-1.0.0": unknown };
    expect(registries).toEqual({ r1: both, r2: both });
    expect(first.asked.length).toBe(before);
  });

  it("that were named are asked alone", async () => {
    expect(Object.keys((await at.look(["registries"], asking, "--target-registries", "r2")).registries)).toEqual([
      "r2",
    ]);
  });
});

describe("Git", () => {
  it("is read with its commit and its tags, and with what everybody sees: log, claim of the version, tags", async () => {
    const here = ground.place("known");
    here.writeLog(logged(released("dev", "1.0.0")));
    const file = here.write("owner.json", JSON.stringify(owner({ user: "ann" })));
    const object = await git(ground.shared, "hash-object", "-w", file);
    await git(ground.shared, "update-ref", "refs/slipway/claim/known-1.0.0", object);
    await git(ground.shared, "tag", "known-0.8.0");
    await git(ground.shared, "tag", "--annotate", "known-0.9.0", "--message", "x");
    await git(ground.repo, "tag", "known-0.1.0");
    // A branch of that name makes Git call the tag by a longer one.
    await git(ground.repo, "branch", "known-0.1.0");
    const known = await here.look(["log"], fromChangelog);
    expect(known.git).toMatchObject({
      commit: ground.commit,
      branch: "main",
      remote: { name: "origin" },
      shallow: false,
    });
    expect(known.git.tags).toEqual({ "known-0.1.0": ground.commit });
    expect(known.log).toMatchObject([{ type: "release", version: "1.0.0", by: "ann" }]);
    expect(known.claim).toMatchObject({ user: "ann" });
    expect(known.remoteTags).toEqual({ "known-0.8.0": ground.commit, "known-0.9.0": ground.commit });
    const offline = await here.look(["log"], {}, "--offline");
    expect({ log: offline.log, tags: offline.remoteTags, claim: offline.claim }).toEqual({
      ...{ log: known.log, tags: { "known-0.1.0": ground.commit }, claim: null },
    });
  });

  it("is read without the log where that is not needed", async () => {
    const known = await at.look(["git"]);
    expect(known.git.commit).toBe(ground.commit);
    expect(known).not.toHaveProperty("log");
    const unread = await at.look([]);
    expect(() => unread.git).toThrow("the flow reads facts.git, which its script does not name in needs");
  });
});

describe("what a mutable tag is", () => {
  const label = "org.opencontainers.image.version";
  it("is asked of its own label where the log does not know it, and only then", async () => {
    const here = ground.place("labelled");
    const known = first.put("labelled", "dev", { [label]: "1.1.0" });
    second.put("labelled", "dev", { [label]: "1.2.0", odd: 1 as never });
    here.writeLog(logged({ ...flip("1.1.0", "release"), to: known } as LogEntry));
    const asked = first.asked.length;
    const { registries } = await here.look(["log", "registries"]);
    expect([registries["r1"]?.["dev"], registries["r2"]?.["dev"]]).toEqual([
      { state: "found", digest: known },
      { state: "found", digest: second.digestOf("labelled", "dev"), labels: { [label]: "1.2.0" } },
    ]);
    expect(first.asked.slice(asked).filter(({ path }) => path.includes("/blobs/"))).toEqual([]);
  });

  it("is not known where the registry does not tell", async () => {
    const here = ground.place("silenced");
    const digest = first.put("silenced", "dev", { [label]: "1.2.0" });
    first.reply = ({ path }) => (path.includes("/blobs/") ? { status: 404 } : null);
    expect((await here.look(["log", "registries"])).registries["r1"]?.["dev"]).toEqual({ state: "found", digest });
  });
});

describe("the dev image below a prod image", () => {
  const prod: Partial<Workflow> = { options, stage: "prod", versionFromChangelog: true };
  const changelog = "# based-prod-1.1.0\n- 2025-01-02\n- P\n";
  const based = (): Place => {
    const here = ground.place("based", { changelog });
    here.write("devops/docker_build/prod.Dockerfile", "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n");
    return here;
  };
  it("is the one of its version by the first registry that has it, which is asked for its labels too", async () => {
    const here = based();
    const moves = [flip("1.1.2", "release"), flip("1.1.3", "release"), flip("1.1.2", "rollback")];
    here.writeLog(...[released("dev", "1.1.2"), released("dev", "1.1.3"), ...moves].map((entry) => logged(entry)));
    const image = second.put("based", "dev-1.1.2", { "org.opencontainers.image.revision": "r" });
    const look = () => here.look(["log", "registries", "inputs"], prod);
    const facts = await look();
    expect(facts.inputs.base).toEqual({
      ...{ version: "1.1.2", why: "the newest dev 1.1 that was not rolled back, as 1.1.3 was" },
      ...{ digest: image, repository: `${second.address}/based` },
    });
    expect(Object.keys(facts.registries["r1"] ?? {})).toEqual(["prod", "prod-1.1.0", "dev-1.1.2"]);
    expect(facts.registries["r2"]?.["dev-1.1.2"]).toMatchObject({
      ...{ state: "found", labels: { "org.opencontainers.image.revision": "r" }, platform: "linux/amd64" },
    });
    first.put("based", "dev-1.1.2");
    expect((await look()).inputs.base?.repository).toBe(`${first.address}/based`);
  });

  it("is none where no registry has it, or none is asked", async () => {
    const here = based();
    expect((await here.look(["registries", "inputs"], prod, "--dev-version", "1.2.0")).inputs.base).toBeNull();
    expect((await here.look(["inputs"], prod, "--dev-version", "1.1.2")).inputs.base).toBeNull();
  });
});

it("a dir that lacks only its config is refused, and does not take the image of the dir around it", async () => {
  const here = ground.place("around");
  here.write("half/changelog.txt", "# half-1.0.0\n- a\n");
  here.write("half/devops/docker_build/dev.Dockerfile", "FROM scratch\n");
  const look = (dir: string) =>
    here.run(["try", { about: "Try.", options: {}, steps: () => [] }], "--json", "--dir", dir);
  const half = join(here.dir, "half");
  for (const dir of [half, join(half, "devops")])
    expect(told(await look(dir)).error).toMatchObject({
      what: `"${half}" has devops and changelog.txt, but no repo_config.yaml`,
      fix: `Add it: i init_runnable_dir --dir ${half} --name half; or name the other: --dir ${here.dir}`,
    });
  expect((await look(here.dir)).code).toBe(0);
});

it("who claims a version is told first where everybody sees it", async () => {
  const claims = [takeClaim, returnClaim].map((of) => of({ ref: "refs/slipway/claim/looked-9.0.0" }));
  const firstLine = async (actions: readonly Action[]) => {
    const workflow: Workflow = { about: "Try.", options: {}, needs: ["git"], steps: () => [doing("hold", ...actions)] };
    return (await at.run(["try", workflow])).err.split("\n")[0];
  };
  expect(await firstLine(claims)).toBe(`claim, log and Git tags are on origin (${ground.shared})`);
  expect(await firstLine([])).toBe("");
});

it("a section of another tool is left alone with one line, on stderr", async () => {
  const here = ground.place("shared");
  here.write("repo_config.yaml", `${here.read("repo_config.yaml")}python_info: {python_version: "3.12"}\n`);
  const said = (err: string) => err.split("\n").filter((line) => line.includes("python_info"));
  const workflow = { about: "Try.", options: {}, steps: () => [] };
  const [shown, quiet] = [await here.run(["try", workflow]), await here.run(["try", workflow], "--quiet")];
  expect([shown.code, said(shown.err), said(quiet.err), shown.out]).toEqual([
    ...[
      0,
      [
        expect.stringMatching(
          /^shared\/repo_config.yaml:\d "python_info" is no section of Slipway, and is left alone$/,
        ),
      ],
    ],
    ...[[], ""],
  ]);
});

it("what is to be known and cannot be read ends the workflow", async () => {
  const here = ground.place("broken");
  here.write("repo_config.yaml", "docker_info: {docker_image_name: broken}\nreleases: {}\n");
  const ended = await here.run(
    ["try", { about: "Try.", options: { names: list("N", "N.") }, steps: () => [] }],
    "--json",
  );
  expect(told(ended).error).toMatchObject({ what: expect.stringContaining("releases is not a known key") });
});

it("what a workflow's own question was answered before Ctrl-C cut it off is neither planned from nor shown", async () => {
  const planned: unknown[] = [];
  const workflow: Workflow = {
    about: "Try.",
    options: {},
    look: async () => void process.emit("SIGINT", "SIGINT"),
    steps: (_facts, _options, seen) => {
      planned.push(seen);
      return [];
    },
  };
  const ended = await at.run(["try", workflow], "--dry-run");
  expect({ code: ended.code, out: ended.out, planned }).toEqual({ code: 130, out: "", planned: [] });
});
