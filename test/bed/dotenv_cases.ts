import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What a reader of `.env` makes of it: the values that it sets, and what it tells. */
export type Read = { readonly values: Readonly<Record<string, string>>; readonly notes: readonly string[] };

const mayNot = (names: string) =>
  `slipway: .env may not set ${names}; left out (SLIPWAY_DOTENV_ALLOW="NAME ..." of your own environment allows more)`;
const isNone = (lines: string) => `slipway: .env:${lines} is no NAME=VALUE on one line; left out`;
const reads = (values: Read["values"], ...notes: readonly string[]): Read => ({ values, notes });

/** Both readers, the sourced shell and lib, give these answers. */
export const dotEnvCases: readonly (readonly [title: string, text: string, expected: Read])[] = [
  ["nothing", "", reads({})],
  ["a value", "CSFY_A=1\n", reads({ CSFY_A: "1" })],
  ["no newline at the end", "CSFY_A=1", reads({ CSFY_A: "1" })],
  ["an empty value", "CSFY_A=\nCSFY_B=''\n", reads({ CSFY_A: "", CSFY_B: "" })],
  ["a BOM", "\ufeffCSFY_A=1\nCSFY_B=2\n", reads({ CSFY_A: "1", CSFY_B: "2" })],
  ["line ends of Windows", "CSFY_A=1\r\nCSFY_B='2'\r\n", reads({ CSFY_A: "1", CSFY_B: "2" })],
  ["line ends of old Macs", "CSFY_A=1\rCSFY_B=2\r", reads({}, isNone("1"))],
  ["spaces and tabs", " \tCSFY_A \t= \tx y \t\n", reads({ CSFY_A: "x y" })],
  [
    "export",
    "export CSFY_A=1\nexport\tCSFY_B=2\nexport \t CSFY_C=3\n",
    reads({ CSFY_A: "1", CSFY_B: "2", CSFY_C: "3" }),
  ],
  ["export of no value", "export CSFY_A\n", reads({}, isNone("1"))],
  ["a colon", "CSFY_A: 1\nCSFY_B:2\n", reads({ CSFY_A: "1" }, isNone("2"))],
  ["comments and empty lines", "# CSFY_A=1\n\n \t\n  # x\nCSFY_B=1 # note\n", reads({ CSFY_B: "1" })],
  ["# in a value", "CSFY_A=a#b\nCSFY_B='a#b'\nCSFY_C=#\n", reads({ CSFY_A: "a", CSFY_B: "a#b", CSFY_C: "" })],
  ["quotes", "CSFY_A='a b'\nCSFY_B=\"a b\"\nCSFY_C=`a b`\n", reads({ CSFY_A: "a b", CSFY_B: "a b", CSFY_C: "a b" })],
  ["quotes in quotes", 'CSFY_A="a \'b\' c"  # it\'s "so"\n', reads({ CSFY_A: "a 'b' c" })],
  ["quotes inside a bare value", 'CSFY_A=it\'s "so"\n', reads({ CSFY_A: `it's "so"` })],
  ["spaces in quotes", "CSFY_A=' a '\n", reads({ CSFY_A: " a " })],
  [
    "\\n",
    "CSFY_A=\"a\\nb\\rc\"\nCSFY_B='a\\nb'\nCSFY_C=a\\nb\n",
    reads({ CSFY_A: "a\nb\rc", CSFY_B: "a\\nb", CSFY_C: "a\\nb" }),
  ],
  ["backslashes", "CSFY_A=C:\\x\\y\nCSFY_B='\\\\'x\n", reads({ CSFY_A: "C:\\x\\y" }, isNone("2"))],
  [
    "nothing that a shell expands",
    'CSFY_A=$HOME `id` $(id) *\nCSFY_B="$HOME"\n',
    reads({ CSFY_A: "$HOME `id` $(id) *", CSFY_B: "$HOME" }),
  ],
  ["a name twice", "CSFY_A=1\nCSFY_A=2\n", reads({ CSFY_A: "2" })],
  ["a value over lines", 'CSFY_A="a\nCSFY_B=b"\nCSFY_C=c\n', reads({ CSFY_C: "c" }, isNone("1"))],
  ["a quote that never closes", "CSFY_A='a\nCSFY_B=b\n", reads({}, isNone("1"))],
  ["words behind a quote", 'CSFY_A="a" b\n', reads({}, isNone("1"))],
  ["an escaped quote", 'CSFY_A="a \\"b\\""\nCSFY_B="a\\"\n', reads({}, isNone("1,2"))],
  ["lines that are none", "not a line\n=1\nCSFY_A\nCSFY_B=1\n", reads({ CSFY_B: "1" }, isNone("1,2,3"))],
  [
    "white space that is no space",
    "CSFY_A=1\u00a0\nCSFY_B=\v2\nCSFY_C=3\f\nCSFY_D=4\n",
    reads({ CSFY_D: "4" }, isNone("1,2,3")),
  ],
  ["names that are none", "1x=1\nA-B=1\nA.B=1\n", reads({}, mayNot("1x, A-B, A.B"))],
  [
    "what an attacker sets",
    "LD_PRELOAD=/x.so\nGIT_DIR=x\nGIT_CONFIG_COUNT=1\nGIT_SSH_COMMAND=x\nDOCKER_HOST=tcp://x\nDOCKER_CONFIG=x\nPATH=x\nHTTP_PROXY=x\nGITHUB_STEP_SUMMARY=/x\nCI=1\nCSFY_CI=1\nSLIPWAY_COMMANDS=x\nSLIPWAY_DIR=x\nSLIPWAY_ROOT=x\nSLIPWAY_PASS_ENV=x\nSLIPWAY_DOTENV_ALLOW=PATH\nAWS_ENDPOINT_URL=x\nLD_PRELOAD=y\n",
    reads(
      {},
      mayNot(
        "LD_PRELOAD, GIT_DIR, GIT_CONFIG_COUNT, GIT_SSH_COMMAND, DOCKER_HOST, DOCKER_CONFIG, PATH, HTTP_PROXY, GITHUB_STEP_SUMMARY, CI, CSFY_CI, SLIPWAY_COMMANDS, SLIPWAY_DIR, SLIPWAY_ROOT, SLIPWAY_PASS_ENV, SLIPWAY_DOTENV_ALLOW, AWS_ENDPOINT_URL",
      ),
    ),
  ],
  [
    "what it may set",
    "SLIPWAY_STAGE=prod\nSLIPWAY_OPTION_OF_A_REPO=1\nCSFY_ECR_BASE_PATH=x\nAM_SRC_DIR=x\nAWS_REGION=x\nAWS_PROFILE=x\nSLACK_WEBHOOK_URL=x\nTEAM_WEBHOOK=x\n",
    reads({
      ...{ SLIPWAY_STAGE: "prod", SLIPWAY_OPTION_OF_A_REPO: "1", CSFY_ECR_BASE_PATH: "x", AM_SRC_DIR: "x" },
      ...{ AWS_REGION: "x", AWS_PROFILE: "x", SLACK_WEBHOOK_URL: "x", TEAM_WEBHOOK: "x" },
    }),
  ],
  ["what the person allows", "MINE=1\nOTHER=2\nMIN=3\n", reads({ MINE: "1", OTHER: "2" }, mayNot("MIN"))],
  ["what is set already", "CSFY_SET=x\nCSFY_EMPTY=x\nCSFY_A=1\n", reads({ CSFY_A: "1" })],
];

/** The environment that every case is read in. */
export const dotEnvEnv = { SLIPWAY_DOTENV_ALLOW: "MINE,OTHER", CSFY_SET: "own", CSFY_EMPTY: "" };

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** All cases through the reader of the sourced shell, in one shell. */
export function readByShell(argv: readonly [string, ...string[]]): readonly Read[] {
  const dir = mkdtempSync(join(tmpdir(), "dotenv-"));
  for (const [index, [, text]] of dotEnvCases.entries()) writeFileSync(join(dir, `${index}.env`), text);
  mkdirSync(join(dir, "told"));
  const each = `(_slipway_dotenv "$n.env" 2>"told/$n"; for k in $(echo \${SLIPWAY_DOTENV_KEYS-}); do eval "printf '%s=%s\\037' $k \\"\\$$k\\""; done); printf '\\036'`;
  const text = `set -u; . '${root}/thin_client/setenv.sh' 2>/dev/null || exit 9; ${argv[0] === "zsh" ? "emulate sh; " : ""}n=0; while [ $n -lt ${dotEnvCases.length} ]; do ${each}; n=$((n + 1)); done`;
  const [program, ...words] = argv;
  const env = { PATH: process.env["PATH"], HOME: dir, ...dotEnvEnv };
  const { stdout, stderr, status } = spawnSync(program, [...words, "-c", text], { cwd: dir, env, encoding: "utf8" });
  if (status !== 0 || stderr !== "") throw new Error(`${program} ended with ${status}: ${stderr}`);
  const found = stdout.split("\u001e").slice(0, -1);
  const all = found.map((one, index) => ({
    values: Object.fromEntries(
      one
        .split("\u001f")
        .slice(0, -1)
        .map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
    ),
    notes: readFileSync(join(dir, "told", String(index)), "utf8")
      .split("\n")
      .slice(0, -1),
  }));
  rmSync(dir, { recursive: true });
  return all;
}
