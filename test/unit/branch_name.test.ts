import { expect, it } from "vitest";
import { issueBranchName, nextBranchName } from "../../lib/names/branch_name.ts";

it.each<[branch: string, names: readonly string[], next: string]>([
  ["fix", ["fix"], "fix_1"],
  ["fix", ["fix", "fix_1", "fix_2", "fix_4"], "fix_3"],
  ["fix_1", ["fix", "fix_1"], "fix_2"],
  ["release_20251023", ["main", "release_20251023"], "release_20251023_1"],
  ["Fix", ["Fix", "FIX_1"], "Fix_2"],
  ["main", ["", "main"], "main_1"],
  ["a.b", ["a.b", "axb_1"], "a.b_1"],
  ["$(x)", ["$(x)", "$(x)_1"], "$(x)_2"],
])("after %s, where there are %j, comes %s", (branch, names, next) => {
  expect(nextBranchName(branch, names)).toBe(next);
});

it.each([
  ["Add: a (b)", 45, "Task", "Task45_Add_a_b"],
  ["Add", 45, "CmampTask", "CmampTask45_Add"],
  ["+", 45, "Cm_", "Cm_45"],
  ["Add", null, "CmampTask", "Add"],
])("the branch for %j, issue %s, where they are called %s, is %s", (title, issue, prefix, name) => {
  expect(issueBranchName(title, issue, prefix)).toBe(name);
});
