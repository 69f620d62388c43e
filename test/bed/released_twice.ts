import { git } from "./git.ts";
import { handImage } from "./hand_image.ts";
import { releaseByHand, tagByHand } from "./released.ts";
import { change, changelog, type Ground } from "./tiny_repo.ts";

/** The image of 1.0.0. */
export const older = handImage("older", [5_000, 300_000]);
const lower = older.blobs[2] ?? { digest: "", size: 0 };
/** The image of 1.1.0; 300 kB of it are a layer of the older one. */
export const newer = handImage("newer", [20_000], { pushed: [lower] });

/** A repo with dev 1.0.0 and 1.1.0 released, a commit in between, and both Git tags on the remote. */
export async function releasedTwice(ground: Ground, name: string): Promise<string> {
  const repo = await ground.repo(name);
  await releaseByHand(ground, repo, [{ stage: "dev", version: "1.0.0", image: older }]);
  await tagByHand(repo, [{ stage: "dev", version: "1.0.0" }]);
  await change(repo, { "changelog.txt": changelog(name, "1.1.0", "1.0.0") });
  await git(repo, "commit", "--quiet", "--allow-empty", "--message", "Add <b>pytest</b> [x](y)");
  await git(repo, "push", "--quiet", "origin", "HEAD");
  await releaseByHand(ground, repo, [{ stage: "dev", version: "1.1.0", image: newer }]);
  await tagByHand(repo, [{ stage: "dev", version: "1.1.0" }]);
  return repo;
}
