import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A program called `docker` that stands on PATH where no engine is to be asked: it does what a test says. */
export type DockerProgram = {
  /** What PATH starts with. */
  readonly bin: string;
  /** Lets it do this shell text, whose words are docker's. */
  readonly does: (text: string) => void;
  /** What it was asked since then, one line each. */
  readonly asked: () => readonly string[];
};

/** Makes it in a folder; as if no engine answered. */
export function dockerProgram(dir: string): DockerProgram {
  const bin = join(dir, "bin");
  const [file, record] = [join(bin, "docker"), join(bin, "asked")];
  mkdirSync(bin, { recursive: true });
  const does = (text: string) => {
    rmSync(record, { force: true });
    writeFileSync(file, `#!/bin/sh\nprintf '%s\\n' "$*" >> '${record}'\n${text}\n`);
    chmodSync(file, 0o755);
  };
  does("echo 'Cannot connect to the Docker daemon' >&2; exit 1");
  return { bin, does, asked: () => linesOf(record) };
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, "utf8").split("\n").slice(0, -1);
  } catch {
    return [];
  }
}
