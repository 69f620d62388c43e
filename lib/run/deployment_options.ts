import { type Environment, parseEnvironment } from "../model/aws.ts";
import { UserError } from "../model/errors.ts";
import { type Option, text } from "./options.ts";

/** Where a deployment goes, and how long it may take. */
export const deploymentOptions = {
  environment: text<Environment>("NAME", "The environment to deploy to: prod, preprod or test.", {
    parse: parseEnvironment,
    fallback: "prod",
  }) as Option<Environment>,
  taskDefinition: text<string>("NAME", "The task definition instead of <image>-prod or <image>-preprod.", {
    short: "t",
  }),
  cluster: text<string>("NAME", "The cluster of the service.", {
    fallback: "default",
  }) as Option<string>,
  service: text<string>("NAME", "The service, where it is not called as its task definition."),
  timeout: text<number>("SECONDS", "How long the service may take to become healthy.", {
    parse: parseSeconds,
    fallback: 600,
  }) as Option<number>,
} as const;

function parseSeconds(value: string): number {
  if (/^[1-9]\d{0,4}$/.test(value)) return Number(value);
  throw new UserError(`--timeout "${value}" is no number of seconds`, {
    why: "It is a whole number from 1 to 99999.",
    fix: "Write it like --timeout 600",
  });
}
