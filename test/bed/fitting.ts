import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The names of all workflows. */
export const workflowNames: readonly string[] = readdirSync(fileURLToPath(new URL("../../scripts", import.meta.url)))
  .map((file) => file.replace(/\.ts$/, ""))
  .sort();

/** Those that belong to no repo, and lie with the thin client. */
export const thinClientNames = ["engine", "quickstart"] as const;

/** The file of a workflow. */
export const fileOf = (name: string): string =>
  `${thinClientNames.some((one) => one === name) ? "thin_client" : "scripts"}/${name}.ts`;

/** The workflows that look into an image's Python, which the tiny image does not have. */
export const ofPython = ["find_unused_packages", "package_add", "run_coverage"] as const;

/** A port of this test's own worker: nobody else takes it, nor Linux for outgoing connections. */
const ownPort = String(23_000 + Number(process.env["VITEST_POOL_ID"]));
const local = ["--stage", "local", "--version", "1.0.0"];

/** Options with which a workflow has something to do in a repo at version 1.0.0, in an order in which one makes way for the next. */
export const fitting: Readonly<Record<string, readonly string[]>> = {
  changelog_check: [],
  version_check: [],
  lint_detect_cycles: [],
  lint: ["--all", "--check"],
  sync_common_files: ["../peer"],
  tools_run: ["tool", "sh", "-c", "exit 0"],
  env_print: [],
  release_history: [],
  release_log: [],
  release_status: [],
  trust: [],
  doctor: [],
  release_enable_cross_build: [],
  release_package: ["--index", "http://127.0.0.1:9/simple/"],
  docker_login: ["--target-registries", "r1", "--username", "ada", "--password-stdin"],
  release_deploy: ["-i", "docker", "-n", "127.0.0.1:5000/deployed", "-t", "feature-doodad"],
  docker_build_local: ["--version", "1.0.0", "--poetry-mode", "no_update"],
  run_fast_tests: local,
  run_slow_tests: local,
  run_fast_slow_tests: local,
  run_tests: ["fast", ...local],
  run_fast_slow_superslow_tests: local,
  run_superslow_tests: local,
  run_qa_tests: local,
  run_coverage: ["fast", ...local],
  pytest_repro: ["--file", "changelog.txt"],
  main_pytest: ["--stage", "local"],
  docker_share_local: ["--version", "1.0.0", "--target-registries", "r1"],
  docker_take_local: ["--from", "root", "--version", "1.0.0"],
  compare_packages: ["local", "local-1.0.0"],
  find_unused_packages: local,
  package_add: ["alpha"],
  docker_tag_local_as_dev: ["--version", "1.0.0"],
  docker_push_dev: ["--version", "1.0.0", "--target-registries", "r1"],
  release_mirror: ["--version", "1.0.0"],
  release_announce: ["--version", "1.0.0"],
  release_check: ["--version", "1.0.0"],
  release_notes: ["--version", "1.0.0"],
  release_dev_version: ["--local"],
  release_trigger: [],
  git_branch_next_name: [],
  git_clean: [],
  git_create_branch: ["--branch", "new"],
  gh_create_issue: ["--title", "It's $(x)", "--body", "Why"],
  gh_create_pr: [],
  gh_workflow_run: ["fast_tests"],
  gh_watch: ["--interval", "1"],
  gh_workflow_list: [],
  git_branch_delete_merged: [],
  git_branch_diff: [],
  git_merge_master: [],
  git_pull: [],
  git_status: [],
  release_branch: ["--branch", "main"],
  release_adopt: [],
  release_prune: [],
  docker_pull: ["--stage", "dev"],
  docker_pull_dev_tools: [],
  docker_bash: ["--stage", "dev"],
  docker_cmd: ["--stage", "dev", "--cmd", "echo 'a b' | cat && true"],
  docker_build_prod: ["--version", "1.0.0"],
  docker_create_candidate: ["--version", "1.0.0"],
  docker_push_prod_candidate: [],
  docker_release_prod: ["--version", "1.0.0"],
  docker_push_prod: ["--version", "1.0.0"],
  docker_update_prod_task_definition: ["--version", "1.0.0", "--cluster", "main"],
  docker_release_all: ["--version", "1.0.1"],
  docker_rollback_prod: ["--version", "1.0.0", "--message", "too new"],
  docker_release_multi_build_dev: ["--version", "1.0.2"],
  docker_tag_push_multi_build_local_as_dev: ["--version", "1.0.2"],
  release_merge_index: ["--version", "1.0.3", "--images", "local-ada-1.0.3,local-bob-1.0.3"],
  docker_jupyter: ["--self-test", "--port", ownPort],
  poetry: ["check"],
  docker: ["version"],
  docker_ps: [],
  docker_stats: [],
  docker_exec: ["--cmd", "echo 'a b' | cat"],
  docker_images_ls_repo: [],
  docker_patch: ["--name", "by-hand"],
  service_up: [],
  service_ps: [],
  service_logs: ["--no-follow"],
  service_down: [],
  docker_kill: [],
  docker_release_dev: ["--version", "1.0.0"],
  docker_remove: ["--stage", "dev"],
  docker_rollback_dev: ["--version", "1.0.0", "--message", "too new"],
  release_dist_copy: ["dist", "ignored_pkg"],
  changelog_add: ["--message", "Another image"],
  init: ["--as", "package", "--source", fileURLToPath(new URL("../..", import.meta.url))],
  git_roll_submodule: ["amp"],
  init_ci: ["--slipway", "helpers/slipway"],
  init_runnable_dir: ["--dir", "inner", "--name", "inner"],
};

/** What a workflow ends with that wants more than the tiny repo has: a program in its image, or a package to build. */
export const fittingCodes: Readonly<Record<string, number>> = { docker_jupyter: 127, poetry: 127, release_package: 1 };
