import { adopt, asksAdoption } from "../lib/flows/adoption.ts";
import { parseWay, type Way } from "../lib/model/adoption.ts";
import { lookAtAdoption } from "../lib/run/adoption.ts";
import { text } from "../lib/run/options.ts";
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
    name: text<string>("NAME", "Name of the image (default: that of package.json, of the Git remote, or of the dir)."),
    baseImage: text<string>("IMAGE", "What the dev image starts from (default: what the Dockerfile starts from).", {
      aliases: ["base-name"],
    }),
  },
  newDir: true,
  look: lookAtAdoption,
  asks: asksAdoption,
  examples: ["i init --yes", "i init --as submodule --name cmamp --dry-run"],
  steps: adopt,
});
