import { join, relative, resolve } from "node:path";
import { insideRepo, readText, writeText } from "../doors/files.ts";
import { makeSnapshot, removeSnapshot } from "../doors/snapshot.ts";
import { changedBelow } from "../doors/tree.ts";
import { UserError } from "../model/errors.ts";
import type { Action, Announce, ByHand, GitRef, Snapshot, WriteFile } from "../model/plan.ts";
import { quote } from "../model/render_plan.ts";
import { claim } from "./perform/claim.ts";
import { command } from "./perform/command.ts";
import { ecsRevision, ecsService } from "./perform/ecs.ts";
import { gitTagRef } from "./perform/git_tag.ts";
import { check, copyImage, putIndex, verifyDigest } from "./perform/images.ts";
import { moveTag } from "./perform/move_tag.ts";
import { packageUse } from "./perform/package_use.ts";
import { compareImages } from "./perform/packages.ts";
import { postMessage } from "./perform/post_message.ts";
import { record, repairLog } from "./perform/record.ts";
import { digestText, type Outcome, type World } from "./world.ts";

/** One performer per kind of action; each looks first and tells whether it did something. */
const performers = {
  command,
  copy_image: copyImage,
  put_index: putIndex,
  move_tag: moveTag,
  verify_digest: verifyDigest,
  git_ref: gitRef,
  record,
  write_file: writeFile,
  snapshot,
  announce,
  by_hand: byHand,
  post_message: postMessage,
  check,
  ecs_revision: ecsRevision,
  ecs_service: ecsService,
  compare_packages: compareImages,
  package_use: packageUse,
} as const;

export const perform = (action: Action, world: World): Promise<Outcome> =>
  (performers[action.kind] as (action: Action, world: World) => Promise<Outcome>)(action, world);

function gitRef(action: GitRef, world: World): Promise<Outcome> {
  if (action.op === "repair_log") return repairLog(action, world);
  return "ref" in action ? claim(action, world) : gitTagRef(action, world);
}

async function writeFile(action: WriteFile, world: World): Promise<Outcome> {
  const { root, gitDir } = world.facts.place;
  const path = relative(root, resolve(root, action.path));
  if (readText(insideRepo([root, gitDir], path)) === action.content) return "already";
  const mode = action.mode ? Number.parseInt(action.mode, 8) : undefined;
  writeText([root, gitDir], path, action.content, mode);
  return "done";
}

async function snapshot({ path, code }: Snapshot, { facts: { place, env, config, git } }: World): Promise<Outcome> {
  if (!code) removeSnapshot(join(place.root, path));
  else {
    const paths = config.testMounts.map((mount) => join(place.dir, mount));
    const [changed] = await changedBelow(place.root, { commit: code.commit, paths }, env);
    if (changed !== undefined) throw otherThanCommit(changed);
    await makeSnapshot(place.root, path, place.owner === place.root ? { ...code, origin: git.origin } : code, env);
  }
  return "done";
}

function otherThanCommit(file: string): UserError {
  const path = quote(file);
  return new UserError(
    `${file} is not as its commit has it, and tests.mount of repo_config.yaml takes it from the tree`,
    {
      why: "A pass is recorded for a commit; what is mounted beside it is what Git does not know.",
      fix: `Commit it, have tests.mount name only paths without files of the commit, or take the commit's: git update-index --no-assume-unchanged ${path}; git update-index --no-skip-worktree ${path}; git checkout HEAD -- ${path}`,
      kind: "dirty",
    },
  );
}

async function announce(action: Announce, world: World): Promise<Outcome> {
  if (action.text !== "")
    world.state.text.push(
      action.digest ? action.text.replaceAll("@image", digestText(world, action.digest)) : action.text,
    );
  if (action.data !== undefined) world.state.data = action.data;
  if (action.exitCode) world.state.exitCode = action.exitCode;
  return "done";
}

/** Only a person confirms a line of a check-list: with `--yes` nobody is asked, as without a terminal, and it stays open. */
async function byHand(action: ByHand, world: World): Promise<Outcome> {
  const said = world.console.canAsk ? await world.console.ask(action.text) : false;
  world.state.text.push(`${said ? "ok      " : "open    "} ${action.text}${said ? ", confirmed" : ""}`);
  return said ? "done" : "open";
}
