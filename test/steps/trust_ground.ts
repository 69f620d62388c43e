import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Ask } from "../../lib/config/trust.ts";
import trust from "../../scripts/trust.ts";
import { type Ground, type Place, told } from "./ground.ts";

type Shown = Ask & { readonly state: string };
export const show = async (place: Place) =>
  told<{ result: readonly Shown[] }>(await place.run(["trust", trust], "--show", "--json")).result;
/** What is not allowed: the sentence, and whether it was allowed of another content. */
export const open = async (place: Place) =>
  (await show(place)).flatMap(({ text, state }) => (state === "allowed" ? [] : [`${state}: ${text}`]));
export const allow = (place: Place) => place.run(["trust", trust], "--yes");
export const revoke = (place: Place) => place.run(["trust", trust], "--revoke");
/** The files in which a home keeps what was allowed. */
export const keptIn = ({ dir }: Ground) => {
  const folder = join(dir, "home/.config/slipway/trust");
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
};
