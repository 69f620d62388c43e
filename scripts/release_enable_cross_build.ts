import { enableCrossBuild } from "../lib/build/emulation.ts";
import { loadEmulations } from "../lib/doors/emulation.ts";
import { flag } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "build, test",
  about: "Let this machine's engines build and run images for arm64 and 32-bit arm by emulation.",
  options: { undo: flag("Remove the emulation from the kernel.", { onlyTyped: true }) },
  look: ({ place, env }) => loadEmulations(place.root, env),
  examples: ["i release_enable_cross_build --dry-run", "i release_enable_cross_build --undo"],
  steps: enableCrossBuild,
});
