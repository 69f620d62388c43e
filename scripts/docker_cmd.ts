import { command } from "../lib/container/work_in.ts";
import { lookForImage } from "../lib/run/look_image.ts";
import { pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "use",
  about: "Run one command in the container of a stage; its exit code is the command's.",
  options: pick("stage", "version", "cmd", "baseName", "asRoot", "entrypoint"),
  look: lookForImage,
  examples: ['i docker_cmd --cmd "pip list | tee pip_packages.txt"', "i docker_cmd -s local -- python3 -V"],
  steps: (facts, options, seen) => command({ ...facts, ...seen }, options),
});
