import { expect, it } from "vitest";
import { capture } from "../../lib/doors/shell.ts";
import { interruption, listenForInterrupts } from "../../lib/run/interrupt.ts";

it("a program that Ctrl-C ends before this process hears of it counts only when it has heard", async () => {
  const stopListening = listenForInterrupts();
  const late = "(sleep 0.02; kill -INT $PPID) & kill -INT $$";
  const { code } = await capture(["sh", "-c", late], { cwd: "/", env: process.env });
  expect([code, interruption().aborted]).toEqual([130, true]);
  stopListening();
});
