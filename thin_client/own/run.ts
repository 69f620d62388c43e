import { pathToFileURL } from "node:url";
import { realPath } from "../../lib/doors/files.ts";
import { dropEnvFiles } from "../../lib/doors/words.ts";
import { consentToScript } from "../../lib/run/consent.ts";
import { report } from "../../lib/run/script.ts";

// Runs a repo's own workflow, which stands first among the words, as if it had been started itself: once somebody allowed it.
process.argv.splice(1, 1);
dropEnvFiles();
const file = process.argv[1] ?? "";
const refused = await consentToScript(realPath(file), process.env).catch((error: unknown) => ({ error }));
if (refused) process.exitCode = report(refused.error, process.argv.includes("--json"));
else await import(pathToFileURL(file).href);
