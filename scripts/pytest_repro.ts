import { type ReproMode, reproModes } from "../lib/formats/pytest_output.ts";
import { asksOverwrite } from "../lib/names/report.ts";
import { file } from "../lib/release/report_options.ts";
import { flag, oneOf, pick, text } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";
import { lookForFailed } from "../lib/tests/look_repro.ts";
import { reproduce } from "../lib/tests/pytest_repro.ts";

export default await script(import.meta.url, {
  subject: "build, test",
  about: "Show what to type to run failed tests again: what failed in the last run, or what a log says that failed.",
  options: {
    mode: text<ReproMode>("MODE", "Run again the tests, their classes or their files.", {
      fallback: "tests",
      short: "m",
      parse: (value) => oneOf("--mode", value, reproModes),
    }),
    file: text<string>("PATH", "Read pytest's lastfailed or a log at PATH (default: the last run's).", {
      aliases: ["file-name"],
      short: "f",
      onlyTyped: true,
    }),
    showStacktrace: flag("Show the stack traces of the log too."),
    script: { ...file("Write a script to FILE that runs all of them.", "value"), aliases: ["script-name"] },
    ...pick("stage"),
  },
  look: lookForFailed,
  examples: ["i pytest_repro", "i pytest_repro --mode classes --file fast.log --script repro.sh"],
  asks: (_facts, _options, seen) => asksOverwrite(seen),
  steps: reproduce,
});
