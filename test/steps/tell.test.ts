import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { tellBuilt } from "../../lib/build/tell_built.ts";
import { announce } from "../../lib/kinds/announce.ts";
import { git } from "../bed/git.ts";
import { digest } from "../unit/factory.ts";
import { doing, type Ground, type Place, startGround, told } from "./ground.ts";

let ground: Ground;
let at: Place;
beforeAll(async () => {
  ground = await startGround();
  at = ground.place("telling");
});
afterAll(() => ground.end());

describe("what is built", () => {
  const image = digest("a");
  const built = (packages: string | null) =>
    doing("tell", tellBuilt({ reference: "telling:local", digest: image, packages, next: ["Try it"] }));
  const tells = async (packages: string | null) => (await at.plan([built(packages)])).out.trimEnd().split("\n");

  it("is told with its size, and what to type next", async () => {
    ground.docker.does("echo 61234567");
    expect(await tells(null)).toEqual([`telling:local is built: ${image}, 61.2 MB`, "Try it"]);
    expect(ground.docker.asked()).toEqual([`image inspect --format {{.Size}} ${image}`]);
  });

  it("is told without a size where the engine has it not", async () => {
    ground.docker.does("exit 1");
    expect(await tells(null)).toEqual([`telling:local is built: ${image}`, "Try it"]);
  });

  it("is told with the packages that the last commit had not, one by one or, where there are many, counted", async () => {
    ground.docker.does("exit 1");
    const list = (numbers: readonly number[], version: string) =>
      numbers.map((number) => `package-${number}==${version}\n`).join("");
    at.write("pip_list.txt", list([1, 2], "1.0"));
    await git(ground.repo, "add", "--all");
    await git(ground.repo, "commit", "--quiet", "--message", "List");
    expect((await tells("telling/pip_list.txt"))[1]).toBe("packages of the last commit -> built: the same packages");
    at.write("pip_list.txt", list([1], "1.0") + list([2, 3], "1.1"));
    expect((await tells("telling/pip_list.txt")).slice(1, -1)).toEqual([
      "packages of the last commit -> built",
      "pip  package-2 up      1.0 -> 1.1",
      "pip  package-3 added   -   -> 1.1",
      "1 added, 1 up",
    ]);
    at.write(
      "pip_list.txt",
      list(
        Array.from({ length: 13 }, (_, at) => at + 1),
        "2.0",
      ),
    );
    expect((await tells("telling/pip_list.txt"))[1]).toBe(
      "packages of the last commit -> built: 11 added, 2 up; see git diff HEAD -- telling/pip_list.txt",
    );
  });
});

describe("what is released", () => {
  const tells = async (image: string) => {
    const [registry] = ground.registries;
    const place = { registry: "r1", repository: `${registry?.address}/telling` };
    const text = "It is <digest>\npull         <pull>\nafter";
    return (await at.plan([doing("tell", announce({ text, digest: image, pull: place }))])).out.trimEnd().split("\n");
  };
  afterEach(() => {
    for (const registry of ground.registries) registry.reply = () => null;
  });

  it("is told with what a machine pulls that has nothing of it", async () => {
    const image = ground.registries[0]?.put("telling", "dev-1.0.0") ?? "";
    const manifest = ground.registries[0]?.manifests.get(`telling@${image}`);
    const { config, layers } = JSON.parse(String(manifest?.bytes)) as {
      config: { size: number };
      layers: { size: number }[];
    };
    const size = layers.reduce((sum, layer) => sum + layer.size, config.size);
    expect(await tells(image)).toEqual([`It is ${image}`, `pull         ${size} B`, "after"]);
  });

  it("is told all the same where the registry does not answer", async () => {
    const [registry] = ground.registries;
    if (registry) registry.reply = () => ({ status: 403 });
    expect(await tells(digest("b"))).toEqual([`It is ${digest("b")}`, "after"]);
  });

  it("is told to machines as it is", async () => {
    expect(told(await at.plan([doing("tell", announce({ text: "x", data: { a: 1 } }))], "--json")).result).toEqual({
      a: 1,
    });
  });
});
