import { allowing, trust } from "../lib/machine/trust.ts";
import { loadTrust } from "../lib/run/consent.ts";
import { flag } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "thin client",
  about: "Show what this repo does to your machine beyond the defaults, and allow it until its content changes.",
  options: {
    show: flag("List it and change nothing.", { onlyTyped: true }),
    revoke: flag("Take back what was allowed.", { onlyTyped: true }),
  },
  examples: ["i trust --show", "i trust --revoke"],
  look: loadTrust,
  asks: (_facts, options, seen) => allowing(options, seen),
  steps: (_facts, options, seen) => trust(options, seen),
});
