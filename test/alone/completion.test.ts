import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { fastest, run } from "../bed/thin_clone.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

it.each([
  ["names", ["i", ""]],
  ["options", ["docker_bash", "-"]],
  ["stages", ["docker_bash", "--stage", ""]],
  ["versions", ["docker_bash", "--version", ""]],
  ["runnable dirs", ["docker_bash", "--dir", ""]],
  ["registries", ["docker_push_dev", "--target", ""]],
  ["branches", ["git_branch_next_name", "--branch", ""]],
])("%s are completed in less than 50 ms", (_, words) => {
  const ran = fastest(10, () => run(["sh", `${root}thin_client/complete.sh`, ...words], { cwd: root }));
  expect(ran).toMatchObject({ code: 0, err: "" });
  expect(ran.ms).toBeLessThan(50);
});
