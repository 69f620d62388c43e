import file from "./original_cases.json" with { type: "json" };

export type Case = {
  readonly id: string;
  readonly kind: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly expected: string;
  readonly stdout?: string;
};
/** The cases of a kind but those where design.md decides otherwise, which have a test of their own below. */
export function cases(kind: string, but: readonly string[] = []): (readonly [string, Case])[] {
  const all = (file.cases as readonly Case[]).filter((one) => one.kind === kind && !but.includes(one.id));
  if (all.length === 0) throw new Error(`no case of kind ${kind}`);
  return all.map((one) => [one.id, one] as const);
}
export const one = (id: string): Case => {
  const found = (file.cases as readonly Case[]).find((each) => each.id === id);
  if (found) return found;
  throw new Error(`no case ${id}`);
};
export const input = (each: Case, name: string): string => String(each.input[name] ?? "");

/** What ours gives; "refused" where it refuses, as the original's failed assertion reads here. */
export const outcome = (run: () => string): string => {
  try {
    return run();
  } catch (error) {
    return error instanceof Error && error.name === "UserError" ? "refused" : String(error);
  }
};
export const theirs = (each: Case): string => (each.expected.startsWith("AssertionError") ? "refused" : each.expected);
