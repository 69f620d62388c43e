import { indexAddress } from "../config/release_settings.ts";
import { UserError } from "../errors.ts";
import { jsonOf, textAt, valueAt } from "../text/shape.ts";

/** One header of a package's metadata with all of its values, in lower case (packaging.python.org, "Core metadata"). */
export type Metadata = ReadonlyMap<string, readonly string[]>;

/** Reads METADATA of a wheel or PKG-INFO of an sdist, which are written like the head of a mail. */
export function parseMetadata(text: string): Metadata {
  const [head = "", ...body] = text.replaceAll("\r\n", "\n").split("\n\n");
  const all = new Map<string, string[]>();
  for (const line of head
    .replaceAll(/\n[ \t]+/g, "\n\t")
    .replaceAll("\n\t", " ")
    .split("\n")) {
    const [, key, value] = /^([\w-]+):[ \t]*(.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined)
      all.set(key.toLowerCase(), [...(all.get(key.toLowerCase()) ?? []), value]);
  }
  return body.length > 0 ? all.set("description", [body.join("\n\n")]) : all;
}

/** Names that one package may be written by: `Foo_Bar.baz` and `foo-bar-baz` are the same (PEP 503, "Normalized Names"). */
export const normalName = (name: string): string => name.toLowerCase().replaceAll(/[-_.]+/g, "-");

/** A package as its file is called: `NAME-VERSION-...whl` (PEP 427), `NAME-VERSION.tar.gz` (PEP 625), `NAME-VERSION.tgz` of npm. */
export type Named = { readonly file: string; readonly project: string; readonly version: string };

/** What the name of a file says; null for what is no package. */
export function namedPackage(file: string): Named | null {
  const [, project, version] =
    /^([^-]+)-([^-]+)-.*\.whl$/.exec(file) ?? /^(.+?)-(\d.*)\.(?:tar\.gz|tgz)$/.exec(file) ?? [];
  return project && version ? { file, project: normalName(project), version } : null;
}

/** Headers whose field in an upload is called otherwise (docs.pypi.org, "Upload API"). */
const fields: Readonly<Record<string, string>> = {
  classifier: "classifiers",
  "project-url": "project_urls",
  "provides-extra": "provides_extra",
};

/** What goes with the file when it is uploaded: its metadata, its kind and its hash (docs.pypi.org, "Upload API"). */
export function uploadFields(file: string, metadata: Metadata, sha256: string): readonly (readonly [string, string])[] {
  const isWheel = file.endsWith(".whl");
  return [
    [":action", "file_upload"],
    ["protocol_version", "1"],
    ["filetype", isWheel ? "bdist_wheel" : "sdist"],
    ["pyversion", isWheel ? (file.split("-").at(-3) ?? "py3") : "source"],
    ["sha256_digest", sha256],
    ...[...metadata].flatMap(([key, values]) =>
      values.map((value) => [fields[key] ?? key.replaceAll("-", "_"), value] as const),
    ),
  ];
}

/** A file that an index has: where, and its hash where it says one. */
export type Listed = { readonly file: string; readonly url: string; readonly sha256: string | null };

/** The files on a page of a project: JSON (PEP 691) or links (PEP 503). */
export function parseProject(text: string, page: URL): readonly Listed[] {
  const files = valueAt(jsonOf(text), "files");
  if (Array.isArray(files))
    return files.flatMap((one) => {
      const [file, url] = [textAt(one, "filename"), textAt(one, "url")];
      return file && url
        ? [{ file, url: new URL(url, page).href, sha256: textAt(one, "hashes", "sha256") ?? null }]
        : [];
    });
  return [...text.matchAll(/<a\b[^>]*\bhref="([^"]*)"[^>]*>\s*([^<]*?)\s*<\/a>/gi)].map(([, href = "", file = ""]) => {
    const url = new URL(href.replaceAll("&amp;", "&"), page);
    return { file, url: url.href, sha256: /^#sha256=([0-9a-f]{64})$/.exec(url.hash)?.[1] ?? null };
  });
}

/** Text to the address of a package index; throws without repeating it, for there may be a password in it. */
export function parseIndex(text: string): string {
  const address = indexAddress(text);
  if (address !== null) return address;
  throw new UserError("--index is not the address of a package index", {
    why: "It is the https address of a simple index or of a registry of npm, and what logs in stands in no address.",
    fix: "Use --index https://pypi.org/simple/, with TWINE_USERNAME and TWINE_PASSWORD, ~/.pypirc or ~/.netrc",
  });
}

/** Where PyPI takes uploads; its simple pages are on another host. */
const known: Readonly<Record<string, string>> = {
  "https://pypi.org/simple/": "https://upload.pypi.org/legacy/",
  "https://test.pypi.org/simple/": "https://test.pypi.org/legacy/",
};

/** Where an index takes uploads: PyPI by name, every other above its simple pages, as pypiserver, devpi and GitLab do. */
export const uploadAddress = (index: string): string => known[index] ?? index.replace(/\+?simple\/$/, "");

/** Throws where a file is another version than its commit's, or none: what is uploaded can never be taken back. */
export function assertPackageVersion(
  file: string,
  { is, of }: { readonly is: string | undefined; readonly of: string },
) {
  if (is === of) return;
  throw new UserError(`${file} is version ${is ?? "unknown"}, and its commit is ${of}`, {
    why: "Package, image and commit say the same version, which Git's tags decide.",
    fix: "Have the build take it: use_scm_version or SETUPTOOLS_SCM_PRETEND_VERSION; or tag the commit with the version it has",
    kind: "package",
  });
}
