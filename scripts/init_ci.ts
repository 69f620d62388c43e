import { readRepoText } from "../lib/doors/files.ts";
import { whereSlipwayIs } from "../lib/init/look_adoption.ts";
import { asksCi, ciPaths, initCi } from "../lib/repo/ci.ts";
import { text } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "repo",
  about: "Write workflows of GitHub Actions that test, build and release as on a laptop.",
  options: {
    slipway: text<string>("PATH", "Where Slipway lies in the repo, or package.json (default: where it is found)."),
  },
  look: async (facts) => ({
    there: whereSlipwayIs(facts, readRepoText(facts.place.root, "package.json")),
    texts: Object.fromEntries(
      Object.values(ciPaths(facts.place.dir)).map((path) => [path, readRepoText(facts.place.root, path)]),
    ),
    services: await (await import("../lib/run/look_services.ts")).servicesOfDir(facts),
  }),
  asks: asksCi,
  examples: ["i init_ci --dry-run", "i init_ci --slipway helpers/slipway"],
  steps: initCi,
});
