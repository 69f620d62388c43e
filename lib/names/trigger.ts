import { UserError } from "../errors.ts";
import { isNode, jsonOf, textAt, valueAt } from "../text/shape.ts";
import { parseBranch } from "./dev_version.ts";
import { isCommit } from "./image.ts";
import { isVersion, type Version } from "./version.ts";

/** What happened: the ref that was pushed and its commit, where the event says them. */
export type Trigger = {
  readonly event: string;
  readonly ref: string | null;
  readonly commit: string | null;
  /** The branch that is released by tags. */
  readonly main: string | null;
  readonly isDeleted: boolean;
  /** The code is of another repo. */
  readonly isFork: boolean;
};
/** What is to be released for it, or why nothing is. */
export type Decision =
  | { readonly build: "branch"; readonly branch: string; readonly why: string }
  | { readonly build: "release"; readonly stage: "dev" | "prod"; readonly version: Version; readonly why: string }
  | { readonly build: "nothing"; readonly why: string };

/** An event file of GitHub Actions ("Webhook events and payloads", push and pull_request). */
export function readEvent(event: string, text: string): Trigger {
  const json = jsonOf(text);
  const commit = textAt(json, "head_commit", "id") ?? textAt(json, "after");
  const [own, head] = [
    textAt(json, "repository", "full_name"),
    textAt(json, "pull_request", "head", "repo", "full_name"),
  ];
  const ref = textAt(json, "ref");
  const isPush = event === "push";
  if (!isNode(json) || own === undefined || (isPush && (!ref?.startsWith("refs/") || !isCommit(commit ?? ""))))
    throw new UserError(`GITHUB_EVENT_PATH holds no event ${JSON.stringify(event.slice(0, 60))}`, {
      why: "What is released is read from the event of GitHub Actions: a push says its ref and commit, and each its repo.",
      fix: "Look at what wrote it; or, to build what is checked out, unset GITHUB_EVENT_PATH",
    });
  return {
    ...{ event, ref: ref ?? null, commit: isPush && commit !== undefined ? commit : null },
    main: textAt(json, "repository", "default_branch") ?? null,
    isDeleted: valueAt(json, "deleted") === true,
    isFork: valueAt(json, "repository", "fork") === true || (event.startsWith("pull_request") && head !== own),
  };
}

type Rules = { readonly image: string; readonly channels: Readonly<Record<string, readonly string[]>> };

/** A push to a branch is a version between releases, a tag is a release; the branch that tags are put on has nothing of its own. */
export function decide(trigger: Trigger, { image, channels }: Rules): Decision {
  const { event, ref, main, isDeleted, isFork } = trigger;
  const nothing = (why: string): Decision => ({ build: "nothing", why });
  if (isFork) return nothing("the code is of a fork, which has no right to release here");
  if (event.startsWith("pull_request")) return nothing("the push to its branch is what releases it");
  if (event === "schedule") return nothing("a schedule tests what is there");
  if (event !== "push" && event !== "workflow_dispatch") return nothing(`an event ${event} brings no code`);
  if (isDeleted) return nothing("the ref was deleted");
  const [, kind, name] = /^refs\/(heads|tags)\/(.+)$/s.exec(ref ?? "") ?? [];
  if (kind === "tags" && name) return ofTag(name, image) ?? nothing("the tag is of no release of this image");
  if (kind !== "heads" || !name) return nothing("no branch and no tag was pushed");
  const branch = parseBranch(name);
  if (event === "push" && branch === main && !Object.hasOwn(channels, branch))
    return nothing(`${branch} is released by tags, and release.channels gives it none of its own`);
  return { build: "branch", branch, why: "a push to a branch is a version between releases" };
}

/** `<image>-X.Y.Z`, `<image>-prod-X.Y.Z`, and of a repo's only image `X.Y.Z` and `vX.Y.Z`. */
function ofTag(tag: string, image: string): Decision | null {
  const own = tag.startsWith(`${image}-`) ? tag.slice(image.length + 1) : tag.replace(/^v/, "");
  const stage = own.startsWith("prod-") && own !== tag ? "prod" : "dev";
  const version = stage === "prod" ? own.slice("prod-".length) : own;
  return isVersion(version) ? { build: "release", stage, version, why: `the tag ${tag} is a release` } : null;
}
