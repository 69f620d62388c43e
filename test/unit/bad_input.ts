import { targetRegistries } from "../../lib/config/registry.ts";
import { parseTmuxConfig } from "../../lib/formats/tmux_config.ts";
import { parseChangelog } from "../../lib/names/changelog.ts";
import { parseImageName, parseReference } from "../../lib/names/image.ts";
import { parseStage } from "../../lib/names/stage.ts";
import { parseVersion } from "../../lib/names/version.ts";
import { pick, universal, vocabulary } from "../../lib/run/options.ts";
import { parseOptions } from "../../lib/run/parse_options.ts";
import { configOf } from "./yaml.ts";

/** One bad input: what it is, the sentence that is said about it, and what reads it. */
export type Case = readonly [what: string, says: RegExp, read: () => unknown];

const changelog =
  (text: string): (() => unknown) =>
  () =>
    parseChangelog(text, "cmamp", "changelog.txt");
const entry = (version: string, more = "") => `# cmamp-${version}\n- 2025-01-02\n- What changed\n${more}`;

/** A changelog.txt that is broken in one way each. */
export const changelogs: readonly Case[] = [
  ["no version in a heading", /^changelog.txt:1 "# cmamp" names no version$/, changelog("# cmamp\n- x\n")],
  ["two numbers", /:1 "# cmamp-1.0" names no version/, changelog("# cmamp-1.0\n- x\n")],
  ["four numbers", /:1 "# cmamp-1.0.0.0" names no version/, changelog("# cmamp-1.0.0.0\n- x\n")],
  ["a leading zero", /:1 "# cmamp-1.02.0" names no version/, changelog("# cmamp-1.02.0\n- x\n")],
  ["a pre-release", /:1 "# cmamp-1.0.0-rc1" names no version/, changelog("# cmamp-1.0.0-rc1\n- x\n")],
  ["a v before the version", /:1 "# cmamp-v1.0.0" names no version/, changelog("# cmamp-v1.0.0\n- x\n")],
  ["a word after the version", /:1 "# cmamp-1.0.0 dev" names no version/, changelog("# cmamp-1.0.0 dev\n- x\n")],
  ["a heading of the second level", /:1 "## cmamp-1.0.0" names no version/, changelog("## cmamp-1.0.0\n- x\n")],
  [
    "text before the first entry",
    /:1 "Changes" stands before the first entry/,
    changelog(`Changes\n${entry("1.0.0")}`),
  ],
  ["another image", /:1 is for "other"/, changelog("# other-1.0.0\n- x\n")],
  ["an entry without a change", /:1 tells no change/, changelog("# cmamp-1.0.0\n- 2025-01-02\n")],
  ["a day that does not exist", /:1 has the date "2025-02-30"/, changelog("# cmamp-1.0.0\n- 2025-02-30\n- x\n")],
  ["a month that does not exist", /:1 has the date "2025-13-01"/, changelog("# cmamp-1.0.0\n- 2025-13-01\n- x\n")],
  ["the same version twice", /:1 1.0.0 is not higher than 1.0.0/, changelog(entry("1.0.0") + entry("1.0.0"))],
  ["the oldest first", /:1 1.0.0 is not higher than 1.1.0/, changelog(entry("1.0.0") + entry("1.1.0"))],
  [
    "text order taken for number order",
    /:1 1.9.0 is not higher than 1.10.0/,
    changelog(entry("1.9.0") + entry("1.10.0")),
  ],
  ["a mistake further down", /:4 "# cmamp-0.9" names no version/, changelog(`${entry("1.0.0")}# cmamp-0.9\n- x\n`)],
  [
    "Windows line ends and a mistake",
    /:4 "# cmamp-0.9" names no version/,
    changelog(`${entry("1.0.0")}# cmamp-0.9\n- x\n`.replaceAll("\n", "\r\n")),
  ],
  [
    "a conflict of Git",
    /^changelog.txt:4 "=======" is what Git left of a conflict$/,
    changelog(`${entry("1.1.0")}=======\n${entry("1.0.0")}`),
  ],
  [
    "a conflict of Git at its start",
    /:1 "<<<<<<< HEAD" is what Git left of a conflict$/,
    changelog(`<<<<<<< HEAD\n${entry("1.0.0")}`),
  ],
];

const yaml =
  (text: string): (() => unknown) =>
  () =>
    configOf(text);
const image = "docker_info: {docker_image_name: cmamp}\n";
const registry = (text: string) => yaml(`${image}container_registry_info: ${text}\n`);

/** A repo_config.yaml that is wrong in one place each. */
export const configs: readonly Case[] = [
  ["nothing", /^repo_config.yaml:1 is empty/, yaml("")],
  ["no YAML", /^repo_config.yaml:2 deficient indentation/, yaml("docker_info: {docker_image_name: cmamp\n: :")],
  [
    "a tab as indent",
    /^repo_config.yaml:2 tab characters must not be used in indentation$/,
    yaml("docker_info:\n\tdocker_image_name: cmamp\n"),
  ],
  ["one key twice", /^repo_config.yaml:\d duplicated mapping key/, yaml(`${image}${image}`)],
  ["a list instead of sections", /is not a section/, yaml("- docker_info\n")],
  ["no image name", /docker_info.docker_image_name is missing/, yaml("repo_info: {repo_name: a}\n")],
  ["an image name in capitals", /"Cmamp" is not an image name/, yaml("docker_info: {docker_image_name: Cmamp}\n")],
  [
    "a reserved image name",
    /image name "cmamp-dev" is reserved/,
    yaml("docker_info: {docker_image_name: cmamp-dev}\n"),
  ],
  ["a typo in a section", /:2 relese is not a known key/, yaml(`${image}relese: {}\n`)],
  ["a typo in a key", /:2 release.gate is not a known key/, yaml(`${image}release: {gate: [fast]}\n`)],
  ["a typo in a list's key", /tests.fast.comand is not a known key/, yaml(`${image}tests: {fast: {comand: [a]}}\n`)],
  ["a gate that does not exist", /release.gates names "quick"/, yaml(`${image}release: {gates: [quick]}\n`)],
  ["gates that are no list", /release.gates is not a list/, yaml(`${image}release: {gates: fast}\n`)],
  ["a policy that does not exist", /changelog_update is "later"/, yaml(`${image}release: {changelog_update: later}\n`)],
  [
    "an end-to-end test without words",
    /end_to_end.dev.argv is missing/,
    yaml(`${image}release: {end_to_end: {dev: {dir: .}}}\n`),
  ],
  [
    "a ref prefix that is an option of git",
    /release.ref_prefix is "--upload-pack=touch x;", not the start of a ref/,
    yaml(`${image}release: {ref_prefix: "--upload-pack=touch x;"}\n`),
  ],
  ["a flag that is a word", /container.socket is "maybe"/, yaml(`${image}container: {socket: maybe}\n`)],
  ["a home folder that is not offered", /container.home names ".gnupg"/, yaml(`${image}container: {home: [.gnupg]}\n`)],
  ["an env that is a list", /container.env is not a section/, yaml(`${image}container: {env: [A=1]}\n`)],
  ["a machine with a blank", /container.on.a b is no name of a machine/, yaml(`${image}container: {on: {a b: {}}}\n`)],
  ["a word on another machine", /on.dev.socket is "maybe"/, yaml(`${image}container: {on: {dev: {socket: maybe}}}\n`)],
  ["an address with a scheme", /ghcr is "https:\/\/ghcr.io", not an address/, registry("{ghcr: 'https://ghcr.io'}")],
  ["an address with a slash at its end", /ghcr is "ghcr.io\/a\/", not an address/, registry("{ghcr: ghcr.io/a/}")],
  ["a registry without a kind", /mine has no kind/, registry("{mine: ghcr.io}")],
  ["a registry without an address", /mine.address has no address/, registry("{mine: {kind: oci}}")],
  ["a kind that does not exist", /mine.kind is "quay"/, registry("{mine: {address: a.io, kind: quay}}")],
  ["a registry's name with a blank", /is not a registry name/, registry("{'my own': {address: a.io, kind: oci}}")],
  [
    "required as a word",
    /mine.required is "sometimes"/,
    registry("{mine: {address: a.io, kind: oci, required: sometimes}}"),
  ],
];

const typed =
  (...argv: readonly string[]): (() => unknown) =>
  () =>
    parseOptions({ ...vocabulary, ...universal }, argv, {});

/** Words on the command line that mean nothing. */
export const options: readonly Case[] = [
  ["an unknown option", /^"--versoin" is not an option of this workflow/, typed("--versoin", "1.0.0")],
  ["an unknown letter", /^"-x" is not an option/, typed("-x")],
  [
    "an option of another workflow",
    /^"--stage" is not an option/,
    () => parseOptions(pick("version"), ["--stage", "dev"], {}),
  ],
  ["a word without an option", /^"1.0.0" is not an option/, typed("1.0.0")],
  ["an option without its value", /^--version has no value/, typed("--version")],
  ["an option whose value is an option", /^--version has no value/, typed("--version", "--yes")],
  ["a value for a flag", /^--skip-tests takes no value, but got "yes"/, typed("--skip-tests=yes")],
  ["an unknown poetry mode", /^--poetry-mode "always" is not known/, typed("--poetry-mode", "always")],
  ["an unknown part to bump", /^--bump "huge" is not known/, typed("--bump", "huge")],
  ["an unknown stage", /^"test" is not a stage/, typed("--stage", "test")],
  ["an empty stage", /^"" is not a stage/, () => parseStage("")],
  [
    "an unknown stage in the environment",
    /^"qa" is not a stage/,
    () => parseOptions(vocabulary, [], { SLIPWAY_STAGE: "qa" }),
  ],
  ...["1.0", "v1.0.0", "1.0.0-rc1", "1.0.0.0", "01.0.0", "1.0.x", "latest", " 1.0.0", "1,0,0", "-1.0.0", "1.0.0\n"].map(
    (text): Case => [`version ${JSON.stringify(text)}`, /is not a version$/, () => parseVersion(text)],
  ),
  ...["cmamp:", "cmamp@sha256:12", "ghcr.io//cmamp", "../cmamp", "a b", "$(id)", ""].map(
    (text): Case => [`reference "${text}"`, /is not an image reference$/, () => parseReference(text)],
  ),
  ...["", "-cmamp", "a/b", "a..b", "Größe", "a".repeat(129)].map(
    (text): Case => [`image name "${text.slice(0, 12)}"`, /is not an image name$/, () => parseImageName(text)],
  ),
  ["an unknown registry", /^"quay" is not a registry of this repo/, () => targetRegistries([], ["quay"])],
  [
    "a tmux.config that reaches out",
    /tmux.config:1 "kill-server" is not understood/,
    () => parseTmuxConfig("kill-server\n", "tmux.config"),
  ],
  ["a tmux.config without windows", /names no window/, () => parseTmuxConfig("# nothing\n", "tmux.config")],
];
