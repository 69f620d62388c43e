import { describe, expect, it } from "vitest";
import { callerIn } from "../../lib/container/caller.ts";
import { type Run, runContainer, shellText } from "../../lib/container/compose_file.ts";
import { type Command, command } from "../../lib/kinds/command.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import { chooseImage } from "../../lib/names/choose_image.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import type { Step } from "../../lib/plan/plan.ts";
import { config, digest, engine, facts, localImage, version } from "./factory.ts";

const reference = "127.0.0.1:5001/cmamp:dev-1.2.0";
const chosen = (world: AllFacts, stage: "dev" | "prod" = "dev") => chooseImage(world, stage, version("1.2.0"));
function step(world: Partial<AllFacts> = {}, more: Partial<Run> = {}): Step {
  const all = facts(world);
  return runContainer(all, {
    id: "run",
    title: "Run it",
    image: chosen(all),
    what: reference,
    argv: ["ls", "-l"],
    ...more,
  });
}
function start(...given: Parameters<typeof step>): Command {
  const started = step(...given)
    .do.filter(command.is)
    .find(({ container }) => container);
  if (started) return started;
  throw new Error("no container is started");
}
type App = Readonly<Record<string, unknown>> & { readonly volumes: readonly unknown[] };
function app(...given: Parameters<typeof step>): App {
  const file = step(...given).do.find((action) => writeFile.is(action) && action.path.endsWith(".yml"));
  if (!file || !writeFile.is(file)) throw new Error("no compose file is written");
  return (JSON.parse(file.content) as { services: { app: App } }).services.app;
}
const container = (section: object) => ({ config: config({ container: section }) });
const inDir = (dir: string) => ({ place: { ...facts().place, dir } });
const asRoot = { user: { ...facts().user, uid: 0, gid: 0 } };
const bind = (source: string, target: string, more = {}) => ({
  ...{ type: "bind", source, target, ...more },
  bind: { create_host_path: false },
});

describe("the step of a run", () => {
  it("has its name and title, and writes what the command reads before it", () => {
    const before = { kind: "check_disk" } as const;
    const after = { kind: "settle_move" } as const;
    const made = step({}, { before: [before], after: [after] });
    expect([made.id, made.title, made.do[0], made.do.at(-1)]).toEqual(["run", "Run it", before, after]);
    expect(made.do.map((action) => (command.is(action) ? action.argv[1] : action.kind))).toEqual([
      ...["check_disk", "write_file", "run", "write_file", "write_file", "compose", "settle_move"],
    ]);
  });

  it("starts one container by the file that it wrote", () => {
    const made = step();
    const file = made.do.find((action) => writeFile.is(action) && action.path.endsWith(".yml"));
    const path = file && writeFile.is(file) ? file.path : "";
    expect(path).toMatch(/^\.git\/slipway\/compose\/[0-9a-f]{12}\.yml$/);
    expect(start()).toEqual({
      kind: "command",
      argv: ["docker", "compose", "--progress", "quiet", "--file", path, "run", "app", "/slipway/run", "ls", "-l"],
      env: { IMAGE: reference },
      cwd: ".",
      container: true,
      receipt: { without: "run it with --no-entrypoint" },
    });
  });

  it("leaves a receipt wherever an entrypoint may stand before the command, and is the command itself elsewhere", () => {
    const binds = (...given: Parameters<typeof app>) =>
      (app(...given).volumes as { source: string; target: string }[]).flatMap(({ source, target }) =>
        target.startsWith("/slipway/r") ? [[source.replace(/[0-9a-f]{12}$/, "HASH"), target]] : [],
      );
    const both = [
      ["${SLIPWAY_RECEIPT:-/dev/null}", "/slipway/receipt"],
      ["/repo/.git/slipway/run/HASH", "/slipway/run"],
    ];
    expect(binds()).toEqual(both);
    expect(binds(container({ compose_files: ["more.yml"] }), { entrypoint: false })).toEqual(both);
    expect([binds({}, { entrypoint: false }), start({}, { entrypoint: false }).argv.slice(-3)]).toEqual([
      [],
      ["app", "ls", "-l"],
    ]);
    const fix = { withoutEntrypoint: "set it" };
    expect([start({}, fix).receipt, start({}, { ...fix, entrypoint: false }).receipt]).toEqual([
      { without: "set it" },
      undefined,
    ]);
  });

  it.each([
    [".", "more.yml"],
    ["sub", "sub/more.yml"],
  ])("adds the compose files of the runnable dir %s, whose paths are its own", (dir, path) => {
    const { argv } = start({ ...container({ compose_files: ["more.yml"] }), ...inDir(dir) });
    expect(argv.slice(6, 11)).toEqual(["--file", path, "--project-directory", dir, "run"]);
  });

  it("publishes ports only where there are any", () => {
    expect(start(container({ ports: ["8888:8888"] })).argv).toContain("--service-ports");
    expect(start({}, { ports: ["127.0.0.1:1:1"] }).argv).toContain("--service-ports");
    expect(start().argv).not.toContain("--service-ports");
  });

  it("publishes the run's own ports in place of the config's", () => {
    expect(app(container({ ports: ["8888:8888"] }), { ports: ["127.0.0.1:1:1"] })["ports"]).toEqual(["127.0.0.1:1:1"]);
  });

  it("is interactive, ends with a code of its own and has results by exit code, only where that is asked", () => {
    const meaning = { "5": { why: "Why.", fix: "Fix" } };
    expect(start({}, { interactive: true, meaning })).toMatchObject({ interactive: true, ownCode: true, meaning });
    expect(Object.keys(start())).toEqual(["kind", "argv", "env", "cwd", "container", "receipt"]);
  });

  it("is told of variables that only the run knows, by name in the file and by value to the command", () => {
    const variables = { UNDER: { from: "build" } } as const;
    expect(start({}, { variables }).env).toEqual({ IMAGE: reference, UNDER: { from: "build" } });
    expect(app({}, { variables })["environment"]).toContain("UNDER");
  });
});

describe("the compose file of a run", () => {
  it("starts in the dir that is asked for, else where the person stands; an entrypoint in the runnable dir", () => {
    const place = { ...facts().place, dir: "amp", cwd: "amp/it's here" };
    const at = (more: Partial<Run>): readonly unknown[] => {
      const runner = step({ place }, more).do.find((one) => writeFile.is(one) && one.path.includes("/run/"));
      const [, enter] = runner && writeFile.is(runner) ? runner.content.split("\n") : [];
      return [app({ place }, more)["working_dir"], enter ?? null];
    };
    expect(at({})).toEqual(["/app/amp", "cd '/app/amp/it'\\''s here' || exit"]);
    expect(at({ cwd: "there" })).toEqual(["/app/amp", "cd /app/there || exit"]);
    expect(at({ cwd: "amp" })).toEqual(["/app/amp", "trap : INT"]);
    expect(at({ entrypoint: false })).toEqual(["/app/amp/it's here", null]);
    expect(at({ image: chosen(facts(), "prod") })).toEqual(["/app/amp/it's here", "trap : INT"]);
  });

  it("keeps the entrypoint unless it is left out", () => {
    expect(["entrypoint" in app(), "entrypoint" in app({}, { entrypoint: true })]).toEqual([false, false]);
    expect(app({}, { entrypoint: false })["entrypoint"]).toEqual([]);
  });

  it("names another platform than the engine's own only where it is asked to", () => {
    expect([app({}, { platform: "linux/arm64" })["platform"], "platform" in app()]).toEqual(["linux/arm64", false]);
  });

  it("keeps nothing that is printed where that is asked", () => {
    expect([app({}, { unlogged: true })["logging"], "logging" in app()]).toEqual([{ driver: "none" }, false]);
  });

  it("lets the caller use the engine's socket by its group; root needs none", () => {
    const groups = (...given: Parameters<typeof app>) => app(...given)["group_add"] ?? null;
    expect([groups({}, { socket: true }), groups(container({ socket: true })), groups()]).toEqual([
      ["999"],
      ["999"],
      null,
    ]);
    expect([groups({}, { socket: true, asRoot: true }), groups(asRoot, { socket: true })]).toEqual([null, null]);
    expect(app({}, { socket: true, asRoot: true }).volumes).toContainEqual(
      bind("/var/run/docker.sock", "/var/run/docker.sock"),
    );
  });

  it("gives the caller a line in sudoers, and root none", () => {
    expect([app()["configs"], "configs" in app({}, { asRoot: true })]).toEqual([
      [{ source: "root_file_0", target: "/etc/sudoers.d/slipway" }],
      false,
    ]);
  });

  it("mounts what the config names of the home dir where root's HOME is, too", () => {
    expect(app({ ...container({ home: [".aws"] }), ...asRoot }).volumes.at(-1)).toEqual(
      bind("/home/gp/.aws", "/root/.aws"),
    );
  });

  it("ends with the mounts of the run itself", () => {
    const mounts = [{ source: "/x", target: "/y", readOnly: true as const }];
    expect(app({}, { mounts }).volumes.at(-1)).toEqual(bind("/x", "/y", { read_only: true }));
  });
});

describe("a volume of the config", () => {
  const volume = (text: string, dir = ".") =>
    app({ ...container({ volumes: [text] }), ...inDir(dir) }, { asRoot: true }).volumes.at(-1);
  it.each([
    ["./data:/data", ".", bind("/repo/data", "/data")],
    ["./data:/data:ro", "sub", bind("/repo/sub/data", "/data", { read_only: true })],
    ["./a/../b:/data", ".", bind("/repo/b", "/data")],
    ["../data:/data", "sub", bind("/repo/data", "/data")],
    ["./a/b.c:/data", ".", bind("/repo/a/b.c", "/data")],
    ["~/data:/data", ".", bind("/home/gp/data", "/data")],
    ["/data:/data", ".", bind("/data", "/data")],
    ["/a/../b:/data", "sub", bind("/a/../b", "/data")],
    ["/a~/b:/data", ".", bind("/a~/b", "/data")],
    ["cache:/data", "sub", "cache:/data"],
    ["~cache:/data", ".", "~cache:/data"],
  ])("%s of the dir %s is this on the machine", (text, dir, wanted) => {
    expect(volume(text, dir)).toEqual(wanted);
  });
});

describe("shell text", () => {
  const text = shellText(facts(), "ls | wc -l");
  it("is a mounted file whose path is the command, so that no entrypoint splits it", () => {
    const source = text.mounts[0]?.source ?? "";
    expect(source).toMatch(/^\/repo\/\.git\/slipway\/cmd\/[0-9a-f]{12}$/);
    expect([text.argv, text.mounts]).toEqual([["/slipway/cmd"], [{ source, target: "/slipway/cmd", readOnly: true }]]);
  });

  it("runs in bash where there is one, and only its user may read it", () => {
    expect(text.before).toEqual([
      {
        kind: "write_file",
        path: text.mounts[0]?.source.replace("/repo/", ""),
        content: `#!/bin/sh\n[ -n "\${BASH_VERSION-}" ] || ! command -v bash >/dev/null 2>&1 || exec bash "$0" "$@"\nls | wc -l\n`,
        mode: "0700",
      },
    ]);
  });
});

describe("the caller in a container", () => {
  const who = (more: Partial<AllFacts> = {}, run: { what?: string; asRoot?: boolean } = {}) => {
    const all = facts(more);
    return callerIn(all, { image: chosen(all), what: reference, ...run });
  };

  it("is nobody for root", () => {
    expect([who(asRoot), who({}, { asRoot: true })]).toEqual([null, null]);
  });

  it("has HOME, sudo without a password, and passwd and group that only root could write", () => {
    const caller = who();
    const folder = caller?.mounts[0]?.source.replace(/\/passwd$/, "") ?? "";
    expect(folder).toMatch(/^\/repo\/\.git\/slipway\/users\/[0-9a-f]{12}$/);
    expect([caller?.home, caller?.sudoers, caller?.mounts]).toEqual([
      "/home/gp",
      "gp ALL=(ALL) NOPASSWD: ALL\n",
      [
        { source: `${folder}/passwd`, target: "/etc/passwd", readOnly: true },
        { source: `${folder}/group`, target: "/etc/group", readOnly: true },
        { source: `${folder}/home`, target: "/home/gp" },
      ],
    ]);
  });

  it("gets its lines into the image's own files, which are replaced at once", () => {
    const caller = who({ user: { name: "ann", uid: 7, gid: 8, home: "/home/ann" } });
    const folder = caller?.mounts[0]?.source.replace(/\/passwd$/, "") ?? "";
    expect(caller?.files).toEqual([
      {
        kind: "write_file",
        path: `${folder.replace("/repo/", "")}/home/.slipway`,
        content: "The HOME of containers of this image.\n",
      },
      {
        kind: "command",
        argv: [
          ...["docker", "run", "--rm", "--pull", "never", "--user", "7:8", "--entrypoint", "sh"],
          ...["--mount", `type=bind,source=${folder},target=/out`, reference, "-c"],
          "set -e; new=$(mktemp -d /out/new.XXXXXX); " +
            "for f in passwd group; do cat /etc/$f > $new/$f 2>/dev/null || : > $new/$f; done; " +
            "grep -q '^[^:]*:[^:]*:8:' $new/group || echo 'ann:x:8:' >> $new/group; " +
            "{ grep -v '^[^:]*:[^:]*:7:' $new/passwd || :; echo 'ann:*:7:8::/home/ann:/bin/bash'; } > $new/all; " +
            "mv $new/all /out/passwd; mv $new/group /out/group; rm -r $new",
        ],
        env: {},
        cwd: ".",
      },
    ]);
  });

  it("has those lines made once for an image that is known by its id, the group's last", () => {
    const local = engine({ images: [localImage(reference, { id: digest("1") })] });
    const makes = ({ what, ...more }: Partial<AllFacts> & { what?: string }) => {
      const caller = who(more, what ? { what } : {});
      const folder = caller?.mounts[0]?.source.replace(/^\/repo\/(.*)\/passwd$/, "$1");
      return caller?.files.map((file) => ("makes" in file ? file.makes === `${folder}/group` : "each time"));
    };
    expect([makes({ engine: local }), makes({}), makes({ engine: local, what: digest("2") })]).toEqual([
      ["each time", true],
      ["each time", "each time"],
      ["each time", "each time"],
    ]);
  });

  it("has files of its own for each image, user, group and name", () => {
    const folderOf = (more: Partial<AllFacts>) => who(more)?.mounts[0]?.source;
    const withImage = (id: string) => ({ engine: engine({ images: [localImage(reference, { id: digest(id) })] }) });
    const user = facts().user;
    const folders = [
      {},
      withImage("1"),
      withImage("2"),
      { user: { ...user, uid: 1001 } },
      { user: { ...user, gid: 1001 } },
      { user: { ...user, name: "ann" } },
      container({}),
    ].map(folderOf);
    expect(new Set(folders).size).toBe(6);
    expect(folders[6]).toBe(folders[0]);
    expect(folderOf({ config: config({ docker_info: { docker_image_name: "other" } }) })).not.toBe(folders[0]);
  });

  it.each([
    ["gp", "/home/gp"],
    ["_a-b_9", "/home/_a-b_9"],
    [`a${"b".repeat(30)}`, `/home/a${"b".repeat(30)}`],
    [`a${"b".repeat(31)}`, "/home/uid1000"],
    ["9a", "/home/uid1000"],
    ["a b", "/home/uid1000"],
    ["Ann", "/home/uid1000"],
    ["a.b", "/home/uid1000"],
  ])("called %s lives in %s", (name, home) => {
    expect(who({ user: { ...facts().user, name } })?.home).toBe(home);
  });
});
