import type { Choice, ChosenDir, NewDir } from "../../../lib/config/new_dir.ts";

/** A dir of a repo without a remote, in which nothing is, and a template of one file. */
export const newDir = (more: Partial<NewDir> = {}): NewDir => ({
  template: { "a.txt": { text: "a", executable: false } },
  plain: {},
  existing: [],
  ownTests: null,
  codeAt: null,
  otherImages: [],
  files: [],
  texts: {},
  needs: { taken: [], left: [] },
  devcontainer: [],
  slipwayAt: null,
  knownRegistries: [],
  ...more,
});

/** What is chosen where the dir is called opt and nothing else is known. */
export const choice = (more: Partial<Choice> = {}): Choice => ({
  name: "opt",
  account: null,
  registries: [],
  dockerfile: null,
  baseImage: null,
  test: "pytest",
  ...more,
});

export const chosenDir = (seen: Partial<NewDir> = {}, chosen: Partial<Choice> = {}, dir = "."): ChosenDir => ({
  dir,
  seen: newDir(seen),
  choice: choice(chosen),
});
