import { describe, expect, it } from "vitest";
import {
  asksKill,
  containerStats,
  execInContainer,
  killContainers,
  listContainers,
} from "../../lib/container/around.ts";
import { asksRemove, listImages, removeImage } from "../../lib/container/engine_images.ts";
import type { InEngine } from "../../lib/container/look_containers.ts";
import { announce } from "../../lib/kinds/announce.ts";
import { command } from "../../lib/kinds/command.ts";
import type { EngineContainer } from "../../lib/names/engine_container.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import type { Step } from "../../lib/plan/plan.ts";
import {
  config,
  container,
  digest,
  doing,
  engine,
  facts,
  lines,
  listedImage,
  localImage,
  refusal,
  version,
} from "./factory.ts";

const told = (steps: readonly Step[]) => doing(steps, announce)[0];
const table = (steps: readonly Step[]) =>
  told(steps)
    ?.text.split("\n")
    .map((line) => line.split(/ {2,}/));
const [first, second] = [container("a1"), container("b2", { created: "2025-01-02T11:00:00Z" })];

describe("docker_ps", () => {
  const list = (...containers: readonly EngineContainer[]) => listContainers(facts(), { all: true }, containers);

  it("says who started each container, from what, since when, on which ports", () => {
    const steps = list(container("a1", { ports: ["127.0.0.1:1->1/tcp", "2/tcp"] }));
    expect(table(steps)).toEqual([
      ["ID", "USER", "IMAGE", "COMMAND", "STATUS", "PORTS", "NAME"],
      ["a10000000000", "gp", "127.0.0.1:5001/cmamp:dev", "bash", "Up 3 minutes", "127.0.0.1:1->1/tcp, 2/tcp", "box_a1"],
    ]);
    expect(steps.map(({ id, title }) => [id, title])).toEqual([["report", "List the containers"]]);
  });

  it("has a dash for what a container does not have", () => {
    expect(table(list(container("a1", { labels: {} })))?.[1]).toEqual([
      ...["a10000000000", "-", "127.0.0.1:5001/cmamp:dev", "bash", "Up 3 minutes", "-", "box_a1"],
    ]);
  });

  it.each([
    ["sh -c  'a\n b'", "sh -c 'a b'"],
    ["x".repeat(32), "x".repeat(32)],
    ["x".repeat(33), `${"x".repeat(29)}...`],
  ])("shows the command %j as one short line", (command, wanted) => {
    expect(table(list(container("a1", { command })))?.[1]?.[3]).toBe(wanted);
  });

  it("says that there is none, and how to see everyone's", () => {
    expect(told(list())?.text).toBe("the engine has no container");
    expect(told(listContainers(facts(), { all: false }, []))?.text).toBe(
      "gp has no container of cmamp; --all shows everyone's",
    );
  });
});

describe("docker_stats", () => {
  const stats = [
    {
      ...{ id: `a1${"0".repeat(62)}`, name: "box_a1", cpu: "1.5%", memory: "10MiB / 1GiB", memoryShare: "1%" },
      ...{ network: "1kB / 2kB", disk: "3MB / 4MB", processes: "7" },
    },
  ];
  it("says what each running container uses", () => {
    const steps = containerStats(facts(), { all: false }, stats);
    expect(table(steps)).toEqual([
      ["ID", "NAME", "CPU", "MEMORY", "MEMORY %", "NETWORK", "DISK", "PROCESSES"],
      ["a10000000000", "box_a1", "1.5%", "10MiB / 1GiB", "1%", "1kB / 2kB", "3MB / 4MB", "7"],
    ]);
    expect([steps.map(({ title }) => title), told(steps)?.data]).toEqual([["Show what containers use"], stats]);
  });

  it("says that none runs", () => {
    expect(told(containerStats(facts(), { all: false }, []))?.text).toBe(
      "gp has no running container of cmamp; --all shows everyone's",
    );
  });
});

describe("docker_kill", () => {
  it("says what it ended", () => {
    const [step, ...more] = killContainers(
      facts(),
      { all: true, purge: false },
      { containers: [first, second], volumes: [] },
    );
    expect([step?.id, step?.title, more, step?.do]).toEqual([
      "docker_kill",
      "End and remove box_b2, box_a1",
      [],
      [
        { kind: "command", argv: ["docker", "rm", "--force", "--volumes", second.id, first.id], env: {}, cwd: "." },
        {
          kind: "announce",
          text: "ended b20000000000 box_b2 (127.0.0.1:5001/cmamp:dev)\nended a10000000000 box_a1 (127.0.0.1:5001/cmamp:dev)",
          data: [
            { id: second.id, name: "box_b2" },
            { id: first.id, name: "box_a1" },
          ],
        },
      ],
    ]);
  });

  it.each([true, false])("says that there is nothing to end (--all %s)", (all) => {
    const steps = killContainers(facts(), { all, purge: false }, { containers: [], volumes: [] });
    expect([steps.map(({ id, title }) => [id, title]), told(steps)]).toEqual([
      [["report", "Report that there is nothing to stop"]],
      { kind: "announce", text: "gp has no container of cmamp", data: [] },
    ]);
  });

  it("asks of one as of one, and of several as of several", () => {
    const asks = (...containers: readonly EngineContainer[]) =>
      asksKill(facts(), { all: true, purge: false }, { containers, volumes: [] });
    expect([asks(first), asks(first, second)]).toEqual([
      "End and remove 1 container: box_a1?",
      "End and remove 2 containers: box_b2, box_a1?",
    ]);
  });

  it("refuses one container and all", () => {
    expect(
      refusal(() =>
        killContainers(facts(), { all: true, purge: false, container: "a" }, { containers: [], volumes: [] }),
      ),
    ).toMatchObject({
      message: "--all and --container were both given",
      why: "One means every container of yours, the other a single one.",
    });
  });
});

describe("docker_exec", () => {
  const exec = (more: Partial<Parameters<typeof execInContainer>[1]> = {}) =>
    execInContainer(facts(), { asRoot: false, words: [], ...more }, [first]);
  const words = (...given: Parameters<typeof exec>) => doing(exec(...given), command)[0]?.argv.slice(2);

  it("is interactive, ends with a code of its own, and is called by the container", () => {
    expect(exec().map(({ id, title }) => [id, title])).toEqual([
      ["docker_exec", "Run in box_a1 (127.0.0.1:5001/cmamp:dev)"],
    ]);
    expect(doing(exec(), command)[0]).toMatchObject({ interactive: true, ownCode: true });
  });

  it("runs as the container's user, or as root", () => {
    expect([words({ words: ["id"] }), words({ words: ["id"], asRoot: true })]).toEqual([
      ["--interactive", first.id, "id"],
      ["--interactive", "--user", "0:0", first.id, "id"],
    ]);
  });

  it("opens bash where there is one, else sh", () => {
    expect(words()?.slice(2)).toEqual(["sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash; exec sh"]);
  });

  it("hands text to that one shell", () => {
    expect(words({ cmd: "a | b" })?.slice(2)).toEqual([
      "sh",
      "-c",
      'command -v bash >/dev/null 2>&1 && exec bash -c "$1"; exec sh -c "$1"',
      "sh",
      "a | b",
    ]);
  });

  it("refuses text and words", () => {
    expect(refusal(() => exec({ cmd: "a", words: ["b"] }))).toMatchObject({
      message: "--cmd and words after -- were both given",
      why: "One command is run in the container.",
    });
  });
});

describe("docker_images_ls_repo", () => {
  const repository = "127.0.0.1:5001/cmamp";
  const list = (more: Partial<InEngine> = {}, all = false, world: Partial<AllFacts> = {}) =>
    listImages(facts(world), { all }, { containers: [], images: [], ...more });
  const bare = config({ container_registry_info: {} });

  it("says of each image its registry, digest, age, size and how many containers use it", () => {
    const containers = [
      container("a1", { imageId: digest("f"), image: "x" }),
      container("b2", { image: `${repository}:dev` }),
      container("c3", { image: digest("f") }),
      container("d4", { image: `${repository}:other` }),
    ];
    const images = [listedImage(repository, "dev"), listedImage(repository, "dev-1.2.0", { id: digest("e") })];
    const steps = list({ containers, images });
    expect(table(steps)).toEqual([
      ["REGISTRY", "IMAGE", "DIGEST", "CREATED", "SIZE", "IN USE"],
      ["ecr", `${repository}:dev`, "ffffffffffff", "2025-01-02 10:00", "2MB", "3"],
      ["ecr", `${repository}:dev-1.2.0`, "eeeeeeeeeeee", "2025-01-02 10:00", "2MB", "-"],
    ]);
    expect([steps.map(({ id, title }) => [id, title]), told(steps)?.data]).toEqual([
      [["report", "List the engine's images"]],
      [
        { registry: "ecr", ...images[0], containers: ["box_a1", "box_b2", "box_c3"] },
        { registry: "ecr", ...images[1], containers: [] },
      ],
    ]);
  });

  it.each([
    [false, ["ecr 127.0.0.1:5001/cmamp:dev"]],
    [true, ["ecr 127.0.0.1:5001/a:dev", "ecr 127.0.0.1:5001/cmamp:dev"]],
  ])("with --all (%s) shows other images below the same address, and none of another", (all, wanted) => {
    const images = [
      listedImage("127.0.0.1:5001/a", "dev"),
      listedImage(repository, "dev"),
      listedImage("127.0.0.1:50010/cmamp", "dev"),
    ];
    expect(
      table(list({ images }, all))
        ?.slice(1)
        .map((row) => row.slice(0, 2).join(" ")),
    ).toEqual(wanted);
  });

  it("without a registry shows images by their bare name, all of them or not", () => {
    const images = [listedImage("cmamp", "dev"), listedImage("debian", "12")];
    for (const all of [false, true])
      expect(
        table(list({ images }, all, { config: bare }))
          ?.slice(1)
          .map((row) => row.slice(0, 2).join(" ")),
      ).toEqual(["- cmamp:dev"]);
  });

  it("says that there is none", () => {
    expect(told(list())?.text).toBe("the engine has no image of cmamp; pull one: i docker_pull");
  });
});

describe("docker_remove", () => {
  const repository = "127.0.0.1:5001/cmamp";
  const images = [
    listedImage(repository, "dev"),
    listedImage("127.0.0.1:5002/cmamp", "dev"),
    listedImage(repository, "dev-1.1.0"),
  ];
  const remove = (
    options: Partial<Parameters<typeof removeImage>[1]> = {},
    more: Partial<InEngine> = {},
    world: Partial<AllFacts> = {},
  ) => removeImage(facts(world), { stage: "dev", ...options }, { containers: [], images, ...more });

  it("says what it removed", () => {
    const [step, ...more] = remove();
    const references = [`${repository}:dev`, "127.0.0.1:5002/cmamp:dev"];
    expect([step?.id, step?.title, more, step?.do]).toEqual([
      "docker_remove",
      `Remove ${references.join(", ")} from the engine`,
      [],
      [
        { kind: "command", argv: ["docker", "image", "rm", ...references], env: {}, cwd: "." },
        { kind: "announce", text: `removed ${references[0]}\nremoved ${references[1]}`, data: references },
      ],
    ]);
  });

  it("says that there is nothing to remove, and asks nothing", () => {
    const steps = remove({ version: version("1.3.0") });
    expect([steps.map(({ id, title }) => [id, title]), steps[0]?.do]).toEqual([
      [["report", "Report that there is nothing to remove"]],
      [{ kind: "announce", text: "the engine has no cmamp:dev-1.3.0", data: [] }],
    ]);
    expect(asksRemove(facts(), { stage: "dev" }, { containers: [], images: [] })).toBeNull();
  });

  it.each<[string, Parameters<typeof removeImage>[1], string]>([
    ["prod", { stage: "prod" }, "prod"],
    ["the newest local one", { stage: "local" }, "local-gp-1.2.0"],
    ["a local one by its number", { stage: "local", version: version("1.1.0") }, "local-gp-1.1.0"],
    ["dev as it is, though the engine has the code's version", { stage: "dev" }, "dev"],
  ])("means %s", (_what, options, tag) => {
    const known = ["local-gp-1.2.0", "local-gp-1.1.0", "dev-1.2.0"].map((name) => localImage(`${repository}:${name}`));
    const seen = { images: [listedImage(repository, tag)] };
    expect(lines(remove(options, seen, { engine: engine({ images: known }) }))).toEqual([
      `docker image rm ${repository}:${tag}`,
    ]);
  });

  it("refuses an image that containers use, each named once", () => {
    const containers = [container("d4", { imageId: digest("f") }), container("e5", { image: `${repository}:dev` })];
    expect(refusal(() => remove({}, { containers }))).toMatchObject({
      message: "dev is used by d40000000000 box_d4, e50000000000 box_e5",
      why: "The image of a container, running or ended, is not taken from under it.",
      fix: "Leave the containers, or end your own: i docker_kill --all",
    });
  });
});
