import { describe, expect, it } from "vitest";
import { cmd } from "../../lib/kinds/command.ts";
import { step } from "../../lib/plan/plan.ts";

const argv = (text: TemplateStringsArray, ...values: Parameters<typeof cmd>[1][]) => cmd(text, ...values).argv;

describe("cmd", () => {
  it("splits its text into words", () => {
    expect(argv`docker  image \t
      ls  `).toEqual(["docker", "image", "ls"]);
  });

  it.each([["a b"], ["it's"], ["$HOME"], ["a;b"], ["*"], ["--flag"], ["line\nline"]])(
    "keeps the value %j one word",
    (value) => {
      expect(argv`git commit --message ${value} .`).toEqual(["git", "commit", "--message", value, "."]);
    },
  );

  it("joins a value to the text it touches", () => {
    expect(argv`docker build --tag=${"cmamp"}:${"dev"} .`).toEqual(["docker", "build", "--tag=cmamp:dev", "."]);
  });

  it("makes a list many words", () => {
    expect(argv`docker run ${["--env", "A=b c"]} app`).toEqual(["docker", "run", "--env", "A=b c", "app"]);
  });

  it("separates two lists that touch, and a list from the text that touches it", () => {
    expect(argv`ls ${["a"]}${["b"]}`).toEqual(["ls", "a", "b"]);
    expect(argv`ls${["a", "b"]}c`).toEqual(["ls", "a", "b", "c"]);
  });

  it.each<{ readonly value: false | null | undefined | readonly string[] }>([
    { value: false },
    { value: null },
    { value: undefined },
    { value: [] },
  ])("makes no word of $value", ({ value }) => {
    expect(argv`docker build ${value} .`).toEqual(["docker", "build", "."]);
  });

  it("keeps an empty value as a word of its own", () => {
    expect(argv`git config user.name ${""}`).toEqual(["git", "config", "user.name", ""]);
  });

  it("keeps the digest of an earlier step as a word", () => {
    expect(argv`docker tag ${{ from: "build" }} cmamp:dev`).toEqual(["docker", "tag", { from: "build" }, "cmamp:dev"]);
  });

  it("takes a digest and the text behind it apart where a space is between them", () => {
    expect(argv`${{ from: "build" }} ${"a"}`).toEqual([{ from: "build" }, "a"]);
  });

  it("takes what a step makes as the end of a word", () => {
    expect(cmd`docker tag cmamp@${{ from: "build" }} x`.argv).toEqual([
      "docker",
      "tag",
      { from: "build", prefix: "cmamp@" },
      "x",
    ]);
    expect(() => cmd`docker tag ${{ from: "build" }}:dev`).toThrow("cmd: what a step makes is the end of its word");
  });

  it.each(['"', "'", "`", "|", "&", ";", "<", ">", "$", "\\"])("refuses %s in its text", (sign) => {
    const text = Object.assign([`ls ${sign} x`], { raw: [] });
    expect(() => cmd(text)).toThrow(`cmd: "ls ${sign} x" holds shell text; write argv`);
  });

  it("runs at the outermost root with nothing added to the environment", () => {
    expect(cmd`ls`).toEqual({ kind: "command", argv: ["ls"], env: {}, cwd: "." });
  });
});

it("a step is not skipped unless it says so", () => {
  expect(step("a", "A", [])).toEqual({ id: "a", title: "A", skip: null, do: [] });
  expect(step("a", "A", [cmd`ls`], { skip: "no" })).toEqual({
    ...{ id: "a", title: "A", skip: "no" },
    do: [{ kind: "command", argv: ["ls"], env: {}, cwd: "." }],
  });
});
