import { now, pause } from "../doors/clock.ts";
import { asWhole } from "../doors/interrupt.ts";
import { type Posted, postJson } from "../doors/webhook.ts";
import { UserError } from "../errors.ts";
import { append, isRecorded, type RecordEntry, record } from "../kinds/record.ts";
import { type Announced, isAnnouncementOpen } from "../names/log.ts";
import { delayBeforeRetry } from "../oci/rules/retry.ts";
import { kind } from "../plan/kind.ts";
import { pushWaiting } from "../run/waiting.ts";
import type { Outcome, World } from "../run/world.ts";

/** Milliseconds that a webhook may take to answer. */
const patience = 10_000;

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

export const postMessage = kind<PostMessage>("post_message", {
  lines: ({ variable, text }) => [
    `# post to the webhook in $${variable}, once:`,
    ...text.split("\n").map((line) => `#   ${line}`),
  ],
  run: postOnce,
});

/**
 * Posts the text unless the log says that it was, and records before that it will be: a run that is killed in between
 * leaves a message that may be there, which is not posted again until a person has looked. An interrupt waits for both.
 */
async function postOnce(action: PostMessage, world: World): Promise<Outcome> {
  const { image, entry } = action;
  const announced = record({ image, entry });
  if (await isRecorded(announced, world)) return "already";
  const url = webhook(action, world);
  const refs = await world.refs();
  const isOpen = isAnnouncementOpen(await refs.readLog((await refs.list())[refs.logRef]), entry);
  if (isOpen && !action.again) throw maybeThere(action);
  const keep = async (action: RecordEntry) => {
    await append(action, world);
    await pushWaiting(world);
  };
  const note = (more: { withdrawn?: true }) =>
    keep(record({ image, entry: { ...entry, ...more, type: "announcing" }, again: true }));
  return asWhole(async (): Promise<Outcome> => {
    if (!isOpen) await note({});
    await post(url, action, world).catch(async (error: unknown) => {
      // Where this cannot be written either, the next run asks a person to look.
      if (error instanceof NotPosted) await note({ withdrawn: true }).catch(() => undefined);
      throw error;
    });
    await keep(announced).catch((error: unknown) => Promise.reject(notRecorded(error, action)));
    return "done";
  });
}

/** What one types after a look into the channel. */
const afterLook = ({ entry: { stage, version } }: PostMessage) => {
  const line = `i release_announce --stage ${stage} --version ${version}`;
  return `Check the channel: if the message is there, run ${line} --posted; if not, run ${line} --post-again`;
};

const maybeThere = (action: PostMessage): UserError =>
  new UserError(`the message about ${action.image} ${action.entry.version} may be in the channel already`, {
    why: "A run ended between posting and recording, and the team is told only once.",
    fix: afterLook(action),
  });

/** The channel certainly did not take the message. */
class NotPosted extends UserError {}

/** The address that the variable holds; it is shown nowhere, not even when it is none. */
function webhook({ variable }: PostMessage, world: World): URL {
  const text = world.facts.webhook.trim();
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
    const posted = await postJson(url, { text: action.text }, { env: world.facts.env, milliseconds: patience });
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
function refused(posted: Posted, url: URL, action: PostMessage): UserError {
  const { variable } = action;
  const parts = [url.href, `${url.pathname}${url.search}`, ...url.pathname.split("/"), ...url.searchParams.values()];
  const secrets = parts.filter((part) => part.length > 3).sort((a, b) => b.length - a.length);
  const words = secrets.reduce(
    (text, secret) => text.replaceAll(secret, "***"),
    posted.words.replaceAll(/\s+/g, " ").trim(),
  );
  const why = `${words === "" ? "It gave no reason." : `It said: ${words}.`} Nothing is recorded as announced.`;
  const what = whats[String(posted.status)] ?? `the webhook in ${variable} answered ${posted.status}`;
  const rest = { why, exitCode: 1, kind: "webhook" } as const;
  if (posted.status === "late" || posted.status === "lost")
    return new UserError(what, { ...rest, fix: afterLook(action) });
  const fix = isRefusal(posted)
    ? `Look at the webhook in Slack, set ${variable} to one that works, then run the same command again`
    : ("fix" in posted && posted.fix) || "Run the same command again later";
  return new NotPosted(what, { ...rest, fix });
}

const isRefusal = ({ status }: Posted): boolean => typeof status === "number" && status < 500 && status !== 429;
const whats: Readonly<Record<string, string>> = {
  late: `the webhook did not answer within ${patience / 1000} s`,
  lost: "the connection to the webhook was lost",
  unreachable: "the webhook could not be reached",
};

function notRecorded(error: unknown, { entry: { stage, version } }: PostMessage): unknown {
  if (!(error instanceof UserError)) return error;
  return new UserError(`the message was posted, but that could not be recorded: ${error.message}`, {
    why: error.why,
    fix: `${error.fix}, then record it: i release_announce --stage ${stage} --version ${version} --posted`,
    exitCode: error.exitCode,
  });
}
