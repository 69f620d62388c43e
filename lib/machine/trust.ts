import { askState, type Trust } from "../config/trust.ts";
import { announce } from "../kinds/announce.ts";
import { type Step, step } from "../plan/plan.ts";
import { allow } from "./allow.ts";

export type TrustOptions = { readonly show: boolean; readonly revoke: boolean };

/** Shows what a repo asks for beyond the default; allows it, or takes back what was allowed. */
export function trust({ show, revoke }: TrustOptions, seen: Trust): Step[] {
  if (revoke) return [step("forget", "Take back what was allowed of this repo", [allow({ asks: [] })])];
  const title = "Allow what this repo asks for, until its content changes";
  const skip = seen.open.length === 0 ? "nothing left to allow" : null;
  const asks = seen.open.map(({ id, hash }) => ({ id, hash }));
  const told = show ? seen : { ...seen, open: [] };
  const data = told.asks.map((one) => ({ ...one, state: askState(one, told) }));
  return [
    ...(show ? [] : [step("allow", title, [allow({ asks })], { skip })]),
    step("tell", "Show what it asks for", [announce({ text: listOf(told), data })]),
  ];
}

/** The question before it is allowed; null where there is nothing to ask. */
export function allowing(options: TrustOptions, seen: Trust): string | null {
  if (options.show || options.revoke || seen.open.length === 0) return null;
  return [
    ...seen.open.map((one) => `  - ${one.text}${askState(one, seen) === "changed" ? " (changed)" : ""}`),
    "Allow it?",
  ].join("\n");
}

/** A line each, with the name that the CI knows it by. */
function listOf(seen: Trust): string {
  if (seen.asks.length === 0) return "This repo asks for nothing beyond the defaults.";
  return seen.asks.map((one) => `${askState(one, seen).padEnd(7)} ${one.hash} ${one.text}`).join("\n");
}
