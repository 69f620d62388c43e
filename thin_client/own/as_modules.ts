import { register } from "node:module";

// Under tsx a repo's own workflow is an ES module, whatever package.json lies around it, as it is under bun: without this a
// repo that has none could not write `export default await script(...)`. The same holds for the files that it imports, whose
// addresses tsx makes its own: loaded by require, they would get a second copy of Slipway, which knows nothing of the first.
const hook = `export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  const [, file] = /^(.*\\.ts)(?:$|\\?|%3F)/.exec(found.url) ?? [];
  return found.format === "commonjs" && file ? { ...found, format: "module", url: file } : found;
}`;

register(`data:text/javascript,${encodeURIComponent(hook)}`);
