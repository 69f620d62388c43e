import type { AwsAccount } from "../../names/aws.ts";

type Env = Readonly<Record<string, string | undefined>>;

/**
 * What a client of the SDK is made with. The SDK reads AWS_REGION, AWS_ENDPOINT_URL and the like from the process alone,
 * so those of `.env` are put there; the process's own win, as everywhere.
 */
export function clientSettings(account: AwsAccount, env: Env) {
  for (const [name, value] of Object.entries(env))
    if (name.startsWith("AWS_") && value !== undefined) process.env[name] ??= value;
  // Which Node may run this is told by Slipway's package.json; the SDK would say it in each run.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
  const { region, profile } = account;
  const requestHandler = { connectionTimeout: 5_000, requestTimeout: 30_000, throwOnRequestTimeout: true };
  return { requestHandler, ...(region ? { region } : {}), ...(profile ? { profile } : {}) };
}
