import { adopt, asksAdoption } from "../lib/flows/adoption.ts";
import { parseWay, type Way } from "../lib/model/adoption.ts";
import { lookAtAdoption } from "../lib/run/adoption.ts";
import { text } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "repo",
  about: "Add Slipway and its toolchain to a repo: asks what it needs, with defaults from what is there.",
  options: {
    as: text<Way>(
      "WAY",
      "Add Slipway as a submodule or as a package of npm, the default where there is a package.json.",
      {
        parse: parseWay,
        onlyTyped: true,
      },
    ),
    source: text<string>("ADDRESS", "Fetch Slipway from here instead of where this one came from.", {
      onlyTyped: true,
    }),
    name: text<string>(
      "NAME",
      "Call the dir's image so; the name in package.json, of the Git remote or of the dir without it.",
    ),
    baseImage: text<string>(
      "IMAGE",
      "Start the dev image from this; from what the Dockerfile starts from without it.",
      {
        aliases: ["base-name"],
      },
    ),
  },
  newDir: true,
  look: lookAtAdoption,
  asks: asksAdoption,
  examples: ["i init --yes", "i init --as submodule --name cmamp --dry-run"],
  steps: adopt,
});
