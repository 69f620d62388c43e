import { describe, expect, it } from "vitest";
import { poetryModes } from "../../lib/formats/poetry.ts";
import { asksOverwrite, writtenBy } from "../../lib/names/report.ts";
import { slackText } from "../../lib/text/message.ts";
import { renderTable } from "../../lib/text/table.ts";
import { withShortDigests } from "../../lib/text/units.ts";

it.each([
  ["<!channel> & <@U1>", "&lt;!channel&gt; &amp; &lt;@U1&gt;"],
  ["a &lt; b", "a &amp;lt; b"],
  ["*bold* _as it is_", "*bold* _as it is_"],
])("the channel gets %j as %j, which calls nobody", (text, expected) => {
  expect(slackText(text)).toBe(expected);
});

it("poetry.lock is resolved anew, refreshed or taken as it is", () => {
  expect(poetryModes).toEqual(["update", "refresh", "no_update"]);
});

describe("a table", () => {
  it("is as wide as its widest cells, two spaces apart, with no space at a line's end", () => {
    const rows = [
      ["a", "longer", "x"],
      ["wider than the head", "b"],
    ];
    expect(renderTable(["name", "tag", "last column"], rows).split("\n")).toEqual([
      "name                 tag     last column",
      "a                    longer  x",
      "wider than the head  b",
    ]);
  });

  it("keeps the room of a cell that is empty or missing", () => {
    expect(renderTable(["one", "two"], [["", "b"], []]).split("\n")).toEqual(["one  two", "     b", ""]);
  });

  it("without rows is its head", () => {
    expect(renderTable(["one", "two"], [])).toBe("one  two");
  });
});

describe("a report's file", () => {
  it.each([
    ["foreign", "Overwrite a/report.html, which Slipway did not write?"],
    ["ours", null],
    ["absent", null],
  ] as const)("that is %s asks before it is overwritten: %s", (state, expected) => {
    expect(asksOverwrite({ output: { path: "a/report.html", state } })).toBe(expected);
  });

  it("is not asked about where none is written", () => {
    expect(asksOverwrite({ output: null })).toBeNull();
  });

  it("is known by these words", () => {
    expect(writtenBy).toBe("written by slipway");
  });
});

describe("a text for a terminal", () => {
  const d = `sha256:${"0123456789abcdef".repeat(4)}`;
  it.each([
    [`dev is ${d} in ecr`, "dev is 0123456789ab in ecr"],
    [`${d} ${d}`, "0123456789ab 0123456789ab"],
    ["it was sha256:0123456789ab", "it was 0123456789ab"],
    [`i docker_take_local --digest ${d}`, `i docker_take_local --digest ${d}`],
    [`docker pull a.b/c@${d}`, `docker pull a.b/c@${d}`],
    [`${d}f`, `${d}f`],
    ["sha256:0123", "sha256:0123"],
  ])("has of %s what tells digests apart, and lines to type whole", (text, shown) => {
    expect(withShortDigests(text)).toBe(shown);
  });
});
