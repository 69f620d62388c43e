import { asksShare, shareLocal } from "../lib/container/hand_over.ts";
import { flag, pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "use",
  about: "Hand your local image to another user, by a registry or in a file.",
  options: {
    ...pick("version", "targetRegistries", "file"),
    readable: flag("Let every user of this machine read the file (default: only you).", { onlyTyped: true }),
  },
  needs: ["engine"],
  look: async (facts, options) =>
    (await import("../lib/container/look_containers.ts")).lookAtHandedOver(facts, options),
  versionFromChangelog: true,
  examples: ["i docker_share_local --version 1.2.0", "i docker_share_local --file /tmp/image.tar --readable"],
  asks: asksShare,
  steps: shareLocal,
});
