import { loadPython } from "../lib/doors/python_files.ts";
import { detectCycles } from "../lib/packages/import_cycles.ts";
import { list } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "build, test",
  about: "Show which Python files import each other in a circle, without running them; exits 1 if any do.",
  options: {
    files: list("PATHS", "Look at these files and folders alone.", {
      aliases: ["dir-name"],
      positional: true,
      onlyTyped: true,
      parse: (value) => [value],
    }),
  },
  look: (facts, { files }) => loadPython(facts, files),
  examples: ["i lint_detect_cycles", "i lint_detect_cycles src/models"],
  steps: (facts, _options, seen) => detectCycles(facts, seen),
});
