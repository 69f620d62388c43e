import { checkEcr } from "../../lib/container/check_ecr.ts";
import { ecsRevision, ecsService } from "../../lib/deploy/ecs.ts";
import { type Command, command } from "../../lib/kinds/command.ts";
import { record } from "../../lib/kinds/record.ts";
import { type RunGit, runGit } from "../../lib/kinds/run_git.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import { comparePackages } from "../../lib/packages/compare_packages.ts";
import { packageUse } from "../../lib/packages/package_use.ts";
import { uploadPackage } from "../../lib/packages/upload_package.ts";
import { type Action, type Plan, stepsOf } from "../../lib/plan/plan.ts";
import { checkPush } from "../../lib/release/check_push.ts";
import { returnClaim, takeClaim } from "../../lib/release/claim.ts";
import { copyImage } from "../../lib/release/copy_image.ts";
import { type GitTag, gitTag, pushTag, type TryTag, tryTag } from "../../lib/release/git_tag.ts";
import { type MoveTag, moveTag } from "../../lib/release/move_tag.ts";
import { putIndex } from "../../lib/release/put_index.ts";
import { removeImages } from "../../lib/release/remove_images.ts";
import { repairLog } from "../../lib/release/repair_log.ts";
import { ghCreate } from "../../lib/repo/gh_create.ts";
import { startWorkflow } from "../../lib/repo/start_workflow.ts";
import { syncFile } from "../../lib/repo/sync_file.ts";
import { postMessage } from "../../lib/report/post_message.ts";
import { clusterCode } from "../../lib/tests/cluster_code.ts";
import { clusterTest } from "../../lib/tests/cluster_test.ts";
import { snapshot } from "../../lib/tests/snapshot.ts";
import type { Moment } from "./trap_proxy.ts";

/** What is watched: a program that the run starts, a change of a ref, a request, or a file that takes another's place. */
export type Watch =
  | { readonly by: "docker" | "git" | "ref"; readonly words: string; readonly nth: number }
  | {
      readonly by: "request";
      /** The key of a registry, `slack`, `aws`, `packages` or `github`. */
      readonly registry: string;
      readonly method: string;
      readonly path: RegExp;
      /** AWS names the call in a header. */
      readonly target?: RegExp;
      readonly nth: number;
    }
  | { readonly by: "rename"; readonly path: string; readonly nth: number };
/** A place in a run where it is ended; `isPart`: what is watched is the first of several things that make the change. */
export type Point = { readonly name: string; readonly when: Moment; readonly watch: Watch; readonly isPart?: true };

const moments = ["before", "inside", "after"] as const;
const at = (name: string, watch: Watch, when: readonly Moment[] = moments): Point[] =>
  when.map((moment) => ({ name, when: moment, watch }));

const asPart = (points: readonly Point[]): Point[] => points.map((point) => ({ ...point, isPart: true }));

const put = (registry: string, path: RegExp): Watch => ({ by: "request", registry, method: "PUT", path, nth: 1 });
const onGithub = (path: RegExp) => ({ by: "request", registry: "github", method: "POST", path, nth: 1 }) as const;
const call = (target: RegExp) =>
  ({ by: "request", registry: "aws", method: "POST", path: /./, target, nth: 1 }) as const;
const program = (words: string): Watch => ({ by: "docker", words: ` ${words} `, nth: 1 });
const manifest = (tag: string) => new RegExp(`/manifests/${tag.replaceAll(".", "\\.")}$`);
const blob = /\/blobs\/uploads\//;

/** Counts how often each ref was moved so far. */
type Count = (ref: string) => number;
/** What of a plan came before an action: how often each ref was moved, what waits for the next push, what was tried. */
type Before = {
  readonly count: Count;
  /** The refs that the next push takes along, which comes before anything else is changed where one of them is urgent. */
  readonly waiting: Set<string>;
  isUrgent: boolean;
  /** Git tags that were tried. */
  readonly tried: Set<string>;
};
const atFirst = (): Before => {
  const moved = new Map<string, number>();
  const count: Count = (ref) => {
    const nth = (moved.get(ref) ?? 0) + 1;
    moved.set(ref, nth);
    return nth;
  };
  return { count, waiting: new Set(), isUrgent: false, tried: new Set() };
};

/**
 * What an action of these kinds does is look, ask or say, or give a file of the user's own another content as a whole: there is
 * nothing to end half-way. What another workflow does that one starts is swept as that workflow's.
 */
export const quietKinds: ReadonlySet<string> = new Set([
  ...["announce", "tell_built", "by_hand", "verify_digest", "check_branch", "check_disk", "check_ecr", "settle_move"],
  ...[
    "allow",
    "run_workflow",
    "join_reports",
    "tell_dirs",
    "watch_runs",
    "await_services",
    "report_engine",
    "report_stopped",
  ],
  "tell_times",
]);

/** What is done to the private engine and to the sample of quickstart; test/real/engine_crash.test.ts and quickstart.test.ts end it. */
export const ofThinClient: ReadonlySet<string> = new Set([
  ...[
    "hold_engine",
    "unpack_engine",
    "install_packages",
    "start_engine",
    "start_registries",
    "make_image",
    "load_image",
  ],
  ...["allow_emulation", "stop_engine", "remove_engine", "claim_dir", "make_thin_env", "make_sample", "type_workflow"],
  ...["end_sessions", "forget_images", "forget_pushed", "remove_dir"],
]);

/**
 * The points of a plan: before, inside and after each thing that one of its actions does to the world. An action that
 * only looks lies between two of them.
 */
export function pointsOf(plan: Plan): readonly Point[] {
  const before = atFirst();
  const points = stepsOf(plan)
    .filter(({ skip }) => skip === null)
    .flatMap((step) => {
      const all = step.do.flatMap((action) => [
        ...(before.isUrgent && !looks.has(action.kind) ? ofWaiting(step.id, before) : []),
        ...ofAction(step.id, action, before),
      ]);
      // How long a step took is kept in a file that takes another's place, as the files that it writes do.
      before.count(renames);
      return all;
    });
  return [...points, ...ofWaiting("end", before)];
}

/** These change nothing that others see, or go with the next push. */
const looks = new Set([
  "verify_digest",
  "check_branch",
  "record",
  "claim",
  "release_claim",
  "git_tag",
  "push_tag",
  "repair_log",
  "announce",
  "tell_built",
]);

/** What waits goes in one push. */
function ofWaiting(name: string, before: Before): Point[] {
  const [flip, other] = [[...before.waiting].find((ref) => ref.includes("/flip/")), [...before.waiting][0]];
  gone(before);
  if (flip) return ofGiveBack(`${name}: intent taken back`, flip);
  return other ? ofRef(`${name}: log`, other, before.count) : [];
}

const gone = (before: Before): void => {
  before.waiting.clear();
  before.isUrgent = false;
};

const renames = "rename";

/**
 * The points without those before a change that follows right on another one, which is there too: nothing is changed
 * between the two, so whoever is ended there leaves what was left after the first.
 */
export const withoutTwins = (points: readonly Point[], all: readonly Point[]): readonly Point[] =>
  points.filter((point) => {
    const last = all[all.indexOf(point) - 1];
    return !(point.when === "before" && last?.when === "after" && !last.isPart && points.includes(last));
  });

/** The points of one action; none where it only looks, or where what it does waits for the next push. */
export function ofAction(name: string, action: Action, before: Before = atFirst()): Point[] {
  const { count } = before;
  if (command.is(action)) return ofCommand(name, action);
  if (writeFile.is(action)) {
    const watch = { by: "rename", path: action.path, nth: count(renames) } as const;
    // What lies in Slipway's own folder is written anew by every run.
    return action.path.includes(".git/") ? [] : at(`${name}: ${action.path}`, watch, ["inside"]);
  }
  // A removal is one thing, with nothing half-way.
  if (syncFile.is(action) && action.becomes !== "nothing")
    return at(`${name}: ${action.path}`, { by: "rename", path: action.path, nth: count(renames) }, ["inside"]);
  // A snapshot is made anew by every run: one of them is left half made.
  if (snapshot.is(action))
    return action.code && count("snapshot") === 1
      ? at(`${name}: git clone`, { by: "git", words: " clone ", nth: 1 }, ["after"])
      : [];
  // Its layers are content that any run may put; nothing else of it is seen by others.
  if (clusterCode.is(action)) return [];
  if (clusterTest.is(action)) return at(`${name}: docker service`, program("service create --detach"));
  if (putIndex.is(action)) return at(`${name}: index`, put(action.place.registry, manifest(action.tag)));
  if (postMessage.is(action))
    return [
      ...ofRef(`${name}: intent`, `refs/slipway/log/${action.image}`, count),
      ...at(`${name}: message`, { by: "request", registry: "slack", method: "POST", path: /./, nth: 1 }),
      ...ofRef(`${name}: log`, `refs/slipway/log/${action.image}`, count),
    ];
  if (uploadPackage.is(action))
    return at(`${name}: upload`, { by: "request", registry: "packages", method: "POST", path: /./, nth: 1 });
  if (ghCreate.is(action)) return at(`${name}: ${action.thing}`, onGithub(/Create$/));
  if (startWorkflow.is(action)) return at(`${name}: dispatch`, onGithub(/\/dispatch$/));
  if (ecsRevision.is(action)) return at(`${name}: revision`, call(/\.RegisterTaskDefinition$/));
  if (ecsService.is(action))
    return [
      ...at(`${name}: service`, call(/\.UpdateService$/)),
      // The second look is the first one of the watch.
      ...at(`${name}: watch`, { ...call(/\.DescribeServices$/), nth: 3 }, ["before", "after"]),
    ];
  if (removeImages.is(action)) {
    const { registry } = action.place;
    const first = { by: "request", registry, method: "DELETE", path: /\/manifests\/sha256:/, nth: 1 } as const;
    return at(`${name}: image out of ${registry}`, action.isAws ? call(/\.BatchDeleteImage$/) : first);
  }
  if (comparePackages.is(action)) return at(`${name}: docker create`, program("create --pull never"));
  if (packageUse.is(action)) return at(`${name}: docker run`, program("run --rm"));
  if (takeClaim.is(action)) return ofRef(`${name}: ref`, action.ref, count);
  if (returnClaim.is(action)) {
    gone(before);
    return ofGiveBack(`${name}: ref`, action.ref);
  }
  if (gitTag.is(action)) return ofTag(name, action, before);
  if (pushTag.is(action)) return waits(before, `refs/tags/${action.tag}`);
  if (repairLog.is(action)) return ofRef(`${name}: ref`, action.ref, count);
  if (record.is(action)) {
    before.isUrgent ||= action.entry.type !== "pass";
    return waits(before, `refs/slipway/log/${action.image}`);
  }
  if (checkPush.is(action))
    return action.places.flatMap(({ registry }) => {
      const opened = { by: "request", registry, method: "POST", path: blob, nth: 1 } as const;
      // It is taken back again.
      return asPart(at(`${name}: upload opened in ${registry}`, opened, ["before", "after"]));
    });
  if (checkEcr.is(action))
    return (action.create ?? []).flatMap(() => at(`${name}: repository`, call(/\.CreateRepository$/)));
  if (tryTag.is(action)) return ofTrial(name, action, before);
  if (copyImage.is(action))
    return action.to.flatMap(({ registry }, index) => {
      const last = at(`${name}: manifest to ${registry}`, put(registry, manifest(action.tag)));
      return [
        // Within one registry there is nothing to send but the manifest.
        ...(registry === action.from.registry ? [] : asPart(at(`${name}: blob to ${registry}`, put(registry, blob)))),
        ...(index === action.to.length - 1 ? last : asPart(last)),
      ];
    });
  if (runGit.is(action)) return ofGit(name, action, count);
  if (moveTag.is(action)) return ofMove(name, action, before);
  return [];
}

/** A push or a deletion on the remote: inside it, the ref is locked there. */
function ofRef(name: string, ref: string, count: Count): Point[] {
  const nth = count(ref);
  const push = { by: "git", words: `:${ref} `, nth } as const;
  return [
    ...at(name, push, ["before"]),
    ...at(name, { by: "ref", words: `${ref}\n`, nth }, ["inside"]),
    ...at(name, push, ["after"]),
  ];
}

function waits({ waiting }: Before, ref: string): Point[] {
  waiting.add(ref);
  return [];
}

/** The push that takes a ref back, whatever it was moved to before. */
const ofGiveBack = (name: string, ref: string): Point[] => [
  ...at(name, { by: "git", words: ` :${ref} `, nth: 1 }, ["before"]),
  ...at(name, { by: "ref", words: `${"0".repeat(40)} ${ref}\n`, nth: 1 }, ["inside"]),
  ...at(name, { by: "git", words: ` :${ref} `, nth: 1 }, ["after"]),
];

/** A tag that was tried is made of the same object. */
function ofTag(name: string, { tag }: GitTag, { count, tried }: Before): Point[] {
  const ref = `refs/tags/${tag}`;
  const words = tried.has(tag) ? ` update-ref ${ref} ` : ` tag --annotate ${tag} `;
  return [
    ...at(`${name}: ref`, { by: "git", words, nth: 1 }, ["before"]),
    ...at(`${name}: ref`, { by: "ref", words: `${ref}\n`, nth: count(ref) }, ["inside"]),
    ...at(`${name}: ref`, { by: "git", words, nth: 1 }, ["after"]),
  ];
}

/** The tag is made, offered and taken away again: a run that is ended meanwhile leaves it in the clone. */
function ofTrial(name: string, { tag }: TryTag, { count, tried }: Before): Point[] {
  count(`refs/tags/${tag}`);
  tried.add(tag);
  const made = { by: "git", words: ` tag --annotate ${tag} `, nth: 1 } as const;
  return asPart(at(`${name}: tag tried`, made, ["after"]));
}

/** Its intent takes along what waits; that it is done waits itself. */
function ofMove(name: string, action: MoveTag, before: Before): Point[] {
  const { count, waiting } = before;
  const ref = `refs/slipway/flip/${action.image}`;
  waiting.clear();
  waiting.add(ref);
  before.isUrgent = true;
  return [
    ...ofRef(`${name}: intent`, ref, count),
    ...action.places.flatMap(({ registry }) =>
      at(`${name}: ${action.tag} in ${registry}`, put(registry, manifest(action.tag))),
    ),
  ];
}

/** A command of Git's, by its first words: what follows differs from repo to repo. */
function ofGit(name: string, { argv }: RunGit, count: Count): Point[] {
  const [words = ""] = ` ${argv.slice(0, 2).join(" ")} `.split(/[0-9a-f]{40}/);
  return at(`${name}: git ${argv[0]}`, { by: "git", words, nth: count(words) });
}

/** A program; of a push also the first blob and the manifest that the engine sends. */
function ofCommand(name: string, action: Command): Point[] {
  const [program = "", ...words] = action.argv;
  if (program !== "docker") return [];
  // A commit's line is full of the container's name and the day.
  const known = words[0] === "commit" ? " commit " : longestText(words);
  const points = at(`${name}: docker ${words[0]}`, { by: "docker", words: known, nth: 1 });
  if (words[0] !== "push") return points;
  const [, tag = ""] = /:([^:/]+) $/.exec(known) ?? [];
  const sent = put("r1", blob);
  return [
    ...points,
    ...at(`${name}: blob sent by the engine`, sent, ["inside"]),
    ...at(`${name}: manifest sent by the engine`, put("r1", manifest(tag))),
  ];
}

/** The longest piece of the line that every image has: digests come with the build, hashes and times with the commit. */
function longestText(words: Command["argv"]): string {
  const line = words.map((word) => (typeof word === "string" ? word : "\0")).join(" ");
  const pieces = ` ${line} `.split(/\0|\b[0-9a-f]{12,64}\b|\b\d{10}\b/);
  return pieces.reduce((one, other) => (other.length > one.length ? other : one));
}
