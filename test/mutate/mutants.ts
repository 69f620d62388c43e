import { type ParseResult, parseSync, Visitor } from "oxc-parser";

/** One planted fault: a piece of a file and what stands there instead. */
export type Mutant = {
  readonly file: string;
  readonly line: number;
  readonly operator: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
};
type Spot = { readonly start: number; readonly end: number };
type Plant = (operator: string, spot: Spot, text: string) => void;
type Program = ParseResult["program"];

/**
 * Every fault that can be planted in a file: the operators that Stryker has by default (its documentation, "Supported
 * mutators"). Types and the names of modules are left alone.
 */
export function mutantsOf(file: string, code: string): readonly Mutant[] {
  const { program, errors } = parseSync(file, code, { lang: "ts" });
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  const starts = lineStarts(code);
  const found = new Map<string, Mutant>();
  const plant: Plant = (operator, { start, end }, text) => {
    if (code.slice(start, end) === text) return;
    const line = starts.findLastIndex((at) => at <= start) + 1;
    found.set(`${start}-${end}-${text}`, { file, line, operator, start, end, text });
  };
  walk(program, code, plant);
  return [...found.values()].sort((a, b) => a.start - b.start || a.end - b.end);
}

/** The code with the fault in it. */
export const withMutant = (code: string, { start, end, text }: Mutant): string =>
  code.slice(0, start) + text + code.slice(end);

const lineStarts = (code: string): readonly number[] => [0, ...[...code.matchAll(/\n/g)].map(({ index }) => index + 1)];

const swaps: Readonly<Record<string, readonly string[]>> = {
  "+": ["-"],
  "-": ["+"],
  "*": ["/"],
  "/": ["*"],
  "%": ["*"],
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "===": ["!=="],
  "!==": ["==="],
  "&&": ["||"],
  "||": ["&&"],
  "??": ["&&"],
  "+=": ["-="],
  "-=": ["+="],
  "||=": ["&&="],
  "??=": ["&&="],
};

/** A method and the one that takes its place; null leaves the call out and keeps what it is called on. */
const methods: Readonly<Record<string, string | null>> = {
  startsWith: "endsWith",
  endsWith: "startsWith",
  some: "every",
  every: "some",
  toUpperCase: "toLowerCase",
  toLowerCase: "toUpperCase",
  min: "max",
  max: "min",
  trimEnd: "trimStart",
  trimStart: "trimEnd",
  padEnd: "padStart",
  padStart: "padEnd",
  findLast: "find",
  findLastIndex: "findIndex",
  trim: null,
  sort: null,
  reverse: null,
  filter: null,
  slice: null,
};

function walk(program: Program, code: string, plant: Plant): void {
  const binary = (node: Spot & { operator: string; left: Spot; right: Spot }) => {
    const at = code.indexOf(node.operator, node.left.end);
    for (const other of swaps[node.operator] ?? [])
      plant("operator", { start: at, end: at + node.operator.length }, other);
  };
  const condition = (test: Spot | null) => {
    if (test) for (const value of ["true", "false"]) plant("condition", test, value);
  };
  const empty = (operator: string, node: Spot, held: readonly unknown[], text: string) => {
    if (held.length > 0) plant(operator, node, text);
  };
  const kept = unmutable(program);
  new Visitor({
    BinaryExpression: binary,
    LogicalExpression: binary,
    AssignmentExpression: binary,
    IfStatement: ({ test }) => condition(test),
    ConditionalExpression: ({ test }) => condition(test),
    WhileStatement: ({ test }) => plant("condition", test, "false"),
    ForStatement: ({ test }) => test && plant("condition", test, "false"),
    BlockStatement: (node) => empty("block", node, node.body, "{}"),
    ArrayExpression: (node) => empty("array", node, node.elements, "[]"),
    ObjectExpression: (node) => empty("object", node, node.properties, "{}"),
    ArrowFunctionExpression: ({ body }) => {
      if (body.type !== "BlockStatement") plant("arrow", body, "undefined");
    },
    UnaryExpression: ({ operator, argument, ...node }) => {
      if (operator === "!" || operator === "-") plant("unary", node, code.slice(argument.start, argument.end));
    },
    UpdateExpression: ({ operator, ...node }) =>
      plant("update", node, code.slice(node.start, node.end).replace(operator, operator === "++" ? "--" : "++")),
    MemberExpression: ({ optional, object }) => {
      if (!optional) return;
      const at = code.indexOf("?.", object.end);
      plant("optional", { start: at, end: at + 2 }, code[at + 2] === "[" ? "" : ".");
    },
    CallExpression: (node) => {
      const { callee } = node;
      if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return;
      const other = methods[callee.property.name];
      if (other) plant("method", callee.property, other);
      if (other === null) plant("method", node, code.slice(callee.object.start, callee.object.end));
    },
    Literal: (node) => {
      if (kept.has(node.start)) return;
      if (typeof node.value === "boolean") plant("boolean", node, String(!node.value));
      if (typeof node.value === "string") plant("text", node, node.value === "" ? '"planted"' : '""');
      if ("regex" in node)
        for (const text of regexMutants(code.slice(node.start, node.end))) plant("regex", node, text);
    },
    TemplateLiteral: (node) => plant("text", node, "``"),
  }).visit(program);
}

/** Where literals stand that are no values: types, names of modules, keys. */
function unmutable(program: Program): ReadonlySet<number> {
  const kept = new Set<number>();
  const keep = (node: { readonly type: string; readonly start: number } | null) => {
    if (node?.type === "Literal") kept.add(node.start);
  };
  new Visitor({
    ImportDeclaration: ({ source }) => keep(source),
    ImportExpression: ({ source }) => keep(source),
    ExportNamedDeclaration: ({ source }) => keep(source),
    ExportAllDeclaration: ({ source }) => keep(source),
    TSLiteralType: ({ literal }) => keep(literal),
    Property: ({ key }) => keep(key),
    TSPropertySignature: ({ key }) => keep(key),
  }).visit(program);
  return kept;
}

/** A pattern without one of its anchors, or with another number of times, or the other class. */
function regexMutants(source: string): readonly string[] {
  const end = source.lastIndexOf("/");
  const [pattern, flags] = [source.slice(1, end), source.slice(end)];
  const changed = [
    pattern.replace(/^\^/, ""),
    pattern.replace(/\$$/, ""),
    pattern.replace(/([\])\w])[*+](?!\?)/, "$1"),
    pattern.replace(/(?<!\\)\[\^/, "["),
    pattern.replace(/\\([dws])/, (_, letter: string) => `\\${letter.toUpperCase()}`),
  ];
  return changed.filter((text) => text !== pattern && text !== "").map((text) => `/${text}${flags}`);
}
