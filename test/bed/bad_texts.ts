import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type BadCase, commits, config, dockerfile, release } from "./bad_case.ts";
import { git } from "./git.ts";
import { change, changelog } from "./tiny_repo.ts";

/** What is wrong with the files of a repo. */
export const textCases: readonly BadCase[] = [
  {
    what: "a changelog with a mistake",
    line: release,
    says: /changelog.txt:1 "# 1.0.0" names no version/,
    spoil: commits({ "changelog.txt": "# 1.0.0\n- x\n" }),
  },
  {
    what: "no changelog",
    line: release,
    says: /version 1.0.0 is not the newest dev entry/,
    spoil: async (repo) => {
      rmSync(join(repo, "changelog.txt"));
      await change(repo, {});
    },
  },
  {
    what: "an empty changelog and no version",
    line: "docker_release_dev",
    says: /no version was given/,
    spoil: commits({ "changelog.txt": "" }),
  },
  {
    what: "a version that the changelog lacks",
    line: "docker_release_dev --version 1.0.1",
    says: /version 1.0.1 is not the newest dev entry of changelog.txt, 1.0.0/,
  },
  {
    what: "a version lower than a release",
    line: release,
    says: /version 1.0.0 is lower than 2.0.0/,
    spoil: async (repo, _, name) => void (await git(repo, "tag", `${name}-2.0.0`)),
  },
  {
    what: "a Git tag of it on another commit",
    line: release,
    says: /^the Git tag .*-1.0.0 names [0-9a-f]{12}, of which the log has no passes/,
    spoil: async (repo, _, name) => {
      await git(repo, "tag", `${name}-1.0.0`);
      await git(repo, "push", "--quiet", "origin", "--tags");
      await change(repo, { "devops/docker_build/words.txt": "other\n" });
    },
  },
  {
    what: "a typo in a key",
    line: release,
    says: /repo_config.yaml:5 relese is not a known key/,
    spoil: config("relese: {}"),
  },
  {
    what: "a linter without a list of words",
    line: "lint",
    says: /repo_config.yaml:\d+ lint.files.py.check is no list of commands/,
    spoil: config('lint: {files: {py: {names: ["*.py"], check: [ruff]}}}'),
  },
  {
    what: "common files without a repo to compare",
    line: "sync_common_files",
    says: /^no repo is named$/,
    spoil: config("common_files: {copy: [changelog.txt]}"),
  },
  {
    what: "a config that is no YAML",
    line: release,
    says: /repo_config.yaml:\d /,
    spoil: commits({ "repo_config.yaml": "a: [b\n" }),
  },
  {
    what: "no registry",
    line: release,
    says: /no registry is configured/,
    spoil: commits({
      "repo_config.yaml": "docker_info: {docker_image_name: bare}\n",
      "changelog.txt": changelog("bare", "1.0.0"),
    }),
  },
  {
    what: "an image of no dir",
    line: release,
    says: /repo_config.yaml:1 docker_info.image_of is "x", and "x" has no repo_config.yaml/,
    spoil: commits({ "repo_config.yaml": "docker_info: {image_of: x}\n" }),
  },
  {
    what: "an image of another dir",
    line: release,
    says: /"." has no image of its own: it uses that of "x"/,
    spoil: commits({
      "repo_config.yaml": "docker_info: {image_of: x}\n",
      "x/repo_config.yaml": "docker_info: {docker_image_name: x}\ncontainer_registry_info: {ecr: 127.0.0.1:5000}\n",
      "x/changelog.txt": changelog("x", "1.0.0"),
    }),
  },
  { what: "release: none", line: release, says: /is not released/, spoil: config("release: none") },
  {
    what: "no Dockerfile",
    line: release,
    says: /dev.Dockerfile is not there/,
    spoil: async (repo) => {
      rmSync(join(repo, "devops/docker_build/dev.Dockerfile"));
      await change(repo, {});
    },
  },
  {
    what: "a Dockerfile that fails",
    line: release,
    says: /"build_local": `docker buildx build .*` exited with 1/,
    code: 1,
    spoil: dockerfile("FROM slipway/tiny:1\nRUN false\n"),
  },
  {
    what: "a Dockerfile that is none",
    line: release,
    says: /"build_local": `docker buildx build .*` exited with 1/,
    code: 1,
    spoil: dockerfile("HELLO\n"),
  },
  {
    what: "a Dockerfile that copies what is not there",
    line: release,
    says: /"build_local": .* exited with 1/,
    code: 1,
    spoil: dockerfile("FROM slipway/tiny:1\nCOPY nothing /\n"),
  },
  {
    what: "a link in the context that leads nowhere",
    line: release,
    says: /the link "devops\/lost" of the build context leads to "\/nowhere"/,
    spoil: async (repo) => {
      symlinkSync("/nowhere", join(repo, "devops/lost"));
      await change(repo, {});
      return undefined;
    },
  },
];
