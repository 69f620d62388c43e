import type { Config } from "../config/config.ts";
import type { Mount } from "../config/container.ts";
import type { Registry } from "../config/registry.ts";
import type { JoinedServices } from "../config/services.ts";
import type { UserError } from "../errors.ts";
import type { ComposeBind } from "../formats/host_paths.ts";
import type { Remote } from "../git/git_remote.ts";
import type { Identity } from "../git/git_settings.ts";
import type { ChangelogEntry } from "../names/changelog.ts";
import type { SignedEntry } from "../names/log.ts";
import type { ReleaseStage } from "../names/stage.ts";
import type { Version } from "../names/version.ts";
import type { RegistryReason } from "../oci/rules/failure.ts";
import type { Value } from "./plan.ts";

/** Where a runnable dir lies. All paths are absolute, except `dir`, which is relative to `root` (`.` for the root). */
export type Place = {
  /** The outermost Git repo: what is mounted on /app. */
  readonly root: string;
  readonly dir: string;
  /** The Git repo that owns the runnable dir: tag, claim and log go there. */
  readonly owner: string;
  /** The owner's common Git dir; Slipway's files lie in `slipway/` below it. */
  readonly gitDir: string;
  /** Where a person stands, relative to `root`: the container starts there. */
  readonly cwd: string;
  /** Git dirs outside `root` that a worktree or submodule needs inside a container, at their own path. */
  readonly gitMounts: readonly string[];
  /** Config and hooks of the Git dirs that are mounted: what is written there runs for whoever uses Git here. */
  readonly gitPrograms: readonly string[];
  /** The original's toolchain as a dir of the repo, relative to `root`; not there where the repo has none. */
  readonly helpersRoot?: string;
};

export type User = { readonly name: string; readonly uid: number; readonly gid: number; readonly home: string };

/** State of the owner's Git repo and of the mounted code. */
export type GitFacts = {
  readonly commit: string;
  /** Commit time, seconds since 1970. */
  readonly time: number;
  readonly branch: string | null;
  /** The commit of the outermost repo: of the code that is mounted. */
  readonly code: string;
  /** Its tree, which names the commits of submodules too. */
  readonly tree: string;
  /** Changed or untracked files of the outermost repo and the owner; empty for a clean tree. */
  readonly dirty: readonly string[];
  readonly shallow: boolean;
  /** Where claims, log and release tags are kept; null where the repo has no remote, and they stay in this clone. */
  readonly remote: Remote | null;
  /** The branch there that a branch here follows: `main` -> `refs/heads/main`. */
  readonly upstreams: Readonly<Record<string, string>>;
  /** The address of the remote called origin, as it was set, which may hold a password. */
  readonly origin: string | null;
  /** Why nobody can tell where they are kept. */
  readonly unclear: UserError | null;
  /** The user's Git signs annotated tags. */
  readonly signs: boolean;
  /** Who commits here, as a commit names them; null where only Git can tell. */
  readonly identity: Identity | null;
  /** The released versions by Git tag: dev tags `<image>-X.Y.Z` and prod tags, as tag -> commit. */
  readonly tags: Readonly<Record<string, string>>;
};

/** How far the files that are mounted are those of the commit, byte for byte. */
export type TreeFacts = {
  /** The first paths that differ, or that the commit does not have; none where the tree is the commit. */
  readonly differs: readonly string[];
  /** Changes with every file and folder that was written since, also where it was put back. */
  readonly stamp: string;
};

/** An image in the engine. `id` is what `docker image inspect` calls Id; `digests` are the manifest digests it is known by. */
export type LocalImage = {
  readonly reference: string;
  readonly id: string;
  readonly digests: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly platform: string;
  /** Hash of layers and settings: what makes two images the same to one that is built on them, whatever an engine calls them. */
  readonly content: string;
};
export type EngineFacts = {
  readonly up: boolean;
  /** Why it does not answer, in the engine client's words. */
  readonly why: string;
  /** The engine's own, `26.1.5`; empty where none answers. */
  readonly version: string;
  /** The client's plugins that work: `buildx`, `compose`. */
  readonly plugins: readonly string[];
  readonly platform: string;
  /** Where the engine keeps images: the classic store knows an image by its config's digest until it was pushed. */
  readonly store: "containerd" | "classic";
  readonly images: readonly LocalImage[];
  /** This is a container of ours, which has an engine only if it was given one. */
  readonly inside?: true;
};

/** A commit that only this clone has: the branch of the remote that lacks it, and the line that pushes it. */
export type Unpushed = { readonly branch: string; readonly line: string };

/** What one tag is in one registry at planning time. */
export type TagState =
  | {
      readonly state: "found";
      readonly digest: string;
      readonly config?: string;
      readonly labels?: Readonly<Record<string, string>>;
      /** Of an image that is no index. */
      readonly platform?: string;
    }
  | { readonly state: "absent" }
  | {
      readonly state: "unknown";
      readonly why: string;
      /** What the error of the registry says besides. */
      readonly error?: { readonly reason: RegistryReason; readonly why: string; readonly fix: string };
    };
/** registry name -> tag -> state. */
export type RegistryFacts = Readonly<Record<string, Readonly<Record<string, TagState>>>>;

/** The released dev image that a prod image stands on. */
export type BaseImage = {
  readonly version: Version;
  /** Why it is this one: `the newest dev 1.2`. */
  readonly why: string;
  /** The step that makes it, where the same run releases it. */
  readonly digest: Value;
  /** `<address>/<image>` of the registry that has it. */
  readonly repository: string;
};

/** What an image is built from (design.md, step 2: "inputs"). Paths are relative to `root`. */
export type BuildInputs = {
  /** Of a prod image: the dev image below it; null where no dev of its major.minor is released, and for dev. */
  readonly base: BaseImage | null;
  readonly dockerfile: string;
  readonly dockerfileText: string;
  readonly ignoreText: string;
  readonly context: string;
  /** Hash over context file list and contents, Dockerfile and build arguments. */
  readonly hash: string;
  /** Of a prod image: what Slipway 0.1 wrote as that hash, which the digest of its dev image was part of. */
  readonly formerHash?: string;
  /** The other images that it is built on, each with what it is in the engine or by the digest in its name; null for one that nobody knows. */
  readonly bases: readonly { readonly name: string; readonly content: string | null }[];
  /** First path parts of the context's files: what to stage and what revision to look for. */
  readonly entries: readonly string[];
  /** First path parts of the context with more than 200 MiB. */
  readonly large: readonly { readonly path: string; readonly bytes: number }[];
  /** The context holds links, so it is staged with their contents, as `tar -h` would. */
  readonly hasLinks: boolean;
  /** Files that are not as the commit has them, that it does not have, or that only it has; with Dockerfile and config. */
  readonly other: readonly string[];
  /** The last commit that changed the inputs, and its time in seconds since 1970. */
  readonly revision: string;
  readonly time: number;
  /**
   * The Git tags whose commits hold that change: what they name was built from these inputs, or later ones. None where the
   * version's own is not here.
   */
  readonly tagged: readonly string[];
};

/** Who holds a claim or a flip: enough to tell a live owner from a dead one on the same host. */
export type Owner = {
  readonly nonce: string;
  readonly user: string;
  readonly host: string;
  readonly boot: string;
  /** The PID namespace in which the pid is one. */
  readonly namespace: string;
  readonly pid: number;
  readonly started: string;
  readonly commit: string;
  /** The CI run and its attempt; empty elsewhere. */
  readonly run: string;
  readonly attempt: string;
  /** Seconds since 1970 of the last renewal, by the owner's clock: to be told, never to be compared. */
  readonly at: number;
};

/** A claim or a move of a tag that is held now, in words that go on from its name. */
export type HeldRef = { readonly ref: string; readonly isBroken: boolean; readonly says: string };
export type HeldRefs = {
  readonly held: readonly HeldRef[];
  /** Why they, or the log beside them, cannot be read. */
  readonly fault: { readonly what: string; readonly fix: string } | null;
};

/** A program of the machine with its version; null when it is not there. */
export type Program = { readonly name: string; readonly version: string | null };

/** What every flow may know: read once before planning, never changed; `git` and `tree` where the script needs them. */
type Known = {
  readonly place: Place;
  readonly user: User;
  readonly config: Config;
  /** changelog.txt as it is, null where it is missing; a flow that does not check it reads the entries. */
  readonly changelogText: string | null;
  readonly changelog: readonly ChangelogEntry[];
  readonly version: Version | null;
  /** The stage that the flow releases, moves or looks at. */
  readonly stage: ReleaseStage;
  /** What is built as one index; none for one image of the engine's own platform. */
  readonly platforms: readonly string[];
  /** The buildx builder that builds and pushes; null where the engine builds itself. */
  readonly builder: string | null;
  /** Where the version came from: an option, the changelog, or nothing. */
  readonly versionFrom: "option" | "changelog" | null;
  readonly targets: readonly Registry[];
  readonly ci: boolean;
  /** The machine as containers are told about it: hostname, `uname -s`, `uname -r`. */
  readonly host: { readonly name: string; readonly system: string; readonly release: string };
  readonly env: Readonly<Record<string, string>>;
  /** What the variable that `notify` names holds, "" without one: read by the workflow that posts, and by no program. */
  readonly webhook: string;
  readonly socket: { readonly path: string; readonly gid: number };
  /** What of the engine's machine is mounted here, where this is a container of that engine; null where both have the same paths. */
  readonly hostMounts: readonly Mount[] | null;
  /** What the compose files of the config bind; read only where paths are others for the engine. */
  readonly composeBinds: readonly ComposeBind[];
  /** What makes `i` work in a container, by the paths that are here; none where the config asks for none. */
  readonly slipway: readonly Mount[];
  /** What an engine inside a container needs of this machine; none where the config asks for none. */
  readonly innerEngine: readonly Mount[];
  /** A folder of this machine that belongs to a path below the root, to which links there lead; null where nothing does. */
  readonly thinEnv: { readonly source: string; readonly target: string } | null;
  /** When the look began, in milliseconds since 1970; its day needs the time zone, which takes bun 4 ms to load. */
  readonly now: number;
  readonly git: GitFacts;
  readonly tree: TreeFacts;
  /** A person can be asked and shown a prompt: stdin and stdout are a terminal. */
  readonly terminal: boolean;
};

/** What costs something to look at: a flow names the parts that it reads, and its script sees to them. */
export type Looked = {
  readonly engine: EngineFacts;
  readonly registries: RegistryFacts;
  readonly log: readonly SignedEntry[];
  /** The log that this clone saw last: what was rolled back, for commands that ask no network. */
  readonly lastLog: readonly SignedEntry[];
  readonly inputs: BuildInputs;
  /** Dirs below the runnable dir with tests of their own, where a list is chosen by pytest. */
  readonly nested: readonly string[];
  /** The services of the dir, which its containers reach; null where it names none. */
  readonly services: JoinedServices | null;
  readonly claim: Owner | null;
  /** A move of a mutable tag is under way, or was left half-way: what the tag is meant to be is not in the log yet. */
  readonly moving: boolean;
  readonly refs: HeldRefs;
  /** Release tags as the Git remote has them: tag -> commit. */
  readonly remoteTags: Readonly<Record<string, string>>;
  /** The commit is on no branch that the remote is known to have; null where it is, or nobody was asked. */
  readonly unpushed: Unpushed | null;
};

/** Read in one look with the log. */
type WithLog = "claim" | "moving" | "remoteTags" | "unpushed";
type Part = Exclude<keyof Looked, WithLog>;

/** What is known to a flow that reads these parts of what was looked at; its script has to look at them. */
export type Facts<K extends Part = never> = Known & Pick<Looked, K | (K extends "log" ? WithLog : never)>;
export type AllFacts = Facts<Part>;
/** What tells which image of a stage is meant. */
export type ImageFacts = Facts<"engine" | "registries" | "lastLog" | "services">;
/** What is tagged and pushed from. */
export type PushFacts = Facts<"engine" | "registries" | "log">;
/** What a release is planned from. */
export type ReleaseFacts = Facts<"engine" | "registries" | "log" | "inputs" | "nested" | "services">;

/** What a script has looked at. */
export type Need =
  | "git"
  | "tree"
  | "engine"
  | "registries"
  | "log"
  /** Who holds a claim or moves a tag, and whether the log is whole: a fault is told, not thrown. */
  | "refs"
  /** Whether the remote has the commit, with the log. */
  | "pushed"
  | "inputs";

/** The parts of the facts that each need gives. */
export type Given = {
  readonly git: never;
  readonly tree: never;
  readonly engine: "engine";
  readonly registries: "registries";
  readonly log: "log" | "lastLog";
  readonly refs: "refs";
  readonly pushed: never;
  readonly inputs: "inputs";
};
/** All that a script may know before its own look. */
export type NeededFacts = Facts<Given[Need]>;
