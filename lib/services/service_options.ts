import { wholeFromOne } from "../run/dirs_options.ts";
import { list, releasedStage, text } from "../run/options.ts";

/** The stage whose file of variables services get: usually local, as nobody else uses them. */
export const servicesStage = {
  ...releasedStage("local"),
  help: "The stage whose variables the services get: local, dev or prod.",
};

/** The services that are meant, as bare words. */
export const serviceNames = list("NAMES", "Show these services alone (default: all).", {
  positional: true,
  onlyTyped: true,
});

/** How much of a log is shown. */
export const tail = text<number>("N", "Show only the last N lines of each service.", { parse: wholeFromOne("--tail") });
