/** The files of the context that every row is about. */
export const contextFiles = [
  ...["a.md", "b.md", "top.txt", "#hash", "!bang", "a+b", "x(1)", "é", "docs/readme.md", "docs/b.md", "docs/in/c.md"],
  ...["docs/in/d.txt", "src/.env", "src/main.py", "src/docs/readme.md", "docsy/e.md", "[x]/f.md", "w/w1", "w/wé"],
] as const;

/** An ignore file and the files that the builder is sent by it. */
export type IgnoreRow = readonly [what: string, text: string, sent: readonly string[]];

const docs = ["docs/b.md", "docs/in/c.md", "docs/in/d.txt", "docs/readme.md"] as const;
const without = (...out: readonly string[]): readonly string[] =>
  contextFiles.filter((path) => !out.some((one) => path === one || path.startsWith(`${one}/`)));

/** Held against our rules by a unit test, and against the builder by a real one. */
export const ignoreRows: readonly IgnoreRow[] = [
  ["nothing", "", contextFiles],
  ["an exception that starts with ./", "*\n!./docs/readme.md\n", ["docs/readme.md"]],
  ["an exception with a slash before and behind", "*\n!/docs/in/\n", ["docs/in/c.md", "docs/in/d.txt"]],
  ["an exception with blanks around its mark", "*\n  !  docs/b.md  \n", ["docs/b.md"]],
  ["an exception that goes up and down", "*\n!src/../docs/b.md\n", ["docs/b.md"]],
  ["an exception with slashes to spare", "*\n!docs//in///c.md\n", ["docs/in/c.md"]],
  ["an exception with a wildcard in a folder", "*\n!d*/in/*.md\n", ["docs/in/c.md"]],
  ["an exception with **", "*\n!**/readme.md\n", ["docs/readme.md", "src/docs/readme.md"]],
  ["an exception of a folder, all below it", "*\n!docs/**\n", docs],
  ["an exception of a folder, its own files", "*\n!docs/*\n", docs],
  ["an exception before its rule", "!docs\n*\n", []],
  ["a rule after its exception", "*\n!docs\ndocs/in\n", ["docs/b.md", "docs/readme.md"]],
  ["a rule that is there twice", "docs\n!docs/in\ndocs\n", without("docs/b.md", "docs/readme.md")],
  ["a file of one star", "*.md\n", without("a.md", "b.md")],
  ["files in any folder", "**/*.md\n", contextFiles.filter((path) => !path.endsWith(".md"))],
  ["an end of names in any folder", "**.md\n", contextFiles.filter((path) => !path.endsWith(".md"))],
  ["a beginning of names", "docs**\n", contextFiles.filter((path) => !path.startsWith("docs"))],
  ["all below a folder", "docs/**\n", without("docs")],
  ["a folder anywhere", "**/docs\n", without("docs", "src/docs")],
  ["a folder with ** in it", "docs/**/c.md\n", without("docs/in/c.md")],
  ["one letter", "?.md\n", without("a.md", "b.md")],
  ["one letter of more than one byte", "w/w?\n", without("w")],
  ["a class of letters", "[a-b].md\nw/w[!1]\n", without("a.md", "b.md", "w/w1")],
  ["a class that is turned round", "[^b].md\n", without("a.md")],
  ["a wildcard taken literally", "\\[x\\]\n", without("[x]")],
  ["letters that mean something elsewhere", "a+b\nx(?)\n*.t*t\n", without("a+b", "x(1)", "top.txt")],
  ["a comment, and a blank before one", "#hash\n #hash\n", without("#hash")],
  ["a mark taken literally", "\\!bang\n", without("!bang")],
  ["the dir itself and a lone slash", ".\n/\n", contextFiles],
  ["what lies outside", "../docs\n", contextFiles],
  ["a mark of byte order and Windows line ends", "\uFEFFdocs\r\nsrc\r\n", without("docs", "src")],
  ["another case", "DOCS\n", contextFiles],
];
