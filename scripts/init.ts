import { parseWay, type Way } from "../lib/config/adoption.ts";
import { adopt, asksAdoption } from "../lib/init/adoption.ts";
import { lookAtAdoption } from "../lib/init/look_adoption.ts";
import { newDirOptions } from "../lib/init/new_dir_options.ts";
import { flag, text } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "repo",
  about: "Add Slipway and its toolchain to a repo; asks for what it needs and suggests what it finds.",
  options: {
    as: text<Way>(
      "WAY",
      "Add Slipway as a submodule, or as a package of npm (default: a package if there is a package.json).",
      {
        parse: parseWay,
        onlyTyped: true,
      },
    ),
    source: text<string>("ADDRESS", "Where to fetch Slipway from (default: where this copy came from).", {
      onlyTyped: true,
    }),
    ...newDirOptions,
    adopt: flag("Write repo_config.yaml from the repo_config.py of the Python toolchain, and nothing else."),
  },
  place: "new",
  look: lookAtAdoption,
  asks: asksAdoption,
  examples: ["i init --yes", "i init --as submodule --name cmamp --dry-run", "i init --adopt"],
  steps: adopt,
});
