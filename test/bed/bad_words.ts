import { type BadCase, release } from "./bad_case.ts";

/** What is typed wrongly, or asks for what is not there. */
export const wordCases: readonly BadCase[] = [
  { what: "an unknown option", line: "docker_release_dev --versoin 1.0.0", says: /"--versoin" is not an option/ },
  { what: "a version with two numbers", line: "docker_release_dev --version 1.0", says: /"1.0" is not a version/ },
  {
    what: "an unknown registry",
    line: `${release} --target-registries quay`,
    says: /"quay" is not a registry of this repo/,
  },
  { what: "an unknown step", line: `${release} --from flip`, says: /"flip" is not a step of this plan/ },
  {
    what: "a step before which work is open",
    line: `${release} --from flip_dev`,
    says: /--from flip_dev would leave out build_local/,
  },
  { what: "a version nobody confirms", line: "docker_release_dev", says: /no one can answer/ },
  { what: "a dir that is not there", line: `${release} --dir nowhere`, says: /the directory "nowhere" does not exist/ },
  {
    what: "an age that is none",
    line: "release_prune --older-than 1.5",
    says: /"1.5" is not a number of days/,
  },
  {
    what: "a removal without a network",
    line: "release_prune --offline",
    says: /images cannot be removed with --offline/,
  },
  {
    what: "an adoption without a network",
    line: "release_adopt --offline",
    says: /releases cannot be adopted with --offline/,
  },
  {
    what: "a prefix that begins a release's tags",
    line: "release_branch --prefix prod",
    says: /--prefix "prod" begins no tag of a branch/,
  },
  {
    what: "a deployment of a dir without a Dockerfile",
    line: "release_deploy -i devops -n a.io/x -t feature-doodad",
    says: /there is no Dockerfile in "devops"/,
  },
  {
    what: "a branch that Git would not take",
    line: "git_branch_next_name --branch a..b",
    says: /"a\.\.b"/,
  },
  { what: "a path to clean", line: "git_clean tmp", says: /"tmp" is not an option/ },
  { what: "an issue of no number", line: "git_create_branch --issue x", says: /"x" is not the number of an issue/ },
  { what: "a branch of no name", line: "git_create_branch", says: /nothing names the branch/ },
  { what: "an issue without a title", line: "gh_create_issue", says: /^no title was given$/ },
  {
    what: "a pull request where the remote is no repo on GitHub",
    line: "gh_create_pr",
    says: /^the Git remote is ".*", which is no repo on GitHub$/,
  },
  { what: "runs of a branch that Git would not take", line: "gh_workflow_list --branch a..b", says: /"a\.\.b"/ },
  {
    what: "a workflow that is a path",
    line: "gh_workflow_run ../x.yml",
    says: /^"..\/x.yml" is not the file of a workflow$/,
  },
  { what: "a watch without a pause", line: "gh_watch --interval 0", says: /"0" is not a number of seconds/ },
  { what: "a pull from a named remote", line: "git_pull upstream", says: /"upstream" is not an option/ },
  { what: "a state of one repo alone", line: "git_status amp", says: /"amp" is not an option/ },
  { what: "an unknown stage", line: "docker_bash --stage test", says: /"test" is not a stage/ },
  { what: "a local image that was not built", line: "docker_bash --stage local", says: /has no local image/ },
  {
    what: "a local image of a version that was not built",
    line: "docker_cmd --stage local --version 1.0.0 -- true",
    says: /the engine has no .*:local-root-1.0.0/,
  },
  { what: "no command", line: "docker_cmd --stage dev", says: /no command was given/ },
  {
    what: "a pull of what no registry has",
    line: "docker_pull --version 9.9.9",
    says: /"docker_pull": `docker pull .*:dev-9.9.9` exited with 1/,
    code: 1,
  },
  { what: "a pull of a local image", line: "docker_pull --stage local", says: /a local image cannot be pulled/ },
  {
    what: "a tag for what was not built",
    line: "docker_tag_local_as_dev --version 1.0.0",
    says: /the engine has no .*:local-root-1.0.0/,
  },
  {
    what: "a push of what was not tagged",
    line: "docker_push_dev --version 1.0.0",
    says: /the engine has no .*:dev-1.0.0/,
  },
  {
    what: "a rollback without a version",
    line: "docker_rollback_dev --yes",
    says: /no version to go back to was given/,
  },
  {
    what: "a rollback to what was not released",
    line: "docker_rollback_dev --version 0.9.0 --yes",
    says: /has no released dev 0.9.0/,
  },
  {
    what: "a mirror of what was not released",
    line: "release_mirror --version 1.0.0",
    says: /no registry has dev-1.0.0/,
  },
  {
    what: "a build with an unknown mode",
    line: "docker_build_local --poetry-mode always",
    says: /--poetry-mode "always" is not known/,
  },
  { what: "a lint without linters", line: "lint", says: /^no linter is configured$/ },
  {
    what: "a lint of all and of a branch",
    line: "lint --all --branch",
    says: /^--all and --branch do not go together$/,
  },
  {
    what: "a lint of what is not there",
    line: "lint gone.py",
    says: /^"gone.py" is not there$/,
  },
  {
    what: "cycles of another dir",
    line: "lint_detect_cycles ../other",
    says: /^"..\/other" is not in the runnable dir ".*"$/,
  },
  { what: "no tool", line: "tools_run", says: /^no tool was named$/ },
  { what: "a tool that is not there", line: "tools_run gone -- --version", says: /^there is no tool gone$/ },
  {
    what: "a tool with the name of a path",
    line: "tools_run ../x -- --version",
    says: /^"..\/x" is not the name of a tool$/,
  },
  { what: "a change without words", line: "changelog_add", says: /no change was given/ },
  {
    what: "a change of an old version",
    line: "changelog_add --version 0.1.0 --message x",
    says: /the entry of 0.1.0 does not fit/,
  },
  {
    what: "a runnable dir without a name",
    line: "init_runnable_dir --dir more",
    says: /^no name was given$/,
  },
  {
    what: "a runnable dir with a bad name",
    line: "init_runnable_dir --dir more --name A",
    says: /"A" is not an image name/,
  },
  {
    what: "a way into a repo that there is not",
    line: "init --as npm",
    says: /^"npm" is no way to add Slipway$/,
  },
  {
    what: "one password for two registries",
    line: "docker_login --password-stdin --username ada",
    says: /--password-stdin is one password/,
  },
  {
    what: "a test list that there is not",
    line: "run_tests fast,medium",
    says: /--test-lists "medium" is not known/,
  },
  {
    what: "test lists that nobody names",
    line: "run_tests",
    says: /no test list is named/,
  },
  {
    what: "tests of an image that is nowhere",
    line: "run_fast_tests --stage dev --version 9.9.9",
    says: /exited with 1/,
    code: 1,
  },
];
