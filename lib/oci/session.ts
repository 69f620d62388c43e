import { ecrPassword } from "../doors/aws.ts";
import { alarm, type Clock, now, pause } from "../doors/clock.ts";
import type { Connection } from "./connection.ts";
import type { DockerConfig } from "./docker_config.ts";
import type { Challenge } from "./rules/challenge.ts";
import type { CredentialSource } from "./rules/credentials.ts";
import type { Apis, ClientOptions, EcrLogin, Manifest, Timeouts } from "./types.ts";

/** Credentials as a source gave them. */
export type Credentials =
  | {
      readonly type: "password";
      readonly username: string;
      readonly password: string;
      /** When it runs out, in milliseconds since 1970; never where it is not given. */
      readonly until?: number;
    }
  | { readonly type: "identity"; readonly token: string };

/** A value of `Authorization` with the scopes it serves; `proved` once the registry took it. */
export type Held = {
  /** Null for all: a password is not bound to scopes. */
  readonly scopes: readonly string[] | null;
  readonly header: string;
  readonly until: number;
  proved: boolean;
};

/** What is known about getting in to one registry: where credentials may come from and how far down the list we are. */
export type Login = {
  challenge: Challenge | null;
  sources: CredentialSource[] | null;
  /** Docker's configuration, which most of them stand in. */
  file: string;
  /** Index into `sources`; its length means anonymous. */
  at: number;
  credentials: Promise<Credentials | null> | null;
  held: Held[];
  /** Scopes that the registry wants beside those that we ask for. */
  readonly wider: Set<string>;
  /** Tokens being fetched, by scope text, so that parallel requests fetch one. */
  readonly pending: Map<string, Promise<Held | null>>;
  /** Why sources gave nothing that was taken, in their order, each with the line to type. */
  readonly notes: Map<string, string>;
};

/** The memory of one client: logins by registry, verified manifests, secrets that no message may show. */
export type Session = {
  readonly env: ClientOptions["env"];
  readonly signal: AbortSignal | undefined;
  readonly timeouts: Timeouts;
  readonly clock: Clock;
  readonly ecrLogin: EcrLogin;
  readonly apis: Apis;
  readonly logins: Map<string, Login>;
  readonly manifests: Map<string, Manifest>;
  readonly secrets: Set<string>;
  /** How each host is reached. */
  readonly connections: Map<string, Promise<Connection>>;
  config: Promise<DockerConfig> | null;
  /** What the engine says of registries. */
  engine: Promise<unknown> | null;
};

/** Takes the client's options, gives an empty memory. */
export const newSession = (options: ClientOptions): Session => ({
  env: options.env,
  signal: options.signal,
  // With all else, a person is told of a helper that hangs within ten seconds.
  timeouts: { answer: 30_000, idle: 60_000, connect: 4_000, helper: 6_000, ...options.timeouts },
  clock: options.clock ?? { now, pause, alarm },
  ecrLogin: options.ecrLogin ?? ecrPassword,
  apis: options.apis ?? {
    github: options.env["GITHUB_API_URL"] || "https://api.github.com",
    hub: "https://hub.docker.com",
    onLoopback: false,
  },
  logins: new Map(),
  manifests: new Map(),
  secrets: new Set(),
  connections: new Map(),
  config: null,
  engine: null,
});
