import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { renderHelp, renderShortHelp } from "../../lib/run/help.ts";
import { loadWorkflows, renderPages, subjects } from "../bed/pages/render.ts";
import { readIn, root } from "./source.ts";

const workflows = await loadWorkflows();
const pages = renderPages(workflows);
const filesIn = (folder: string) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`);

describe("the pages of workflows", () => {
  it("are what their help is made of: npm run pages writes them", () => {
    expect([...filesIn("docs/workflows"), ...filesIn("thin_client/man/man1")].sort()).toEqual([...pages.keys()].sort());
    expect([...pages].filter(([path, text]) => readIn(path) !== text).map(([path]) => path)).toEqual([]);
  });

  it("have each a subject that `i` knows", () => {
    expect(workflows.filter(({ subject }) => !subjects.includes(subject)).map(({ name }) => name)).toEqual([]);
    const [, order] = /split\("([^"]*)", order, ";"\)/.exec(readIn("thin_client/awk/list.awk")) ?? [];
    expect(order?.split(";")).toEqual(subjects);
  });
});

describe.each([40, 60, 80, 200])("a help in %i columns", (columns) => {
  it("has no line that is wider, but one of a word that is", () => {
    const wide = workflows.flatMap((page) =>
      [...renderHelp(page, columns).split("\n"), ...renderShortHelp(page, columns).split("\n")].filter(
        (line) => line.length > columns && !/^(?: {2}|Usage: )i /.test(line) && line.trim().includes(" "),
      ),
    );
    expect(wide.filter((line) => !/^ {2}(?:-\w, | {4})--/.test(line))).toEqual([]);
  });

  it("says every option and every sentence whole", () => {
    for (const page of workflows) {
      const said = renderHelp(page, columns).replaceAll(/\s+/g, " ");
      for (const { help } of Object.values(page.options)) expect(said).toContain(help);
      const short = renderShortHelp(page, columns);
      expect(short).toContain(page.about.split(" ")[0]);
      expect(short.replaceAll(/\s+/g, " ")).toContain(`i ${page.name} --help has examples`);
    }
  });
});
