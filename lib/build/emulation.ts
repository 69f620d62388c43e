import { asRoot } from "../container/as_root.ts";
import type { EmulationLook } from "../doors/emulation.ts";
import { UserError } from "../errors.ts";
import { binfmtFolder } from "../formats/emulation.ts";
import { announce } from "../kinds/announce.ts";
import { type Command, cmd } from "../kinds/command.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";

const why = "The kernel takes emulations from root alone";

/**
 * Has this machine's kernel run programs of arm64 and 32-bit arm by emulation: for the user's own engine and the private
 * one, which share it. The kernel forgets it with a restart.
 */
export function enableCrossBuild(facts: Facts, options: { readonly undo: boolean }, seen: EmulationLook): Step[] {
  assertOwnKernel(facts);
  return options.undo ? undo(facts, seen) : enable(facts, seen);
}

function enable(facts: Facts, { mounted, emulations }: EmulationLook): Step[] {
  const platforms = emulations.map(({ platform }) => platform).join(" and ");
  const install = asRoot(facts, cmd`apt-get install --yes --no-install-recommends qemu-user-static`, why);
  const mount = asRoot(facts, cmd`mount -t binfmt_misc binfmt_misc ${binfmtFolder}`, why);
  return [
    step("install", "Install the emulators", [install], {
      skip: emulations.every(({ installed }) => installed) ? "they are installed" : null,
    }),
    step("mount", "Mount the kernel's list of emulations", [mount], { skip: mounted ? "it is mounted" : null }),
    ...emulations.map(({ name, platform, rule, state }) =>
      step(
        `register_${idOf(name)}`,
        `Register ${platform}`,
        [...(state === "partly" ? [write(facts, name, "-1")] : []), write(facts, "register", rule)],
        { skip: state === "whole" ? "it is registered" : null },
      ),
    ),
    step("tell", "Show what runs now", [
      announce({
        text: `Every engine on this machine builds and runs ${platforms} now, by emulation, until the machine restarts.\nUndo it: i release_enable_cross_build --undo`,
      }),
    ]),
  ];
}

function undo(facts: Facts, { emulations }: EmulationLook): Step[] {
  return [
    ...emulations.map(({ name, platform, state }) =>
      step(`remove_${idOf(name)}`, `Remove the emulation of ${platform}`, [write(facts, name, "-1")], {
        skip: state === "absent" ? "it is not registered" : null,
      }),
    ),
    step("tell", "Show what is left", [announce({ text: "Images of other platforms no longer run on this machine." })]),
  ];
}

const idOf = (name: string): string => name.replaceAll("-", "_");

/** Writes to an entry of the kernel's list: a rule to `register`, `-1` to what is to go. */
const write = (facts: Facts, entry: string, text: string): Command => ({
  ...asRoot(facts, cmd`tee ${`${binfmtFolder}/${entry}`}`, why),
  input: ["printf", "%s", text],
});

/** Docker Desktop has a kernel of its own, and so has an engine elsewhere. */
function assertOwnKernel({ host, env }: Facts): void {
  const at = env["DOCKER_HOST"] ?? "";
  if (host.system === "Linux" && (at === "" || at.startsWith("unix:"))) return;
  throw new UserError(host.system === "Linux" ? `the engine is at ${at}` : `this machine runs ${host.system}`, {
    why: "Emulation belongs to the kernel below the engine, and that is another than this machine's; Docker Desktop has it already.",
    fix: "Where the engine lacks it: docker run --privileged --rm tonistiigi/binfmt --install arm64,arm",
  });
}
