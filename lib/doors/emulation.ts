import {
  binfmtFolder,
  type Emulation,
  type EmulationState,
  emulationState,
  emulationsOn,
} from "../formats/emulation.ts";
import { capture } from "./shell.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** What this machine's kernel emulates, and what it lacks for it. */
export type EmulationLook = {
  /** The kernel's folder is there. */
  readonly mounted: boolean;
  readonly emulations: readonly (Emulation & { readonly state: EmulationState; readonly installed: boolean })[];
};

/** Asks the kernel what it emulates, and whether the programs for it are there. */
export async function loadEmulations(cwd: string, env: Env): Promise<EmulationLook> {
  const ask = async (...argv: readonly string[]) => {
    const { code, stdout } = await capture(argv, { cwd, env });
    return code === 0 ? stdout : null;
  };
  const [status, emulations] = await Promise.all([
    ask("cat", `${binfmtFolder}/status`),
    Promise.all(
      emulationsOn(process.arch).map(async (one) => ({
        ...one,
        state: emulationState(await ask("cat", `${binfmtFolder}/${one.name}`)),
        installed: (await ask(`${one.name}-static`, "--version")) !== null,
      })),
    ),
  ]);
  return { mounted: status !== null, emulations };
}
