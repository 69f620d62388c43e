import { releaseSharedEngine, sharedEngine } from "./engine.ts";

/** Brings up what all real tests share, tells it to the workers, and lets go of it when the last test is done. */
export default async function setup(): Promise<() => Promise<void>> {
  const holder = process.pid;
  const { env } = await sharedEngine(holder);
  Object.assign(process.env, env);
  return async () => {
    await releaseSharedEngine(holder);
  };
}
