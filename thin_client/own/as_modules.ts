import { register } from "node:module";

// Under tsx a repo's own workflow is an ES module, whatever package.json lies around it, as it is under bun:
// without this a repo that has none could not write `export default await script(...)`.
const hook = `export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  return found.format === "commonjs" && /\\.ts($|\\?)/.test(found.url) ? { ...found, format: "module" } : found;
}`;

register(`data:text/javascript,${encodeURIComponent(hook)}`);
