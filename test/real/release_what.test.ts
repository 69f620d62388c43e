import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { inOneShell } from "../bed/git.ts";
import type { Line } from "../bed/in_process.ts";
import { tinyImage } from "../bed/tiny.ts";
import { change, type Ground, makeGround, tinyConfig } from "../bed/tiny_repo.ts";
import { inOneProcess, runtimes, workflowsIn } from "../bed/workflow.ts";

const name = "what";
const docker = "devops/docker_build";
/** Changes of one commit each, as lines of a shell. */
const planted: Readonly<Record<string, string>> = {
  "a file of the dev image": `echo more >>${docker}/words.txt`,
  "its mode": `chmod +x ${docker}/words.txt`,
  "the dev Dockerfile": `echo 'LABEL a=b' >>${docker}/dev.Dockerfile`,
  "a comment of the dev Dockerfile": `echo '# why' >>${docker}/dev.Dockerfile`,
  "the prod Dockerfile": "echo 'LABEL a=b' >>devops/docker_build/prod.Dockerfile",
  "a comment of dockerignore.dev": `echo '# why' >>${docker}/dockerignore.dev`,
  "a folder that is left out of the dev image": `echo conf >>${docker}/dockerignore.dev`,
  "a comment of dockerignore.prod": `echo '# why' >>${docker}/dockerignore.prod`,
  "a folder that comes into the prod image": `sed -i /docs/d ${docker}/dockerignore.prod`,
  "an ignore file that takes another's place": `printf 'x\\n' >${docker}/prod.Dockerfile.dockerignore`,
  "a file of the code": "echo more >>app/main.sh",
  "its mode and nothing else": "chmod +x app/main.sh",
  "its line ends": "sed -i 's/$/\\r/' app/main.sh",
  "its name": "git mv app/main.sh app/start.sh",
  "a file that is ignored beside code": "echo more >>app/notes.md",
  "a file of a folder that is ignored": "echo more >>docs/a.txt",
  "a new file of a folder that is ignored": "echo new >docs/new.txt",
  "a file that is ignored": "echo more >>README.md",
  "a file that is ignored and removed": "rm README.md",
  "a file that an exception takes in": "echo more >>keep.md",
  "a file that a pattern takes into the dev image": "echo more >>conf/a.txt",
  "a file beside it": "echo more >>conf/b.yml",
  "a file that is removed from both images": "rm conf/a.txt",
  "a file behind a link of the dev image": "echo more >>shared/s.txt",
  "where a link leads": "ln -sf ../shared/t.txt conf/link.txt",
  "build arguments of the config": "sed -i 's/build_args: {A: a}/build_args: {A: b}/' repo_config.yaml",
  "gates of the config": "sed -i 's/gates: \\[\\]/gates: [fast]/' repo_config.yaml",
  "where the code is": "printf 'repo_info: {github_repo_account: ada}\\n' >>repo_config.yaml",
  "a file of the top that no image has": "echo more >>notes.md",
  "a new folder": "mkdir new; echo new >new/file",
};

let ground: Ground;
beforeAll(async () => {
  ground = await makeGround(1);
  const repo = await ground.repo(name, { gates: [] });
  const config = tinyConfig({ name, registries: ground.addresses, gates: [] });
  await change(repo, {
    "repo_config.yaml": config.replace("release: {", "release: {build_args: {A: a}, "),
    [`${docker}/dev.Dockerfile`]: `FROM ${tinyImage}\nARG A\nCOPY devops /devops\nCOPY conf /conf\n`,
    [`${docker}/dockerignore.dev`]: "*\n!devops/docker_build\n!conf/*.txt\n",
    [`${docker}/dockerignore.prod`]: "docs\n*.md\n**/*.md\n!keep.md\n",
    ...Object.fromEntries(
      ["app/main.sh", "app/notes.md", "docs/a.txt", "README.md", "keep.md", "notes.md", "conf/a.txt"].map((path) => [
        path,
        `${path}\n`,
      ]),
    ),
    ...{ "conf/b.yml": "b\n", "conf/c.txt": "c\n", "shared/s.txt": "s\n", "shared/t.txt": "t\n" },
  });
  await inOneShell(repo, [
    "ln -s ../shared/s.txt conf/link.txt; git add -A; git commit -qm Link; git push -q origin HEAD",
  ]);
  for (const stage of ["dev", "prod"]) {
    const released = await workflowsIn(repo)(`docker_release_${stage}`, "--version", "1.0.0");
    if (released.code !== 0) throw new Error(released.stderr);
  }
});
afterAll(() => ground.end());

type Files = readonly { readonly path: string; readonly dev: string | null; readonly prod: string | null }[];
type Told = { readonly digest: string; readonly result: { readonly files: Files; readonly next: object } };

const dev = { workflow: "docker_build_local", words: ["--version", "1.0.0", "--poetry-mode", "no_update", "--json"] };
const prod = { workflow: "docker_build_prod", words: ["--version", "1.0.0", "--json"] };
const what = { workflow: "release_check", words: ["--what", "--json"] };

/** Types lines in one process: what takes long is its start. */
const type = async (lines: readonly Line[], user = "ada"): Promise<readonly Told[]> =>
  (await inOneProcess(runtimes.bun, ground.dir, lines, { SLIPWAY_USER: user })).map(({ code, printed, told }) => {
    expect(code, told).toBe(0);
    return JSON.parse(printed) as Told;
  });

it("what is said of thirty changes, and of none, agrees with a rebuild", async () => {
  const rows = [["nothing", "true"] as const, ...Object.entries(planted)];
  expect(rows).toHaveLength(31);
  const clones = rows.map((_, index) => join(ground.dir, `planted-${index}`));
  const lines = rows.map(
    ([, line], index) =>
      `(git clone -q ${name}.git planted-${index}; cd planted-${index}; ${line}; git add -A; git commit --allow-empty -qm Plant)`,
  );
  await inOneShell(ground.dir, lines);
  const said = (await type(clones.map((cwd) => ({ ...what, cwd })))).map(({ result: { files } }) => {
    if (files.some((file) => file.dev !== null)) return "dev and prod";
    return files.some((file) => file.prod !== null) ? "prod" : "none";
  });
  // Builds of one name at once would take it from each other: each user has a name. A prod image on another dev image is another.
  const isDev = (index: number) => said[index] === "dev and prod";
  const devLines = clones.map((cwd) => ({ ...dev, cwd }));
  const [some, others, prods] = await Promise.all([
    type(devLines.slice(0, 16)),
    type(devLines.slice(16), "bob"),
    type(clones.filter((_, index) => !isDev(index)).map((cwd) => ({ ...prod, cwd }))),
  ]);
  const devs = [...some, ...others];
  const prodAt = (index: number) => prods[said.slice(0, index).filter((verdict) => verdict !== "dev and prod").length];
  const found = rows.map((_, index) => {
    if (devs[index]?.digest !== devs[0]?.digest) return "dev and prod";
    return isDev(index) || prodAt(index)?.digest === prods[0]?.digest ? "none" : "prod";
  });
  const table = rows.map(([change], index) => `${change.padEnd(46)} said ${said[index]}, rebuilt ${found[index]}`);
  process.stdout.write(`${table.join("\n")}\n`);
  expect(said).toEqual(found);
  const counts = ["dev and prod", "prod", "none"].map((one) => said.filter((verdict) => verdict === one).length);
  expect([said[0], counts]).toEqual(["none", [17, 8, 6]]);
});

it("the table names each file with its reason, and the next versions with the lines to type", async () => {
  const repo = join(ground.dir, name);
  const i = workflowsIn(repo);
  expect((await i("release_check", "--what")).stdout).toMatch(
    /^dev in use: 1\.0\.0 of .*\n.*\nno file changed\nNext: nothing to release\n$/,
  );
  await change(repo, { "app/main.sh": "other\n", "docs/a.txt": "other\n" });
  const prodOnly = (await i("release_check", "--what")).stdout;
  expect(prodOnly).toMatch(/^app\/main\.sh +prod +prod: in its context\ndocs\/a\.txt +none +in no image$/m);
  expect(prodOnly).toContain('Next: prod 1.0.1\n  i changelog_add --version 1.0.1 --prod --message "what changed"');
  await change(repo, { [`${docker}/words.txt`]: "other\n" });
  const both = (await i("release_check", "--what")).stdout;
  expect(both).toMatch(/words\.txt +dev and prod +dev: in its context$/m);
  expect(both).toMatch(/Next: dev 1\.0\.1\n.*\n {2}i docker_release_dev --version 1\.0\.1\nNext: prod 1\.0\.1\n/);
});
