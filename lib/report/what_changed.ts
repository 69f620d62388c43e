import type { IgnoreFile } from "../formats/dockerignore.ts";
import type { ReleaseStage } from "../names/stage.ts";

/** What changed since the image of a stage that is in use, and what it would be built from now; paths are of the outermost repo. */
export type StageChange = {
  readonly stage: ReleaseStage;
  /** The release that is in use; null before the first. */
  readonly since: { readonly version: string; readonly commit: string } | null;
  /** Files whose content, mode or presence is another, with whether they are gone. */
  readonly changed: readonly { readonly path: string; readonly isGone: boolean }[];
  readonly dockerfile: FilePart;
  /** Those by which a file is left out; `isOther`: other files are sent. */
  readonly ignoreFiles: FilePart;
  /** `isOther`: arguments, platforms or labels of the build are others. */
  readonly config: FilePart;
  readonly contextDir: string;
  /** What of the context is read, links too and what they lead to. */
  readonly read: ReadonlySet<string>;
  readonly rules: IgnoreFile;
  /** First path parts of the context: the last commit that changed anything below them dates the image. */
  readonly entries: readonly string[];
};
type FilePart = { readonly paths: readonly string[]; readonly isOther: boolean };

/** A changed file, and how it takes part in each image; null where it does not. */
export type ChangedFile = { readonly path: string } & { readonly [stage in ReleaseStage]: string | null };

/** How each changed file takes part in the images. */
export function changedFiles(stages: readonly StageChange[]): readonly ChangedFile[] {
  const paths = [...new Set(stages.flatMap(({ changed }) => changed.map(({ path }) => path)))].sort();
  const whyIn = (stage: ReleaseStage, path: string) => {
    const of = stages.find((one) => one.stage === stage);
    const file = of?.changed.find((one) => one.path === path);
    return of && file ? whyNeeded(of, file) : null;
  };
  return paths.map((path) => ({ path, dev: whyIn("dev", path), prod: whyIn("prod", path) }));
}

function whyNeeded(of: StageChange, { path, isGone }: StageChange["changed"][number]): string | null {
  const isPart = ({ paths, isOther }: FilePart) => isOther && paths.includes(path);
  if (isPart(of.dockerfile)) return "its Dockerfile";
  if (isPart(of.ignoreFiles)) return "says which files it gets";
  if (isPart(of.config)) return "says what it is built with";
  // A submodule is one path, and its files are below it.
  if (of.read.has(path) || [...of.read].some((one) => one.startsWith(`${path}/`))) return "in its context";
  const inner = of.contextDir === "." ? path : path.slice(of.contextDir.length + 1);
  if (of.contextDir !== "." && !path.startsWith(`${of.contextDir}/`)) return null;
  if (isGone && !of.rules.ignores(inner)) return "was in its context";
  const [first = ""] = inner.split("/");
  if (of.entries.length === 0) return "its last commit dates the image";
  return of.entries.includes(first) ? `the last commit below ${first} dates the image` : null;
}
