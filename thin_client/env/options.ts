import { parseArgs } from "node:util";
import { UserError } from "../../lib/errors.ts";

/** What build.ts can be told. */
export type BuildOptions = {
  readonly check: boolean;
  readonly hooks: boolean;
  readonly "no-hooks": boolean;
  readonly yes: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly help: boolean;
};

/** Printed by `--help`. */
export const help = `Build the thin env: install what runs the workflows once for all clones, link this clone to it, and check the tools.

usage: thin_client/build [OPTIONS]

  --check      Only look and tell; change nothing. Exit code 2 when the thin env is not ready.
  --hooks      Install Git hooks in the repo of the current dir. They refuse a commit on main or master, by an author
               who is none, of a file above 512 KB, with a word of invalid_words or with a secret. Where
               enable_git_commit_hook of repo_config.yaml is True, build asks for them without it, once.
  --no-hooks   Remove them; a hook that was there before comes back.
  -y, --yes    Install missing tools with apt, replace a node_modules that does not fit, and keep a hook of others
               beside Slipway's, without asking.
  --json       Print the report as one JSON object.
  --quiet      Print nothing where all is well.
  -h, --help   Print this.

examples:
  thin_client/build && source thin_client/setenv.sh
  thin_client/build --hooks
  thin_client/build --check --json
`;

/** Reads the options; an unknown one is refused. */
export function parseBuildOptions(args: readonly string[]): BuildOptions {
  const flag = { type: "boolean", default: false } as const;
  const options = {
    check: flag,
    hooks: flag,
    "no-hooks": flag,
    yes: { ...flag, short: "y" },
    json: flag,
    quiet: flag,
    help: { ...flag, short: "h" },
  } as const;
  try {
    const { values } = parseArgs({ args: [...args], options, strict: true, allowPositionals: false });
    if (values.hooks && values["no-hooks"]) throw new Error("--hooks and --no-hooks were both given");
    return values;
  } catch (cause) {
    const what = cause instanceof Error ? (cause.message.split(/\.\s/)[0] ?? "") : String(cause);
    throw new UserError(
      what.charAt(0).toLowerCase() + what.slice(1),
      {
        why: "build takes --check, --hooks or --no-hooks, --yes, --json, --quiet and --help.",
        fix: "thin_client/build --help",
        kind: "usage",
      },
      { cause },
    );
  }
}
