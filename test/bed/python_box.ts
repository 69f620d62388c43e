import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { pythonImage } from "../../thin_client/engine/base.ts";
import { commitAll, git } from "./git.ts";
import { ensurePythonBase } from "./python_base.ts";
import { addRunnableDir, addSubmodule, addWorktree, makeSampleRepo } from "./sample_repo.ts";
import { type Ground, makeGround, write } from "./tiny_repo.ts";
import { docker, workflowsIn } from "./workflow.ts";

/** A ground with the template's image in the engine as local image of root. */
export type PythonBox = { readonly ground: Ground; readonly repo: string; readonly image: string };

/** Builds the template once; all test files share the layers of its packages. */
export async function makePythonBox(
  name: string,
  buildArgs: Readonly<Record<string, string>> = {},
): Promise<PythonBox> {
  const ground = await makeGround(1);
  chmodSync(ground.dir, 0o755);
  const repo = join(ground.dir, name);
  const address = ground.addresses["r1"] ?? "";
  const base = await ensurePythonBase();
  await makeSampleRepo({ dir: repo, name, base, registries: { oci: address }, buildArgs, remote: true });
  const built = await workflowsIn(repo)("docker_build_local", "--poetry-mode", "no_update", "--json");
  if (built.code !== 0) throw new Error(built.stderr);
  return { ground, repo, image: `${address}/${name}:local-root-1.0.0` };
}

/** A runnable dir where Git is not in the simplest of places; `head` is the commit that its own repo is at. */
export type Spot = { readonly dir: string; readonly head: string };

/** The template at the root of a repo, in a dir of it, in a submodule two levels down, and in a worktree; all below `dir`. */
export async function makeSpots(box: PythonBox, dir: string): Promise<Readonly<Record<SpotName, Spot>>> {
  mkdirSync(dir);
  const registries = { oci: box.ground.addresses["r1"] ?? "" };
  const options = { name: "box", base: pythonImage, registries };
  const rootRepo = join(dir, "box");
  await makeSampleRepo({ ...options, dir: rootRepo });
  await addRunnableDir(rootRepo, { ...options, name: "inner", dir: join(rootRepo, "some", "inner") });
  const [outer, middle] = [join(dir, "outer"), join(dir, "middle")];
  for (const plain of [outer, middle]) {
    write(plain, { "README.md": "A repo around another.\n" });
    await commitAll(plain, "Start");
  }
  await addSubmodule(middle, "deep", rootRepo);
  const nested = await addSubmodule(outer, "sub/middle", middle);
  const tree = await addWorktree(rootRepo, join(dir, "tree"), "beside");
  const spot = async (at: string): Promise<Spot> => ({ dir: at, head: await git(at, "rev-parse", "HEAD") });
  return {
    "the root of a repo": await spot(rootRepo),
    "a nested runnable dir": await spot(join(rootRepo, "some", "inner")),
    "a submodule two levels down": await spot(join(nested, "deep")),
    "a worktree": await spot(tree),
  };
}
export const spotNames = [
  "the root of a repo",
  "a nested runnable dir",
  "a submodule two levels down",
  "a worktree",
] as const;
export type SpotName = (typeof spotNames)[number];

/** Gives the box's image the names that it would have had, had this user built it for these images. */
export async function nameImage(box: PythonBox, user: string, names: readonly string[]): Promise<void> {
  for (const name of names) await docker("tag", box.image, `${box.ground.addresses["r1"]}/${name}:local-${user}-1.0.0`);
}
