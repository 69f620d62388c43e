import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { needs } from "./parts.ts";

/** What a reader has: the colours they chose and how wide their screen is, in CSS pixels. */
export type Reader = { readonly colours: "light" | "dark"; readonly width: number };
/** A page as a reader sees it, and the addresses of all that it asked for beside itself. */
export type Opened = { readonly page: Page; readonly asked: readonly string[] };
export type Browser = {
  readonly open: (file: string, reader: Reader) => Promise<Opened>;
  readonly close: () => Promise<void>;
};

/** Without these Chromium asks for updates and refuses to run as root. */
const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts Debian's Chromium without a window, with a profile of its own. */
export async function startBrowser(): Promise<Browser> {
  await needs("chromium");
  const profile = mkdtempSync(join(tmpdir(), "slipway-browser-"));
  const context: BrowserContext = await chromium.launchPersistentContext(profile, {
    executablePath: "/usr/bin/chromium",
    args: flags,
  });
  return {
    open: async (file, { colours, width }) => {
      const page = await context.newPage();
      await page.emulateMedia({ colorScheme: colours });
      await page.setViewportSize({ width, height: 900 });
      const asked: string[] = [];
      page.on("request", (request) => void (request.isNavigationRequest() || asked.push(request.url())));
      await page.goto(`file://${file}`);
      return { page, asked };
    },
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
