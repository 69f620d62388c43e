import { jsonOf, textAt } from "../text/shape.ts";
import type { Ecosystem } from "./package_versions.ts";

/** One installed package; `place` tells copies of one name apart: a site-packages or node_modules folder, an architecture. */
export type Package = {
  readonly ecosystem: Ecosystem;
  readonly name: string;
  readonly version: string;
  readonly place: string;
};

/** One name for every spelling of a Python package (PEP 503). */
export const pipName = (name: string): string => name.toLowerCase().replaceAll(/[-_.]+/g, "-");

const pipFile = /[^/](\.dist-info\/METADATA|\.egg-info\/PKG-INFO|\.egg-info)$|(^|\/)EGG-INFO\/PKG-INFO$/;
const dpkgFile = /^var\/lib\/dpkg\/status(\.d\/[^/]+)?$/;
const npmFile = /^(.*\/)?node_modules\/(@[^/]+\/)?[^/@.][^/]*\/package\.json$/;
/** Copies that no interpreter finds: caches, and what pip and setuptools carry inside themselves. */
const hidden = /(^|\/)(_vendor|\.cache|\.npm)\//;

const kinds = [
  { fits: pipFile, read: pipPackages },
  { fits: dpkgFile, read: dpkgPackages },
  { fits: npmFile, read: npmPackages },
] as const;

/** The packages of a pip_list.txt, as `pip freeze` writes it; what has no number, such as a path, is left out. */
export const pipListPackages = (text: string): readonly Package[] =>
  text.split("\n").flatMap((line) => {
    const [, name, version] = /^([A-Za-z0-9][\w.-]*)==(\S+)$/.exec(line.trim()) ?? [];
    return name && version ? [{ ecosystem: "pip" as const, name: pipName(name), version, place: "" }] : [];
  });

/** Whether a file of an image (its path without the first slash) tells of installed packages. */
export const isPackageFile = (path: string): boolean =>
  !hidden.test(path) && isInstalled(path) && kinds.some(({ fits }) => fits.test(path));

/** In a site-packages folder only what lies right in it is installed. */
const isInstalled = (path: string): boolean =>
  !/\/(site|dist)-packages\/.+\/[^/]+\.(dist|egg)-info(\/|$)/.test(`/${path}`);

/** The packages that such a file tells of. */
export const packagesOf = (path: string, text: string): readonly Package[] =>
  kinds.find(({ fits }) => fits.test(path))?.read(path, text) ?? [];

function pipPackages(path: string, text: string): Package[] {
  const head = text.replaceAll("\r\n", "\n").replace(/\n\n.*/s, "");
  const [name, version] = ["Name", "Version"].map((key) => new RegExp(`^${key}:[ \\t]*(.*)$`, "mi").exec(head)?.[1]);
  if (!name || !version) return [];
  const folder = path.replace(
    /(^|\/)[^/]+\.(dist-info\/METADATA|egg-info(\/PKG-INFO)?)$|\/?[^/]*\/?EGG-INFO\/PKG-INFO/,
    "",
  );
  // A newer Python is the same place: its packages went up, they did not come and go.
  const place = `/${folder.replace(/\bpython3\.\d+\b/, "python3")}`;
  return [{ ecosystem: "pip", name: pipName(name.trim()), version: version.trim(), place }];
}

/** Paragraphs of dpkg's status file (deb-status(5)); what is removed but for its settings is no longer installed. */
function dpkgPackages(path: string, text: string): Package[] {
  return text.split("\n\n").flatMap((paragraph) => {
    const field = (key: string) => new RegExp(`^${key}: *(.*)$`, "m").exec(paragraph)?.[1]?.trim();
    const [name, version] = [field("Package"), field("Version")];
    const state = field("Status")?.split(" ")[2];
    const isThere = state
      ? !["not-installed", "config-files", "half-installed"].includes(state)
      : path.includes("status.d/");
    return name && version && isThere
      ? [{ ecosystem: "dpkg" as const, name, version, place: field("Architecture") ?? "" }]
      : [];
  });
}

function npmPackages(path: string, text: string): Package[] {
  const found = jsonOf(text);
  const [name, version] = [textAt(found, "name"), textAt(found, "version")];
  const place = `/${path.replace(/node_modules\/(@[^/]+\/)?[^/]+\/package\.json/, "node_modules")}`;
  // A folder without name and version is a part of a package.
  return name !== undefined && version !== undefined ? [{ ecosystem: "npm", name, version, place }] : [];
}
