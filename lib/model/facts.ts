import type { AroundFacts } from "./around_facts.ts";
import type { DeploymentFacts } from "./aws.ts";
import type { ChangelogEntry } from "./changelog.ts";
import type { Config } from "./config.ts";
import type { SignedEntry } from "./log.ts";
import type { PackageFacts } from "./package_facts.ts";
import type { Registry } from "./registry.ts";
import type { ReportFacts } from "./report.ts";
import type { ReleaseStage } from "./stage.ts";
import type { Version } from "./version.ts";

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
  /** Names the mounted code: the tree of the outermost repo and of every submodule in it. */
  readonly tree: string;
  /** Changed or untracked files of the outermost repo and the owner; empty for a clean tree. */
  readonly dirty: readonly string[];
  readonly shallow: boolean;
  readonly remote: string | null;
  /** The released versions by Git tag: dev tags `<image>-X.Y.Z` and prod tags, as tag -> commit. */
  readonly tags: Readonly<Record<string, string>>;
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
};

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
  | { readonly state: "unknown"; readonly why: string };
/** registry name -> tag -> state. */
export type RegistryFacts = Readonly<Record<string, Readonly<Record<string, TagState>>>>;

/** The released dev image that a prod image stands on. */
export type BaseImage = {
  readonly version: Version;
  readonly digest: string;
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
  /** Hash over context file list and contents, Dockerfile, build arguments and base digests. */
  readonly hash: string;
  /** First path parts of the context's files: what to stage and what revision to look for. */
  readonly entries: readonly string[];
  /** First path parts of the context with more than 200 MiB. */
  readonly large: readonly { readonly path: string; readonly bytes: number }[];
  /** The context holds links, so it is staged with their contents, as `tar -h` would. */
  readonly hasLinks: boolean;
  /** The last commit that changed the inputs, and its time in seconds since 1970. */
  readonly revision: string;
  readonly time: number;
  /** The Git tags whose commits hold that change: what they name was built from these inputs, or later ones. */
  readonly tagged: readonly string[];
};

/** Who holds a claim or a flip: enough to tell a live owner from a dead one on the same host. */
export type Owner = {
  readonly nonce: string;
  readonly user: string;
  readonly host: string;
  readonly boot: string;
  readonly pid: number;
  readonly started: string;
  readonly commit: string;
  readonly run: string;
  /** Seconds since 1970 of the last renewal. */
  readonly at: number;
  readonly digest?: string;
};

/** A program of the machine with its version; null when it is not there. */
export type Program = { readonly name: string; readonly version: string | null };

/** Everything a flow may know; loaded once before planning, never changed. */
export type Facts = ReportFacts & {
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
  readonly socket: { readonly path: string; readonly gid: number };
  readonly today: string;
  /** A text that no other second has: it makes a resolver run again. */
  readonly nonce: string;
  readonly git: GitFacts;
  readonly engine: EngineFacts;
  readonly registries: RegistryFacts;
  readonly log: readonly SignedEntry[];
  readonly inputs: BuildInputs;
  readonly claim: Owner | null;
  readonly programs: readonly Program[];
  readonly deployment: DeploymentFacts;
  readonly packages: PackageFacts;
  /** The template's files, path -> content, and those of them that the runnable dir already has. */
  readonly template: Readonly<Record<string, { readonly text: string; readonly executable: boolean }>>;
  readonly existing: readonly string[];
  /** The other runnable dirs of the repo with their images. */
  readonly otherImages: readonly { readonly dir: string; readonly image: string }[];
  /** Release tags as the Git remote has them: tag -> commit. */
  readonly remoteTags: Readonly<Record<string, string>>;
  /** A person can be asked and shown a prompt: stdin and stdout are a terminal. */
  readonly terminal: boolean;
} & AroundFacts;
/** The parts of Facts that cost something; a script names those its flow reads. */
export type Need =
  | "git"
  | "engine"
  | "registries"
  | "log"
  | "inputs"
  | "programs"
  | "template"
  | "deployment"
  /** `registries`, but every configured one, with the tags that the log speaks of. */
  | "releases"
  | "images"
  | "runs"
  | "commits"
  | "output"
  | keyof AroundFacts
  | "packages"
  /** The look into the engine takes in the images that `--images` names. */
  | "named";
