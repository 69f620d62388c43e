// A package is imported by the path of its file: under tsx the tsconfig.json of whatever dir one stands in may lead a bare
// name to a file of its own (TypeScript handbook, "paths"), never a relative one. Here is what each such file exports.
declare module "*/node_modules/@aws-sdk/client-ecr/dist-cjs/index.js" {
  export * from "@aws-sdk/client-ecr";
}
declare module "*/node_modules/@aws-sdk/client-ecs/dist-cjs/index.js" {
  export * from "@aws-sdk/client-ecs";
}
declare module "*/node_modules/@balena/dockerignore/ignore.js" {
  export { default } from "@balena/dockerignore";
}
declare module "*/node_modules/@xmldom/xmldom/lib/index.js" {
  export * from "@xmldom/xmldom";
}
declare module "*/node_modules/dotenv/dist/index.cjs" {
  export * from "dotenv";
}
declare module "*/node_modules/js-yaml/dist/js-yaml.mjs" {
  export * from "js-yaml";
}
declare module "*/node_modules/semver/functions/compare.js" {
  export { default } from "semver/functions/compare.js";
}
declare module "*/node_modules/semver/functions/parse.js" {
  export { default } from "semver/functions/parse.js";
}
declare module "*/node_modules/tar/dist/esm/index.min.js" {
  export * from "tar";
}
