import type { Mount } from "../config/container.ts";
import { requireOnHost } from "../formats/host_paths.ts";
import { cmd } from "../kinds/command.ts";
import { writeFile } from "../kinds/write_file.ts";
import type { Chosen } from "../names/choose_image.ts";
import type { Facts } from "../plan/facts.ts";
import type { Action, Value } from "../plan/plan.ts";
import { shortHash, slipwayFile } from "./own_files.ts";

/** What makes the caller somebody inside a container: lines in passwd, group and sudoers, and a HOME to write in. */
export type Caller = {
  readonly home: string;
  readonly mounts: readonly Mount[];
  readonly sudoers: string;
  /** The actions that make the mounted files. */
  readonly files: readonly Action[];
};
type Run = { readonly image: Chosen; readonly what: Value; readonly asRoot?: boolean };

/** The caller of a run, null where root runs it and needs nothing. */
export function callerIn(facts: Facts, run: Run): Caller | null {
  const { uid, gid } = facts.user;
  if (run.asRoot || uid === 0) return null;
  const name = /^[a-z_][a-z0-9_-]{0,30}$/.test(facts.user.name) ? facts.user.name : `uid${uid}`;
  const { local, reference } = run.image;
  const folder = slipwayFile(facts, "users", shortHash(`${local?.id ?? reference} ${uid}:${gid} ${name}`));
  const source = `${facts.place.root}/${folder}`;
  const home = `/home/${name}`;
  // A name may be another image's by now, an id never is.
  const id = run.what === reference ? local?.id : undefined;
  const line = cmd`docker run --rm --pull never --user ${`${uid}:${gid}`} --entrypoint sh --mount ${`type=bind,source=${requireOnHost(facts.hostMounts, source)},target=/out`} ${id ?? run.what} -c ${writeUsers({ name, uid, gid })}`;
  return {
    home,
    mounts: [
      { source: `${source}/passwd`, target: "/etc/passwd", readOnly: true },
      { source: `${source}/group`, target: "/etc/group", readOnly: true },
      { source: `${source}/home`, target: home },
    ],
    sudoers: `${name} ALL=(ALL) NOPASSWD: ALL\n`,
    files: [
      writeFile({ path: `${folder}/home/.slipway`, content: "The HOME of containers of this image.\n" }),
      id === undefined ? line : { ...line, makes: `${folder}/group` },
    ],
  };
}

type Line = { readonly name: string; readonly uid: number; readonly gid: number };

/**
 * The image's own passwd and group with a line for the caller; renamed into place, so that a container that starts at the
 * same time sees the old file or the new one. `*` and not `x`: sudo takes `x` without a shadow line for a locked account.
 */
const writeUsers = ({ name, uid, gid }: Line): string =>
  [
    "set -e",
    "new=$(mktemp -d /out/new.XXXXXX)",
    "for f in passwd group; do cat /etc/$f > $new/$f 2>/dev/null || : > $new/$f; done",
    `grep -q '^[^:]*:[^:]*:${gid}:' $new/group || echo '${name}:x:${gid}:' >> $new/group`,
    `{ grep -v '^[^:]*:[^:]*:${uid}:' $new/passwd || :; echo '${name}:*:${uid}:${gid}::/home/${name}:/bin/bash'; } > $new/all`,
    "mv $new/all /out/passwd; mv $new/group /out/group; rm -r $new",
  ].join("; ");
