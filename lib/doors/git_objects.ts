import { createHash } from "node:crypto";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { writeOnce } from "./files.ts";

/** The name of an object with as many digits as names have there: of SHA-1 or of SHA-256 (gitformat-loose(5)). */
export function objectName(type: "blob" | "commit", content: Buffer, digits: number): string {
  const hash = createHash(digits === 64 ? "sha256" : "sha1");
  return hash.update(headOf(type, content)).update(content).digest("hex");
}

const headOf = (type: string, content: Buffer): string => `${type} ${content.length}\0`;

/** What a commit is to hold; `tree` is there already. */
export type NewCommit = {
  readonly tree: string;
  readonly parents: readonly string[];
  /** `Ada <ada@example.com>` */
  readonly author: string;
  readonly committer: string;
  /** Seconds since 1970. */
  readonly time: number;
  readonly message: string;
};

/** Makes a commit as `git commit-tree` does, without starting it; gives its name. */
export function makeCommit(gitDir: string, commit: NewCommit): string {
  const { tree, parents, author, committer, time, message } = commit;
  const head = [
    `tree ${tree}`,
    ...parents.map((parent) => `parent ${parent}`),
    `author ${author} ${time} +0000`,
    `committer ${committer} ${time} +0000`,
  ];
  const content = Buffer.from(`${head.join("\n")}\n\n${message}\n`);
  const name = objectName("commit", content, tree.length);
  const whole = Buffer.concat([Buffer.from(headOf("commit", content)), content]);
  writeOnce(join(gitDir, "objects", name.slice(0, 2), name.slice(2)), deflateSync(whole));
  return name;
}
