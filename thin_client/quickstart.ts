import { parseArgs } from "node:util";
import { outliveReaders, tellError } from "../lib/doors/console.ts";
import { UserError } from "../lib/model/errors.ts";
import { systemRefusal } from "../lib/model/system_errors.ts";
import { down } from "./quickstart/down.ts";
import { type Asked, defaultDir } from "./quickstart/place.ts";
import { up } from "./quickstart/up.ts";

// subject: "thin client", about: "From a bare machine to a dev image released to three registries on it; --down removes it again."

const help = `From a bare machine to a dev image in three registries: thin env, engine, registries, a sample repo, its release.

Usage: npm run quickstart -- [OPTIONS]        i quickstart [OPTIONS]

  --dir DIR    Where the sample repo and its bare Git remote go (default: ${defaultDir(process.env)}).
  --name NAME  The name of the sample repo and of its image (default: sample).
  --down       Remove all of it, and stop the private engine if nobody else uses it; downloads, the engine's
               build cache and the shared thin env stay.
  -h, --help   Print this.

Run again, it goes on where it stopped, and ends the same way when all is there.

Examples:
  npm run quickstart
  npm run quickstart -- --dir ~/demo --name demo
  npm run quickstart -- --down
`;

const optionTypes = {
  dir: { type: "string" },
  name: { type: "string" },
  down: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

type Options = Asked & { readonly down: boolean; readonly help: boolean };

function parse(words: readonly string[]): Options {
  try {
    const {
      dir,
      name,
      down = false,
      help: wanted = false,
    } = parseArgs({ args: [...words], options: optionTypes }).values;
    return { dir, name, down, help: wanted };
  } catch (cause) {
    throw new UserError(`quickstart does not know "${words.join(" ")}"`, {
      why: cause instanceof Error ? cause.message : "",
      fix: "Read the options: npm run quickstart -- --help",
      kind: "usage",
    });
  }
}

async function main(words: readonly string[]): Promise<void> {
  outliveReaders();
  const options = parse(words);
  if (options.help) return void process.stdout.write(help);
  return options.down ? down(options, process.env) : up(options, process.env);
}

try {
  await main(process.argv.slice(2));
} catch (thrown) {
  const error = systemRefusal(thrown) ?? thrown;
  if (!(error instanceof UserError)) throw error;
  process.exitCode = tellError(error, false);
}
