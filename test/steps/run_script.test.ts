import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../../lib/errors.ts";
import { announce } from "../../lib/kinds/announce.ts";
import { cmd } from "../../lib/kinds/command.ts";
import type { Facts } from "../../lib/plan/facts.ts";
import { returnClaim } from "../../lib/release/claim.ts";
import { flag, list, pick, text } from "../../lib/run/options.ts";
import { doing, type Ground, type Place, startGround, told, type Workflow } from "./ground.ts";

let ground: Ground;
let at: Place;
beforeAll(async () => {
  ground = await startGround();
  at = ground.place("scripts");
});
afterEach(() => {
  for (const name of Object.keys(ground.env)) if (name.startsWith("SLIPWAY_")) delete ground.env[name];
});
afterAll(() => ground.end());

const note = (words: string, more = {}) => announce({ text: words, ...more });
const said = (words: string) => [doing("tell", note(words))];
const shown: Workflow = {
  about: "Show a thing.",
  options: {
    ...pick("version", "stage"),
    fresh: flag("Show it fresh.", { fallback: true, aliases: ["new"] }),
    names: list("A,B", "Show these.", { positional: true }),
    size: text<string>("N", "Show it so large.", { short: "z", fallback: "3", meanings: { "as-large": "9" } }),
    page: { ...text<string>("FILE", "Write a page."), takes: "optional" },
  },
  examples: ["i show --size 4"],
  steps: (_facts, options) => said(JSON.stringify(options)),
};
const show = (...argv: readonly string[]) => at.run(["show", shown], ...argv);
const refused = async (workflow: Workflow, ...argv: readonly string[]) =>
  told(await at.run(["show", workflow], "--json", ...argv)).error;

describe("--help", () => {
  it("tells what the workflow does, how it is typed and what its options do", async () => {
    const { code, out, err } = await show("--help", "--dir", "/nowhere");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const [about, ...rest] = out.split("\n");
    expect(about).toBe("Show a thing.");
    expect(rest.slice(0, 8)).toEqual([
      ...["", "Usage: i show A,B [OPTIONS]", "", "Examples:", "  i show --size 4", "  i show --dry-run --size 4", ""],
      "Options:",
    ]);
    const row = (spelling: string, help: string) => `  ${spelling.padEnd(30)}${help}`;
    const below = (help: string) => `${" ".repeat(32)}${help}`;
    expect(rest.slice(8, 18)).toEqual([
      row("-v, --version X.Y.Z", "Version of the image (default, and"),
      below("FROM_CHANGELOG: the newest in changelog.txt)."),
      below("(also --tag-name)"),
      row("-s, --stage STAGE", "The stage of the image: local, dev or prod."),
      below("(default dev)"),
      row("    --no-fresh", "Show it fresh. (also --new)"),
      row("    --names A,B", "Show these. (or just A,B)"),
      row("-z, --size N", "Show it so large. (default 3; also --as-large ="),
      below("9)"),
      row("    --page [FILE]", "Write a page."),
    ]);
    expect(rest.slice(18, 22)).toEqual([
      "",
      "All workflows:",
      row("    --dir DIR", "Runnable dir to work on (default: the current"),
      below("one)."),
    ]);
  });

  it("is short with -h: how it is typed, its options, and where the rest is", async () => {
    const { code, out } = await show("-h");
    expect(code).toBe(0);
    expect(out.split("\n").slice(0, 5)).toEqual([
      ...["Show a thing.", "", "Usage: i show A,B [OPTIONS]", ""],
      `  ${"-v, --version X.Y.Z".padEnd(30)}Version of the image (default, and`,
    ]);
    expect(out).toMatch(/i show --help has examples, defaults, other spellings, and what every workflow\ntakes\.\n$/);
    expect(out).not.toMatch(/--dry-run|default dev|--tag-name/);
  });

  it("leaves out what a workflow has none of, and a shared option that it uses for something of its own", async () => {
    const { out } = await at.run(["plain", { about: "Do it.", options: {}, steps: () => [] }], "--help");
    expect(out).toContain("  i plain --dry-run\n\nAll workflows:\n");
    const options = { from: text<string>("USER", "Whose.") };
    const own = await at.run(["own", { about: "Do it.", options, steps: () => [] }], "--help");
    expect(own.out.match(/--from.*/g)).toEqual(["--from USER               Whose."]);
  });
});

describe("values", () => {
  it("come from what is typed, from SLIPWAY_ and from .env, in this order, and the plan tells from where", async () => {
    at.write("../.env", "SLIPWAY_SIZE=5\nSLIPWAY_NAMES=a, b\nLD_PRELOAD=x\nTEXT\n");
    ground.env["SLIPWAY_STAGE"] = "prod";
    ground.env["SLIPWAY_SIZE"] = "6";
    ground.env["DOCKER_CONTENT_TRUST"] = "1";
    const { out, err } = await show("--dry-run", "--no-fresh");
    const sourced = { SLIPWAY_REPO_ROOT: ground.repo };
    Object.assign(ground.env, sourced, { DOCKER_CONTENT_TRUST: "0" });
    expect((await show("--dry-run")).err).toBe("");
    at.write("../.env", "");
    delete ground.env["DOCKER_CONTENT_TRUST"];
    expect(err.split("\n")).toEqual([
      'slipway: .env may not set LD_PRELOAD; left out (SLIPWAY_DOTENV_ALLOW="NAME ..." of your own environment allows more)',
      "slipway: .env:4 is no NAME=VALUE on one line; left out",
      "slipway: DOCKER_CONTENT_TRUST is left out; images are taken by digest, and no signature is looked at",
      "",
    ]);
    expect(out.split("\n").slice(0, 4)).toEqual([
      "# stage comes from SLIPWAY_STAGE",
      "# names comes from SLIPWAY_NAMES",
      "# size comes from SLIPWAY_SIZE",
      "show:",
    ]);
    expect(out).toContain('"stage":"prod","fresh":false,"names":["a","b"],"size":"6"');
  });

  it("of a flag are words for yes and no", async () => {
    const fresh = async (value: string) => {
      ground.env["SLIPWAY_FRESH"] = value;
      return JSON.parse((await show()).out).fresh as boolean;
    };
    for (const value of ["1", "TRUE", "yes"]) expect(await fresh(value)).toBe(true);
    for (const value of ["0", "False", "no"]) expect(await fresh(value)).toBe(false);
    ground.env["SLIPWAY_FRESH"] = "maybe";
    expect(await refused(shown)).toMatchObject({
      what: '"maybe" is neither true nor false',
      why: "A flag is on or off.",
      fix: "Set it to true or false",
    });
  });

  it.each([
    ["--names x --names y z", '"names":["x","y","z"]'],
    ["--as-large", '"size":"9"'],
    ["-z 4", '"size":"4"'],
    ["--page", '"page":""'],
    ["--page out.html --stage local", '"page":"out.html"'],
    ["--page --stage local", '"page":""'],
    ["-- --page", '"words":["--page"]'],
  ])("%s", async (line, value) => {
    expect((await show(...line.split(" "))).out).toContain(value);
  });

  it("of the directory are that of --dir", async () => {
    ground.place("elsewhere");
    const { out } = await at.run(["show", shown], "--dir", "../elsewhere", "--dry-run", "--json");
    expect(JSON.parse(out)).toMatchObject({ dir: "elsewhere", image: "elsewhere" });
  });
});

describe("--dry-run", () => {
  it("prints the plan, which does nothing", async () => {
    const steps = [doing("one", cmd`touch scripts/done.txt`), { ...doing("two", note("x")), skip: "no need" }];
    const workflow: Workflow = { about: "Touch.", options: {}, steps: () => steps };
    expect(await at.run(["touch", workflow], "--dry-run")).toEqual({
      code: 0,
      out: "touch:\n 1. one: Do one\n      > touch scripts/done.txt\n 2. two: Do two (skipped: no need)\n",
      err: "",
    });
    const { out } = await at.run(["touch", workflow], "--dry-run", "--json");
    expect(JSON.parse(out)).toEqual({
      ...{ slipway: 2, workflow: "touch", dir: "scripts", image: "scripts", version: null },
      steps: [
        { id: "one", title: "Do one", skip: null, do: [cmd`touch scripts/done.txt`] },
        { id: "two", title: "Do two", skip: "no need", do: [note("x")] },
      ],
    });
    expect(() => at.read("done.txt")).toThrow();
  });

  it("plans what the state of tree, clone or engine would refuse, and says so", async () => {
    const rule = (kind: string) => new UserError(`it is ${kind}`, { why: "A rule.", fix: `fix ${kind}`, kind });
    const steps = ({ git, engine }: Facts<"engine">) => {
      if (git.dirty.length > 0) throw rule("dirty");
      if (!engine.up) throw rule("engine");
      return [doing("one", cmd`touch scripts/done.txt`)];
    };
    const workflow: Workflow = { about: "Touch.", options: {}, needs: ["git", "engine"], steps };
    expect(await at.run(["touch", workflow], "--dry-run")).toMatchObject({
      code: 0,
      out: [
        "# would be refused: it is dirty",
        "#   fix: fix dirty",
        "# would be refused: it is engine",
        "#   fix: fix engine",
        "touch:",
        " 1. one: Do one",
        "      > touch scripts/done.txt",
        "",
      ].join("\n"),
    });
    const { out } = await at.run(["touch", workflow], "--dry-run", "--json");
    expect(JSON.parse(out).refused).toEqual([
      { kind: "dirty", what: "it is dirty", why: "A rule.", fix: "fix dirty" },
      { kind: "engine", what: "it is engine", why: "A rule.", fix: "fix engine" },
    ]);
    expect(await at.run(["touch", workflow])).toMatchObject({ code: 2, err: expect.stringContaining("it is dirty") });
    const ruled = () => {
      throw rule("rule");
    };
    expect((await at.run(["touch", { ...workflow, steps: ruled }], "--dry-run")).code).toBe(2);
    const lacking = ({ engine, git }: Facts<"engine">) => {
      if (git.dirty.length > 0) throw rule("dirty");
      throw engine.up ? rule("missing from the engine") : rule("engine");
    };
    const unknown = await at.run(["touch", { ...workflow, steps: lacking }], "--dry-run");
    expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining("it is engine") });
  });

  it("tells a version that comes from the changelog, of the stage that the workflow is about", async () => {
    const changelog = "# log-prod-2.1.0\n- 2025-01-02\n- P\n\n# log-2.0.0\n- 2025-01-02\n- D\n";
    const here = ground.place("log", { changelog });
    const from = async (more: Partial<Workflow>, ...argv: readonly string[]) =>
      (await here.run(["show", { ...shown, versionFromChangelog: true, ...more }], "--dry-run", ...argv)).out;
    expect(await from({})).toMatch(/^# version 2\.0\.0 is the newest entry of changelog\.txt\nshow:/);
    expect(await from({}, "--stage", "prod")).toMatch(/^# version 2\.1\.0 is/);
    expect(await from({ stage: "prod" })).toMatch(/^# version 2\.1\.0 is/);
    expect(await from({}, "--version", "1.0.0")).toMatch(/^show:/);
    expect(await from({ versionFromChangelog: undefined } as never)).toMatch(/^show:/);
  });
});

describe("what is wrong", () => {
  it("is told with why and what to type, and ends with 2", async () => {
    expect(await show("--stagee", "dev")).toEqual({
      code: 2,
      out: "",
      err: [
        'error: "--stagee" is not an option of this workflow',
        "  why: Unknown options are rejected, never ignored.",
        "  fix: Did you mean --stage? See --help",
        "",
      ].join("\n"),
    });
  });

  it("is told to a machine on stdout too, but not for a --json that is another program's", async () => {
    const ended = await show("--json", "--fresh=1");
    expect(ended.code).toBe(2);
    expect(JSON.parse(ended.out)).toEqual({
      error: {
        kind: "refused",
        what: '--fresh takes no value, but got "1"',
        why: "It is switched on by its name alone.",
        fix: "Write --fresh",
      },
    });
    expect((await show("--fresh=1", "--", "--json")).out).toBe("");
  });

  it.each([
    [["--size"], "--size has no value", "It takes N.", "Write --size N"],
    [["-z"], "-z has no value", "It takes N.", "Write -z N"],
    [["--as-large=4"], '--as-large takes no value, but got "4"', "It is switched on", "Write --as-large"],
  ])("%j", async (argv, what, why, fix) => {
    expect(await refused(shown, ...argv)).toMatchObject({ what, why: expect.stringContaining(why), fix });
  });

  it("a word that is no option is refused where a workflow takes none", async () => {
    expect(await refused({ ...shown, options: {} }, "word")).toMatchObject({
      what: '"word" is not an option',
      why: "This workflow takes options only; words for a container stand after --.",
      fix: "Run it with --help to see its options",
    });
  });

  it("a fault of Slipway keeps its stack, also where it is no error", async () => {
    const bug = (thrown: unknown): Workflow => ({
      ...{ about: "Fail.", options: {} },
      steps: () => {
        throw thrown;
      },
    });
    const ended = await at.run(["fail", bug(new TypeError("no such thing"))]);
    expect(ended).toMatchObject({ code: 70, out: "" });
    expect(ended.err).toMatch(/^TypeError: no such thing\n +at /);
    expect(await at.run(["fail", bug("a text")])).toEqual({
      ...{ code: 70, out: "" },
      err: "a text\nerror: a text\n  why: This is a bug in Slipway.\n  fix: Report it with the lines above\n",
    });
  });

  it("what the flow did not ask for is a fault of ours", async () => {
    const workflow: Workflow = { about: "Read.", options: {}, steps: (facts) => said(facts.git.commit) };
    expect((await at.run(["read", workflow])).err).toContain(
      "Error: the flow reads facts.git, which its script does not name in needs\n",
    );
  });

  it("an error is red on a terminal", async () => {
    const { err } = await ground.person([], () => show("--stagee"));
    expect(err.split("\n")[0]).toBe('\u001b[31merror:\u001b[0m "--stagee" is not an option of this workflow');
  });
});

describe("words for another program", () => {
  const passing: Workflow = {
    ...{ about: "Pass.", options: { loud: flag("Loud."), ...pick("stage") }, passesWords: true },
    steps: (_facts, options) => said(`${options.words.join(" ")} loud:${options.loud} stage:${options.stage}`),
  };
  it.each([
    ["--loud ps --all", "ps --all loud:true stage:dev"],
    ["--stage prod ps --loud", "ps --loud loud:false stage:prod"],
    ["ps --json", "ps --json loud:false stage:dev"],
    ["-- --help", "--help loud:false stage:dev"],
    ["--loud -- a -- b", "a -- b loud:true stage:dev"],
    ["--loud", " loud:true stage:dev"],
  ])("i pass %s", async (line, expected) => {
    expect((await at.run(["pass", passing], ...line.split(" "))).out).toBe(`${expected}\n`);
  });
});

describe("a workflow that belongs to no repo", () => {
  const free: Workflow = {
    ...{ about: "Look round.", options: pick("stage"), place: "none", bareJson: true },
    steps: ({ place, config, changelogText }, { stage }) => [
      doing("tell", note("here", { data: { place, image: config.imageName, changelogText, stage } })),
    ],
  };

  it("runs where no repo is, and keeps what it remembers with the user's own data", async () => {
    const root = at.write("../data/note", "").replace(/\/note$/, "");
    ground.env["XDG_DATA_HOME"] = root;
    const { code, out } = await at.run(["look", free], "--json", "--dir", "/nowhere");
    delete ground.env["XDG_DATA_HOME"];
    expect([code, JSON.parse(out)]).toEqual([
      0,
      {
        place: { root, dir: ".", owner: root, gitDir: root, cwd: ".", gitMounts: [], gitPrograms: [] },
        ...{ image: "", changelogText: null, stage: "dev" },
      },
    ]);
  });

  it("reads no .env of the repo that one stands in, which others do", async () => {
    at.write("../.env", "SLIPWAY_STAGE=prod\n");
    const stage = async (workflow: Workflow) => JSON.parse((await at.run(["look", workflow], "--json")).out).stage;
    const { place: _, ...ofRepo } = free;
    const stages = [await stage(free), await stage(ofRepo)];
    at.write("../.env", "");
    expect(stages).toEqual(["dev", "prod"]);
  });
});

describe("a question", () => {
  const asking: Workflow = {
    ...{ about: "Ask.", options: {} },
    asks: () => "Really?",
    steps: () => said("done"),
  };

  it("is answered by --yes, by a person, and by nobody without a terminal", async () => {
    expect(await at.run(["ask", asking], "--yes")).toMatchObject({ code: 0, out: "done\n" });
    expect(await refused(asking)).toEqual({
      kind: "refused",
      what: 'no one can answer "Really?"',
      why: "There is no terminal to ask on.",
      fix: "Run it in a terminal, or pass --yes",
    });
    const declined = await ground.person(["n"], () => at.run(["ask", asking], "--json"));
    expect(declined.code).toBe(2);
    expect(told(declined).error).toEqual({
      kind: "declined",
      what: "not confirmed",
      why: "Nothing was changed.",
      fix: "Run the same command with --yes",
    });
  });

  it.each([
    ["Ctrl-D is no", "\u0004", 2, "declined"],
    ["Ctrl-C ends the run", "\u0003", 130, "interrupted"],
  ])("%s", async (_what, key, code, kind) => {
    const ended = await ground.person([key], () => at.run(["ask", asking], "--json"));
    expect([ended.code, told(ended).error.kind]).toEqual([code, kind]);
  });

  it("is asked about a version that nobody typed, before a ref or a tag changes", async () => {
    const pushing = returnClaim({ ref: "refs/slipway/claim/scripts-1.0.0" });
    const workflow = (step: Workflow["steps"]): Workflow => ({
      ...{
        about: "Release.",
        options: pick("version"),
        needs: ["git", "log"],
        versionFromChangelog: true,
        steps: step,
      },
    });
    expect((await refused(workflow(() => [doing("one", note("x")), doing("push", pushing)]))).what).toBe(
      'no one can answer "show: version 1.0.0, the newest entry of changelog.txt?"',
    );
    const typed = await at.run(["show", workflow(() => [doing("push", pushing)])], "--version", "1.0.0");
    expect(typed.code).toBe(0);
    expect((await at.run(["show", workflow(() => said("x"))])).code).toBe(0);
  });
});
