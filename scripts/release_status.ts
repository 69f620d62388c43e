import { releaseStatus } from "../lib/flows/status.ts";
import { pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  about: "Tell which digest every tag has in every registry; exit code 1 when they differ.",
  options: pick("version", "stage"),
  needs: ["git", "registries", "log"],
  steps: releaseStatus,
});
