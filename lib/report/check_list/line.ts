import type { Release } from "../../names/releases.ts";
import type { ReleaseStage } from "../../names/stage.ts";
import type { Version } from "../../names/version.ts";
import type { PushFacts } from "../../plan/facts.ts";

/** What a check-list is about; `release` is not there before the release. */
export type Subject = {
  readonly facts: PushFacts;
  readonly stage: ReleaseStage;
  readonly version: Version;
  readonly release: Release | undefined;
};
/** A line that a machine can check: whether it holds, what was seen, and the line to type where it does not. */
export type Checked = {
  readonly id: string;
  readonly text: string;
  readonly ok: boolean;
  readonly value: string;
  readonly fix: string;
};
/** A check-list; the ids are steps of a plan and, of lines by hand, names in the log. */
export type CheckList = {
  readonly checked: readonly Checked[];
  readonly byHand: readonly { readonly id: string; readonly text: string }[];
};

/** Writes one line: what it says, whether it holds and what was seen; the line to type stands last. */
export const checked = (id: string, text: string, seen: Omit<Checked, "id" | "text">): Checked => ({
  id,
  text,
  ...seen,
});
