import { beforeAll } from "vitest";
import { forgetInterrupts } from "../../lib/doors/interrupt.ts";
import { root } from "./source.ts";

// Files share a process: one whose test ran out of time leaves the next one in no folder that is gone by then.
beforeAll(() => process.chdir(root));
// Nor is what a file asks by itself over because the last run of the file before it is.
beforeAll(forgetInterrupts);
