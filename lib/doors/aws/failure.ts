import { UserError } from "../../errors.ts";
import type { AwsAccount } from "../../names/aws.ts";
import { oneLine } from "../../text/visible.ts";

/** What AWS did not do. `aws_login`: no credentials, or those have run out; `aws_denied`; `aws_unreachable`; `aws_refused`. */
export type AwsKind = "aws_login" | "aws_denied" | "aws_unreachable" | "aws_refused";

const kinds: readonly (readonly [RegExp, AwsKind])[] = [
  [/^(CredentialsProvider|Expired|InvalidClientToken|UnrecognizedClient|InvalidSignature|TokenProvider)/, "aws_login"],
  [/^(InvalidIdentityToken|NotAuthorized|MissingAuthenticationToken|SignatureDoesNotMatch)/, "aws_login"],
  [/^AccessDenied/, "aws_denied"],
  [/^(Timeout|Networking|ServerException|InternalFailure|ServiceUnavailable|Throttling|E[A-Z]{4,})/, "aws_unreachable"],
];

type Thrown = Error & { readonly code?: unknown; readonly $metadata?: { readonly httpStatusCode?: number } };

/** The kind of an error of the SDK; null for one that did not come from AWS. */
export function kindOf(error: unknown): AwsKind | null {
  if (!(error instanceof Error)) return null;
  const { name, code, $metadata } = error as Thrown;
  const words = [name, String(code ?? "")];
  const found = kinds.find(([form]) => words.some((word) => form.test(word)))?.[1];
  if (found) return found;
  if (/^Region is missing/.test(error.message)) return "aws_login";
  if ($metadata === undefined) return null;
  return ($metadata.httpStatusCode ?? 0) >= 500 ? "aws_unreachable" : "aws_refused";
}

const whys: Readonly<Record<AwsKind, string>> = {
  aws_login: "AWS needs a valid login that has not expired.",
  aws_denied: "The login is valid but not allowed to do this.",
  aws_unreachable: "AWS did not answer or is failing.",
  aws_refused: "AWS refused it.",
};

function fixFor(kind: AwsKind, { region, profile }: AwsAccount, message: string): string {
  const named = profile ? ` --profile ${profile}` : "";
  if (/^Region is missing/.test(message) || (kind === "aws_login" && !region && /region/i.test(message)))
    return "Add region: to the registry in repo_config.yaml, or set AWS_REGION";
  if (kind === "aws_login") return `Log in: aws sso login${named}; or give keys: aws configure${named}`;
  if (kind === "aws_denied") return `Check who you are and ask for access: aws sts get-caller-identity${named}`;
  if (kind === "aws_unreachable") return "Run the same command again when it answers";
  return "Fix what AWS names, then run the same command again";
}

/** A failed call in the three parts of an error, with AWS's own words; anything that is not AWS's stays as it is. */
export function awsError(error: unknown, doing: string, account: AwsAccount): unknown {
  const kind = kindOf(error);
  if (kind === null || !(error instanceof Error)) return error;
  const message = oneLine(error.message.trim());
  const where = [account.profile && `profile ${account.profile}`, account.region].filter(Boolean).join(", ");
  return new UserError(
    `cannot ${doing}${where ? ` (${where})` : ""}`,
    { why: `${whys[kind]} It said: ${message || error.name}`, fix: fixFor(kind, account, message), exitCode: 1, kind },
    { cause: error },
  );
}
