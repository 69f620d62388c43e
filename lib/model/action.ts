import type { EcrPassword, EcsRevision, EcsService } from "./aws.ts";
import type { LogEntry, LoggedEntry } from "./log.ts";
import type { PostMessage } from "./message.ts";
import type { ComparePackages, PackageUse } from "./package_actions.ts";

/** A digest that facts know, or the one that an earlier step of the plan yields. */
export type Digest = string | { readonly digest: "@image" };

/** One repository in one registry: `{ registry: "ecr", repository: "127.0.0.1:5000/cmamp" }`. */
export type Place = { readonly registry: string; readonly repository: string };

/** A program with its words; it never passes through a shell. */
export type Command = {
  readonly kind: "command";
  readonly argv: readonly Word[];
  readonly env: Readonly<Record<string, Word>>;
  /** Relative to the outermost Git root, `.` for the root itself. */
  readonly cwd: string;
  /** The command starts one container; its exit code is the container's, and the runner removes it on every way out. */
  readonly container?: true;
  /** It stands behind an entrypoint: it counts as run only if it left its receipt. How it starts without that entrypoint. */
  readonly receipt?: { readonly without: string };
  /** The program talks to the person directly: no log, no prefix. */
  readonly interactive?: true;
  /** Its exit code is its answer to the person, who saw why, and no failure of the workflow. */
  readonly ownCode?: true;
  /** The words are the person's own, and so are the variables that they have for Docker. */
  readonly typed?: true;
  /** Where the builder writes the digest of what it built; read when the step yields `image`. */
  readonly digestFile?: string;
  /** The builder pushed what it built, so the engine does not have it. */
  readonly elsewhere?: true;
  /** A program whose output is this one's standard input: how a password gets in without standing in argv. */
  readonly input?: readonly string[] | EcrPassword;
  /** What its output says, as a regular expression, when somebody else was quicker: the same line does once they are through. */
  readonly again?: string;
  /** The line of its output that tells why it failed, as a regular expression. */
  readonly reason?: string;
  /** Exit codes that are a result of their own, with what to tell; without a row the code is the command's. */
  readonly meaning?: Readonly<Record<string, { readonly why: string; readonly fix: string; readonly passes?: true }>>;
};
export type Word = Digest;

/** Copies one image, digest kept, from a registry to others; blobs that are there already are not read. */
export type CopyImage = {
  readonly kind: "copy_image";
  readonly digest: Digest;
  readonly tag: string;
  readonly from: Place;
  readonly to: readonly Place[];
};

/** Joins images of one platform each, which lie in one repository, to an index there; it yields the index. */
export type PutIndex = {
  readonly kind: "put_index";
  readonly tag: string;
  readonly place: Place;
  readonly children: readonly { readonly platform: string; readonly digest: string; readonly name: string }[];
};

/** Points a mutable tag at a digest in several registries as one: design.md, step 8, "Flip". */
export type MoveTag = {
  readonly kind: "move_tag";
  readonly image: string;
  readonly tag: string;
  readonly version: string;
  readonly why: "release" | "rollback" | "mirror";
  readonly reason?: string;
  readonly to: Digest;
  /** `seen` is the digest that the plan saw behind the tag; null where the tag did not exist. */
  readonly places: readonly (Place & { readonly seen: string | null })[];
};

/** Reads a tag back in every place and compares. */
export type VerifyDigest = {
  readonly kind: "verify_digest";
  /**
   * After a push from the classic store: the config that the manifest must have, because that is what was tested; the
   * manifest's own digest, known only now, is the image from here on.
   */
  readonly tested?: Digest;
  /** Before a push: nothing may be there yet, but no other image, for a version's tag never moves. */
  readonly mayBeAbsent?: true;
  readonly tag: string;
  readonly digest: Digest;
  readonly places: readonly Place[];
};

/** One change of a Git ref; `claim` and `release_claim` are compare-and-swap on the remote (design.md, step 1). */
export type GitRef = ClaimRef | TagRef | LogRef;
export type ClaimRef = {
  readonly kind: "git_ref";
  readonly op: "claim" | "release_claim";
  readonly ref: string;
  readonly digest?: Digest;
};
/** What the log becomes where it was damaged: commits of these entries on top of all that is left of it, in one move. */
export type LogRef = {
  readonly kind: "git_ref";
  readonly op: "repair_log";
  readonly ref: string;
  /** What the ref was seen to be. */
  readonly from: string | null;
  readonly parents: readonly string[];
  readonly entries: readonly LoggedEntry[];
};
export type TagRef =
  | {
      readonly kind: "git_ref";
      readonly op: "tag";
      readonly tag: string;
      readonly commit: string;
      readonly message: string;
      /** The commit of our own unpushed tag of an earlier attempt, which this one takes the place of. */
      readonly replaces?: string;
    }
  | { readonly kind: "git_ref"; readonly op: "push_tag"; readonly tag: string; readonly commit: string };

/** Appends one entry to the image's log ref, once: an equal entry that is there already is the proof that the step is done. */
export type Record_ = {
  readonly kind: "record";
  readonly image: string;
  readonly entry: LogEntry;
  /** Run the step although an equal entry exists (`--rerun-tests`). */
  readonly again?: true;
  /** The tests ran on the mounted tree: their pass counts only where that is still what was looked at. */
  readonly onTree?: true;
  /** The released image is an index: which image each platform has is read here and becomes part of the entry. */
  readonly index?: Place;
};

export type WriteFile = {
  readonly kind: "write_file";
  /** Relative to the outermost Git root, or absolute. */
  readonly path: string;
  readonly content: string;
  readonly mode?: "0600" | "0700" | "0755";
  /** What of it who reads the plan has to see. */
  readonly tells?: readonly string[];
};
/** Writes a commit of the outermost repo, with its submodules, to a folder of Slipway's own; or removes that folder. */
export type Snapshot = {
  readonly kind: "snapshot";
  /** Relative to the outermost Git root. */
  readonly path: string;
  /** Null to remove it. */
  readonly code: {
    readonly commit: string;
    readonly branch: string | null;
    /** What the config mounts out of it, relative to it. */
    readonly mounted: readonly string[];
  } | null;
};
/** Tells the person something: text on stdout, the same as data with `--json`; an exit code where it is bad news. */
export type Announce = {
  readonly kind: "announce";
  /** `@image` in it stands for `digest`. */
  readonly text: string;
  readonly digest?: Digest;
  readonly data?: unknown;
  readonly exitCode?: number;
};
/** A line of a check-list that a person confirms. */
export type ByHand = { readonly kind: "by_hand"; readonly text: string };
/** A look at the world before anything changes: the engine and its plugins, the right to push, room on the disk. */
export type Check =
  | { readonly kind: "check"; readonly what: "disk" | "flip" }
  | { readonly kind: "check"; readonly what: "push"; readonly places: readonly Place[] }
  /** Whether repositories of ECR exist and let a mutable tag move. */
  | { readonly kind: "check"; readonly what: "ecr"; readonly places: readonly Place[]; readonly tag: string }
  /** Whether Git makes the release's tag, and the remote would take it; `claim` is null where it is not pushed. */
  | {
      readonly kind: "check";
      readonly what: "git_tag";
      readonly tag: string;
      readonly commit: string;
      readonly message: string;
      readonly replaces?: string;
      readonly claim: string | null;
    };

export type Action =
  | Command
  | CopyImage
  | PutIndex
  | MoveTag
  | VerifyDigest
  | GitRef
  | Record_
  | WriteFile
  | Snapshot
  | Announce
  | ByHand
  | PostMessage
  | Check
  | EcsRevision
  | EcsService
  | ComparePackages
  | PackageUse;
