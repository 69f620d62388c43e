import type { Clock } from "../doors/clock.ts";
import type { Repository } from "../names/address.ts";
import type { AwsAccount } from "../names/aws.ts";
import type { Removal } from "../names/prune.ts";
import type { Descriptor } from "./rules/copy_plan.ts";
import type { RegistryError } from "./rules/failure.ts";

/** What a HEAD says about a manifest. */
export type Found = { readonly digest: string; readonly mediaType: string; readonly size: number };
/** A manifest with its untouched bytes, whose sha256 is `digest`. */
export type Manifest = Found & { readonly bytes: Uint8Array };

/** One image to copy, digest kept, to several repositories; without a tag the manifest is only put by digest. */
export type CopyJob = {
  readonly from: Repository;
  readonly to: readonly Repository[];
  readonly digest: string;
  readonly tag?: string;
};
/** How the copy to one repository ended; `already` sent no POST and no PUT. */
export type CopyResult =
  | { readonly repo: Repository; readonly outcome: "copied" | "already" }
  | { readonly repo: Repository; readonly outcome: "error"; readonly error: RegistryError };

/** `absent` was not there any more, or is something else now. */
export type RemoveResult = Removal & { readonly outcome: "removed" | "absent" };

/** What a copy is doing: `bytes` counts what was read from the source, once for all targets. */
export type CopyEvent =
  | { readonly event: "plan"; readonly blobs: number; readonly bytes: number }
  | { readonly event: "bytes"; readonly digest: string; readonly bytes: number }
  | { readonly event: "there" | "mounted" | "uploaded"; readonly digest: string; readonly registry: string }
  | { readonly event: "retry"; readonly digest: string; readonly registry: string; readonly why: string }
  | { readonly event: "pushed"; readonly reference: string; readonly registry: string };

/**
 * Milliseconds a registry may take to answer a question, and to move on with a body; a proxy to give a way through, and a
 * credential helper in all.
 */
export type Timeouts = {
  readonly answer: number;
  readonly idle: number;
  readonly connect: number;
  readonly helper: number;
};

type Env = Readonly<Record<string, string | undefined>>;
/** Gives a password of user AWS, and when it runs out in milliseconds since 1970; throws UserError. */
export type EcrLogin = (
  account: AwsAccount,
  env: Env,
) => Promise<{ readonly password: string; readonly until: number }>;

/** Where the APIs beside registries answer; `onLoopback`: also for a registry on this machine, which only stands for one. */
export type Apis = { readonly github: string; readonly hub: string; readonly onLoopback: boolean };

/** The environment a client reads (docker's config, GITHUB_TOKEN, the AWS variables), and what interrupts it. */
export type ClientOptions = {
  readonly env: Env;
  readonly signal?: AbortSignal;
  readonly timeouts?: Partial<Timeouts>;
  /** What tells when a token runs out, waits between two tries and ends what takes too long; the machine's clock without it. */
  readonly clock?: Clock;
  /** Who gives passwords of ECR; AWS without it. */
  readonly ecrLogin?: EcrLogin;
  /** The APIs beside registries; GitHub's and Docker Hub's own without it. */
  readonly apis?: Apis;
};

/** The way to a registry, in words without secrets: what was set for it, whether it works or not. */
export type Access = {
  /** Null where it is asked directly. */
  readonly proxy: string | null;
  /** The files that its certificate is checked against beside the system's roots; null where it is plain http. */
  readonly authorities: readonly string[] | null;
  /** The certificate that we show. */
  readonly certificate: string | null;
  /** Where the credentials come from; null where there are none. */
  readonly login: string | null;
};

/** Everything Slipway asks of registries. Every method throws RegistryError naming registry, reason and the next line. */
export type RegistryClient = {
  /** Gives what a tag or digest names, null where there is none; right after an own push a 404 is lag and waited out. */
  readonly head: (repo: Repository, reference: string, more?: { readonly pushed: boolean }) => Promise<Found | null>;
  /** Gives the manifest with its bytes, sha256 checked, null where there is none. */
  readonly manifest: (repo: Repository, reference: string) => Promise<Manifest | null>;
  /** Puts a manifest under a tag or digest and reads its digest back; `ifMatch` is the digest seen before, for registries that honour it. */
  readonly putManifest: (repo: Repository, reference: string, more: PutOptions) => Promise<void>;
  /** Gives the JSON of the image config behind a manifest, or behind the child of an index for `platform` (default: the first). */
  readonly configOf: (repo: Repository, digest: string, platform?: string) => Promise<unknown>;
  /** Gives all tags; none where the repository does not exist. */
  readonly tags: (repo: Repository) => Promise<string[]>;
  /** Tells the way to a registry, and asks it nothing. */
  readonly access: (repo: Repository) => Promise<Access>;
  /** Takes images away with all their tags, in this order; throws at the first that it cannot. */
  readonly remove: (repo: Repository, removals: readonly Removal[]) => Promise<RemoveResult[]>;
  /** Opens an upload and cancels it; throws where pushing is not allowed. */
  readonly assertCanPush: (repo: Repository) => Promise<void>;
  /** Brings a blob of this machine to a repository, unless it is there. */
  readonly putBlob: (repo: Repository, blob: OwnBlob) => Promise<void>;
  /** Gives the bytes of a blob, size and digest checked. */
  readonly blob: (repo: Repository, blob: Descriptor) => Promise<Uint8Array>;
  /** Gives the text of a Docker configuration with the login for this registry alone, null where there is none: a secret. */
  readonly dockerConfigFor: (repo: Repository) => Promise<string | null>;
  /** Copies an image to every target; a failing target does not stop the others. Throws only when interrupted. */
  readonly copy: (job: CopyJob, progress?: (event: CopyEvent) => void) => Promise<CopyResult[]>;
};
/** A blob with what reads it, and a repository of the same registry that has it already. */
export type OwnBlob = {
  readonly blob: Descriptor;
  readonly from: Repository | null;
  readonly read: () => AsyncIterable<Uint8Array>;
};
export type PutOptions = { readonly manifest: Manifest; readonly ifMatch?: string };
