import { UserError } from "../errors.ts";
import { send } from "../oci/http.ts";
import { isReset, networkCode } from "../oci/patience.ts";
import { newSession } from "../oci/session.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** How a webhook answered: its status, what it asks to wait, its own words; or that no answer came, and why. */
export type Posted =
  | { readonly status: number; readonly retryAfter: string | null; readonly words: string }
  | { readonly status: "lost" | "late" | "unreachable"; readonly words: string; readonly fix?: string };

/**
 * Posts JSON to a webhook, which is never sent on to another address; the answer is waited for at most so many milliseconds.
 * Proxies and CAs are those by which registries are reached.
 */
export async function postJson(
  url: URL,
  body: unknown,
  { env, milliseconds }: { readonly env: Env; readonly milliseconds: number },
): Promise<Posted> {
  const bytes = Buffer.from(JSON.stringify(body));
  const headers = { "content-type": "application/json; charset=utf-8", "content-length": String(bytes.length) };
  const over = new AbortController();
  const session = newSession({ env, signal: over.signal, timeouts: { answer: milliseconds, connect: milliseconds } });
  const repo = { registry: url.host, host: url.host };
  try {
    const answer = await send(session, { repo, url, method: "POST", headers, body: bytes });
    const words = Buffer.from(answer.body).toString("utf8").slice(0, 300);
    return { status: answer.status, retryAfter: answer.headers.get("retry-after"), words };
  } catch (error) {
    if (error instanceof UserError)
      return { status: "unreachable", words: `${error.message}. ${error.why.replace(/\.$/, "")}`, fix: error.fix };
    const words = networkCode(error);
    if (words === "ETIMEDOUT") return { status: "late", words };
    // A name that was not found: nothing was sent.
    return { status: isReset(error) && words !== "EAI_AGAIN" ? "lost" : "unreachable", words };
  } finally {
    over.abort();
  }
}
