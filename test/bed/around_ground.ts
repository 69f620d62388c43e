import { join } from "node:path";
import { labelled, startLabelled } from "./labelled.ts";
import { openTerminal, type Terminal } from "./terminal.ts";
import { tinyImage } from "./tiny.ts";
import { type Ground, makeGround, write } from "./tiny_repo.ts";
import { type Done, docker, workflow, workflowsIn } from "./workflow.ts";

/** Two registries whose image `dev` and `local-root-1.0.0` the engine has, its repo, and a terminal in it. */
export type AroundGround = {
  readonly ground: Ground;
  readonly repo: string;
  /** The image at the first registry, without a tag. */
  readonly reference: string;
  readonly terminal: Terminal;
  readonly i: (script: string, ...words: readonly string[]) => Promise<Done>;
  /** Starts a container of root's on `dev`. */
  readonly mine: () => Promise<string>;
  /** Ends everyone's containers of the image. */
  readonly endAll: () => Promise<void>;
  readonly end: () => Promise<void>;
};

/** Makes all of it for an image of this name. */
export async function makeAroundGround(name: string): Promise<AroundGround> {
  const ground = await makeGround(2);
  const repo = await ground.repo(name);
  const reference = `${ground.addresses["r1"]}/${name}`;
  const tags = Object.values(ground.addresses).flatMap((address) =>
    ["local-root-1.0.0", "dev"].map((tag) => `${address}/${name}:${tag}`),
  );
  await buildOwn(join(ground.dir, "image"), tags);
  const terminal = await openTerminal(repo, ground.dir);
  return {
    ground,
    repo,
    reference,
    terminal,
    i: workflowsIn(repo),
    mine: () => startLabelled(name, "root", `${reference}:dev`),
    endAll: async () => {
      const ids = await labelled(name);
      if (ids.length > 0) await docker("rm", "--force", ...ids);
    },
    end: async () => {
      await terminal.end();
      await ground.end();
    },
  };
}

/** Builds an image that is no other test's: who uses an image is told by its ID, and many tests use the tiny one at once. */
async function buildOwn(dir: string, tags: readonly string[]): Promise<void> {
  write(dir, { Dockerfile: `FROM ${tinyImage}\nLABEL own=${tags[0]}\n` });
  const named = tags.flatMap((tag) => ["--tag", tag]);
  await docker("buildx", "build", "--quiet", "--provenance=false", "--load", ...named, dir);
}

/** The line with which a person starts a workflow. */
export const line = (script: string, ...words: readonly string[]): string =>
  workflow("bun", script, ...words).join(" ");
