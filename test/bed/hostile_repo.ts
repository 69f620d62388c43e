import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { must } from "../../thin_client/engine/command.ts";

/** A repo in which everything that a runtime, a shell, Git or tmux may look for leaves a marker where it is run. */
export type HostileRepo = {
  readonly repo: string;
  /** How many vectors are planted. */
  readonly vectors: readonly string[];
  /** The vectors that ran. */
  readonly ran: () => readonly string[];
};

/** Runs by what `bun`, `tsx` or Node import. */
const modules = [
  "@aws-sdk/client-ecr",
  "@aws-sdk/client-ecs",
  "@balena/dockerignore",
  "@inquirer/prompts",
  "dotenv",
  "js-yaml",
].concat(["semver", "smol-toml", "tar", "tsx", "zx"]);
const scriptFiles = [".mocharc.cjs", ".pnp.cjs", ".pnp.loader.mjs", "babel.config.cjs", "index.ts", "vitest.config.ts"];
/** Programs that a PATH with the current dir in it, or npx, would find. */
const programs = ["awk", "bun", "docker", "git", "node", "npx", "tmux", "tsx"];
const shellFiles = [".bash_profile", ".bashrc", ".envrc", ".profile", ".zlogin", ".zprofile", ".zshenv", ".zshrc"];
const hooks = [
  "fsmonitor-watchman",
  "post-checkout",
  "post-index-change",
  "post-merge",
  "pre-auto-gc",
  "pre-commit",
].concat(["pre-push", "reference-transaction"]);
/** Keys of .git/config whose value is a program. */
const gitKeys = [
  "core.alternateRefsCommand",
  "core.askPass",
  "core.editor",
  "core.fsmonitor",
  "core.gitProxy",
  "core.pager",
]
  .concat([
    "core.sshCommand",
    "credential.helper",
    "diff.external",
    "diff.odd.textconv",
    "filter.odd.clean",
    "filter.odd.smudge",
  ])
  .concat(["filter.run.process", "gpg.program", "interactive.diffFilter", "pager.log", "pager.status"])
  .concat(["merge.odd.driver", "remote.origin.uploadpack", "sequence.editor"]);
/** Lines of .env; what may not be set has a row here. */
const variables: Readonly<Record<string, (script: string) => string>> = {
  NODE_OPTIONS: (script) => `--import ${script}`,
  ENV: (script) => script,
};

/** Plants them; programs of the markers lie beside the repo. */
export async function plantHostile(base: string): Promise<HostileRepo> {
  const [repo, marks, tools] = [join(base, "repo"), join(base, "marks"), join(base, "tools")];
  const vectors: string[] = [];
  for (const dir of [repo, marks, tools]) mkdirSync(dir, { recursive: true });
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(repo, path)), { recursive: true });
    writeFileSync(join(repo, path), text);
    chmodSync(join(repo, path), 0o755);
  };
  const mark = (vector: string) => {
    vectors.push(vector);
    return join(marks, encodeURIComponent(vector));
  };
  const shell = (vector: string) => `#!/bin/sh\n: >'${mark(vector)}'\ncat\n`;
  const js = (vector: string) =>
    `(globalThis.process.getBuiltinModule("fs")).writeFileSync(${JSON.stringify(mark(vector))}, "");\n`;
  const tool = (vector: string) => {
    const path = join(tools, encodeURIComponent(vector));
    writeFileSync(path, shell(vector), { mode: 0o755 });
    return path;
  };

  await must(["git", "init", "--quiet", "--initial-branch=main", repo]);
  for (const name of ["tsconfig.json", "jsconfig.json"]) {
    write(`by_${name}.ts`, `${js(name)}export default {};\n`);
    write(name, JSON.stringify({ compilerOptions: { baseUrl: ".", paths: { "*": [`./by_${name}.ts`] } } }));
  }
  write("by_bunfig.ts", js("bunfig.toml"));
  write("bunfig.toml", 'preload = ["./by_bunfig.ts"]\n');
  for (const name of modules) {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, main: "main.cjs", exports: "./main.cjs" }));
    write(`node_modules/${name}/main.cjs`, js(`node_modules/${name}`));
  }
  for (const name of scriptFiles) write(name, js(name));
  for (const name of programs) {
    write(name, shell(name));
    write(`node_modules/.bin/${name}`, shell(`node_modules/.bin/${name}`));
  }
  for (const name of shellFiles) write(name, shell(name));
  write("package.json", JSON.stringify({ type: "commonjs", scripts: { prepare: tool("prepare of package.json") } }));
  write(".npmrc", `script-shell=${tool(".npmrc")}\n`);
  write("node.config.json", JSON.stringify({ nodeOptions: { import: [`${repo}/index.ts`] } }));
  write("conftest.py", `open(${JSON.stringify(mark("conftest.py"))}, "w")\n`);
  write("sitecustomize.py", `open(${JSON.stringify(mark("sitecustomize.py"))}, "w")\n`);
  write(
    ".env",
    Object.entries(variables)
      .map(([name, value]) => `${name}=${value(tool(name))}\n`)
      .join(""),
  );

  write(
    "repo_config.yaml",
    `docker_info: {docker_image_name: hostile}
container_registry_info: {r1: {address: 127.0.0.1:1, kind: oci}}
container:
  {privileged: true, socket: true, volumes: ["/:/host", "name\\e[2J:/x"], home: [.ssh], pass_env: [GITHUB_TOKEN], ports: ["80:80"], network: host}
release: {secrets: [GITHUB_TOKEN], end_to_end: {dev: {argv: ["${tool("end_to_end")}"]}}, package: {build: ["${tool("package")}"]}}
`,
  );
  write("changelog.txt", "# hostile-1.0.0\n- 2025-01-01\n- First\n");
  write("devops/docker_build/dev.Dockerfile", "FROM scratch\n");
  write(
    "scripts/own_flow.ts",
    `const text = String;\n${js("scripts/own_flow.ts")}\nexport default {\n  about: "Ours.",\n  options: {\n    dataSet: text("X", "Y"),\n  },\n};\n`,
  );
  // A name of a file cannot hold the path of a marker: the word after > is one of the dir that one stands in.
  for (const name of [
    "$(>IN_NAME)",
    "`>IN_NAME`",
    "a;>IN_NAME;",
    "${A[$(>IN_NAME)]}",
    "*(e:'>IN_NAME':)",
    "-rf",
    "a\nb",
  ]) {
    vectors.push(`scripts/${name}.ts`);
    write(`scripts/${name}.ts`, 'about: "Odd.",\n');
  }
  const sub = "sub#(>IN_NAME)";
  vectors.push(sub);
  write(`${sub}/repo_config.yaml`, "docker_info: {docker_image_name: inner}\n");
  write(`${sub}/changelog.txt`, "# inner-1.0.0\n- First\n");
  write(".gitmodules", `[submodule "sub"]\n  path = ${sub}\n  url = ./x\n`);
  write(`${sub}/.git/HEAD`, "ref: refs/heads/main\n");

  const git = (...words: string[]) => must(["git", "-C", repo, "-c", "user.name=t", "-c", "user.email=t@t", ...words]);
  write(".gitattributes", "changelog.txt filter=odd diff=odd merge=odd\nrepo_config.yaml filter=run diff=odd\n");
  const listed = ["repo_config.yaml", "changelog.txt", ".gitattributes", "devops"];
  await git("add", ...listed);
  await git("commit", "--quiet", "--message", "One");
  await git("remote", "add", "origin", "ssh://nobody@127.0.0.1:1/nothing.git");
  writeFileSync(
    join(base, "included"),
    `[core]\n  sshCommand = ${tool("include.path")}\n[log]\n  showSignature = true\n`,
  );
  await git("config", "include.path", join(base, "included"));
  for (const key of gitKeys) await git("config", key, tool(key));
  for (const name of hooks) write(`.git/hooks/${name}`, shell(`.git/hooks/${name}`));
  // Of another time than the index knows: Git has to look into them, through their filters.
  for (const name of ["repo_config.yaml", "changelog.txt"]) await must(["touch", "-d", "2001-01-01", join(repo, name)]);
  symlinkSync(tools, join(repo, "devops/keys"));
  return {
    repo,
    vectors,
    ran: () =>
      [...readdirSync(marks).map(decodeURIComponent), ...(existsSync(join(repo, "IN_NAME")) ? ["IN_NAME"] : [])].sort(),
  };
}
