/** How poetry.lock comes to be: resolved anew, refreshed where pyproject.toml asks for it, or taken as it is (design.md, "poetry and the clean tree"). */
export const poetryModes = ["update", "refresh", "no_update"] as const;
export type PoetryMode = (typeof poetryModes)[number];

/** Whether a mode that was asked for makes another lock. */
export const resolves = (mode: PoetryMode | undefined): boolean => mode !== undefined && mode !== "no_update";

/** What a build that resolves brings back, beside the Dockerfile. */
export const lockFiles = ["poetry.lock", "pip_list.txt"] as const;
