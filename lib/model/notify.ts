import type { ConfigReader } from "./config_reader.ts";

/** Whom a release is announced to: `notify: {slack: TEAM_WEBHOOK}` of repo_config.yaml. */
export type Notify = {
  /** The variable that holds the address of the webhook; the address itself is a secret and stands in no file of the repo. */
  readonly slack: string;
};

/** Reads the section `notify`; what is no name of a variable is not shown, for it may be the address itself. */
export function parseNotify(read: ConfigReader): Notify {
  read.onlyKeys(["notify"], ["slack"]);
  const slack = read.text(["notify", "slack"]) ?? "SLACK_WEBHOOK_URL";
  if (/^[A-Za-z_]\w*$/.test(slack)) return { slack };
  return read.fail(
    ["notify", "slack"],
    "is not the name of a variable",
    "Write the name, e.g. slack: SLACK_WEBHOOK_URL, and set the variable in .env or in CI's secrets",
  );
}
