import { pastProxy } from "../model/oci/address.ts";
import { deadline } from "./clock.ts";
import { isReset, networkCode } from "./registry/patience.ts";

/** How a webhook answered: its status, what it asks to wait, its own words; or that no answer came, and why. */
export type Posted =
  | { readonly status: number; readonly retryAfter: string | null; readonly words: string }
  | { readonly status: "lost" | "late" | "unreachable"; readonly words: string };

/** Posts JSON to a webhook, which is never sent on to another address; the answer is read for at most so many milliseconds. */
export async function postJson(url: URL, body: unknown, milliseconds: number): Promise<Posted> {
  try {
    const response = await fetch(url, {
      ...pastProxy(url),
      method: "POST",
      redirect: "manual",
      headers: { "content-type": "application/json; charset=utf-8", "user-agent": "slipway" },
      body: JSON.stringify(body),
      signal: deadline(milliseconds),
    });
    const words = (await response.text()).slice(0, 300);
    return { status: response.status, retryAfter: response.headers.get("retry-after"), words };
  } catch (error) {
    const words = networkCode(error);
    if (words === "ETIMEDOUT") return { status: "late", words };
    // A name that was not found: nothing was sent.
    return { status: isReset(error) && words !== "EAI_AGAIN" ? "lost" : "unreachable", words };
  }
}
