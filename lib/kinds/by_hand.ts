import { kind } from "../plan/kind.ts";

/** A line of a check-list that a person confirms. */
export type ByHand = { readonly kind: "by_hand"; readonly text: string };

/** Only a person confirms it: with `--yes` nobody is asked, as without a terminal, and it stays open. */
export const byHand = kind<ByHand>("by_hand", {
  lines: ({ text }) => [`# by hand: ${text}`],
  run: async ({ text }, { console, state }) => {
    const said = console.canAsk ? await console.ask(text) : false;
    state.text.push(`${said ? "ok      " : "open    "} ${text}${said ? ", confirmed" : ""}`);
    return said ? "done" : "open";
  },
});
