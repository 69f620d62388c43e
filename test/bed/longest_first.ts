import { basename } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The files that take minutes: begun last, one of them would keep a single worker busy long after the others are done. */
const longest = [
  ...[
    "quickstart",
    "crash_prod",
    "crash",
    "faults",
    "adoption",
    "crash_others",
    "crash_more",
    "package_add",
    "poetry",
    "plans",
    "bed",
  ],
  ...["races", "thin_env", "prod_races", "jupyter", "runtimes", "original", "injection", "goldens", "crash_deployment"],
];

/** Orders test files: those first, in this order, then all others as vitest would. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const found = longest.indexOf(basename(moduleId, ".test.ts"));
      return found < 0 ? longest.length : found;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}
