import type { Distribution, Seen } from "../../../lib/python/package_use.ts";

/** An installed package that is imported by its name. */
export const dist = (name: string, more: Partial<Distribution> = {}): Distribution => ({
  ...{ name, version: "1.0", modules: [name], scripts: [], groups: {}, requires: [] },
  ...more,
});

/** What is seen in an image that has the package `a`, and a repo that names nothing. */
export const seen = (more: Partial<Seen> = {}): Seen => ({
  ...{ python: "3.11", distributions: [dist("a")], files: [], imports: [], words: [] },
  ...{ markers: [], broken: [] },
  ...more,
});
