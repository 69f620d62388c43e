import { oneStage } from "../lib/release/report_options.ts";
import { announceRelease, asksAnnounce } from "../lib/report/announce.ts";
import { flag, pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "release",
  about: "Announce a release in Slack, once, when every registry shows its digest.",
  options: {
    ...pick("version", "breakLock"),
    stage: oneStage,
    posted: flag("Record it: the message that an interrupted run left is in the channel.", { onlyTyped: true }),
    postAgain: flag("Post it again: the message that an interrupted run left is not in the channel.", {
      onlyTyped: true,
    }),
  },
  needs: ["git", "log"],
  look: async (facts, options) => (await import("../lib/release/look_releases.ts")).lookAtReleases(facts, options),
  examples: ["i release_announce --version 1.2.0", "i release_announce --stage prod"],
  asks: asksAnnounce,
  steps: announceRelease,
});
