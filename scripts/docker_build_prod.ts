import { buildProd } from "../lib/release/prod.ts";
import { flag, pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "build, test",
  about: "Build the prod image on the digest of the released dev image, with the code of the commit inside.",
  options: {
    ...pick("version", "devVersion", "cache", "buildArg", "secret", "multiArch", "builder"),
    candidate: flag("Tag it prod-<user>-<hash> instead, to try it before a release."),
  },
  stage: "prod",
  needs: ["git", "engine", "registries", "log", "inputs"],
  versionFromChangelog: true,
  examples: ["i docker_build_prod --version 1.2.0", "i docker_build_prod --version 1.2.1 --dev-version 1.2.0"],
  steps: buildProd,
});
