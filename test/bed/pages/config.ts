import { commonFilesKeys } from "../../../lib/config/common_files.ts";
import { configKeys } from "../../../lib/config/config.ts";
import type { Key, Keys } from "../../../lib/config/config_reader.ts";
import { lintKeys } from "../../../lib/config/lint.ts";
import { servicesKeys } from "../../../lib/config/services.ts";

/** All keys of repo_config.yaml, as their parsers declare them. */
export const allKeys = {
  ...configKeys,
  lint: { is: "section", keys: lintKeys, about: "The linters of `i lint`." },
  common_files: { is: "section", keys: commonFilesKeys, about: "The files that repos share, for sync_common_files." },
  services: { is: "section", keys: servicesKeys, about: "What runs beside the containers, like a database." },
} as const satisfies Keys;

type Schema = { readonly [name: string]: unknown };

/** What editors check repo_config.yaml by (json-schema.org, draft 7, which all of them know). */
export function renderSchema(): string {
  const schema = {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "repo_config.yaml of Slipway",
    description: "Made by npm run pages from the keys that the reader knows. Sections of other tools are left alone.",
    type: "object",
    ...members(allKeys, true),
  };
  return `${JSON.stringify(schema, null, 1)}\n`;
}

function members(keys: Keys, open: boolean): Schema {
  const required = Object.keys(keys).filter((name) => isNeeded(keys[name]));
  return {
    properties: Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, schemaOf(key)])),
    ...(required.length > 0 ? { required } : {}),
    additionalProperties: open,
  };
}

const isNeeded = (key: Key | undefined): boolean => key !== undefined && "needed" in key && key.needed === true;

const schemaOf = (key: Key): Schema => ({ description: key.about, ...shapes[key.is](key) });

/** A key without a value is one that is not there, unless it is needed. */
const orNothing = (key: Key, ...types: readonly string[]) => (isNeeded(key) ? types : [...types, "null"]);
const aWord = { type: ["string", "number"] };
const aText = { type: ["string", "number", "boolean"], minLength: 1 };
const filled = (key: Key) => (isNeeded(key) ? { minItems: 1 } : {});

const shapes: Readonly<Record<Key["is"], (key: Key) => Schema>> = {
  anything: () => ({}),
  text: (key) => ({ type: orNothing(key, "string", "number", "boolean"), ...(isNeeded(key) ? { minLength: 1 } : {}) }),
  // 0 and 1 are taken too.
  flag: (key) => ({ type: orNothing(key, "boolean", "integer"), minimum: 0, maximum: 1 }),
  texts: (key) => ({ type: orNothing(key, "object"), additionalProperties: { type: [...aText.type, "null"] } }),
  word: (key) => (key.is === "word" ? { enum: [...key.of, null] } : {}),
  words: (key) => ({
    type: orNothing(key, "array"),
    items: key.is === "words" && key.of ? { enum: key.of } : aWord,
    ...filled(key),
  }),
  commands: (key) => ({
    type: orNothing(key, "array"),
    items: { type: "array", items: aWord, minItems: 1 },
    ...filled(key),
  }),
  section: (key) => {
    if (key.is !== "section") return {};
    const isFilled = (name: string) => ({ required: [name], properties: { [name]: { not: { enum: [null, ""] } } } });
    const oneOf = key.oneOf ? { anyOf: key.oneOf.map(isFilled) } : {};
    const section = { type: orNothing(key, "object"), ...members(key.keys, key.open === true), ...oneOf };
    return key.orWord === undefined ? section : { anyOf: [{ const: key.orWord }, section] };
  },
  named: (key) => ({
    type: orNothing(key, "object"),
    additionalProperties: key.is === "named" ? schemaOf(key.each) : {},
  }),
  registries: (key) => {
    if (key.is !== "registries") return {};
    const long = { type: "object", ...members(key.keys, false) };
    const needs = { required: [...Object.keys(key.keys).filter((name) => isNeeded(key.keys[name])), "kind"] };
    return {
      type: ["object", "null"],
      propertyNames: { pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]*$" },
      properties: Object.fromEntries(key.kinds.map((name) => [name, { anyOf: [aText, { type: "null" }, long] }])),
      additionalProperties: {
        anyOf: [{ type: "null" }, { ...long, ...needs, not: { properties: { kind: { type: "null" } } } }],
      },
    };
  },
};

/** The page of all keys. */
export function renderKeys(): string {
  const rows = rowsOf(allKeys, []).map(({ path, value, about }) => `| \`${path}\` | ${cell(value)} | ${cell(about)} |`);
  return [
    "<!-- Made by npm run pages from the keys that the reader knows. -->",
    ...["", "# repo_config.yaml", ""],
    "Every key, what stands there, and what it does. Sections of other tools are left alone; an unknown key in one of Slipway's is",
    "refused with its line. Editors that speak to yaml-language-server know all of it by the first line of the file, which",
    "`i init_runnable_dir --schema` writes.",
    ...["", "| key | value | what it does |", "| --- | --- | --- |", ...rows, ""],
  ].join("\n");
}

type KeyRow = { readonly path: string; readonly value: string; readonly about: string };

/** All keys with their paths; `NAME` stands for those that a repo chooses. */
export function rowsOf(keys: Keys, above: readonly string[]): readonly KeyRow[] {
  return Object.entries(keys).flatMap(([name, key]) => {
    const path = [...above, name];
    const row = { path: path.join("."), value: shown(key), about: key.about };
    return [row, ...below(key, path)];
  });
}

function below(key: Key, path: readonly string[]): readonly KeyRow[] {
  if (key.is === "section") return rowsOf(key.keys, path);
  if (key.is === "registries") return rowsOf(key.keys, [...path, "NAME"]);
  return key.is === "named" ? rowsOf({ NAME: key.each }, path) : [];
}

function shown(key: Key): string {
  if (key.is === "word") return key.of.join(", ");
  if (key.is === "words") return key.of ? `list of ${key.of.join(", ")}` : "list of words";
  const words: Readonly<Partial<Record<Key["is"], string>>> = {
    ...{ text: "text", flag: "True or False", texts: "name: text", commands: "list of lists of words" },
    ...{ section: "section", named: "section", registries: "section", anything: "anything" },
  };
  return words[key.is] ?? "";
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll(/[<>]/g, "\\$&");
