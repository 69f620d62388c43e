import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readIn, root, sources } from "./source.ts";

const design = readIn("docs/design.md");
const files = ["lib", "scripts", "thin_client", "test"].flatMap(sources);
/** Comments as one line each, so that a citation may go on in the next. */
const comments = files.map((path) => ({ path, text: readIn(path).replaceAll(/\s*\n\s*(?:\*|\/\/) ?/g, " ") }));
const isOwn = (path: string) => path === "test/unit/design.test.ts";

describe("docs/design.md", () => {
  const cited = comments
    .filter(({ path }) => !isOwn(path))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/design\.md, ((?:"[^"]+"(?:(?:,| and) (?=["]))?)+|steps? \d(?: and \d)?)/g)].flatMap(
        ([, what = ""]) =>
          [...what.matchAll(/"([^"]+)"|(\d)/g)].map(([, name, step]) => ({ path, name: name ?? "", step: step ?? "" })),
      ),
    );

  it("has every section, decision and step that a comment cites", () => {
    expect(cited.length).toBeGreaterThan(30);
    const has = ({ name, step }: (typeof cited)[number]) =>
      step === ""
        ? new RegExp(`^## ${name}$|^\\| ${name} \\||\\*\\*${name}\\*\\*`, "m").test(design)
        : design.includes(`\n${step}. `);
    expect(cited.filter((one) => !has(one))).toEqual([]);
  });

  it("is the only document that comments cite", () => {
    const others = /\b(?:original|machine|targets|style)\.md\b|\bseeds? 00\d/;
    expect(comments.filter(({ path, text }) => !isOwn(path) && others.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it("names every folder of the code", () => {
    const inside = (dir: string): string[] =>
      readdirSync(join(root, dir), { withFileTypes: true }).flatMap((one) =>
        one.isDirectory() ? [join(dir, one.name), ...(dir === "lib" ? inside(join(dir, one.name)) : [])] : [],
      );
    const named = (path: string) =>
      [`\`${path}/\``, `\`${path}\``, `\`${path.split("/").at(-1)}/\``, `\`${path.split("/").at(-1)}\``].some((word) =>
        design.includes(word),
      );
    const folders = ["scripts", ...["lib", "thin_client", "test"].flatMap(inside)];
    expect(folders.length).toBeGreaterThan(20);
    expect(folders.filter((path) => !named(path))).toEqual([]);
  });
});
