type Env = Readonly<Record<string, string | undefined>>;

let isGiven = false;

/** Gives the process variables of its own for the time of some work. Of two at once, the later to end would leave it those of the other. */
export async function withOwnEnv<T>(own: Env, work: () => Promise<T>): Promise<T> {
  if (isGiven) throw new Error("another run of this process has variables of its own");
  const { env } = process;
  isGiven = true;
  process.env = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  try {
    return await work();
  } finally {
    process.env = env;
    isGiven = false;
  }
}
