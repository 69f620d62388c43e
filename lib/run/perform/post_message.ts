import { now, pause } from "../../doors/clock.ts";
import { type Posted, postJson } from "../../doors/webhook.ts";
import { UserError } from "../../model/errors.ts";
import type { PostMessage } from "../../model/message.ts";
import { delayBeforeRetry } from "../../model/oci/retry.ts";
import { asWhole } from "../interrupt.ts";
import type { Outcome, World } from "../world.ts";
import { isRecorded, record } from "./record.ts";

/** Milliseconds that a webhook may take to answer. */
const patience = 10_000;

/** Posts the text unless the log says that it was; an interrupt waits until that it was posted is recorded too. */
export async function postMessage(action: PostMessage, world: World): Promise<Outcome> {
  const entry = { kind: "record", image: action.image, entry: action.entry } as const;
  if (await isRecorded(entry, world)) return "already";
  const url = webhook(action, world);
  return asWhole(async (): Promise<Outcome> => {
    await post(url, action, world);
    await record(entry, world).catch((error: unknown) => Promise.reject(notRecorded(error)));
    return "done";
  });
}

/** The address that the variable holds; it is shown nowhere, not even when it is none. */
function webhook({ variable }: PostMessage, world: World): URL {
  const text = world.facts.env[variable]?.trim() ?? "";
  const url = URL.canParse(text) ? new URL(text) : null;
  const isSafe =
    url?.protocol === "https:" || (url?.protocol === "http:" && /^(127\.|localhost$|\[::1\]$)/.test(url.hostname));
  if (url && isSafe) return url;
  throw new UserError(
    text === "" ? `${variable} is not set` : `${variable} does not hold the https address of a webhook`,
    {
      why: "The address of a webhook is a secret, so it comes from a variable; whoever has it can post to the channel.",
      fix: `Make one at https://api.slack.com/messaging/webhooks and set it: export ${variable}=..., in .env, or in CI's secrets`,
    },
  );
}

/** Posts once; again only where the webhook says that it took nothing: throttled, or failed on its own side. */
async function post(url: URL, action: PostMessage, world: World): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const posted = await postJson(url, { text: action.text }, patience);
    if (posted.status === 200) return;
    const delay = delayOf(posted, attempt);
    if (delay === null) throw refused(posted, url, action);
    world.console.progress(`the webhook answered ${posted.status}; once more in ${Math.ceil(delay / 1000)} s`);
    await pause(delay);
  }
}

const tries = 3;

const delayOf = (posted: Posted, attempt: number): number | null =>
  typeof posted.status === "number" && "retryAfter" in posted && attempt < tries
    ? delayBeforeRetry({ status: posted.status, retryAfter: posted.retryAfter }, { attempt, now: now(), jitter: 0.5 })
    : null;

/** The error of a post, in the webhook's own words but for any part of its address. */
function refused(posted: Posted, url: URL, { variable }: PostMessage): UserError {
  const parts = [url.href, `${url.pathname}${url.search}`, ...url.pathname.split("/"), ...url.searchParams.values()];
  const secrets = parts.filter((part) => part.length > 3).sort((a, b) => b.length - a.length);
  const words = secrets.reduce(
    (text, secret) => text.replaceAll(secret, "***"),
    posted.words.replaceAll(/\s+/g, " ").trim(),
  );
  const said = words === "" ? "It gave no reason." : `It said: ${words}.`;
  const mayBeThere = posted.status === "late" || posted.status === "lost";
  return new UserError(whats[String(posted.status)] ?? `the webhook in ${variable} answered ${posted.status}`, {
    why: `${said} Nothing is recorded as announced.`,
    fix: mayBeThere
      ? "Look into the channel: the message may be there; if it is not, type the same command again"
      : isRefusal(posted)
        ? `Look at the webhook in Slack, set ${variable} to one that works, then type the same command again`
        : "Type the same command again later",
    exitCode: 1,
    kind: "webhook",
  });
}

const isRefusal = ({ status }: Posted): boolean => typeof status === "number" && status < 500 && status !== 429;
const whats: Readonly<Record<string, string>> = {
  late: `the webhook did not answer within ${patience / 1000} s`,
  lost: "the connection to the webhook was lost",
  unreachable: "the webhook could not be reached",
};

function notRecorded(error: unknown): unknown {
  if (!(error instanceof UserError)) return error;
  return new UserError(`the message was posted, but that could not be recorded: ${error.message}`, {
    why: error.why,
    fix: `${error.fix}; until then the same command would post it once more`,
    exitCode: error.exitCode,
  });
}
