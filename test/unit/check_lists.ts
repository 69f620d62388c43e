import { announce } from "../../lib/kinds/announce.ts";
import { parseChangelog } from "../../lib/names/changelog.ts";
import type { Flipped, Released, SignedEntry } from "../../lib/names/log.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { type CheckOptions, releaseCheck } from "../../lib/report/check_list.ts";
import { commit, digest, doing, engine, facts, localImage, logged } from "./factory.ts";

/** The image that is released, or about to be. */
export const image = digest("a");
const text = "# cmamp-1.2.0\n- 2025-01-02\n- Change\n";
export const entries = parseChangelog(text, "cmamp", "changelog.txt");
export const local = "127.0.0.1:5001/cmamp:local-gp-1.2.0";

/** An engine that has the image under a name. */
export const engineWith = (reference: string, more: Parameters<typeof localImage>[1] = {}): Partial<AllFacts> => ({
  engine: engine({ images: [localImage("x:y"), localImage(reference, { id: image, ...more })] }),
});

const everywhere = ["ecr", "dockerhub"];
export function release(more: Partial<Released> = {}): SignedEntry {
  const of = { version: "1.2.0", digest: image, commit: commit("a"), registries: everywhere };
  return logged({ type: "release", stage: "dev", ...of, ...more });
}
export const flip = (to: string, more: Partial<Flipped> = {}): SignedEntry =>
  logged({
    type: "flip",
    id: "f",
    tag: "dev",
    version: to,
    to: image,
    from: {},
    why: "release",
    registries: everywhere,
    ...more,
  });

export const confirmed = (line: string, more: Partial<SignedEntry> = {}): SignedEntry =>
  logged({ type: "confirm", stage: "dev", version: "1.2.0", digest: null, line }, more);

export function pass(list: string, more: object = {}): SignedEntry {
  const key = { digest: image, version: "1.2.0", commit: commit("a"), tree: commit("b"), runner: list };
  return logged({ type: "pass", list, platform: "linux/amd64", ...key, ...more });
}

/** The plan of a check-list where 1.2.0 stands in the changelog. */
export const plan = (more: Partial<AllFacts> = {}, options: Partial<CheckOptions> = {}) => {
  const world = facts({ changelogText: text, changelog: entries, ...more });
  return releaseCheck(world, { stage: "dev", ...options }, { registries: world.registries });
};

type Line = {
  readonly id: string;
  readonly text: string;
  readonly state: string;
  readonly value: string;
  readonly fix?: string;
};
type Report = { readonly list: string; readonly checked: readonly Line[]; readonly byHand: readonly Line[] };

/** What machines are told of a check-list. */
export const report = (...given: Parameters<typeof plan>): Report => doing(plan(...given), announce)[0]?.data as Report;

/** What one line of the list says: its text, whether it holds, what was seen and the line to type. */
export function line(id: string, ...given: Parameters<typeof plan>): readonly (string | undefined)[] {
  const one = report(...given).checked.find((each) => each.id === id);
  if (!one) throw new Error(`no line ${id}`);
  return [one.text, one.state, one.value, one.fix];
}
