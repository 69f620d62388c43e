import { slipwayFile } from "../container/own_files.ts";
import { UserError } from "../errors.ts";
import { announce } from "../kinds/announce.ts";
import { type Command, cmd, command } from "../kinds/command.ts";
import { type Described, type DevVersion, devVersion } from "../names/dev_version.ts";
import { assertEngine } from "../names/engine.ts";
import { isFreeTag, isTag, parseReference } from "../names/image.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { assertPackageVersion, type Named } from "../python/built_package.ts";
import { snapshot } from "../tests/snapshot.ts";
import { assertClean } from "../tests/tests.ts";
import { uploadPackage } from "./upload_package.ts";

export type PackageOptions = { readonly index?: string | undefined };

/** The version of the commit that a package, its image and its tag have; of a tree that is the commit. */
export function commitVersion(facts: Facts, described: Described): DevVersion {
  assertClean(facts);
  const { commit, shallow } = facts.git;
  return devVersion({ ...described, image: facts.config.imageName, commit, shallow, dirty: false });
}

/**
 * Builds the package of a dir from its commit, and uploads it once: with the version of the commit, which the build is told
 * (setuptools_scm, "SETUPTOOLS_SCM_PRETEND_VERSION") and which what it built must have.
 */
export function releasePackage(facts: Facts, options: PackageOptions, described: Described): Step[] {
  const version = commitVersion(facts, described);
  const { kind, dir, build } = facts.config.release.package;
  const index = indexFor(facts, options);
  const spelled = kind === "npm" ? version.semver : version.pep440;
  const clone = slipwayFile(facts, "package", facts.config.imageName);
  const cwd = [clone, facts.place.dir, dir].filter((part) => part !== ".").join("/");
  const folder = `${cwd}/dist`;
  const env = { SETUPTOOLS_SCM_PRETEND_VERSION: spelled, SOURCE_DATE_EPOCH: String(facts.git.time) };
  const usual: readonly Command[] =
    kind === "npm"
      ? [
          cmd`npm version --no-git-tag-version --allow-same-version ${spelled}`,
          cmd`mkdir -p dist`,
          cmd`npm pack --pack-destination dist`,
        ]
      : [cmd`python3 -m build`];
  const lines = build === null ? usual : [command({ argv: build, env: {}, cwd: "." })];
  const distTag = version.release === null ? "dev" : "latest";
  return [
    step("snapshot", `Take the commit ${facts.git.code.slice(0, 12)} alone`, [
      snapshot({ path: clone, code: { commit: facts.git.code, branch: null, mounted: [] } }),
    ]),
    step(
      "build",
      `Build the package as ${spelled}`,
      lines.map((line) => ({ ...line, env, cwd, ofRepo: "package" as const })),
    ),
    step("upload", `Upload ${spelled} to ${index}`, [
      uploadPackage({ type: kind, folder, version: spelled, index, distTag }),
    ]),
    step("tell", "Show how it gets into an image", [
      announce({
        text: `Into a build context: i release_dist_copy ${folder} DIR`,
        data: { version: spelled, index, folder },
      }),
    ]),
  ];
}

/** What is uploaded can never be taken back. */
export function asksPackage(facts: Facts, options: PackageOptions, described: Described): string {
  const { release, pep440 } = commitVersion(facts, described);
  return `Upload ${release ? "the release" : "the development version"} ${pep440} to ${indexFor(facts, options)}?`;
}

function indexFor({ config }: Facts, options: PackageOptions): string {
  const index = options.index ?? config.release.package.index;
  if (index !== null) return index;
  throw new UserError("no package index is named", {
    why: "A package that is uploaded is everybody's, so where it goes is said and never assumed.",
    fix: "Name it in repo_config.yaml, release: {package: {index: https://pypi.org/simple/}}, or by --index",
  });
}

/** Where built packages are copied from and to, relative to the outermost root, with the packages that are there. */
export type DistLook = {
  readonly source: string;
  readonly packages: readonly Named[];
  readonly targets: readonly { readonly dir: string; readonly packages: readonly Named[] }[];
};

/**
 * Copies built packages into build contexts, from where a Dockerfile takes them to `/pkg/`. What an earlier build of the same
 * project left there goes: `pip install /pkg/*` takes one version. Without a package the dirs are made all the same, and an
 * image installs the project by its name.
 */
export function distCopy(_facts: Facts, _options: object, { source, packages, targets }: DistLook): Step[] {
  const files = packages.map(({ file }) => file);
  const copies = targets.map((target, index) => {
    const old = target.packages.filter(
      ({ file, project }) => !files.includes(file) && packages.some((one) => one.project === project),
    );
    const remove = old.length > 0 ? [cmd`rm -- ${old.map(({ file }) => `${target.dir}/${file}`)}`] : [];
    const copy = files.length > 0 ? [cmd`cp -- ${files.map((file) => `${source}/${file}`)} ${`${target.dir}/`}`] : [];
    const title = files.length > 0 ? `Copy ${files.join(" and ")} to ${target.dir}` : `Make ${target.dir}`;
    return step(`copy_${index + 1}`, title, [cmd`mkdir -p -- ${target.dir}`, ...remove, ...copy]);
  });
  const text =
    files.length > 0
      ? `copied ${files.join(", ")}`
      : `warning: ${source} has no package; an image falls back to the project's name, as in pip install NAME`;
  return [...copies, step("tell", "Report what was copied", [announce({ text, data: { source, files } })])];
}

export type DeployOptions = {
  readonly image?: string | undefined;
  readonly name?: string | undefined;
  readonly tag?: string | undefined;
};
/** The version of the commit, and what the context of an image has in `pkg/`, relative to the outermost root. */
export type DeployLook = {
  readonly described: Described;
  readonly context: string;
  readonly packages: readonly Named[];
};

/**
 * Builds the image of a dir and pushes it, as the document types it: `-i DIR -n NAME -t TAG`. Its label says the version of
 * the commit, which the packages in its `pkg/` have too.
 */
export function deployImage(facts: Facts<"engine">, { name, tag }: DeployOptions, seen: DeployLook): Step[] {
  if (name === undefined || tag === undefined)
    throw new UserError(`no ${name === undefined ? "--name" : "--tag"} was given`, {
      why: "What is pushed is named by whoever pushes it.",
      fix: "Type i release_deploy -i docker/ -n brewblox/devcon -t feature-doodad",
    });
  const version = commitVersion(facts, seen.described);
  assertEngine(facts.engine, []);
  for (const one of seen.packages)
    assertPackageVersion(`${seen.context}/pkg/${one.file}`, {
      is: one.version,
      of: one.file.endsWith(".tgz") ? version.semver : version.pep440,
    });
  const reference = `${name}:${tag}`;
  const labels = [
    `org.opencontainers.image.version=${version.pep440}`,
    `org.opencontainers.image.revision=${facts.git.commit}`,
  ].flatMap((label) => ["--label", label]);
  const data = { reference, version: version.pep440 };
  return [
    step("build", `Build ${reference} from ${seen.context}`, [
      cmd`docker build ${labels} --tag ${reference} ${`./${seen.context}`}`,
    ]),
    step("push", `Push ${reference}`, [cmd`docker push ${reference}`]),
    step("tell", "Show where it is", [announce({ text: `${reference} is version ${version.pep440}`, data })]),
  ];
}

/** Text to the tag of a development image; throws on one that a release or a channel may have. */
export function parseDevTag(text: string): string {
  if (isFreeTag(text) && !["latest", "develop", "edge"].includes(text)) return text;
  throw new UserError(`"${text}" is no tag of a development image`, {
    why: isTag(text)
      ? "Whoever pulls it means a release."
      : "A tag has letters, digits, dots, dashes and underscores, 128 at most.",
    fix: "Use the branch's name, as in --tag feature-doodad",
  });
}

/** Text to the name of an image without a tag; throws on any other. */
export function parseRepository(text: string): string {
  const { tag, digest } = parseReference(text);
  if (tag === null && digest === null) return text;
  throw new UserError(`"${text}" has a tag or a digest`, {
    why: "The tag has an option of its own.",
    fix: "Type -n NAME -t TAG",
  });
}
