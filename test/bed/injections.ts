import type { Ground } from "./tiny_repo.ts";

/** Texts that would make the file `marker`, or become another text, if anything took them for more than a text. */
export const payloads = (marker: string): Readonly<Record<string, string>> => ({
  quote: `a'; touch ${marker}; '`,
  double_quote: `a"; touch ${marker}; "`,
  dollar: `$(touch ${marker})`,
  backtick: `\`touch ${marker}\``,
  newline: `a\ntouch ${marker}\n#`,
  pipe: `a | touch ${marker} && touch ${marker} > ${marker}`,
  dash: `--output=${marker}`,
  upload_pack: `--upload-pack=touch ${marker};`,
  dots: `../..${marker}`,
  variable: "${IFS}$HOME%s\\x41",
});
/** No argument of a program can hold it, a file can. */
export const nul = (marker: string): string => `a\0touch ${marker}`;

/** One planted text that has to be refused: where it stands, and what is typed. `%` in a line is a word, the text itself. */
export type Planted = {
  readonly slot: string;
  readonly kinds: readonly string[];
  readonly line: string;
  /** The text of repo_config.yaml below the image's name and registries. */
  readonly config?: (text: string) => Readonly<Record<string, unknown>>;
};

// What is planted is committed in a clone of its own, and pushed by nobody.
const release = "docker_release_dev --version 1.0.0 --allow-unpushed";
const all = ["quote", "double_quote", "dollar", "backtick", "newline", "dash", "dots", "nul"] as const;
const oci = { kind: "oci" } as const;

/** Every place where a text decides what is run or written, and is refused unless it is a plain name. */
export const planted: readonly Planted[] = [
  {
    slot: "--version",
    kinds: ["quote", "dollar", "backtick", "newline", "dots"],
    line: "docker_release_dev --allow-unpushed --version %",
  },
  {
    slot: "--branch",
    kinds: ["quote", "dollar", "backtick", "newline", "pipe", "dots"],
    line: "release_branch --branch %",
  },
  { slot: "a workflow", kinds: ["dollar", "dots"], line: "gh_workflow_run --workflows %" },
  { slot: "a sample's name", kinds: ["quote", "dollar", "newline", "dots"], line: "quickstart --dry-run --name %" },
  { slot: "--base", kinds: ["newline"], line: "gh_create_pr --base %" },
  { slot: "a submodule", kinds: ["dollar", "newline", "dots"], line: "git_roll_submodule %" },
  { slot: "a tool", kinds: ["quote", "dollar", "backtick", "newline", "pipe", "dots"], line: "tools_run % -- x" },
  { slot: "the linters' image", kinds: all, line: "lint", config: (text) => ({ lint: { image: text } }) },
  {
    slot: "common_files.copy",
    kinds: all,
    line: "sync_common_files ../peer",
    config: (text) => ({ common_files: { copy: [text] } }),
  },
  {
    slot: "a repo of common files",
    kinds: ["quote", "dollar", "newline", "dots"],
    line: "sync_common_files %",
    config: () => ({ common_files: { copy: ["changelog.txt"] } }),
  },
  { slot: "--commit", kinds: ["dollar"], line: "release_branch --commit %" },
  { slot: "-n", kinds: ["dollar", "newline"], line: "release_deploy -i devops -t x -n %" },
  { slot: "-t", kinds: ["dollar", "newline", "dots"], line: "release_deploy -i devops -n a.io/x -t %" },
  { slot: "-i", kinds: ["dollar", "dots"], line: "release_deploy -n a.io/x -t x -i %" },
  { slot: "a dir of packages", kinds: ["dots"], line: "release_dist_copy dist %" },
  { slot: "--slipway", kinds: ["dollar", "newline", "dots"], line: "init_ci --slipway %" },
  { slot: "--older-than", kinds: ["dollar", "newline"], line: "release_prune --older-than %" },
  { slot: "release.keep", kinds: ["dollar"], line: "release_prune", config: (text) => ({ release: { keep: text } }) },
  { slot: "--prefix", kinds: ["dollar", "newline", "dots"], line: "release_branch --prefix %" },
  { slot: "--stage", kinds: ["dollar", "dots"], line: "docker_bash --stage %" },
  { slot: "--from", kinds: ["dollar"], line: `${release} --from %` },
  { slot: "--target-registries", kinds: ["dollar", "dots"], line: `${release} --target-registries %` },
  { slot: "--poetry-mode", kinds: ["backtick"], line: "docker_build_local --poetry-mode %" },
  { slot: "--bump", kinds: ["quote"], line: "changelog_add --message x --bump %" },
  { slot: "--dir", kinds: ["dollar", "dots"], line: `${release} --dir %` },
  { slot: "--name", kinds: ["quote", "dollar", "newline", "dots"], line: "init_runnable_dir --name %" },
  { slot: "--registries", kinds: ["dollar", "newline"], line: "init_runnable_dir --registries %" },
  { slot: "--account", kinds: ["quote"], line: "init_runnable_dir --account %" },
  { slot: "--test-command", kinds: ["quote", "dollar"], line: "init_runnable_dir --test-command %" },
  { slot: "--base-image", kinds: ["newline"], line: "init_runnable_dir --base-image %" },
  {
    slot: "an image's name",
    kinds: all,
    line: release,
    config: (text) => ({ docker_info: { docker_image_name: text } }),
  },
  {
    slot: "an address",
    kinds: all,
    line: release,
    config: (text) => ({ container_registry_info: { r1: { address: text, ...oci } } }),
  },
  {
    slot: "a registry's name",
    kinds: ["dollar", "dash", "dots"],
    line: release,
    config: (text) => ({ container_registry_info: { [text]: { address: "a.io", ...oci } } }),
  },
  {
    slot: "release.ref_prefix",
    kinds: ["dollar", "dash", "upload_pack", "dots", "nul"],
    line: release,
    config: (text) => ({ release: { ref_prefix: text } }),
  },
  {
    slot: "release.channels",
    kinds: ["dollar", "newline", "dots"],
    line: "release_branch",
    config: (text) => ({ release: { channels: { main: [text] } } }),
  },
  { slot: "release.gates", kinds: ["dollar"], line: release, config: (text) => ({ release: { gates: [text] } }) },
  { slot: "container.home", kinds: ["dots"], line: "docker_bash", config: (text) => ({ container: { home: [text] } }) },
  {
    slot: "services.compose_file",
    kinds: ["dollar", "dots"],
    line: "service_up",
    config: (text) => ({ services: { compose_file: text } }),
  },
  { slot: "services.of", kinds: ["dots"], line: "service_up", config: (text) => ({ services: { of: text } }) },
  {
    slot: "services.env_file",
    kinds: ["dash"],
    line: "service_up",
    config: (text) => ({ services: { compose_file: "x.yml", env_file: { local: text } } }),
  },
  {
    slot: "services.ready",
    kinds: ["dollar"],
    line: "service_up",
    config: (text) => ({ services: { compose_file: "x.yml", ready: { [text]: ["true"] } } }),
  },
  { slot: "a key", kinds: ["dollar", "newline"], line: release, config: (text) => ({ release: { [text]: 1 } }) },
];

/** What is passed on as it is; the engine or the container says what it makes of it, and the host runs nothing. */
export const passedOn: readonly Planted[] = [
  {
    slot: "container.volumes",
    kinds: ["dollar", "dots", "dash"],
    line: "docker_cmd -- true",
    config: (text) => ({ container: { volumes: [`${text}:/x`] } }),
  },
  {
    slot: "container.network",
    kinds: ["dollar", "dash"],
    line: "docker_cmd -- true",
    config: (text) => ({ container: { network: text } }),
  },
  {
    slot: "container.env_file",
    kinds: ["dollar", "dots"],
    line: "docker_cmd -- true",
    config: (text) => ({ container: { env_file: [text] } }),
  },
  {
    slot: "container.compose_files",
    kinds: ["dollar", "dash"],
    line: "docker_cmd -- true",
    config: (text) => ({ container: { compose_files: [text] } }),
  },
  {
    slot: "container.ports",
    kinds: ["backtick"],
    line: "docker_cmd -- true",
    config: (text) => ({ container: { ports: [text] } }),
  },
  {
    slot: "container.env with NUL",
    kinds: ["nul"],
    line: "docker_cmd -- true",
    config: (text) => ({ container: { env: { A: text } } }),
  },
  {
    slot: "a test's command",
    kinds: ["dollar", "backtick", "nul"],
    line: "run_fast_tests --stage dev",
    config: (text) => ({ tests: { fast: { command: [text] } } }),
  },
];

/** The config of a repo with a text planted in it; JSON is YAML. */
export const plantedConfig = (ground: Ground, name: string, more: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({
    docker_info: { docker_image_name: name },
    container_registry_info: Object.fromEntries(
      Object.entries(ground.addresses).map(([key, address]) => [key, { address, ...oci }]),
    ),
    ...more,
  });
