import { join } from "node:path";
import type { PackageKind } from "../config/release_settings.ts";
import { hashOf, isSameContent, membersOf, type PackageFile, readPackages } from "../doors/package_files.ts";
import { downloadFile, indexSession, listProject, uploadFile } from "../doors/package_index.ts";
import { capture, run } from "../doors/shell.ts";
import { UserError } from "../errors.ts";
import { kind } from "../plan/kind.ts";
import { quote } from "../plan/render_plan.ts";
import {
  assertPackageVersion,
  type Listed,
  parseMetadata,
  uploadAddress,
  uploadFields,
} from "../python/built_package.ts";
import { output, type World } from "../run/world.ts";
import { jsonOf, textAt } from "../text/shape.ts";

/** Uploads what was built in a folder to a package index, each file once; what it has already stays as it is. */
export type UploadPackage = {
  readonly kind: "upload_package";
  readonly type: PackageKind;
  /** Relative to the outermost Git root. */
  readonly folder: string;
  readonly version: string;
  readonly index: string;
  /** Of npm: what users get who name no version is `latest`. */
  readonly distTag: "latest" | "dev";
};

export const uploadPackage = kind<UploadPackage>("upload_package", {
  lines: ({ type, folder, index, distTag }) =>
    type === "python"
      ? [`twine upload --repository-url ${quote(uploadAddress(index))} ${quote(folder)}/*`]
      : [`npm publish ${quote(folder)}/*.tgz --registry ${quote(index)} --tag ${distTag}`],
  run: async (action, world) => {
    const folder = join(world.facts.place.root, action.folder);
    const files = await readPackages(folder);
    if (files.length === 0)
      throw new UserError(`the build left no package in ${action.folder}`, {
        why: "What is uploaded are the wheels, sdists or archives of npm there.",
        fix: "Name what builds them: release: {package: {build: [python3, -m, build]}} in repo_config.yaml",
        kind: "package",
      });
    const { upload } = action.type === "python" ? await onIndex(action, files, world) : onNpm(action, files, world);
    // All are looked at before the first is sent.
    const sent: (() => Promise<void>)[] = [];
    for (const file of files) {
      const send = await upload(file);
      if (send) sent.push(send);
      world.state.text.push(`${send ? "uploaded" : "already there"} ${file.name}`);
    }
    for (const send of sent) await send();
    return sent.length > 0 ? "done" : "already";
  },
});

/** Looks whether an index has a file; gives what uploads it, null where it is there. */
type Upload = { readonly upload: (file: PackageFile) => Promise<(() => Promise<void>) | null> };

const other = (name: string, at: string): UserError =>
  new UserError(`${at} has another ${name}`, {
    why: "A version always has the same content: whoever installed it has that one.",
    fix: "Commit what changed and release that: its version is another",
    kind: "package",
  });

async function onIndex(
  { index, version }: UploadPackage,
  files: readonly PackageFile[],
  world: World,
): Promise<Upload> {
  const { env, user } = world.facts;
  const address = uploadAddress(index);
  const session = indexSession(address, { env, home: user.home, signal: world.signal });
  const described = files.map((file) => {
    const path = [...file.members.keys()].find((one) => /^[^/]*\.dist-info\/METADATA$|^[^/]*\/PKG-INFO$/.test(one));
    const metadata = parseMetadata(file.members.get(path ?? "")?.toString("utf8") ?? "");
    assertPackageVersion(file.name, { is: metadata.get("version")?.[0], of: version });
    return [file, metadata] as const;
  });
  const of = new Map(described);
  const name = described[0]?.[1].get("name")?.[0] ?? "";
  const listed = await listProject(index, name, session);
  /** Whether the index has the file; throws where it has another one by that name. */
  const has = async (file: PackageFile, files: readonly Listed[]): Promise<boolean> => {
    const there = files.find((one) => one.file === file.name);
    if (!there) return false;
    if (there.sha256 === hashOf("sha256", file.bytes).digest("hex")) return true;
    const bytes = await downloadFile(there.url, session);
    const served = hashOf("sha256", bytes).digest("hex");
    if (there.sha256 !== null && there.sha256 !== served) throw falseDigest(there, served, index);
    if (isSameContent(await membersOf(file.name, bytes), file.members)) return true;
    throw other(file.name, index);
  };
  return {
    upload: async (file) => {
      if (await has(file, listed)) return null;
      const sha256 = hashOf("sha256", file.bytes).digest("hex");
      const fields = uploadFields(file.name, of.get(file) ?? new Map(), sha256);
      const isKept = async () => has(file, await listProject(index, name, session));
      return () => uploadFile(address, { name: file.name, bytes: file.bytes, fields, isKept }, session);
    },
  };
}

const falseDigest = ({ file, sha256 }: Listed, served: string, index: string): UserError =>
  new UserError(`${index} lists ${file} with sha256 ${sha256} and serves ${served}`, {
    why: "pip installs no file whose hash is another than the index says, and nobody can tell which of the two was uploaded.",
    fix: "Ask whoever keeps the index, or release the next commit: its version is another",
    exitCode: 1,
    kind: "package",
  });

/** By npm itself, which knows the user's npmrc; a package is compared by its hash (docs.npmjs.com, "npm view"). */
function onNpm({ index, version, distTag }: UploadPackage, _files: readonly PackageFile[], world: World): Upload {
  const { env, place } = world.facts;
  const how = { cwd: place.root, env };
  return {
    upload: async (file) => {
      const manifest = jsonOf(file.members.get("package/package.json")?.toString("utf8") ?? "");
      assertPackageVersion(file.name, { is: textAt(manifest, "version"), of: version });
      const named = `${textAt(manifest, "name")}@${version}`;
      const seen = await capture(["npm", "view", named, "dist", "--json", "--registry", index], how);
      const integrity = textAt(jsonOf(seen.stdout), "integrity");
      if (integrity === `sha512-${hashOf("sha512", file.bytes).digest("base64")}`) return null;
      if (integrity !== undefined) throw other(named, index);
      const isAbsent = textAt(jsonOf(seen.stdout), "error", "code") === "E404" || seen.stdout.trim() === "";
      if (seen.code !== 0 && !isAbsent) throw refusedByNpm(index, seen.stdout || seen.stderr);
      const argv = ["npm", "publish", file.path, "--registry", index, "--tag", distTag, "--ignore-scripts"];
      return async () => {
        const code = await run(argv, { ...how, onOutput: (text) => output(world, text), signal: world.signal });
        if (code !== 0) throw refusedByNpm(index, world.step.tail.join("\n"));
      };
    },
  };
}

function refusedByNpm(index: string, said: string): UserError {
  const why =
    textAt(jsonOf(said), "error", "summary") ??
    said.split("\n").find((line) => /^npm error (?!code |A complete)/.test(line));
  return new UserError(`npm did not get through to ${index}`, {
    why: why?.trim() || "It gave no reason.",
    fix: `Log in, or fix what it names: npm login --registry ${quote(index)}`,
    exitCode: 1,
    kind: "package_index",
  });
}
