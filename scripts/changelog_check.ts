import { checkChangelog } from "../lib/flows/repo.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "repo",
  about: "Check format, order, dates and versions of changelog.txt.",
  options: {},
  steps: checkChangelog,
});
