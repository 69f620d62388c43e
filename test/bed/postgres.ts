import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hasImage, ownArchitecture } from "../../thin_client/engine/base.ts";
import { must, removeFolder } from "../../thin_client/engine/command.ts";
import { ensureArchive, type ImageRecipe, loadArchive } from "../../thin_client/engine/images.ts";
import type { Env, Layout } from "../../thin_client/engine/layout.ts";
import { unpackRoot } from "../../thin_client/engine/packages.ts";

/** Debian's PostgreSQL with a shell; its server is started by `serve`, as the user `postgres`. */
export const postgresImage = "slipway/postgres:1";

/** What a compose file has to say so that it runs, without a password: its network is the test's alone. */
export const postgresService = {
  image: postgresImage,
  user: "70:70",
  command: ["serve"],
  stop_signal: "SIGINT",
};

/** Of the packages what a server of a test never needs: most of it is for compiled queries and for people. */
const unneeded = ["usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/perl", "usr/share/i18n"];
const isUnneeded = (library: string): boolean => /^(libLLVM|libz3|libperl|libicudata-dev|perl)/.test(library);

const serve = `#!/bin/sh
set -e
[ -s "$PGDATA/PG_VERSION" ] || initdb --username postgres --auth trust --no-sync >/dev/null
echo 'host all all all trust' >>"$PGDATA/pg_hba.conf"
exec postgres -c listen_addresses='*' -c unix_socket_directories=/tmp -c fsync=off
`;

function recipe(at: Layout): ImageRecipe {
  const made = createHash("sha256").update(readFileSync(fileURLToPath(import.meta.url)));
  return {
    name: postgresImage,
    file: `postgres-${ownArchitecture()}-${made.digest("hex").slice(0, 12)}`,
    architectures: [ownArchitecture()],
    command: ["serve"],
    fill: (folder) => fill(at, folder),
  };
}

/** Makes the image's archive unless it is kept; needs no engine. */
export const ensurePostgresArchive = (at: Layout): Promise<void> => ensureArchive(at, recipe(at), () => undefined);

/** Brings the image into an engine unless it is there. */
export async function ensurePostgres(at: Layout, docker: Env): Promise<void> {
  if (!(await hasImage(docker, postgresImage))) await loadArchive(at, docker, recipe(at));
}

async function fill(at: Layout, folder: string): Promise<void> {
  const root = join(at.packages, "postgres");
  await unpackRoot(at, ["postgresql", "busybox-static"], root);
  await must(["cp", "-a", `${root}/.`, folder]);
  const libraries = join(
    folder,
    "usr/lib",
    readdirSync(join(folder, "usr/lib")).find((one) => /-linux-gnu/.test(one)) ?? "",
  );
  const left = readdirSync(libraries).filter(isUnneeded);
  for (const path of [...unneeded.map((one) => join(folder, one)), ...left.map((one) => join(libraries, one))])
    await removeFolder(path);
  const [version = ""] = readdirSync(join(folder, "usr/lib/postgresql"));
  const own = join(folder, "usr/lib/postgresql", version);
  await removeFolder(join(own, "lib/bitcode"));
  for (const program of readdirSync(join(own, "bin"))) {
    await removeFolder(join(folder, "usr/bin", program));
    symlinkSync(`../lib/postgresql/${version}/bin/${program}`, join(folder, "usr/bin", program));
  }
  await addShell(folder);
  writeFileSync(join(folder, "usr/bin/serve"), serve);
  chmodSync(join(folder, "usr/bin/serve"), 0o755);
  writeFileSync(join(folder, "etc/passwd"), "root:x:0:0::/root:/bin/sh\npostgres:x:70:70::/tmp:/bin/sh\n");
  writeFileSync(join(folder, "etc/group"), "root:x:0:\npostgres:x:70:\n");
  for (const [name, mode, owner] of [
    ["tmp", 0o1777, 0],
    ["root", 0o700, 0],
    ["data", 0o700, 70],
  ] as const) {
    mkdirSync(join(folder, name), { recursive: true });
    chmodSync(join(folder, name), mode);
    chownSync(join(folder, name), owner, owner);
  }
}

/** The small programs that scripts call, where no package brought them. */
async function addShell(folder: string): Promise<void> {
  const busybox = ["usr/bin/busybox", "bin/busybox"].map((path) => join(folder, path)).find((path) => existsSync(path));
  for (const applet of (await must([busybox ?? "busybox", "--list"])).split("\n"))
    if (applet !== "" && !["bin", "sbin"].some((dir) => existsSync(join(folder, "usr", dir, applet))))
      symlinkSync("busybox", join(folder, "usr/bin", applet));
}
