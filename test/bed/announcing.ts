import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { SignedEntry } from "../../lib/names/log.ts";
import { objectsOf } from "./git.ts";
import { handImage } from "./hand_image.ts";
import { logOf } from "./oracle.ts";
import { releaseByHand } from "./released.ts";
import { type Ground, makeGround } from "./tiny_repo.ts";
import { startWebhook, type Webhook } from "./webhook.ts";
import { type Done, workflowsIn } from "./workflow.ts";

export const image = handImage("announced");

/** Two registries, and a channel that hears of their releases. */
export type Announcing = {
  readonly ground: Ground;
  readonly webhook: Webhook;
  /** A repo with 1.0.0 released as dev in both registries. */
  readonly releasedRepo: (name: string) => Promise<string>;
  readonly announce: (repo: string, ...words: readonly string[]) => Promise<Done>;
  readonly end: () => Promise<void>;
};

/** Starts them. */
export async function startAnnouncing(): Promise<Announcing> {
  const [ground, webhook] = await Promise.all([makeGround(2), startWebhook()]);
  return {
    ground,
    webhook,
    releasedRepo: async (name) => {
      const repo = await ground.repo(name);
      await releaseByHand(ground, repo, [{ stage: "dev", version: "1.0.0", image }]);
      return repo;
    },
    announce: (repo, ...words) =>
      workflowsIn(repo, { env: { SLACK_WEBHOOK_URL: webhook.url } })("release_announce", ...words),
    end: async () => {
      await webhook.stop();
      await ground.end();
    },
  };
}

/** What the log of a repo holds of announcements that were made. */
export const announced = async (repo: string): Promise<readonly SignedEntry[]> =>
  (await logOf(`${repo}.git`, repo.split("/").at(-1) ?? "")).filter(({ type }) => type === "announce");

/** Every text of Slipway's folder in a repo, and all objects of the repo and its remote. */
export async function kept(repo: string): Promise<string> {
  const own = join(repo, ".git", "slipway");
  const files = readdirSync(own, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const texts = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
  return [...texts, await objectsOf(repo), await objectsOf(`${repo}.git`)].join("\n");
}
