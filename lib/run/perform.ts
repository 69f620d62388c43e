import { join } from "node:path";
import { readText, writeText } from "../doors/files.ts";
import type { Action, Announce, ByHand, GitRef, WriteFile } from "../model/plan.ts";
import { claim } from "./perform/claim.ts";
import { command } from "./perform/command.ts";
import { ecsRevision, ecsService } from "./perform/ecs.ts";
import { gitTagRef } from "./perform/git_tag.ts";
import { check, copyImage, putIndex, verifyDigest } from "./perform/images.ts";
import { moveTag } from "./perform/move_tag.ts";
import { packageUse } from "./perform/package_use.ts";
import { compareImages } from "./perform/packages.ts";
import { postMessage } from "./perform/post_message.ts";
import { record } from "./perform/record.ts";
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
  return "ref" in action ? claim(action, world) : gitTagRef(action, world);
}

async function writeFile(action: WriteFile, world: World): Promise<Outcome> {
  const path = join(world.facts.place.root, action.path);
  if (readText(path) === action.content) return "already";
  writeText(path, action.content, action.mode ? Number.parseInt(action.mode, 8) : undefined);
  return "done";
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

/** Only a person confirms a line of a check-list: `--yes` does not, and without a terminal it stays open. */
async function byHand(action: ByHand, world: World): Promise<Outcome> {
  const said = world.console.canAsk ? await world.console.ask(action.text) : false;
  world.state.text.push(`${said ? "ok      " : "open    "} ${action.text}${said ? ", confirmed" : ""}`);
  return said ? "done" : "open";
}
