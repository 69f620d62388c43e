import { beforeAll } from "vitest";
import { root } from "./source.ts";

// Files share a process: one whose test ran out of time leaves the next one in no folder that is gone by then.
beforeAll(() => process.chdir(root));
