import { lookAtNewDirs } from "../lib/init/look_new_dir.ts";
import { newDirOptions } from "../lib/init/new_dir_options.ts";
import { asksRunnableDirs, initRunnableDirs } from "../lib/init/runnable_dir.ts";
import { list } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "repo",
  about:
    "Add the toolchain to new or existing dirs, so that they release at once; asks, with answers from what is there.",
  options: {
    dirs: list("DIRS", "The dirs, each with an image of its own (default: the current one).", {
      positional: true,
      onlyTyped: true,
    }),
    ...newDirOptions,
  },
  place: "new",
  look: lookAtNewDirs,
  asks: asksRunnableDirs,
  examples: [
    "i init_runnable_dir --yes",
    "i init_runnable_dir --dir optimizer --name opt",
    "i init_runnable_dir optimizer infra",
  ],
  steps: initRunnableDirs,
});
