import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type CommandOptions, type Outcome, run } from "../../thin_client/engine/command.ts";
import { layout } from "../../thin_client/engine/layout.ts";
import { needs } from "./parts.ts";

const repository = new URL("../..", import.meta.url).pathname;

/** The words that start a program of this repository under tsx. */
export const tsx = (file: string, ...words: readonly string[]): readonly string[] => [
  join(repository, "node_modules", ".bin", "tsx"),
  join(repository, file),
  ...words,
];

/** An engine of one test, apart from the shared one: own folder, own network, own mounts. */
export type ApartEngine = {
  readonly home: string;
  /** Links to what the shared engine has fetched. */
  readonly packages: string;
  readonly images: string;
  /** The file that stands for the network where it lives. */
  readonly network: string;
  /** Runs a program inside the network where this engine lives. */
  readonly run: (argv: readonly string[], options?: CommandOptions) => Promise<Outcome>;
  /** Runs `thin_client/engine.ts` inside. */
  readonly engine: (...words: readonly string[]) => Promise<Outcome>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly end: () => Promise<void>;
};

/** Makes room for an engine of its own, which shares nothing with others but the downloaded packages. */
export async function apartEngine(): Promise<ApartEngine> {
  await needs("engine", "ip", "unshare");
  const data = mkdtempSync(join(tmpdir(), "sw-"));
  const homes = { XDG_DATA_HOME: data, XDG_CACHE_HOME: join(data, "cache"), HOME: data };
  const env = { ...process.env, ...homes, DOCKER_HOST: undefined, DOCKER_CONFIG: undefined };
  const { home, packages, images } = layout(env);
  mkdirSync(home, { recursive: true });
  const shared = layout(process.env);
  mkdirSync(dirname(packages), { recursive: true });
  symlinkSync(shared.packages, packages);
  symlinkSync(shared.images, images);
  const network = join(data, "network");
  await setUp(["touch", network]);
  await setUp(["unshare", `--net=${network}`, "ip", "link", "set", "lo", "up"]);
  const inside = (argv: readonly string[], options: CommandOptions = {}) =>
    run(["nsenter", `--net=${network}`, ...argv], { env, ...options });
  const engine = (...words: readonly string[]) => inside(tsx("thin_client/engine.ts", ...words));
  const end = async () => {
    await engine("down", "--force");
    await run(["umount", network]);
    rmSync(data, { recursive: true, force: true });
  };
  return { home, packages, images, network, run: inside, engine, env, end };
}

async function setUp(argv: readonly string[]): Promise<void> {
  const { code, stderr } = await run(argv);
  if (code !== 0) throw new Error(`${argv.join(" ")} exited with ${code}: ${stderr}`);
}
