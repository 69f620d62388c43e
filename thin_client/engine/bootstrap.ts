import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { must, removeFolder } from "./command.ts";
import { assertDebian, assertRoot, sourcesText, usualMirror } from "./debian.ts";
import type { Layout } from "./layout.ts";
import { fromFirst, makeRoot, openSources, unpackAll } from "./packages.ts";

/** The release that images are made of, whatever this machine is. */
export const codename = "bookworm";

/** What every Debian has, and its package manager. */
const smallest = ["?essential", "?priority(required)", "usr-is-merged", "apt"];

/** Where package files are seen in the folder. */
const packages = "var/cache/apt";

/** What nobody reads in a container, as in the hub's slim images; licences stay. */
const unread = ["doc", "info", "lintian", "locale", "man"].map((name) => `/usr/share/${name}/*`);

const settings = {
  "etc/apt/apt.conf.d/80slipway":
    'APT::Install-Recommends "false";\nAPT::Get::Assume-Yes "true";\nAcquire::Languages "none";\n',
  // A layer that was not written whole is thrown away, so dpkg need not wait for the disk.
  "etc/dpkg/dpkg.cfg.d/80slipway": [
    ...["force-unsafe-io", ...unread.map((path) => `path-exclude=${path}`)],
    ...["path-include=/usr/share/doc/*/copyright", "path-include=/usr/share/locale/locale.alias", ""],
  ].join("\n"),
  "var/lib/dpkg/status": "",
};

/** What an installation leaves that is of no use in an image, or differs from that of the next. */
const leftovers = [
  ...["var/cache/apt", "var/cache/ldconfig/aux-cache", "var/lib/apt/lists", "var/log", "var/lib/dbus/machine-id"],
  ...["etc/machine-id", "etc/resolv.conf", "etc/hostname"],
];
const emptied = ["var/cache/apt/archives/partial", "var/lib/apt/lists/partial", "var/log/apt"];

/** Fills a folder with a Debian of these packages and all that they depend on; apt and dpkg are all that it needs. */
export async function bootstrap(at: Layout, names: readonly string[], folder: string): Promise<void> {
  assertRoot();
  const debian = { ...assertDebian(), codename };
  const log = join(at.log, "bootstrap.log");
  const state = `${folder}-apt`;
  await fromFirst([...new Set([debian.mirror, usualMirror])], (mirror) =>
    bring({ names, folder, log, state, sources: sourcesText({ ...debian, mirror }) }),
  );
  await must(inRoot(folder, state, ["sh", "-ec", install]), { log });
  for (const left of leftovers) rmSync(join(folder, left), { recursive: true, force: true });
  for (const kept of emptied) mkdirSync(join(folder, kept), { recursive: true });
  put(folder, "etc/apt/sources.list.d/debian.sources", sourcesText(debian));
  await removeFolder(state);
}

type Bringing = {
  readonly names: readonly string[];
  readonly folder: string;
  readonly log: string;
  /** Where apt keeps what it reads, and where package files come to lie: in `first` and in `others`. */
  readonly state: string;
  readonly sources: string;
};

/** Downloads all packages; what the first ones hold is unpacked meanwhile, for their own scripts need a system to run in. */
async function bring({ names, folder, log, state, sources }: Bringing): Promise<void> {
  const download = await openSources(state, sources, log);
  const first = await download(smallest);
  makeRoot(folder);
  for (const [file, text] of Object.entries(settings)) put(folder, file, text);
  const [all] = await Promise.all([
    download([...smallest, ...names]),
    unpackAll(first, { folder, log, without: unread }),
  ]);
  for (const part of ["first", "others"]) mkdirSync(join(state, part));
  for (const file of all) renameSync(file, join(state, first.includes(file) ? "first" : "others", basename(file)));
}

/**
 * Installs them as debootstrap does: first those that the scripts of all others, and of one another, count on. Python files
 * are compiled at the end by all processors, not package by package; one that cannot be is no reason to stop.
 */
const install = `
dpkg="dpkg --force-depends --recursive"
$dpkg --install /${packages}/first
[ -n "$(ls /${packages}/others)" ] || exit 0
$dpkg --unpack /${packages}/others
compile=/usr/bin/py3compile
if [ -e $compile ]; then mv $compile $compile.off && ln -s true $compile; fi
dpkg --configure --pending
if [ -e $compile.off ]; then
  mv $compile.off $compile
  python3 -m compileall -q -j 0 /usr/lib/python3 || true
fi`;

/**
 * The line that runs a program with this folder as its root, and another one in it. Mounts and processes are in
 * namespaces of their own, which end with it; it ends with this process, however that ends. What dpkg writes waits for no
 * disk where an overlay without that can be mounted: what was not made whole is made anew.
 */
function inRoot(folder: string, state: string, argv: readonly string[]): readonly string[] {
  const apart = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child"];
  const overlay = "lowerdir=$1/below,upperdir=$0,workdir=$1/work,volatile";
  const mounts = [
    'mkdir "$1/below" "$1/work"',
    `mount -t overlay -o "${overlay}" overlay "$0" || true`,
    'mount -t proc proc "$0/proc"',
    'mount --rbind /dev "$0/dev"',
    `mkdir -p "$0/${packages}"`,
    `mount --bind "$1" "$0/${packages}"`,
  ];
  const variables = [
    ...["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C"],
    ...["DEBIAN_FRONTEND=noninteractive", "DEBCONF_NONINTERACTIVE_SEEN=true"],
    // Has Python name the hash of its source in what it compiles, instead of a time, which the layer does not keep.
    ...["SOURCE_DATE_EPOCH=1", "PYTHONDONTWRITEBYTECODE=1"],
  ];
  const script = [...mounts, "root=$0", "shift", 'exec chroot "$root" env -i "$@"'].join("\n");
  return [...apart, "sh", "-ec", script, folder, state, ...variables, ...argv];
}

function put(folder: string, file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}
