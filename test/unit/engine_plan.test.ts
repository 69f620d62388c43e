import { describe, expect, it } from "vitest";
import { stepsOf } from "../../lib/plan/plan.ts";
import { renderAction } from "../../lib/plan/render_plan.ts";
import { type OptionSet, universalBeside, type Values } from "../../lib/run/options.ts";
import { parseOptions } from "../../lib/run/parse_options.ts";
import { layout } from "../../thin_client/engine/layout.ts";
import { asksForEngine, type EngineLook, engineOptions, engineSteps } from "../../thin_client/engine/plan.ts";
import { placeIn } from "../../thin_client/quickstart/place.ts";
import { type QuickstartLook, quickstart, quickstartOptions } from "../../thin_client/quickstart/plan.ts";
import { refusal } from "./factory.ts";

const parse = <O extends OptionSet>(options: O, line: string, env: Readonly<Record<string, string>> = {}) =>
  parseOptions({ ...universalBeside(options), ...options }, line === "" ? [] : line.split(" "), env)
    .values as Values<O>;
const engine = (line: string, env?: Readonly<Record<string, string>>) => parse(engineOptions, line, env);
const seen: EngineLook = { at: layout({ HOME: "/home/ada" }), own: false, starts: true, holder: 12 };

/** The steps that are done, and those that are not with the reason. */
const told = (steps: ReturnType<typeof engineSteps>): string[] =>
  stepsOf({ steps }).map(({ id, skip }) => (skip === null ? id : `${id}: ${skip}`));

describe("i engine", () => {
  const private_ = ["unpack_engine", "install_packages", "start_engine"];
  const own = (id: string) => `${id}: your own Docker engine answers; it is used as it is`;
  it.each<[string, Partial<EngineLook>, readonly string[]]>([
    ["", {}, ["report"]],
    ["status", {}, ["report"]],
    ["up", {}, ["hold_engine", ...private_, "report"]],
    ["up", { own: true, starts: false }, ["hold_engine", ...private_.map(own), "report"]],
    // Registries are programs of the private engine's packages, whoever's engine pushes to them.
    [
      "up --registries",
      { own: true, starts: false },
      ["hold_engine", "unpack_engine", own("install_packages"), own("start_engine"), "start_registries", "report"],
    ],
    [
      "up --base --python --multi-arch",
      {},
      ["hold_engine", ...private_, "make_base", "make_python", "allow_emulation", "load_base", "load_python", "report"],
    ],
    ["down", {}, ["stop_engine", "report"]],
    ["down --force --purge", {}, ["stop_engine", "purge", "report"]],
  ])('typed as "%s" with %j does %j', (line, more, ids) => {
    expect(told(engineSteps(engine(line), { ...seen, ...more }))).toEqual(ids);
  });

  it.each([
    ["up", true, "No Docker engine answers. Start a private one in /home/ada/.local/share/slipway/engine"],
    ["up", false, null],
    ["status", true, null],
    ["down", true, null],
  ])("%s asks a person where an engine has to be started (%s): %s", (line, starts, question) => {
    const asked = asksForEngine(engine(line), { ...seen, starts });
    expect(asked?.startsWith(question ?? "none") ?? null).toBe(question === null ? null : true);
  });

  it.each([
    ["restart", 'i engine "restart" is not known'],
    ["up --holder -1x", "--holder has no value"],
    ["up --holder=0", '--holder "0" is no process id'],
    ["up --hodler 1", '"--hodler" is not an option of this workflow'],
  ])("refuses %s", (line, what) => {
    expect(() => engine(line)).toThrow(what);
  });

  it.each([
    ["up --purge", "--purge is given to i engine up"],
    ["down --multi-arch", "--multi-arch is given to i engine down"],
    ["--force", "--force is given to i engine status"],
  ])("refuses %s, which would be passed over", (line, what) => {
    expect(() => engineSteps(engine(line), seen)).toThrow(what);
  });

  it("takes one command", () => {
    expect(() => engineSteps(engine("up down"), seen)).toThrow('"up down" is more than one command');
  });

  it("is told by words alone: a variable neither stops nor removes anything", () => {
    const env = { SLIPWAY_COMMAND: "down", SLIPWAY_FORCE: "1", SLIPWAY_PURGE: "1", SLIPWAY_HOLDER: "1" };
    expect(engine("", env)).toMatchObject({ command: [], force: false, purge: false, holder: undefined });
  });
});

describe("i quickstart", () => {
  const sample: QuickstartLook = {
    ...placeIn("/data/it's", "demo"),
    ...{ known: null, engine: seen, stays: null, isAtFirst: true, isUsual: false, users: [12, 13] },
  };
  const steps = (line: string, more: Partial<QuickstartLook> = {}) =>
    quickstart(parse(quickstartOptions, line), { ...sample, ...more });
  const linesOf = (id: string, ...of: Parameters<typeof steps>) =>
    stepsOf({ steps: steps(...of) })
      .filter((step) => step.id === id)
      .flatMap((step) => step.do.flatMap((action) => renderAction(action)));

  it.each(["A;b", "demo-dev"])("refuses a sample called %s by the option that names it", (name) => {
    expect(refusal(() => parse(quickstartOptions, `--name ${name}`)).fix).toContain("--name");
  });

  it("brings up what the release stands on, and releases", () => {
    expect(told(steps(""))).toEqual([
      ...["claim_dir", "hold_engine", "thin_env", "unpack_engine", "install_packages", "start_engine"],
      ...["start_registries", "sample_repo", "make_python", "load_python", "release", "times", "next"],
    ]);
  });

  it.each([
    [true, "i docker_release_dev --version 1.0.0 --yes"],
    [false, "i release_status"],
  ])("types in the sample, which is as it was made (%s): %s", (isAtFirst, line) => {
    expect(linesOf("release", "", { isAtFirst })).toEqual([`(cd '/data/it'\\''s/demo' && ${line})`]);
  });

  it("ends with the line that removes it, where it lies", () => {
    expect(linesOf("next", "").at(-1)).toMatch(/-- --down --dir '\/data\/it'\\''s'\)$/);
    expect(linesOf("next", "")).toContain("#   cd '/data/it'\\''s/demo'");
    expect(linesOf("next", "", { isUsual: true }).at(-1)).toMatch(/npm run quickstart -- --down\)$/);
  });

  it("removes with --down what is a quickstart's, and nothing else", () => {
    const all = ["end_sessions", "forget_images", "forget_pushed", "remove_dir"];
    expect(told(steps("--down"))).toEqual([...all, "stop_engine", "report"]);
    expect(told(steps("--down", { stays: "it is mine" }))).toEqual([
      ...all.map((id) => `${id}: it is mine`),
      ...["stop_engine", "report"],
    ]);
  });

  it("takes a name that an image can have", () => {
    expect(() => parse(quickstartOptions, "--name A;b")).toThrow('"A;b"');
  });
});
