import type { Evidence } from "./package_evidence.ts";
import type { Asked, Seen, Verdict } from "./package_use.ts";
import { pipName } from "./packages.ts";

/** What a person reads of the verdicts: the packages that are not plainly used, what is wrong with the allow-list, the counts. */
export function renderVerdicts(verdicts: readonly Verdict[], { allowed }: Asked, seen: Seen): string {
  const order = ["unused", "unknown", "allowed"] as const;
  const shown = order.flatMap((state) => verdicts.filter((one) => one.state === state));
  const width = Math.max(0, ...shown.map(({ name }) => name.length));
  const lines = shown.map(
    ({ name, state, group, why }) => `${state.padEnd(8)} ${name.padEnd(width)} ${why} (${group})`,
  );
  const stale = Object.keys(allowed).filter(
    (name) => !verdicts.some((one) => one.state === "allowed" && one.name === pipName(name)),
  );
  const needless = stale.map(
    (name) => `packages.allow_unused names "${name}", which is used or not asked for: take it out`,
  );
  const broken = seen.broken.map(({ file, line, why }) => `${file}:${line} could not be parsed: ${why}`);
  const count = (state: Verdict["state"]) => verdicts.filter((one) => one.state === state).length;
  const counts = `${verdicts.length} packages: ${(["used", ...order] as const).map((state) => `${count(state)} ${state}`).join(", ")}`;
  const advice =
    count("unused") > 0
      ? [
          "take them out of pyproject.toml, or say in repo_config.yaml why they stay: packages: {allow_unused: {NAME: reason}}",
        ]
      : [];
  return [...broken, ...lines, ...needless, counts, ...advice].join("\n");
}

/** The places that use a package as `file:line: text`, as grep tells them. */
export const renderUses = (name: string, uses: readonly Evidence[]): string =>
  uses.length > 0
    ? uses.map(({ file, line, text }) => `${file}:${line}: ${text.trimEnd()}`).join("\n")
    : `nothing uses "${name}"`;
