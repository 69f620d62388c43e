import { type AwsAccount, type EcsService, revisionName } from "./aws.ts";
import { type PackageUse, packageUseArgv } from "./package_actions.ts";
import type { Action, Command, Digest, GitRef, Plan, Step, Word } from "./plan.ts";

/** One word as a person would type it in sh. */
export const quote = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/** A plan as text: numbered steps, each with lines that a person could type. */
export const renderPlan = (plan: Plan): string =>
  [`${plan.workflow}:`, ...plan.steps.flatMap((step, index) => renderStep(plan, step, index))].join("\n");

function renderStep(plan: Plan, step: Step, index: number): string[] {
  const head = `${String(index + 1).padStart(2)}. ${step.id}: ${step.title}${step.skip ? ` (skipped: ${step.skip})` : ""}`;
  if (step.skip) return [head];
  return [
    head,
    ...step.do.flatMap((action) => renderAction(action, maker(plan), plan.remote).map((line) => `      > ${line}`)),
  ];
}

const maker = (plan: Plan): string =>
  plan.steps.find((step) => step.yields === "image" && !step.skip)?.id ?? "the build";
/** Shows a digest; `remote` is what is typed for the Git remote. */
type Show = { (value: Digest): string; readonly remote: string };

type Kind = Action["kind"];
type Renderers = { readonly [K in Kind]: (action: Extract<Action, { kind: K }>, show: Show) => string[] };

/** One renderer for each kind of action: the lines that a person could type for it. */
const renderers: Renderers = {
  command: (action, show) => [renderCommand(action, show)],
  copy_image: ({ from, to, tag, digest }, show) =>
    to.map((place) => copyLine(`${from.repository}@${show(digest)}`, `${place.repository}:${tag}`)),
  put_index: ({ place, tag, children }) => [
    `docker buildx imagetools create --tag ${place.repository}:${tag} ${children.map(({ digest }) => `${place.repository}@${digest}`).join(" ")}`,
  ],
  move_tag: ({ places, tag, to }, show) =>
    places.map((place) => copyLine(`${place.repository}@${show(to)}`, `${place.repository}:${tag}`)),
  verify_digest: ({ places, tag, digest, mayBeAbsent }, show) =>
    places.map(
      (place) =>
        `skopeo inspect --format '{{.Digest}}' docker://${place.repository}:${tag}   # ${mayBeAbsent ? "nothing, or " : ""}${show(digest)}`,
    ),
  git_ref: (action, { remote }) => [renderRef(action, remote)],
  record: ({ image, entry }, show) => [`# record in the log of ${image}: ${recordText(entry, show)}`],
  write_file: ({ path, content, tells = [] }) => [
    `# write ${path}, ${content.split("\n").length - 1} lines`,
    ...tells.map((line) => `#   ${line}`),
  ],
  snapshot: ({ path, code }) =>
    code
      ? [
          `git clone --no-checkout . ${quote(path)}`,
          `git -C ${quote(path)} checkout ${code.branch ? `-B ${quote(code.branch)}` : "--detach"} ${code.commit}   # and its submodules`,
        ]
      : [`rm -rf ${quote(path)}`],
  announce: ({ text, digest }, show) =>
    text.split("\n").map((line) => `# ${digest ? line.replaceAll("@image", show(digest)) : line}`),
  by_hand: ({ text }) => [`# by hand: ${text}`],
  post_message: ({ variable, text }) => [
    `# post to the webhook in $${variable}, once:`,
    ...text.split("\n").map((line) => `#   ${line}`),
  ],
  check: (action, { remote }) => renderCheck(action, remote),
  ecs_revision: ({ account, from, image, containers }) => [
    `aws ecs register-task-definition ${accountWords(account)}--cli-input-json '<${revisionName(from)} with ${image} in ${containers.join(", ")}>'`,
  ],
  ecs_service: (action) => renderService(action),
  package_use: (action, show) => [renderUse(action, show)],
  compare_packages: ({ before, after }, show) =>
    [before, after].map(
      (image) => `docker export $(docker create --entrypoint /none ${show(image)})   # its packages, compared`,
    ),
};

/** The lines of one action; `yielder` is the step that makes the image where the plan does not know its digest. */
export function renderAction(action: Action, yielder: string, remote = "."): string[] {
  const digest = (value: Digest) => (typeof value === "string" ? value : `<digest of ${yielder}>`);
  const show: Show = Object.assign(digest, { remote: quote(remote) });
  return (renderers[action.kind] as (action: Action, show: Show) => string[])(action, show);
}

const copyLine = (from: string, to: string): string =>
  `skopeo copy --all --preserve-digests docker://${from} docker://${to}`;

function renderCommand(command: Command, show: Show): string {
  const word = (value: Word) => (typeof value === "string" ? quote(value) : show(value));
  const env = Object.entries(command.env).map(([name, value]) => `${name}=${word(value)}`);
  const line = [...inputWords(command), ...env, ...command.argv.map(word)].join(" ");
  return command.cwd === "." ? line : `(cd ${quote(command.cwd)} && ${line})`;
}

/** The program whose output goes in, with the pipe behind it. */
function inputWords({ input }: Command): readonly string[] {
  if (input === undefined) return [];
  if (!("ecr" in input)) return [...input.map(quote), "|"];
  return [`aws ecr get-login-password ${accountWords(input.ecr)}|`];
}

const accountWords = ({ region, profile }: AwsAccount): string =>
  `${region ? `--region ${quote(region)} ` : ""}${profile ? `--profile ${quote(profile)} ` : ""}`;

function renderService({ account, target, back, seconds }: EcsService): string[] {
  const { cluster, service, family } = target;
  const words = accountWords(account);
  const name = `--cluster ${quote(cluster)} --service ${quote(service)}`;
  return [
    `aws ecs update-service ${words}${name} --task-definition ${quote(family)}`,
    `aws ecs wait services-stable ${words}--cluster ${quote(cluster)} --services ${quote(service)}   # up to ${seconds} s, else back to ${back ? revisionName(back) : "nothing"}`,
  ];
}

function renderUse(action: PackageUse, show: Show): string {
  const places = { image: show(action.image), root: "$SLIPWAY_REPO_ROOT", inside: "$SLIPWAY_ROOT/lib/doors/inside" };
  const isMount = (word: string) => word.startsWith("type=bind,");
  // The folders are named by what the sourced environment exports.
  const words = packageUseArgv(action, places).map((word) => (isMount(word) ? `"${word}"` : quote(word)));
  return words.join(" ");
}

function renderRef(action: GitRef, remote: string): string {
  if (action.op === "repair_log") {
    const behind = action.parents.map((parent) => parent.slice(0, 12)).join(" and ") || "nothing";
    const lease = `--force-with-lease=${action.ref}:${action.from ?? ""}`;
    return `git push --porcelain ${lease} ${remote} <${action.entries.length} commits on ${behind}>:${action.ref}`;
  }
  if (action.op === "tag")
    return `git tag --annotate ${quote(action.tag)} ${action.commit} --message ${quote(action.message)}`;
  if (action.op === "push_tag") return `git push ${remote} refs/tags/${action.tag}`;
  const lease = `git push --porcelain --no-verify --force-with-lease=${action.ref}: ${remote}`;
  return action.op === "claim" ? `${lease} <claim>:${action.ref}` : `git push --no-verify ${remote} :${action.ref}`;
}

function recordText(entry: object, show: Show): string {
  return Object.entries(entry)
    .map(
      ([name, value]) =>
        `${name}=${typeof value === "string" ? value : isDigest(value) ? show(value) : JSON.stringify(value)}`,
    )
    .join(" ");
}
const isDigest = (value: unknown): value is Digest => typeof value === "object" && value !== null && "digest" in value;

function renderCheck(action: Extract<Action, { kind: "check" }>, remote: string): string[] {
  if (action.what === "push")
    return action.places.map((place) => `# open an upload in ${place.repository} and cancel it: may we push?`);
  if (action.what === "ecr")
    return action.places.map(
      ({ repository }) =>
        `aws ecr describe-repositories --repository-names ${repository.replace(/[^/]*\//, "")}   # there, and ${action.tag} may move`,
    );
  if (action.what === "git_tag")
    return [
      `# make the Git tag ${action.tag} and take it away again: can it be made?`,
      ...(action.claim === null
        ? []
        : [`# offer it to ${remote} in a push that it cannot take: would it be let through?`]),
    ];
  const lines = {
    disk: ["docker system df"],
    flip: ["# finish or undo a move of the tag that somebody left half-way"],
  } as const;
  return [...lines[action.what]];
}
