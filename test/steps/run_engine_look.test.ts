import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  lookAtContainersAndImages,
  lookAtHandedOver,
  lookAtPatch,
  lookAtStats,
  lookForPort,
} from "../../lib/container/look_containers.ts";
import { isFree } from "../../lib/doors/ports.ts";
import { loadPrograms } from "../../lib/doors/programs.ts";
import { loadPackages } from "../../lib/doors/pyproject.ts";
import { lookAtNewDir } from "../../lib/init/look_new_dir.ts";
import { packageUse } from "../../lib/packages/package_use.ts";
import { type Plan, stepsOf } from "../../lib/plan/plan.ts";
import { lookForNamed } from "../../lib/run/look_image.ts";
import { flag, list, pick, portOption, text } from "../../lib/run/options.ts";
import dockerCmd from "../../scripts/docker_cmd.ts";
import { digest } from "../unit/factory.ts";
import { doing, type Ground, type Place, startGround, told, type Workflow, writeTo } from "./ground.ts";
import type { OciServer } from "./oci_server.ts";

let ground: Ground;
let registry: OciServer;
let at: Place;
let user = "";
beforeAll(async () => {
  ground = await startGround();
  [registry] = ground.registries as [OciServer];
  at = ground.place("cased");
  user = (await at.look([])).user.name;
});
afterEach(() => ground.docker.does("exit 1"));
afterAll(() => ground.end());

const options = {
  ...pick("version", "images", "targetRegistries", "container", "file"),
  port: portOption,
  all: flag("All."),
  push: flag("Push."),
  autoAssignPort: flag("Look for one.", { fallback: true }),
  name: text<string>("NAME", "Its name."),
  from: text<string>("USER", "Whose."),
};
const asking = { options, versionFromChangelog: true } as const;
const info = JSON.stringify({ ServerVersion: "26.1.5", OSType: "linux", Architecture: "x86_64", DriverStatus: [] });
const image = (id: string, labels = {}, tags: readonly string[] = []) =>
  JSON.stringify([
    { Id: id, RepoTags: tags, Os: "linux", Architecture: "amd64", RootFS: {}, Config: { Labels: labels } },
  ]);
const repository = () => `${registry.address}/cased`;
/** Shell text that prints it. */
const says = (json: string) => `echo '${json}'`;

describe("the engine", () => {
  it("is asked for the images of the stage, the version and the user with one program", async () => {
    const there = image(digest("1"), {}, [`${repository()}:local-${user}-1.0.0`]);
    ground.docker.does(
      `case "$*" in info*) ${says(info)} ;; 'image ls'*) echo local-${user}-1.0.0; echo prod-${user}-0a1b2c3d4; echo local-other-1.0.0 ;; *local-${user}*) ${says(there)}; exit 1 ;; *) exit 1 ;; esac`,
    );
    const { engine } = await at.look(["engine"], asking);
    expect(engine).toMatchObject({ up: true, version: "26.1.5", platform: "linux/amd64", store: "classic" });
    expect(engine.images.map(({ reference, id }) => [reference, id])).toEqual([
      [`${repository()}:local-${user}-1.0.0`, digest("1")],
    ]);
    const inspected = ground.docker.asked().filter((line) => line.startsWith("image inspect"));
    const tags = ["dev", "dev-1.0.0", `local-${user}-1.0.0`, `prod-${user}-0a1b2c3d4`];
    expect(inspected).toEqual([`image inspect ${tags.map((tag) => `${repository()}:${tag}`).join(" ")}`]);
  });

  it("is asked for the image of another repository where --base-name names one, and that is what is started or pulled", async () => {
    const here = image(digest("1"), {}, ["ghcr.io/acme/tools:dev"]);
    const planned = async (answer: string) => {
      ground.docker.does(`case "$*" in info*) ${says(info)} ;; 'image inspect'*) ${answer} ;; *) exit 1 ;; esac`);
      const words = ["--base-name", "ghcr.io/acme/tools", "--dry-run", "--json", "--offline", "--", "true"];
      const { out, err } = await at.run(["docker_cmd", dockerCmd], ...words);
      expect(err).toBe("");
      const steps = stepsOf(JSON.parse(out) as Plan);
      return steps.map(({ id, title, skip }) => [id, skip === null ? title : skip]);
    };
    expect(await planned(`${says(here)}; exit 1`)).toEqual([
      ["docker_pull", "the engine has it"],
      ["docker_cmd", "Run a command in ghcr.io/acme/tools:dev"],
    ]);
    expect((await planned("exit 1"))[0]).toEqual(["docker_pull", "Pull ghcr.io/acme/tools:dev"]);
  });

  it("is asked for each image alone where it tells one by no name that was asked for", async () => {
    const there = image(digest("1"), {}, ["debian:12"]);
    ground.docker.does(
      `case "$*" in info*) ${says(info)} ;; 'image inspect'*debian:12) ${says(there)}; [ $# = 3 ] ;; *) exit 1 ;; esac`,
    );
    const naming = { ...asking, options: { ...options, images: list("IMAGES", "Images.") } };
    const engine = await at.ask({ ...naming, look: lookForNamed }, "--images", "docker.io/library/debian:12");
    expect(engine.images.map(({ reference }) => reference)).toEqual(["docker.io/library/debian:12"]);
    expect(ground.docker.asked().filter((line) => line.startsWith("image inspect"))).toHaveLength(4);
  });

  it("is asked for images that a person names, each once", async () => {
    const naming = { ...asking, options: { ...options, images: list("IMAGES", "Images.") } };
    const inspected = async (look: (...argv: readonly string[]) => Promise<unknown>, names: string) => {
      ground.docker.does(`case "$*" in info*) ${says(info)} ;; *) exit 1 ;; esac`);
      await look("--images", names);
      const [line = ""] = ground.docker.asked().filter((line) => line.startsWith("image inspect"));
      return line.split(" ").slice(2);
    };
    const usual = [`${repository()}:dev`, `${repository()}:dev-1.0.0`];
    const [tag, other] = [`${repository()}:local-ann-1.0.0`, "debian:12"];
    expect(await inspected((...argv) => at.look(["engine"], naming, ...argv), "dev,local-ann-1.0.0")).toEqual([
      ...usual,
      tag,
    ]);
    expect(await inspected((...argv) => at.ask({ ...naming, look: lookForNamed }, ...argv), "dev,debian:12")).toEqual([
      ...usual,
      other,
    ]);
  });

  it("that does not answer is told with why", async () => {
    ground.docker.does("echo first >&2; echo 'is the daemon running?' >&2; exit 1");
    expect((await at.look(["engine"])).engine).toMatchObject({ up: false, why: "is the daemon running?", images: [] });
  });
});

describe("containers", () => {
  const box = (letter: string, more: { readonly running?: boolean; readonly owner?: string } = {}) => ({
    ...{
      Id: letter.repeat(64),
      Name: `/box_${letter}`,
      Created: `2025-01-0${letter}`,
      Path: "sh",
      Args: [],
      Image: digest("1"),
    },
    State: { Running: more.running ?? true },
    Config: {
      Image: "x",
      Env: ["A=secret"],
      Labels: { "dev.slipway.image": "cased", "dev.slipway.user": more.owner ?? user },
    },
    NetworkSettings: {},
  });
  const engine = (...boxes: readonly ReturnType<typeof box>[]) =>
    `case "$*" in ps*) printf '%s\\n' ${boxes.map(({ Id }) => `'${Id} Up'`).join(" ")} ;; 'container inspect'*) ${says(JSON.stringify(boxes))} ;;
     stats*) ${boxes.map(({ Id }) => says(JSON.stringify({ ID: Id, CPUPerc: "1%" }))).join("; ")} ;;
     'image ls'*) ${says('{"Repository":"x","Tag":"dev","ID":"i"}')} ;;
     'image inspect'*) ${says(image(digest("1"), { "org.opencontainers.image.version": "1.4.0" }))} ;; esac`;

  it("and images are read where a workflow asks for them, and nothing else is", async () => {
    ground.docker.does(engine(box("1")));
    const seen = await at.ask({ options, look: lookAtContainersAndImages });
    expect(seen.containers).toMatchObject([{ name: "box_1", running: true, envNames: ["A"] }]);
    expect(seen.images).toMatchObject([{ repository: "x", tag: "dev" }]);
    expect(ground.docker.asked().some((line) => line.startsWith("stats"))).toBe(false);
  });

  it("are measured where they run and are one's own, or all are asked for", async () => {
    ground.docker.does(engine(box("1"), box("2", { running: false }), box("3", { owner: "somebody-else" })));
    const measured = async (...argv: readonly string[]) =>
      (await at.ask({ ...asking, look: lookAtStats }, ...argv)).map(({ id }) => id[0]);
    expect(await measured()).toEqual(["1"]);
    expect(await measured("--all")).toEqual(["1", "3"]);
  });

  it("to be committed are found with the image that they were started from, and the tag that this gets", async () => {
    ground.docker.does(engine(box("1"), box("2")));
    const patch = (...argv: readonly string[]) => at.ask({ options, look: lookAtPatch }, ...argv);
    expect(await patch()).toMatchObject({
      startedFrom: { labels: { "org.opencontainers.image.version": "1.4.0" } },
      ...{ tag: `local-${user}-1.4.0`, inRegistry: null },
    });
    expect((await patch("--version", "2.0.0")).tag).toBe(`local-${user}-2.0.0`);
    expect(await patch("--name", "x", "--container", "box_1")).toMatchObject({ tag: "dev_x", inRegistry: null });
    expect(ground.docker.asked().at(-1)).toBe(`image inspect ${digest("1")}`);
    const there = registry.put("cased", "dev_x");
    expect((await patch("--name", "x", "--push")).inRegistry).toEqual({ state: "found", digest: there });
    expect((await patch("--name", "x", "--push", "--offline")).inRegistry).toBeNull();
    ground.docker.does(engine());
    expect(await patch()).toMatchObject({ containers: [], startedFrom: null, tag: null, inRegistry: null });
  });
});

describe("an image that is handed over", () => {
  it("is looked for under its giver's name in the engine and in the first registry", async () => {
    ground.docker.does(`[ "$*" = "image inspect ${repository()}:local-ann-1.0.0" ] && ${says(image(digest("1")))}`);
    const shared = registry.put("cased", "local-ann-1.0.0");
    const handed = (...argv: readonly string[]) => at.ask({ ...asking, look: lookAtHandedOver }, ...argv);
    const found = await handed("--from", "ann");
    expect(found).toMatchObject({ archive: null, inEngine: { id: digest("1") }, inRegistry: { digest: shared } });
    expect(await handed()).toMatchObject({ inEngine: null, inRegistry: { state: "absent" } });
    expect(await handed("--from", "ann", "--offline")).toMatchObject({
      inRegistry: null,
      inEngine: { id: digest("1") },
    });
    const path = join(at.dir, "no.tar");
    expect(await handed("--from", "ann", "--file", "no.tar")).toMatchObject({
      ...{ archive: { path, exists: false, digest: null }, inRegistry: null },
    });
    const none = { archive: null, inEngine: null, inRegistry: null };
    expect(await at.ask({ options, look: lookAtHandedOver }, "--from", "ann")).toEqual(none);
  });
});

describe("a port", () => {
  const look = (...argv: readonly string[]) => at.ask({ options, look: lookForPort }, ...argv);
  const taken = async <T>(number: number, work: () => Promise<T>): Promise<T> => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(number, "127.0.0.1", resolve));
    try {
      return await work();
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  };
  const own = () => 20_000 + ((process.getuid?.() ?? 0) % 1200) * 10;

  it("that was typed is told with whether it is free", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port: number } = server.address() as { port: number };
    expect(await look("--port", `${number}`)).toEqual({ number, free: false });
    await new Promise((resolve) => server.close(resolve));
    expect(await look("-p", `${number}`)).toEqual({ number, free: true });
  });

  it("is the original's fixed one, or the first free one from a number that is the user's own", async () => {
    const fixed = { ...options, autoAssignPort: flag("x", { fallback: false }) };
    expect((await at.ask({ options: fixed, look: lookForPort })).number).toBe(9999);
    const first = (await look()).number ?? 0;
    expect(first - own()).toBeGreaterThanOrEqual(0);
    expect(first - own()).toBeLessThan(100);
    expect((await taken(first, () => look())).number).toBeGreaterThan(first);
  });

  it("is free to each of many who look at once", async () => {
    const number = (await look()).number ?? 0;
    const looks = Array.from({ length: 20 }, () => isFree(number));
    expect(new Set(await Promise.all(looks))).toEqual(new Set([true]));
  });

  it.each(["0", "65536", "http", "99999999", "80a"])("is not %s", async (value) => {
    const workflow: Workflow = { about: "Try.", options, steps: () => [] };
    expect(told(await at.run(["try", workflow], "--json", "--port", value)).error).toMatchObject({
      what: `--port "${value}" is no port`,
      why: "A port is a number from 1 to 65535.",
      fix: "Use --port 8888",
    });
  });
});

it("the programs of the machine are told with their versions", async () => {
  ground.docker.does("case $1 in --version) echo 'Docker version 26.1.5, build x' ;; *) exit 1 ;; esac");
  const path = ground.env["PATH"];
  ground.env["PATH"] = ground.docker.bin;
  const programs = await loadPrograms(ground.repo, ground.env);
  ground.env["PATH"] = path;
  const version = (name: string) => programs.find((one) => one.name === name)?.version;
  expect([version("docker"), version("buildx"), version("git")]).toEqual(["26.1.5", null, null]);
});

it("the template is told with what the dir has of it, and the images of the other runnable dirs", async () => {
  ground.place("second");
  writeTo(join(ground.repo, "cased", "devops", "docker_build", "dev.Dockerfile"), "FROM scratch\n");
  const facts = await lookAtNewDir(await at.look([]));
  expect(Object.keys(facts.template)).toContain("devops/docker_build/dev.Dockerfile");
  expect(facts.existing).toEqual(["changelog.txt", "devops/docker_build/dev.Dockerfile", "repo_config.yaml"]);
  expect(facts.otherImages).toEqual([{ dir: "second", image: "second" }]);
});

it("the packages of a runnable dir are those of its pyproject.toml", async () => {
  const here = ground.place("python");
  expect((await here.ask({ options: {}, look: loadPackages })).pyproject).toBeNull();
  here.write("devops/docker_build/pyproject.toml", '[tool.poetry.dependencies]\npandas = "*"\n');
  expect((await here.ask({ options: {}, look: loadPackages })).pyproject).toMatchObject({
    folder: "python/devops/docker_build",
    lock: null,
  });
});

describe("which package is used", () => {
  const seen = {
    ...{ python: "3.12", files: ["a.py"], words: [], markers: [], broken: [] },
    imports: [{ file: "a.py", line: 3, text: "import dill", names: ["dill"] }],
    distributions: ["dill", "pandas"].map((name) => ({
      ...{ name, version: "1.0", modules: [name], scripts: [], groups: {}, requires: [] },
    })),
  };
  const use = (more = {}) =>
    doing(
      "use",
      packageUse({
        ...{ image: "cased:dev", user: "1:2", dirs: ["."], without: [], roots: ["."], started: [] },
        declared: ["dill", "pandas"].map((name) => ({ name, constraint: "*", group: "main" })),
        ...{ allowed: {}, where: null, ...more },
      }),
    );
  const ran = (...names: readonly string[]) =>
    ground.docker.does(
      `case "$1" in run) ${says(JSON.stringify({ ...seen, distributions: seen.distributions.filter(({ name }) => names.includes(name)) }))} ;; esac`,
    );

  it("is read in a container that is this run's, and one that nobody uses is bad news", async () => {
    ran("dill", "pandas");
    const ended = await at.plan([use()], "--json");
    expect(ended.code).toBe(1);
    expect(told(ended).result).toMatchObject({
      ...{ python: "3.12", unreadable: [] },
      packages: [
        { name: "dill", state: "used" },
        { name: "pandas", state: "unused" },
      ],
    });
    const line = ground.docker.asked().find((one) => one.startsWith("run")) ?? "";
    expect(line).toMatch(
      /^run --label dev\.slipway\.run=[0-9a-f-]{36}\.use --label dev\.slipway\.owner=\S+\|\d+\|\S* --rm /,
    );
    expect(line).toContain(`type=bind,source=${ground.repo},target=/app,readonly`);
  });

  it("is good news where all are used", async () => {
    ran("dill");
    const ended = await at.plan([use({ declared: [{ name: "dill", group: "main" }] })]);
    expect(ended).toMatchObject({ code: 0, out: expect.stringContaining("1 packages: 1 used") });
  });

  it("is told with each place, and bad news is a name that is used nowhere", async () => {
    ran("dill", "pandas");
    const found = await at.plan([use({ where: "dill" })], "--json");
    expect(found.code).toBe(0);
    expect(told(found).result).toMatchObject({ name: "dill", uses: [{ line: 3 }] });
    expect(await at.plan([use({ where: "pandas" })])).toMatchObject({ code: 1, out: 'nothing uses "pandas"\n' });
  });
});
