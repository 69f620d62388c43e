import type { Announced } from "./log.ts";
import { visible } from "./visible.ts";

/**
 * Posts a text to the team's channel, once: an entry in the log says that it is about to be, another one that it was. The
 * address of the webhook is a secret.
 */
export type PostMessage = {
  readonly kind: "post_message";
  /** The name of the variable that holds the address of the webhook. */
  readonly variable: string;
  readonly text: string;
  readonly image: string;
  readonly entry: Announced;
  /** Posts it although an earlier run may have, because a person looked and it is not in the channel. */
  readonly again?: true;
};

/** The three characters that Slack reads as markup, so that no changelog calls a channel or a person. */
export const slackText = (text: string): string =>
  visible(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
