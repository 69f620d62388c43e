import { addEntry } from "../lib/repo/changelog.ts";
import { flag, pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "repo",
  about: "Add an entry on top of changelog.txt, with the next version where none is given.",
  options: { ...pick("version", "bump", "message"), prod: flag("The entry is of a prod-only release.") },
  examples: ['i changelog_add --bump minor --message "Add package foobar"'],
  steps: addEntry,
});
