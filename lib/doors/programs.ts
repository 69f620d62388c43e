import type { Program } from "../plan/facts.ts";
import { capture } from "./shell.ts";

/** How each program tells its version; docker's plugins are asked through docker. */
const programs: Readonly<Record<string, readonly string[]>> = {
  git: ["git", "--version"],
  bash: ["bash", "--version"],
  docker: ["docker", "--version"],
  buildx: ["docker", "buildx", "version"],
  compose: ["docker", "compose", "version"],
  tmux: ["tmux", "-V"],
  aws: ["aws", "--version"],
  gh: ["gh", "--version"],
};

/** Asks all programs side by side for their version; null for one that is not there. */
export const loadPrograms = (cwd: string, env: Readonly<Record<string, string | undefined>>): Promise<Program[]> =>
  Promise.all(
    Object.entries(programs).map(async ([name, argv]) => {
      const { code, stdout, stderr } = await capture(argv, { cwd, env });
      return {
        name,
        version: code === 0 ? (`${stdout}${stderr}`.match(/\d+(\.\d+)+[\w.-]*/)?.[0] ?? "unknown") : null,
      };
    }),
  );

/** Whether this machine installs programs by apt. */
export const hasApt = async (cwd: string, env: Readonly<Record<string, string | undefined>>): Promise<boolean> =>
  (await capture(["apt-get", "--version"], { cwd, env })).code === 0;
