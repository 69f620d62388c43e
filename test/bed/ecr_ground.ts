import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Aws, startAws } from "./aws.ts";
import { type Ground, makeGround } from "./tiny_repo.ts";

/** The password of the other registry. */
export const github = "planted-github-token-77c1";

type Auths = Readonly<Record<string, unknown>>;
/** AWS, and a registry beside it that lets in ada alone. */
export type EcrGround = {
  readonly ground: Ground;
  readonly aws: Aws;
  /** How often AWS was asked for a password. */
  readonly asked: () => number;
  /** An environment with docker's configuration of its own. */
  readonly dockerEnv: (auths?: Auths, more?: object) => DockerEnv;
  /** Docker's login to ECR with a password that has run out. */
  readonly stale: () => Auths;
  readonly end: () => Promise<unknown>;
};
type DockerEnv = Readonly<Record<string, string | undefined>> & {
  readonly DOCKER_CONFIG: string;
  readonly HOME: string;
};

/** Starts both. */
export async function makeEcrGround(): Promise<EcrGround> {
  const [ground, aws] = await Promise.all([makeGround(1, { login: { user: "ada", password: github } }), startAws()]);
  return {
    ground,
    aws,
    asked: () => aws.fleet.calls().filter((call) => call === "ecr:GetAuthorizationToken").length,
    dockerEnv: (auths = {}, more = {}) => ({
      ...process.env,
      ...aws.env,
      ...homeOf(mkdtempSync(join(ground.dir, "home-")), { auths, ...more }),
    }),
    stale: () => ({ [aws.proxy.address]: { auth: btoa("AWS:of-yesterday") } }),
    end: () => Promise.all([ground.end(), aws.end()]),
  };
}

/** A home with docker's configuration in it. */
function homeOf(folder: string, content: object) {
  const config = join(folder, ".docker");
  mkdirSync(config);
  symlinkSync(join(process.env["DOCKER_CONFIG"] ?? "/root/.docker", "cli-plugins"), join(config, "cli-plugins"));
  writeFileSync(join(config, "config.json"), JSON.stringify(content), { mode: 0o600 });
  return { DOCKER_CONFIG: config, HOME: folder };
}
