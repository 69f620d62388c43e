/** How poetry.lock comes to be: resolved anew, refreshed where pyproject.toml asks for it, or taken as it is (seeds 000, 002). */
export const poetryModes = ["update", "refresh", "no_update"] as const;
export type PoetryMode = (typeof poetryModes)[number];
