import { asksPatch, patchContainer } from "../lib/build/patch.ts";
import { flag, pick, text } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "use",
  about: "Commit one of your containers to a local image that cannot be released, as a quick patch.",
  options: {
    ...pick("container", "version", "targetRegistries"),
    name: text<string>("NAME", "Tag it dev_NAME instead of replacing your local image.", { onlyTyped: true }),
    push: flag("Push it to the first registry, for use on other machines."),
  },
  look: async (facts, options) => (await import("../lib/container/look_containers.ts")).lookAtPatch(facts, options),
  examples: ["i docker_patch --name ccxtpro --push", "i docker_patch --container 3f2a91 --version 1.2.0"],
  asks: asksPatch,
  steps: patchContainer,
});
