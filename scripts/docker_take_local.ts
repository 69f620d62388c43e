import { asksTake, takeLocal } from "../lib/container/hand_over.ts";
import { pick, text } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "use",
  about: "Take the local image that another user shared, as yours.",
  options: {
    from: text<string>("USER", "The user who shares the image.", { onlyTyped: true }),
    ...pick("version", "targetRegistries", "file"),
    digest: text<string>("DIGEST", "Refuse any image but the one with this digest.", { onlyTyped: true }),
  },
  needs: ["engine"],
  look: async (facts, options) =>
    (await import("../lib/container/look_containers.ts")).lookAtHandedOver(facts, options),
  versionFromChangelog: true,
  examples: ["i docker_take_local --from ann --version 1.2.0", "i docker_take_local --from ann --file /tmp/image.tar"],
  asks: asksTake,
  steps: takeLocal,
});
