import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repositoryOf } from "../../lib/oci/registry.ts";
import { type FaultyProxy, startFaultyProxy } from "./faulty_proxy.ts";
import { addRemote, commitAll, git } from "./git.ts";
import { type HandImage, handImage, pushByHand } from "./hand_image.ts";
import { needs } from "./parts.ts";
import { startRegistry, type TestRegistry } from "./registry.ts";
import { changelog, write } from "./tiny_repo.ts";
import type { Login } from "./token_server.ts";
import { docker, dropImages, workflowsIn } from "./workflow.ts";

export const keys = ["r1", "r2", "r3"] as const;
export type Key = (typeof keys)[number];
type Each<T> = Readonly<Record<Key, T>>;

/** Three registries, each behind a proxy, and an image that is built once and released under many names. */
export type FaultGround = {
  readonly dir: string;
  readonly real: Each<TestRegistry>;
  readonly proxies: Each<FaultyProxy>;
  readonly login: Login;
  /** What the docker client and Slipway read their logins from. */
  readonly env: Readonly<Record<string, string>>;
  /** What `dev` of every image is before its release. */
  readonly before: HandImage;
  /** A repo of the image, or of one whose layer is so large that GHCR takes no such piece. */
  readonly repo: (name: string, size?: Size) => Promise<FaultRepo>;
  readonly end: () => Promise<void>;
};
/** How large a layer is, in lines that hardly compress: 140 kB, or more than the 4 MiB of a piece to GHCR. */
const sizes = { small: 4_000, large: 140_000 } as const;
type Size = keyof typeof sizes;
/** A repo of one image, its remote and another clone. */
export type FaultRepo = { readonly dir: string; readonly clone: string; readonly remote: string };

const config = (name: string, proxies: Each<FaultyProxy>) =>
  [
    `docker_info: {docker_image_name: ${name}}`,
    "container_registry_info:",
    ...keys.map((key) => `  ${key}: {address: "${proxies[key].address}", kind: ${kinds[key]}}`),
    "release: {gates: []}",
    "",
  ].join("\n");
const kinds = { r1: "oci", r2: "ghcr", r3: "ecr" } as const satisfies Each<string>;

const each = <T>(value: (key: Key) => T): Each<T> => ({ r1: value("r1"), r2: value("r2"), r3: value("r3") });
async function eachOf<T>(make: (key: Key) => Promise<T>): Promise<Each<T>> {
  const [r1, r2, r3] = await Promise.all(keys.map(make));
  if (r1 === undefined || r2 === undefined || r3 === undefined) throw new Error("three keys give three values");
  return { r1, r2, r3 };
}

/** Starts all of it and builds the image. */
export async function makeFaultGround(): Promise<FaultGround> {
  await needs("engine");
  const dir = mkdtempSync(join(tmpdir(), "slipway-faults-"));
  const real = await eachOf(() => startRegistry());
  const proxies = await eachOf((key) => startFaultyProxy(real[key].address));
  const login = { user: "ada", password: "s3cret-of-ada" };
  const env = dockerConfig(dir, proxies, login);
  const images = new Map<Size, Promise<string>>();
  const imageOf = (size: Size): Promise<string> => {
    const built = images.get(size) ?? buildBase(dir, proxies, size);
    images.set(size, built);
    return built;
  };
  await imageOf("small");
  const before = handImage("before", [100]);
  return {
    dir,
    real,
    proxies,
    login,
    env,
    before,
    repo: async (name, size = "small") =>
      makeRepo({ dir, real, proxies, before }, name, { base: `base-${size}`, image: await imageOf(size) }),
    end: async () => {
      await dropImages(keys.map((key) => proxies[key].address));
      await Promise.all(keys.flatMap((key) => [proxies[key].stop(), real[key].stop()]));
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Builds the image of a size, in a repo that all repos of its name are clones of; gives its digest. */
async function buildBase(dir: string, proxies: Each<FaultyProxy>, size: Size): Promise<string> {
  const base = join(dir, `base-${size}`);
  write(base, { ...baseFiles(proxies), "devops/docker_build/words.txt": incompressible(base, sizes[size]) });
  await commitAll(base, "Start");
  const built = await workflowsIn(base)("docker_build_local", "--poetry-mode", "no_update", "--json");
  if (built.code !== 0 || built.digest === null) throw new Error(built.stderr);
  return built.digest;
}

const baseFiles = (proxies: Each<FaultyProxy>) => ({
  "repo_config.yaml": config("base", proxies),
  "changelog.txt": changelog("base", "1.0.0"),
  "devops/docker_build/dev.Dockerfile": "FROM scratch\nCOPY devops/docker_build/words.txt /words.txt\n",
  "devops/docker_build/dockerignore.dev": "*\n!devops\n",
});

/** What compresses to no less than half, so that a layer has a body that can break; no other run has its words. */
const incompressible = (own: string, lines: number): string =>
  Array.from({ length: lines }, (_, line) => createHash("sha256").update(`${own} ${line}`).digest("hex")).join("\n");

function dockerConfig(dir: string, proxies: Each<FaultyProxy>, login: Login): Readonly<Record<string, string>> {
  const folder = join(dir, "docker");
  mkdirSync(folder);
  symlinkSync(join(process.env["DOCKER_CONFIG"] ?? "/root/.docker", "cli-plugins"), join(folder, "cli-plugins"));
  const auth = btoa(`${login.user}:${login.password}`);
  const auths = Object.fromEntries(keys.map((key) => [proxies[key].address, { auth }]));
  writeFileSync(join(folder, "config.json"), JSON.stringify({ auths }), { mode: 0o600 });
  return { DOCKER_CONFIG: folder };
}

type Part = Pick<FaultGround, "dir" | "real" | "proxies" | "before">;

type From = { readonly base: string; readonly image: string };

/** A clone of a base repo under a name of its own: the inputs and so the image stay the same. */
async function makeRepo({ dir, real, proxies, before }: Part, name: string, { base, image }: From): Promise<FaultRepo> {
  const repo = join(dir, name);
  await git(dir, "clone", "--quiet", "--origin", "base", join(dir, base), name);
  await git(repo, "remote", "remove", "base");
  write(repo, { "repo_config.yaml": config(name, proxies), "changelog.txt": changelog(name, "1.0.0") });
  await commitAll(repo, `Start ${name}`);
  const remote = await addRemote(repo);
  await git(dir, "clone", "--quiet", remote, `${name}-clone`);
  await docker("tag", image, `${proxies.r1.address}/${name}:local-root-1.0.0`);
  await Promise.all(
    keys.map((key) => {
      const registry = { name: key, kind: "oci", required: true, address: real[key].address } as const;
      return pushByHand(repositoryOf(registry, name), before, { tag: "dev" });
    }),
  );
  return { dir: repo, clone: `${repo}-clone`, remote };
}

/** The digest that each registry itself has behind a tag, asked without a proxy; null where there is none. */
export async function tagsAt(ground: Pick<FaultGround, "real">, name: string, tag: string) {
  const accept = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.index.v1+json",
  ].join(", ");
  const ask = async (key: Key) => {
    const url = `http://${ground.real[key].address}/v2/${name}/manifests/${tag}`;
    const { headers, status } = await fetch(url, { method: "HEAD", headers: { accept } });
    return status === 200 ? headers.get("docker-content-digest") : null;
  };
  return { ...each<string | null>(() => null), ...(await eachOf(ask)) };
}
