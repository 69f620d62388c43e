import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { awaitServices } from "../../lib/services/await_services.ts";
import runFastTests from "../../scripts/run_fast_tests.ts";
import serviceLogs from "../../scripts/service_logs.ts";
import serviceUp from "../../scripts/service_up.ts";
import { doing, type Ground, type Place, startGround, told } from "./ground.ts";

let ground: Ground;
let database: Place;
let web: Place;
beforeAll(async () => {
  ground = await startGround();
  database = ground.place("database", {
    config:
      'services: {compose_file: compose/s.yml, env_file: {local: local.env}, ready: {db: [query, "it\'s"]}, within: 5}\n',
  });
  web = ground.place("web", { config: "services: {of: ../database, needed_by: [fast]}\n" });
});
afterAll(() => ground.end());

const plain = "services: {db: {image: postgres, environment: [TOKEN]}}\n";
const written = (text: string) => database.write("compose/s.yml", text);
/** What the engine has of the only service, as docker inspects it. */
const inspected = (state: object): string =>
  JSON.stringify([
    {
      ...{ Id: "3f2a91", Name: "/slipway-db-1", State: { Status: "running", ExitCode: 0, ...state } },
      Config: { Image: "postgres", Labels: { "com.docker.compose.service": "db", "dev.slipway.stage": "local" } },
      NetworkSettings: { Ports: { "5432/tcp": [{ HostIp: "127.0.0.1", HostPort: "32768" }] } },
    },
  ]);
/** An engine that has that service, or none, and does this for other questions. */
const engineWith = (state: object | null, more = ""): void =>
  ground.docker.does(`
case "$1 $2" in
  'info --format') echo '{"ServerVersion":"26.1.5","OSType":"linux","Architecture":"x86_64","DriverStatus":[["driver-type","io.containerd.snapshotter.v1"]],"ClientInfo":{"Plugins":[{"Name":"compose"},{"Name":"buildx"}]}}' ;;
  'ps --all') ${state ? "echo 3f2a91" : ":"} ;;
  'container inspect') cat <<'END'
${inspected(state ?? {})}
END
  ;;
  ${more}
esac`);

describe("services are refused where", () => {
  afterEach(() => {
    written(plain);
    database.write("local.env", "TOKEN=from the file\n");
  });
  it.each<[string, () => void, string]>([
    ["their file is not there", () => written("").length, "database/compose/s.yml:1 services names no service"],
    ["it is no YAML", () => written("services: ["), "database/compose/s.yml:1"],
    ["it is two documents", () => written(`${plain}---\nservices: {}\n`), "database/compose/s.yml:"],
    ["it has a key twice", () => written(`${plain}services: {}\n`), "database/compose/s.yml:2"],
    [
      "ready names another",
      () => written("services: {other: {}}\n"),
      'services.ready names "db", which database/compose/s.yml',
    ],
    [
      "a variable would name another engine",
      () => database.write("local.env", "export DOCKER_HOST=tcp://x\n"),
      "database/local.env sets DOCKER_HOST",
    ],
    [
      "a path is a link that leaves the repo",
      () => {
        symlinkSync("/etc", join(database.dir, "compose/seed"));
        written("services: {db: {volumes: ['./seed:/x']}}\n");
      },
      '"database/compose/seed" is a link that leads out of the repo',
    ],
  ])("%s", async (_, spoil, what) => {
    written(plain);
    engineWith(null);
    spoil();
    const { code, err } = await database.run(["service_up", serviceUp], "--dry-run");
    expect([code, err]).toEqual([2, expect.stringContaining(what)]);
  });

  it("a file lies outside of the repo, which may be the user's own", async () => {
    const files = { ".": "compose_file: ../../own.yml", env: "compose_file: s.yml, env_file: {local: ../../own.env}" };
    writeFileSync(join(ground.dir, "own.yml"), plain);
    writeFileSync(join(ground.dir, "own.env"), "TOKEN=mine\n");
    engineWith(null);
    for (const [at, keys] of Object.entries(files)) {
      const place = ground.place(at === "." ? "outside" : at, { config: `services: {${keys}}\n` });
      place.write("s.yml", plain);
      const { code, err } = await place.run(["service_up", serviceUp], "--dry-run");
      expect([code, err]).toEqual([
        2,
        expect.stringMatching(/services names "..\/..\/own.\w+", which leads out of the repo/),
      ]);
    }
  });

  it("the dir that is named has none of its own", async () => {
    const other = ground.place("other", { config: "services: {of: ../web}\n" });
    const { code, err } = await other.run(["service_up", serviceUp]);
    expect([code, err]).toEqual([2, expect.stringContaining('services.of names "../web"')]);
  });
});

describe("service_up", () => {
  it("gives compose nothing of the caller's variables, and asks for each service as its own dir and a sibling do", async () => {
    engineWith(null, '"compose "*) env >>"$(dirname "$0")/env" ;;');
    ground.env["TOKEN"] = "the caller's";
    try {
      const { code, err } = await web.run(["service_up", serviceUp]);
      expect([code, err]).toEqual([
        1,
        expect.stringContaining("the service db ended before it was ready: it has no container"),
      ]);
      const asked = ground.docker.asked().filter((line) => line.startsWith("compose"));
      expect(asked.map((line) => line.split(" ").slice(-3).join(" "))).toEqual([
        "--policy missing --ignore-buildable",
        "up --detach --remove-orphans",
      ]);
      expect(asked[1]).toContain("--project-directory database/compose --env-file database/local.env");
    } finally {
      delete ground.env["TOKEN"];
    }
    const seen = ground.place("seen").read("../../bin/env");
    expect([seen.includes("TOKEN"), seen.includes("PATH=")]).toEqual([false, true]);
  });

  it("waits for trust before it starts what asks for more", async () => {
    written("services: {db: {image: postgres, privileged: true}}\n");
    engineWith(null);
    const { code, err } = await database.run(["service_up", serviceUp], "--yes");
    expect([code, err]).toEqual([2, expect.stringContaining("the service db is privileged")]);
    expect(ground.docker.asked().filter((line) => line.startsWith("compose"))).toEqual([]);
    written(plain);
  });
});

describe("the wait for an answer", () => {
  const wait = (ready: readonly string[] | null) =>
    database.plan(
      [doing("wait", awaitServices({ project: "p", services: [{ name: "db", ready }], within: 5 }))],
      "--json",
    );
  const error = async (ready: readonly string[] | null) => told(await wait(ready)).error;

  it("ends with the first query that is answered, whatever was before", async () => {
    const answers = `'exec 3f2a91') printf '%s\\n' "$@" >"$(dirname "$0")/words"; f="$(dirname "$0")/tries"; echo x >>"$f"; [ "$(wc -l <"$f")" -ge 3 ] ;;`;
    engineWith({}, answers);
    const { code, out } = await wait(["query", "it's $(x)"]);
    expect(code).toBe(0);
    expect(told<{ result: readonly unknown[] }>({ code, out, err: "" }).result).toMatchObject([
      { service: "db", ports: ["127.0.0.1:32768->5432/tcp"] },
    ]);
    expect(database.read("../../bin/words")).toBe("exec\n3f2a91\nquery\nit's $(x)\n");
    expect(ground.docker.asked().filter((line) => line.startsWith("exec"))).toHaveLength(3);
  });

  it.each<[string, object, string, string]>([
    [
      "never answers",
      {},
      "'exec 3f2a91') echo 'no: \u001b[31mred' >&2; exit 1 ;;",
      "was not ready after 5 s: its query was not answered: no: red",
    ],
    [
      "is unhealthy",
      { Health: { Status: "unhealthy" } },
      "",
      "was not ready after 5 s: its healthcheck says unhealthy",
    ],
    ["starts again and again", { Status: "restarting" }, "", "was not ready after 5 s: it is restarting"],
    ["ended", { Status: "exited", ExitCode: 3 }, "", "ended before it was ready: it exited with 3"],
  ])("ends with the last lines of the log of a service that %s", async (what, state, more, said) => {
    engineWith(state, `${more} 'logs --tail') echo 'the last line'; echo 'of both' >&2 ;;`);
    const { what: message, why, fix } = await error(what === "never answers" ? ["query"] : null);
    expect(message).toContain(`the service db ${said}`);
    expect(why).toBe("The last lines of its log:\nthe last line\nof both");
    expect(fix).toContain("i service_logs db; i service_down removes it");
  });

  it("is over for a job that ended well, for a healthy service, and for one that nobody can ask, which is said", async () => {
    for (const state of [{ Status: "exited" }, { Health: { Status: "healthy" } }]) {
      engineWith(state);
      expect((await wait(null)).err).toContain("db answers\n");
    }
    engineWith({});
    const { code, err } = await wait(null);
    expect([code, err]).toEqual([0, expect.stringContaining("db has no healthcheck and no services.ready")]);
  });
});

it("service_logs takes no name that is no service's, whatever it looks like", async () => {
  engineWith({});
  for (const name of ["$(touch x)", "--follow=x", "a\nb"]) {
    const { code, err } = await database.run(["service_logs", serviceLogs], `--services=${name}`);
    expect([code, err]).toEqual([2, expect.stringMatching(/^error: no service ".*" is up$/m)]);
  }
});

describe("tests that need services", () => {
  it("are refused with the line to type, and their dry run plans all the same", async () => {
    engineWith(null);
    const { code, err } = await web.run(["run_fast_tests", runFastTests], "--offline");
    expect([code, err]).toEqual([
      2,
      expect.stringMatching(/need are not up: db$[\s\S]*fix: Start them: i service_up/m),
    ]);
    const planned = await web.run(["run_fast_tests", runFastTests], "--offline", "--dry-run");
    expect([planned.code, planned.out]).toEqual([
      0,
      expect.stringMatching(/^# would be refused: services that the fast tests need/m),
    ]);
  });
});
