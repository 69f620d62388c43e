import type { Command } from "../kinds/command.ts";
import type { Facts } from "../plan/facts.ts";

/** The command as root runs it; another user by sudo, which asks for no password here. `why` only root may. */
export function asRoot({ user }: Pick<Facts, "user">, command: Command, why: string): Command {
  if (user.uid === 0) return command;
  const fix = "Type the lines of --dry-run yourself, or become root first";
  return {
    ...command,
    argv: ["sudo", "--non-interactive", ...command.argv],
    meaning: { "1": { why: `${why}, and sudo asks for a password.`, fix } },
  };
}
