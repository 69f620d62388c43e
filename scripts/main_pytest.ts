import { dirsTestsOptions } from "../lib/run/dirs_options.ts";
import { lookForTestedDirs } from "../lib/run/look_tested_dirs.ts";
import { script } from "../lib/run/script.ts";
import { listOptions } from "../lib/run/test_options.ts";
import { testDirs } from "../lib/tests/tested_dirs.ts";

export default await script(import.meta.url, {
  subject: "build, test",
  about:
    "Run test lists of every runnable dir below this one, each in its own container, several at once; joins their reports.",
  options: { ...dirsTestsOptions, ...listOptions },
  place: "new",
  look: lookForTestedDirs,
  examples: ["i main_pytest", "i main_pytest fast slow --changed", "i main_pytest --dirs infra,web --at-once 4"],
  steps: testDirs,
});
