import { describe, expect, it } from "vitest";
import { type Run, runContainer } from "../../lib/container/compose_file.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import { chooseImage } from "../../lib/names/choose_image.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { renderAction } from "../../lib/plan/render_plan.ts";
import { config, engine, facts, git, localImage, refusal, version } from "./factory.ts";

type Mount = {
  readonly source: string;
  readonly target: string;
  readonly read_only?: boolean;
  readonly bind: { readonly create_host_path: boolean };
};
type App = {
  readonly image: string;
  readonly pull_policy: string;
  readonly user?: string;
  readonly working_dir: string;
  readonly environment: readonly string[];
  readonly volumes: readonly (Mount | string)[];
} & Readonly<Record<string, unknown>>;

/** The generated compose file of a run in dev-1.2.0, as text and as its one service. */
function compose(world: Partial<AllFacts> = {}, more: Partial<Run> = {}): { text: string; app: App; mounts: Mount[] } {
  const all = facts(world);
  const image = chooseImage(all, more.image?.stage ?? "dev", version("1.2.0"));
  const made = runContainer(all, { id: "run", title: "Run", image, what: image.reference, argv: ["ls"], ...more });
  const file = made.do.find((action) => writeFile.is(action) && action.path.endsWith(".yml"));
  if (!file || !writeFile.is(file)) throw new Error("no compose file is written");
  const app = (JSON.parse(file.content) as { services: { app: App } }).services.app;
  return { text: file.content, app, mounts: app.volumes.filter((one): one is Mount => typeof one !== "string") };
}
const container = (section: object) => ({ config: config({ container: section }) });
const prod = { image: chooseImage(facts(), "prod", version("1.2.0")) };

describe("the compose file of a run", () => {
  it("never pulls", () => {
    expect(compose().app.pull_policy).toBe("never");
  });

  it("takes the image from the runner, so that one file serves every digest", () => {
    expect(compose().app.image).toBe("${IMAGE}");
  });

  it.each([
    "GH_TOKEN",
    "CSFY_AWS_SECRET_ACCESS_KEY",
    "OPENAI_API_KEY",
    "CSFY_TELEGRAM_TOKEN",
    "GH_ACTION_ACCESS_TOKEN",
  ])("names %s where the config does, and holds no value of it", (name) => {
    expect(compose({ env: { [name]: "s3cret" } }).app.environment).not.toContain(name);
    const { app, text } = compose({ ...container({ pass_env: [name] }), env: { [name]: "s3cret" } });
    expect({ named: app.environment.includes(name), told: text.includes("s3cret") }).toEqual({
      named: true,
      told: false,
    });
  });

  it.each(["HOME", "PATH", "DOCKER_HOST", "npm_config_cache"])("passes no %s of the host", (name) => {
    expect(compose({ env: { [name]: "x" } }).app.environment).not.toContain(name);
  });

  it("lets the config's value win over the host's", () => {
    const { app } = compose({ ...container({ env: { GH_TOKEN: "fixed" } }), env: { GH_TOKEN: "s3cret" } });
    expect(app.environment.filter((line) => line.startsWith("GH_TOKEN"))).toEqual(["GH_TOKEN=fixed"]);
  });

  it.each(["$HOME", "a$$b", "${X}"])("doubles the $ of %s, which compose would fill in", (value) => {
    expect(compose(container({ env: { A: value } })).app.environment).toContain(`A=${value.replaceAll("$", "$$$$")}`);
  });

  it("doubles the $ of a mounted path", () => {
    const { mounts } = compose({ place: { ...facts().place, root: "/a$b" } });
    expect(mounts.find(({ target }) => target === "/app")?.source).toBe("/a$$b");
  });

  it("creates no missing bind source", () => {
    const home = container({ home: [".aws"], socket: true });
    const creating = compose(home).mounts.map(({ source, bind }) => [source, bind.create_host_path]);
    expect(creating).toEqual(
      expect.arrayContaining([
        ["/repo", false],
        ["/home/gp/.aws", false],
      ]),
    );
    expect(creating.filter(([, creates]) => creates !== false)).toEqual([]);
  });

  it("labels the container with run, owner, image and user", () => {
    expect(compose().app["labels"]).toEqual({
      "dev.slipway.run": "${SLIPWAY_RUN:-}",
      "dev.slipway.owner": "${SLIPWAY_OWNER:-}",
      "dev.slipway.image": "cmamp",
      "dev.slipway.user": "gp",
    });
  });

  it.each([
    ["privileged", { privileged: true }, { privileged: true }],
    ["ports", { ports: ["8888:8888"] }, { ports: ["8888:8888"] }],
    ["env files", { env_file: ["a.env", "/b.env"] }, { env_file: ["/repo/a.env", "/b.env"] }],
    ["a network of its own choice", { network: "lab" }, { networks: ["outside"] }],
    ["the bridge without one", {}, { network_mode: "bridge" }],
  ])("has %s as configured", (_name, section, expected) => {
    expect(compose(container(section)).app).toMatchObject(expected);
  });

  it("leaves the entrypoint out where that is asked", () => {
    expect(compose({}, { entrypoint: false }).app["entrypoint"]).toEqual([]);
  });
});

describe("the plan of a run", () => {
  /** Its lines as `--dry-run` prints them, behind the compose file. */
  const told = (world: Partial<AllFacts>) => {
    const all = facts(world);
    const image = chooseImage(all, "dev", version("1.2.0"));
    const run = runContainer(all, { id: "run", title: "Run", image, what: image.reference, argv: ["ls"] });
    return run.do.flatMap((action) => renderAction(action, "it")).filter((line) => line.startsWith("#   "));
  };

  it.each([
    [{}, []],
    [{ privileged: true }, ["#   privileged: it may do on this machine whatever root may"]],
    [{ socket: true }, ["#   socket: /var/run/docker.sock, through which it commands the engine"]],
    [{ volumes: ["~/x:/y:ro", "cache:/c"] }, ["#   volume: /home/gp/x:/y:ro", "#   volume: cache:/c"]],
    [{ home: [".aws", ".ssh"] }, ["#   home: /home/gp/.aws", "#   home: /home/gp/.ssh"]],
    [{ env_file: ["secret.env"] }, ["#   env_file: /repo/secret.env"]],
    [{ compose_files: ["more.yml"] }, ["#   compose_file: more.yml, which may add to all of this"]],
  ])("tells a line for each way out of the container: %j", (section, lines) => {
    expect(told(container(section))).toEqual(lines);
  });
});

describe("what is mounted", () => {
  const targets = (...given: Parameters<typeof compose>) => compose(...given).mounts.map(({ target }) => target);

  it("is the outermost repo on /app for dev", () => {
    expect(compose().mounts[2]).toMatchObject({ source: "/repo", target: "/app" });
  });

  it("is no code for prod, which has its own", () => {
    expect(targets({}, prod)).not.toContain("/app");
  });

  it("is the Git dir of a worktree at its own path", () => {
    const place = { ...facts().place, gitMounts: ["/main/.git"] };
    expect(compose({ place }).mounts[3]).toMatchObject({ source: "/main/.git", target: "/main/.git" });
  });

  it("is what names programs to Git to be read only, inside or beside the repo", () => {
    const gitPrograms = ["/repo/.git/config", "/repo/.git/hooks", "/main/.git/config"];
    const { mounts } = compose({ place: { ...facts().place, gitPrograms } });
    expect(mounts.filter(({ source }) => gitPrograms.includes(source))).toMatchObject([
      { source: "/repo/.git/config", target: "/app/.git/config", read_only: true },
      { source: "/repo/.git/hooks", target: "/app/.git/hooks", read_only: true },
      { source: "/main/.git/config", target: "/main/.git/config", read_only: true },
    ]);
    expect(targets({ place: { ...facts().place, gitPrograms } }, prod)).not.toContain("/app/.git/config");
  });

  it("is the engine's socket only where it is asked for", () => {
    expect(
      [targets(), targets(container({ socket: true }))].map((all) => all.includes("/var/run/docker.sock")),
    ).toEqual([false, true]);
  });

  it("is what the config names of the home dir, where HOME is", () => {
    expect(compose(container({ home: [".aws"] })).mounts.at(-1)).toMatchObject({
      source: "/home/gp/.aws",
      target: "/home/gp/.aws",
    });
  });
});

describe("a container that is started from inside another", () => {
  const hostMounts = [
    { source: "/home/ada/repo", target: "/app" },
    { source: "/home/ada/slipway", target: "/opt/slipway", readOnly: true as const },
    { source: "/run/user/1000/docker.sock", target: "/var/run/docker.sock" },
  ];
  const place = { ...facts().place, root: "/app", owner: "/app", gitDir: "/app/.git" };
  const inside = (section: object = {}): Partial<AllFacts> => ({ ...container(section), hostMounts, place });

  it("gets all that it gets by the paths of the engine's machine", () => {
    const { mounts, app } = compose(inside({ socket: true, volumes: ["./data:/data:ro", "cache:/c"] }));
    const sources = mounts.map(({ source }) => source).filter((source) => !source.startsWith("${"));
    expect(sources.filter((source) => !/^\/(home\/ada\/repo|run\/user\/1000\/docker.sock)(\/|$)/.test(source))).toEqual(
      [],
    );
    expect(sources).toContain("/home/ada/repo/data");
    expect(app.volumes).toContain("cache:/c");
    expect(app.environment).toContain("CSFY_HOST_GIT_ROOT_PATH=/home/ada/repo");
  });

  it("has its receipt and the caller's files there too", () => {
    const all = facts(inside());
    const image = chooseImage(all, "dev", version("1.2.0"));
    const made = runContainer(all, { id: "run", title: "Run", image, what: image.reference, argv: ["ls"] });
    expect(made.do.at(-1)).toMatchObject({ receipt: { onHost: "/home/ada/repo/.git/slipway/receipts" } });
    const user = made.do.map((action) => renderAction(action, "it").join("\n")).find((line) => line.includes("/out"));
    expect(user).toContain("type=bind,source=/home/ada/repo/.git/slipway/users/");
  });

  it.each([
    ["a repo that is there alone", { ...inside(), place: { ...place, root: "/tmp/x" } }, "/tmp/x"],
    ["a volume that is", inside({ volumes: ["/data:/data"] }), "/data"],
    ["what is in no home of the caller's there", inside({ home: [".aws"] }), "/home/gp/.aws"],
  ])("is refused for %s", (_what, world, path) => {
    expect(refusal(() => compose(world)).message).toBe(`the machine of the engine does not have "${path}"`);
  });
});

describe("a compose file of the config, for a container that is started from inside another,", () => {
  const hostMounts = [
    { source: "/home/ada/repo", target: "/app" },
    { source: "/srv/same", target: "/srv/same" },
  ];
  const place = { ...facts().place, root: "/app", owner: "/app", gitDir: "/app/.git", dir: "sub" };
  const bound = (...sources: readonly string[]): Partial<AllFacts> => ({
    ...container({ compose_files: ["more.yml"] }),
    ...{ hostMounts, place, composeBinds: sources.map((source) => ({ file: "sub/more.yml", source })) },
  });

  it.each([
    ["./data", "/home/ada/repo/sub/data"],
    ["../data", "/home/ada/repo/data"],
    ["/app/x", "/home/ada/repo/x"],
    ["/data", "no such path"],
    ["~/x", "no such path"],
    ["${DATA}", "what the variable says here"],
  ])("is refused for %s, which compose hands on untranslated", (source, why) => {
    const refused = refusal(() => compose(bound(source)));
    expect(refused.message).toBe(`sub/more.yml mounts "${source}", which is another path for the engine`);
    expect(refused.why).toContain(why);
    expect(refused.fix).toContain("container: {volumes: [...]} of repo_config.yaml");
  });

  it("may bind what has the same path there, and anything on the engine's own machine", () => {
    expect(compose(bound("/srv/same/x")).mounts.length).toBeGreaterThan(0);
    const own = { ...bound("./data", "/data"), hostMounts: null };
    expect(compose(own).mounts.length).toBeGreaterThan(0);
  });
});

describe("Slipway", () => {
  const slipway = [
    { source: "/opt/slipway", target: "/opt/slipway", readOnly: true as const },
    { source: "/usr/bin/docker", target: "/opt/slipway_docker/docker", readOnly: true as const },
  ];
  const targets = (...given: Parameters<typeof compose>) => compose(...given).mounts.map(({ target }) => target);

  it("is mounted read-only, and what is started inside belongs to the run", () => {
    const { mounts, app } = compose({ slipway });
    expect(mounts.slice(-2)).toMatchObject(slipway.map(({ source }) => ({ source, read_only: true })));
    expect(app.environment).toContain("SLIPWAY_OUTER_RUN=${SLIPWAY_RUN:-}");
    expect(compose().text).not.toContain("SLIPWAY_OUTER_RUN");
  });

  it("is not mounted where a container has another platform than its programs", () => {
    expect(targets({ slipway }, { platform: "linux/arm64" })).not.toContain("/opt/slipway");
  });

  it("is what of it the engine's machine has", () => {
    const hostMounts = ["/app", "/opt/slipway"].map((target) => ({ source: `/h${target}`, target }));
    const place = { ...facts().place, root: "/app", owner: "/app", gitDir: "/app/.git" };
    const { mounts } = compose({ slipway, hostMounts, place });
    expect(mounts.at(-1)).toMatchObject({ source: "/h/opt/slipway", target: "/opt/slipway" });
  });
});

describe("who runs in the container", () => {
  const root = { user: { ...facts().user, uid: 0, gid: 0 } };
  it.each<[string, string | undefined, Partial<AllFacts>, Partial<Run>]>([
    ["the caller", "1000:1000", {}, {}],
    ["root with --as-root", "0:0", {}, { asRoot: true }],
    ["the image's user where the caller is root", undefined, root, {}],
  ])("is %s", (_name, user, world, more) => {
    expect(compose(world, more).app.user).toBe(user);
  });

  it.each(["o'neill", "a b", "-x", "J.Doe", "x;id"])("named %s gets a name that passwd can hold", (name) => {
    expect(compose({ user: { ...facts().user, name } }).app.environment).toContain("HOME=/home/uid1000");
  });
});

describe("what the container is told", () => {
  const label = "org.opencontainers.image.";
  const image = localImage("127.0.0.1:5001/cmamp:dev-1.2.0", {
    labels: {
      [`${label}version`]: "1.1.0",
      [`${label}created`]: "2025-01-02T03:04:05Z",
      [`${label}revision`]: "abc",
    },
  });

  it.each([
    "CONTAINER_VERSION=cmamp-1.1.0",
    "AM_CONTAINER_VERSION=1.1.0",
    "BUILD_TAG=cmamp-1.1.0-20250102_030405-main-abc",
  ])("%s comes from the image's labels", (line) => {
    expect(compose({ engine: engine({ images: [image] }) }).app.environment).toContain(line);
  });

  it.each(["CSFY_ENABLE_DIND=0", "CSFY_GIT_ROOT_PATH=/app", "CSFY_HOST_USER_NAME=gp", "SLIPWAY_STAGE=dev"])(
    "%s is among the variables",
    (line) => {
      expect(compose().app.environment).toContain(line);
    },
  );

  it("a detached head is said to be one", () => {
    expect(compose({ git: git({ branch: null }) }).text).toContain("-detached-");
  });

  it.each([
    [".", "/app"],
    ["sub/dir", "/app/sub/dir"],
  ])("it starts in %s as %s", (cwd, expected) => {
    expect(compose({ place: { ...facts().place, cwd } }, { entrypoint: false }).app.working_dir).toBe(expected);
  });
});
