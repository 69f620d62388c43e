import { announceRelease, asksAnnounce } from "../lib/flows/announce.ts";
import { pick } from "../lib/run/options.ts";
import { oneStage } from "../lib/run/report_options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  about: "Tell the team in Slack, once, that a version is released, when every registry shows its digest.",
  options: { ...pick("version", "breakLock"), stage: oneStage },
  needs: ["git", "log", "releases"],
  examples: ["i release_announce --version 1.2.0", "i release_announce --stage prod"],
  asks: asksAnnounce,
  steps: announceRelease,
});
