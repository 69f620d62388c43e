import { PassThrough } from "node:stream";
import { afterEach, expect, it, vi } from "vitest";
import { askYes } from "../../thin_client/env/ask.ts";

const stdin = Object.getOwnPropertyDescriptor(process, "stdin") ?? {};
const isTTY = process.stderr.isTTY;
afterEach(() => {
  Object.defineProperty(process, "stdin", stdin);
  Object.assign(process.stderr, { isTTY });
  vi.restoreAllMocks();
});

/** What comes of a question of the thin env when a person at a terminal types this. */
function typed(text: string): Promise<unknown> {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  Object.defineProperty(process, "stdin", { configurable: true, value: input });
  Object.assign(process.stderr, { isTTY: true });
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const answer = askYes("Really?").catch((error: { readonly exitCode?: number }) => error.exitCode);
  input.write(text);
  return answer;
}

it.each([
  ["y", "y\n", true],
  ["yes", "yes\n", true],
  ["Enter", "\n", false],
  ["another word", "yep\n", false],
  ["Ctrl-D", "\u0004", false],
  ["Ctrl-C", "\u0003", 130],
])("a question of the thin env is answered by %s", async (_key, text, answer) => {
  expect(await typed(text)).toBe(answer);
});
