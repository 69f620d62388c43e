import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commitAll } from "../bed/git.ts";
import { startLive } from "../bed/live.ts";
import { needs } from "../bed/parts.ts";
import { postgresImage, postgresService } from "../bed/postgres.ts";
import { story } from "../bed/story.ts";
import { tinyImage } from "../bed/tiny.ts";
import { changelog, type Ground, makeGround, write } from "../bed/tiny_repo.ts";
import { docker, workflowsIn } from "../bed/workflow.ts";

type Told = {
  readonly result: { readonly services: readonly { readonly service: string; readonly ports: readonly string[] }[] };
};

let ground: Ground;
let repo = "";
const at = (dir: string, env: NodeJS.ProcessEnv = process.env) => workflowsIn(join(repo, dir), { env });
const local = ["--stage", "local", "--version", "1.0.0"];
const psql = (host: string, text: string) => [
  "psql",
  "-h",
  host,
  "-U",
  "postgres",
  "-v",
  "ON_ERROR_STOP=1",
  "-Atc",
  text,
];

/** A runnable dir whose image the engine has already: that of the server, which has its client too. */
async function addDir(name: string, more: Readonly<Record<string, unknown>>, files: Readonly<Record<string, string>>) {
  const config = {
    docker_info: { docker_image_name: name },
    container_registry_info: { r1: { address: ground.addresses["r1"], kind: "oci" } },
    ...more,
  };
  const own = { "repo_config.yaml": JSON.stringify(config), "changelog.txt": changelog(name, "1.0.0"), ...files };
  write(join(repo, name), own);
  await docker("tag", postgresImage, `${ground.addresses["r1"]}/${name}:local-root-1.0.0`);
}

beforeAll(async () => {
  await needs("postgres");
  ground = await makeGround(1);
  repo = await ground.repo("served");
  const services = {
    compose_file: "devops/compose/services.yml",
    env_file: { local: "devops/env/local.env", dev: "devops/env/dev.env" },
    ready: { postgres: psql("127.0.0.1", "select 1") },
  };
  const postgres = {
    ...postgresService,
    environment: { PGDATA: "/data/${DATABASE}" },
    ports: ["5432"],
    volumes: ["data:/data"],
  };
  await addDir(
    "database",
    { services, tests: { fast: { command: psql("postgres", "create table answers as select 42 as answer") } } },
    {
      "devops/compose/services.yml": JSON.stringify({ services: { postgres }, volumes: { data: null } }),
      "devops/env/local.env": "DATABASE=main\n",
      "devops/env/dev.env": "DATABASE=other\n",
    },
  );
  const asks = `test "$(${psql("postgres", "'select answer from answers'").join(" ")})" = 42`;
  await addDir("web", { services: { of: "../database" }, tests: { fast: { command: ["sh", "-c", asks] } } }, {});
  await addDir(
    "broken",
    {
      services: { compose_file: "services.yml", ready: { never: ["sh", "-c", "echo not yet >&2; exit 1"] }, within: 1 },
    },
    {
      "services.yml": JSON.stringify({
        services: {
          never: { image: tinyImage, command: ["sh", "-c", "echo it listens; sleep 600"], stop_signal: "SIGKILL" },
        },
      }),
    },
  );
  await commitAll(repo, "Serve");
});
afterAll(async () => {
  for (const [dir, user] of [
    ["database", "root"],
    ["database", "bob"],
    ["broken", "root"],
  ] as const)
    await at(dir, { ...process.env, SLIPWAY_USER: user })("service_down", "--volumes", "--yes");
  await ground.end();
});

const portOf = async (env?: NodeJS.ProcessEnv): Promise<string> => {
  const { stdout } = await at("database", env)("service_ps", "--json");
  const [port] = (JSON.parse(stdout) as Told).result.services[0]?.ports ?? [];
  return /^127\.0\.0\.1:(\d+)->5432\/tcp$/.exec(port ?? "")?.[1] ?? `none of ${port}`;
};
/** Asks the server from this machine, as a program of the person's would. */
const fromOutside = async (text: string, env?: NodeJS.ProcessEnv): Promise<string> => {
  const [, , , ...words] = psql("", text);
  return docker(
    "run",
    "--rm",
    "--network",
    "host",
    postgresImage,
    "psql",
    "-h",
    "127.0.0.1",
    "-p",
    await portOf(env),
    ...words,
  );
};

describe("a PostgreSQL of a runnable dir", story, () => {
  it("is asked for by its line where tests need it and it is not up", async () => {
    const { code, stderr } = await at("web")("run_fast_tests", ...local);
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/need are not up: postgres\n.*\n.*fix: Start them: i service_up;/),
    ]);
  });

  it("is up when a query was answered, and is left as it is when the line is typed again", async () => {
    const first = await at("database")("service_up");
    expect([first.code, first.stderr]).toEqual([0, expect.stringContaining("postgres answers")]);
    const again = await at("web")("service_up", "--json");
    expect(again.states).toEqual({ pull_services: "skipped", start_services: "skipped", await_services: "done" });
  });

  it("is used by the tests of its dir, by those of a sibling, by a command there, and from outside", async () => {
    const both = [await at("database")("run_fast_tests", ...local), await at("web")("run_fast_tests", ...local)];
    expect(both.map(({ code, stderr }) => [code, code === 0 ? "" : stderr])).toEqual([
      [0, ""],
      [0, ""],
    ]);
    const asked = await at("web")("docker_cmd", ...local, "--", ...psql("postgres", "select answer + 1 from answers"));
    expect([asked.code, asked.stdout]).toEqual([0, "43\n"]);
    expect(await fromOutside("select answer + 2 from answers")).toBe("44");
  });

  it("is another one for another user, which goes alone", async () => {
    const bob = { ...process.env, SLIPWAY_USER: "bob" };
    expect((await at("database", bob)("service_up")).code).toBe(0);
    expect(await fromOutside("select to_regclass('answers') is null", bob)).toBe("t");
    const down = await at("database", bob)("service_down", "--volumes", "--yes");
    expect([down.code, down.stdout]).toEqual([
      0,
      expect.stringMatching(/^removed slipway-bob-.*, volume slipway-bob-/),
    ]);
    expect(await fromOutside("select answer from answers")).toBe("42");
  });

  it("keeps the stage that it was started with", async () => {
    const { code, stderr } = await at("database")("service_up", "--stage", "dev");
    expect([code, stderr]).toEqual([2, expect.stringContaining("the services of the stage local are there")]);
  });

  it("tells its log as it comes, until Ctrl-C; or what is there", async () => {
    const live = startLive(join(repo, "database"), "terminal", ["service_logs"]);
    await live.says(/ready to accept connections/);
    await fromOutside("do $$ begin raise warning 'heard'; end $$");
    await live.says(/WARNING: {2}heard/);
    live.type("\u0003");
    expect(await live.ended).toBe(130);
    const { code, stdout } = await at("web")("service_logs", "postgres", "--no-follow", "--tail", "50");
    expect([code, stdout]).toEqual([0, expect.stringMatching(/WARNING: {2}heard/)]);
  });

  it("is not taken from a container that uses it", async () => {
    const name = (await docker("ps", "--quiet", "--filter", "label=dev.slipway.services")).slice(0, 12);
    const network = await docker(
      "inspect",
      "--format",
      "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}",
      name,
    );
    const guest = await docker("run", "--detach", "--network", network, tinyImage, "sleep", "600");
    try {
      const { code, stderr } = await at("database")("service_down");
      expect([code, stderr]).toEqual([2, expect.stringContaining("containers use these services: ")]);
    } finally {
      await docker("rm", "--force", guest);
    }
  });

  it("is gone by service_down, which keeps its data; with --volumes the data goes after a question", async () => {
    const down = await at("web")("service_down");
    expect([down.code, down.stdout]).toEqual([
      0,
      expect.stringMatching(/; kept slipway-root-\S+_data, which i service_down --volumes/),
    ]);
    expect((await at("database")("service_up")).code).toBe(0);
    expect(await fromOutside("select answer from answers")).toBe("42");
    const asked = await at("database")("service_down", "--volumes");
    expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining("--yes")]);
    expect((await at("database")("service_down", "--volumes", "--yes")).code).toBe(0);
    // Other files have containers and volumes of this user meanwhile.
    const filter = ["--filter", "label=dev.slipway.user=root", "--filter", "label=dev.slipway.services"];
    const left = ["ps --all", "network ls", "volume ls"].map((list) =>
      docker(...list.split(" "), "--quiet", ...filter),
    );
    expect(await Promise.all(left)).toEqual(["", "", ""]);
    const { code, stdout } = await at("database")("service_ps");
    expect([code, stdout]).toEqual([0, "not there: postgres; i service_up starts what is lacking\n"]);
  });
});

it("a service that never answers ends with its last lines and what to type next, and stays to be looked at", async () => {
  const { code, stderr } = await at("broken")("service_up");
  expect(code).toBe(1);
  expect(stderr).toMatch(/the service never was not ready after 1 s: its query was not answered: not yet\n/);
  expect(stderr).toMatch(/The last lines of its log:\n\s*it listens\n/);
  expect(stderr).toMatch(/fix: .*i service_logs never; i service_down removes it/);
  const { stdout } = await at("broken")("service_ps");
  expect(stdout).toMatch(/^never +running +local/m);
});
