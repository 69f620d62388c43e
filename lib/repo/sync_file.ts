import { posix } from "node:path";
import { stateOf } from "../config/common_files.ts";
import { entryAt } from "../doors/common_files.ts";
import { putEntry, removeEntry } from "../doors/files.ts";
import { UserError } from "../errors.ts";
import { kind } from "../plan/kind.ts";
import { quote } from "../plan/render_plan.ts";

/** A path of a repo; the repo is relative to the outermost Git root, or absolute. */
type At = { readonly repo: string; readonly path: string };
/** Makes a path of a repo a copy of a file or link of another, a link, or nothing. */
export type SyncFile = At & {
  readonly kind: "sync_file";
  /** What lay there when this was planned: anything else stays. */
  readonly was: string;
  readonly becomes: { readonly copyOf: At; readonly state: string } | { readonly link: string } | "nothing";
};

export const syncFile = kind<SyncFile>("sync_file", {
  lines: ({ repo, path, was, becomes }) => {
    const target = quote(posix.join(repo, path));
    if (becomes === "nothing") return [`rm ${target}`];
    if ("link" in becomes) return [`ln -sfn ${quote(becomes.link)} ${target}`];
    const { copyOf, state } = becomes;
    const source = quote(posix.join(copyOf.repo, copyOf.path));
    if (state.startsWith("120000")) return [`cp -P --remove-destination ${source} ${target}`];
    const mode = state.startsWith("100755") ? "755" : "644";
    return [...(was.startsWith("120000") ? [`rm ${target}`] : []), `install -D -m ${mode} ${source} ${target}`];
  },
  run: async ({ repo, path, was, becomes }, { facts }) => {
    const rootOf = (one: string) => posix.resolve(facts.place.root, one);
    const wanted = becomes === "nothing" ? "nothing" : "link" in becomes ? `120000 ${becomes.link}` : becomes.state;
    const now = stateOf(entryAt(rootOf(repo), path));
    if (now === wanted) return "already";
    if (now !== was) throw changedMeanwhile({ repo, path });
    if (becomes === "nothing") removeEntry(rootOf(repo), path);
    else if ("link" in becomes) putEntry(rootOf(repo), path, becomes);
    else {
      const entry = entryAt(rootOf(becomes.copyOf.repo), becomes.copyOf.path);
      if (stateOf(entry) !== wanted) throw changedMeanwhile(becomes.copyOf);
      if (entry?.is === "file") putEntry(rootOf(repo), path, entry);
      if (entry?.is === "link") putEntry(rootOf(repo), path, { link: entry.text });
    }
    return "done";
  },
});

const changedMeanwhile = ({ repo, path }: At): UserError =>
  new UserError(`${JSON.stringify(posix.join(repo, path))} was changed meanwhile`, {
    why: "Only what was shown is replaced, by what was shown.",
    fix: "Run the same command again",
  });
