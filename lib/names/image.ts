import { UserError } from "../errors.ts";

/** A parsed image reference of Distribution's grammar: `[domain/]path[:tag][@digest]`. */
export type Reference = {
  readonly domain: string | null;
  readonly path: string;
  readonly tag: string | null;
  readonly digest: string | null;
};

// The grammar of github.com/distribution/reference: domain, path components, tag, digest.
const domainPart = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const domainForm = `(?:${domainPart}(?:\\.${domainPart})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const component = "[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*";
const tagForm = "[\\w][\\w.-]{0,127}";
const digestForm = "sha256:[a-f0-9]{64}";
const whole = new RegExp(
  `^(?:(${domainForm})/)?(${component}(?:/${component})*)(?::(${tagForm}))?(?:@(${digestForm}))?$`,
);

/** Text to a reference; a first part without dot, colon or `localhost` is a namespace, as the docker CLI reads it. */
export function parseReference(text: string): Reference {
  const found = text.length <= 512 ? whole.exec(text) : null;
  const [, first = null, path = "", tag = null, digest = null] = found ?? [];
  const isHost = first !== null && (/[.:[A-Z]/.test(first) || first === "localhost");
  const name = isHost || first === null ? path : `${first}/${path}`;
  if (path === "" || name.length > 255)
    throw new UserError(`"${text}" is not an image reference`, {
      why: "A reference is [host[:port]/]name[:tag][@sha256:digest] in lower case (Distribution's reference grammar).",
      fix: "Write it like ghcr.io/acme/cmamp:dev-1.2.0",
    });
  return { domain: isHost ? first : null, path: name, tag, digest };
}

export const isDigest = (text: string): boolean => new RegExp(`^${digestForm}$`).test(text);
/** Whether a text is the whole hash of a commit, by SHA-1 or SHA-256. */
export const isCommit = (text: string): boolean => /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(text);
export const isTag = (text: string): boolean => new RegExp(`^${tagForm}$`).test(text);

/** Whether a tag is left to people: none that Slipway gives to releases, candidates and local images, and no version. */
export const isFreeTag = (text: string): boolean =>
  isTag(text) && !/^(?:dev|prod|local)(?:[-_]|$)|^v?\d+(?:\.\d+)*$/.test(text);

/** The start of the commit in a tag of one; null for another tag. */
export const commitIn = (tag: string): string | null => /-dev\.\d+\.g([0-9a-f]{12})$/.exec(tag)?.[1] ?? null;

/**
 * An image name of repo_config.yaml. One component of a repository path; it may not end like one of our tags,
 * so that `<image>-X.Y.Z` and `<image>-prod-X.Y.Z` never name two things (design.md, "Names"). `from` is what a person sets it by.
 */
export function parseImageName(text: string, from = "docker_info.docker_image_name"): string {
  if (!new RegExp(`^${component}$`).test(text) || text.length > 128)
    throw new UserError(`"${text}" is not an image name`, {
      why: "An image name is lower-case letters and digits, with single dots, underscores or dashes between them.",
      fix: `Set ${from} to a name like ${legalName(text)}`,
    });
  if (/-(dev|prod|local|\d+)$/.test(text) || text === "latest")
    throw new UserError(`image name "${text}" is reserved`, {
      why: "Git tags are <image>-X.Y.Z and <image>-prod-X.Y.Z, so no image name is latest or ends in -dev, -prod, -local or a number.",
      fix: `Choose another ${from}`,
    });
  return text;
}

/** A name like the text that is neither refused nor reserved. */
export const legalName = (text: string): string => {
  const words = text.toLowerCase().match(/[a-z0-9]+/g) ?? ["cmamp"];
  const name = words.join("-").slice(0, 128).replace(/-$/, "");
  const free = name.replace(/(-(dev|prod|local|\d+))+$/, "");
  return free === "latest" ? "cmamp" : free;
};
