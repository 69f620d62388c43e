import { lookAtDeploy } from "../lib/packages/look_package.ts";
import { deployImage, parseDevTag, parseRepository } from "../lib/packages/package.ts";
import { text } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "build, test",
  about: "Build the development image of a dir, labelled with the version of the commit, and push it.",
  options: {
    image: text<string>("DIR", "Build from this dir (default: the current one).", { short: "i" }),
    name: text<string>("NAME", "The image's name, with its registry or account.", {
      short: "n",
      parse: parseRepository,
    }),
    tag: text<string>("TAG", "The image's tag, which no release has.", { short: "t", parse: parseDevTag }),
  },
  needs: ["git", "engine"],
  look: lookAtDeploy,
  examples: ["i release_deploy -i docker/ -n brewblox/devcon -t feature-doodad"],
  steps: deployImage,
});
