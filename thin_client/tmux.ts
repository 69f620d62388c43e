import { UserError } from "../lib/errors.ts";
import { tmuxSession } from "../lib/machine/tmux.ts";
import type { Option } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";
import { readTmuxFacts } from "./tmux/read_facts.ts";

const flag = (help: string): Option<boolean> => ({
  takes: "flag",
  parse: (text) => text !== "false",
  fallback: false,
  help,
});

const index: Option<string | undefined> = {
  takes: "value",
  short: "i",
  hint: "N",
  fallback: undefined,
  help: "Number of the session and of its clone, ~/src/<dir_suffix>N where that is there.",
  parse: (text) => {
    if (/^\d+$/.test(text)) return text;
    throw new UserError(`--index "${text}" is no number`, {
      why: "A session's name is dir_suffix and a number.",
      fix: "Use --index 1",
      kind: "usage",
    });
  },
};

export default await script(import.meta.url, {
  subject: "thin client",
  about: "Start or attach to this repo's tmux session, with the thin env active in every window.",
  options: {
    index,
    forceRestart: flag("Restart this session, and no other."),
    createGlobalLink: flag("Create the link ~/go_<dir_suffix>, which starts this repo's sessions from anywhere."),
  },
  examples: ["i tmux --index 1", "i tmux --index 1 --force-restart", "i tmux --create-global-link"],
  asks: (facts, options) => {
    const { link } = readTmuxFacts(facts, options.index);
    return options.createGlobalLink && link.state === "other" ? `Replace ${link.path}, which is something else?` : null;
  },
  steps: (facts, options) => tmuxSession(readTmuxFacts(facts, options.index), options),
});
