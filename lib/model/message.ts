import type { Announced } from "./log.ts";

/** Posts a text to the team's channel, once: the entry in the log says that it was. The address of the webhook is a secret. */
export type PostMessage = {
  readonly kind: "post_message";
  /** The name of the variable that holds the address of the webhook. */
  readonly variable: string;
  readonly text: string;
  readonly image: string;
  readonly entry: Announced;
};

/** The three characters that Slack reads as markup, so that no changelog calls a channel or a person. */
export const slackText = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
