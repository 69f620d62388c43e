import { initRunnableDir } from "../lib/flows/runnable_dir.ts";
import { lookAtNewDir } from "../lib/run/new_dir.ts";
import { text } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "repo",
  about: "Add the toolchain to a new or existing dir: devops, config, changelog and tests that release at once.",
  options: {
    name: text<string>("NAME", "The name of the dir's image, unique in the repo."),
    baseImage: text<string>("IMAGE", "What the dev image starts from.", { aliases: ["base-name"] }),
  },
  newDir: true,
  look: lookAtNewDir,
  examples: ["i init_runnable_dir --dir optimizer --name opt"],
  steps: initRunnableDir,
});
