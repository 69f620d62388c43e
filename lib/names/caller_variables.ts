type Env = Readonly<Record<string, string | undefined>>;

/**
 * Variables that move Git to another repo, or change what a path means to it: Git gives them to its hooks, and Slipway works on
 * the dir it stands in. What `git rev-parse --local-env-vars` lists but for settings (`git -c`), and pathspecs (git(1)).
 */
const ofGit =
  /^GIT_(DIR|WORK_TREE|IMPLICIT_WORK_TREE|COMMON_DIR|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|QUARANTINE_PATH|NAMESPACE|PREFIX|CONFIG|GRAFT_FILE|SHALLOW_FILE|REPLACE_REF_BASE|NO_REPLACE_OBJECTS|INTERNAL_SUPER_PREFIX|(LITERAL|GLOB|NOGLOB|ICASE)_PATHSPECS)$/;

/**
 * Variables that a person has for compose files, builds and images of their own: Slipway says all of it itself. Those that tell
 * which engine is meant, and as whom, stay (Docker's documentation, "docker", "docker buildx" and "docker compose", environment).
 */
const ofDocker =
  /^(COMPOSE_\w+|BUILDX_(?!CONFIG$)\w+|BUILDKIT_\w+|EXPERIMENTAL_BUILDKIT_\w+|DOCKER_BUILDKIT|DOCKER_DEFAULT_PLATFORM|DOCKER_CONTENT_TRUST|SOURCE_DATE_EPOCH)$/;

/** What a person relies on who set a variable that is left out; told, because it is a safeguard. */
export const foreignNotes = (env: Env): readonly string[] =>
  /^(1|t|true)$/i.test(env["DOCKER_CONTENT_TRUST"] ?? "")
    ? ["DOCKER_CONTENT_TRUST is left out; images are taken by digest, and no signature is looked at"]
    : [];

/** The environment of Slipway's own commands: the caller's without what is meant for other repos, files and builds. */
export const withoutForeign = (env: Env): Env =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !ofGit.test(name) && !ofDocker.test(name)));

/** Variables that say which engine is meant and how its client reaches it, none of which is a secret. */
const ofEngine =
  /^(PATH|HOME|USER|LOGNAME|TMPDIR|LANG|LC_\w+|TERM|SSH_AUTH_SOCK|XDG_(RUNTIME_DIR|CONFIG_HOME)|DOCKER_(HOST|CONTEXT|CONFIG|TLS|TLS_VERIFY|CERT_PATH|API_VERSION))$/;

/** All that compose gets of the caller's variables where its file is a repo's, which may name any of them. */
export const engineVariables = (env: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => ofEngine.test(name)));
