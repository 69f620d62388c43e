import { visible } from "./visible.ts";

/** The three characters that Slack reads as markup, so that no changelog calls a channel or a person. */
export const slackText = (text: string): string =>
  visible(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
