import { existsSync, lstatSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { syncFile } from "../../lib/repo/sync_file.ts";
import syncCommonFiles from "../../scripts/sync_common_files.ts";
import { inOneShell } from "../bed/git.ts";
import { treeOf } from "../bed/watch.ts";
import { doing, type Ground, type Place, startGround } from "./ground.ts";

/** A name that would steer a shell, in the folder that all share. */
const hostile = "kit/it's-$(touch${IFS}x)";
const listed = ["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9"];
const inKit = ["f0", "f1", "f2", "f3", "f4", "f5", "deep/f6", "deep/f7"].map((name) => `kit/${name}`);
const repos = ["one", "two", "three", "four", "five"];

let ground: Ground;
let place: Place;
beforeAll(async () => {
  ground = await startGround();
  place = ground.place("src");
  const list = `common_files: {copy: [${listed.join(", ")}, kit/]}`;
  await inOneShell(
    ground.dir,
    [
      `mkdir -p kit/deep; for path in ${listed.join(" ")} ${inKit.join(" ")} "$1"; do printf '%s\\nmore\\n' "$path" >"$path"; done`,
      "chmod +x a9 kit/f5; printf '' >kit/empty; printf '\\0\\377' >kit/binary",
      `mkdir template; cp -a kit ${listed.join(" ")} template; mv kit ${listed.join(" ")} repo`,
      'cd repo; printf \'%s\\n\' "docker_info: {docker_image_name: top}" "$2" >repo_config.yaml; git add -A; git commit -qm Share',
      "cd ../template; echo own >own; git init -q -b main; git config user.name Ada; git config user.email ada@example.com",
      "git add -A; git commit -qm Start; cd ..",
      `for repo in ${repos.join(" ")}; do cp -a template "$repo"; done`,
    ],
    hostile,
    list,
  );
});
afterAll(() => ground.end());

const at = (...names: readonly string[]) => names.map((name) => `../../${name}`);
const sync = (...words: readonly string[]) => place.run(["sync_common_files", syncCommonFiles], ...words);
type Told = { readonly repo: string; readonly path: string; readonly drift: string; readonly becomes: string };
async function check(...words: readonly string[]): Promise<readonly string[]> {
  const { code, out, err } = await sync("--check", "--json", ...words);
  const { result: data } = JSON.parse(out) as { result: readonly Told[] };
  expect([code, err]).toEqual([data.length > 0 ? 1 : 0, ""]);
  return data.map(({ repo, path, drift }) => `${repo.replace("../", "")}: ${path} ${drift}`);
}
const shell = (repo: string, ...lines: readonly string[]) => inOneShell(join(ground.dir, repo), lines, hostile);
const tree = (repo: string) => treeOf(join(ground.dir, repo), [".git"]);
const commit = "git add -A; git commit -qm Plant";
const read = (path: string) => readFileSync(join(ground.dir, path), "utf8");

/** Eight drifts of a repo, each as the line that plants it; another repo has them in other files. */
function plantIn(at: number): Readonly<Record<string, string>> {
  const file = (nth: number) => listed[(at * 3 + nth) % 9] ?? "";
  const [kit = "", other = ""] = [inKit[at], inKit[(at + 4) % 8]];
  return {
    [`${file(0)} changed`]: `echo changed >>${file(0)}`,
    [`${file(1)} missing`]: `rm ${file(1)}`,
    [`${file(2)} mode`]: `chmod +x ${file(2)}`,
    [`${file(3)} link`]: `ln -sf own ${file(3)}`,
    [`${file(4)} line ends`]: `sed -i 's/$/\\r/' ${file(4)}`,
    [`${file(5)} renamed`]: `mv ${file(5)} elsewhere`,
    [`${kit} renamed`]: `mv ${kit} ${other}.old`,
    [at % 2 === 0 ? "kit/new extra" : `${hostile} changed`]: at % 2 === 0 ? "echo new >kit/new" : 'echo >>"$1"',
  };
}
const planted = repos.flatMap((repo, at) => Object.keys(plantIn(at)).map((drift) => `${repo}: ${drift}`));

it("what is in sync has no drift", async () => {
  expect(await check(...at(...repos))).toEqual([]);
});

it("forty drifts in five repos are found, and no other", async () => {
  for (const [at, repo] of repos.entries()) await shell(repo, ...Object.values(plantIn(at)), commit);
  expect(planted).toHaveLength(40);
  expect([...(await check(...at(...repos)))].sort()).toEqual([...planted].sort());
});

it("a dry run is the whole plan, and a person who declines changes nothing", async () => {
  const before = ["repo", ...repos].map(tree);
  const { code, out } = await sync("--dry-run", ...at("one"));
  expect(code).toBe(0);
  const typed = out.split("\n").flatMap((line) => (/^ *> ([^#].*)$/.exec(line) ?? []).slice(1));
  expect(typed.slice(0, 4)).toEqual([
    "install -D -m 644 a0 ../one/a0",
    "install -D -m 644 a1 ../one/a1",
    "install -D -m 644 a2 ../one/a2",
    "rm ../one/a3",
  ]);
  expect(out).toContain("kit/new");
  expect((await ground.person(["n"], () => sync(...at(...repos)))).code).not.toBe(0);
  expect((await sync(...at(...repos))).code).not.toBe(0);
  expect(["repo", ...repos].map(tree)).toEqual(before);
});

it("what is printed, typed in a shell, ends as the run does", async () => {
  await inOneShell(ground.dir, ["cp -a one typed"]);
  const { out } = await sync("--dry-run", ...at("typed"));
  const lines = out.split("\n").flatMap((line) => (/^ *> ([^#].*)$/.exec(line) ?? []).slice(1));
  await inOneShell(ground.repo, lines);
  expect((await sync("--yes", ...at("one"))).code).toBe(0);
  expect(tree("typed")).toEqual(tree("one"));
});

it("a run ends all drifts but extras, which go where they are asked to, and where a commit has them", async () => {
  expect((await sync("--yes", ...at(...repos))).code).toBe(0);
  const left = await check(...at(...repos));
  expect(left.every((line) => line.endsWith(" extra"))).toBe(true);
  expect(left).toHaveLength(8);
  await shell("two", "echo unsaved >kit/unsaved");
  const { code, out } = await sync("--yes", "--delete", ...at(...repos));
  expect([code, /kit\/unsaved +extra +left: no commit has it/.test(out)]).toEqual([0, true]);
  expect(await check(...at(...repos))).toEqual(["two: kit/unsaved extra"]);
  expect(read("one/elsewhere")).toBe("a5\nmore\n");
});

it("what no commit has is overwritten by nobody: refused, or kept beside", async () => {
  await shell(
    "three",
    "git add -A; git commit -qm Sync; echo mine >>a0; echo mine >>a1; git add a1; ln -sf own kit/f0",
  );
  const before = tree("three");
  const refused = await sync("--yes", ...at("three"));
  expect(refused.code).toBe(2);
  expect(refused.err).toContain("what no commit has would be overwritten: ../three/a0, ../three/a1, ../three/kit/f0");
  expect(refused.err).toContain("--keep");
  expect((await ground.person(["n"], () => sync("--keep", ...at("three")))).code).not.toBe(0);
  expect(tree("three")).toEqual(before);
  const contents = new Set(before.map((line) => line.split(" ").at(-1)));
  expect((await sync("--keep", "--yes", ...at("three"))).code).toBe(0);
  const after = new Set(tree("three").map((line) => line.split(" ").at(-1)));
  expect([...contents].filter((content) => !after.has(content))).toEqual([]);
  expect(await check(...at("three"))).toEqual([]);
  expect(read("three/a0")).toBe("a0\nmore\n");
});

it("a mode is changed without a change of the others, and the source stays as it is", async () => {
  const before = tree("repo");
  await shell("four", commit, "chmod 640 a1; chmod 751 a2; echo x >>a1; git add -A; git commit -qm More");
  expect((await sync("--yes", ...at("four"))).code).toBe(0);
  const modeOf = (path: string) => (lstatSync(join(ground.dir, path)).mode & 0o777).toString(8);
  expect(["a1", "a2", "a9"].map((path) => modeOf(`four/${path}`))).toEqual(["640", "640", "755"]);
  expect(tree("repo")).toEqual(before);
});

it("what a repo changed is copied back, and what the source has in no commit stays", async () => {
  await shell(
    "five",
    commit,
    "echo better >>a0; echo new >kit/better; rm a1; chmod +x a2; git add -A; git commit -qm Better",
  );
  await shell("repo", "echo unsaved >>a0");
  const refused = await sync("--yes", "--back", ...at("five"));
  expect([refused.code, refused.err.includes("would be overwritten: a0")]).toEqual([2, true]);
  await shell("repo", "git checkout -q a0");
  expect((await sync("--yes", "--back", ...at("five"))).code).toBe(0);
  expect(read("repo/a0")).toBe("a0\nmore\nbetter\n");
  expect(await check(...at("five"))).toEqual(["five: a1 missing"]);
  await shell("repo", commit);
});

it("the lines that differ are shown, with nothing that steers a terminal", async () => {
  await shell("one", commit, "printf 'a\\033[2J\\n' >a3; git add -A; git commit -qm Steer");
  const { out } = await sync("--check", "--diff", ...at("one"));
  expect(out).toContain("../one/a3:\n  -a\\u001b[2J\n  +a3\n  +more");
  expect(out).not.toContain("\u001b");
});

it("nothing is written through a link, into another repo or a pipe, and what is left is bad news", async () => {
  await inOneShell(ground.dir, [
    "mkdir outside; cp -a template six; cp -a template/kit/. outside; echo other >outside/a0",
  ]);
  const lines = [
    "rm -r kit; ln -s ../outside kit; ln -sf ../outside/a0 a0",
    commit,
    "rm a1 a2 a3; mkfifo a1; mkdir a2 a3",
  ];
  await shell("six", ...lines, "git init -q a3", 'rm "../outside/$(basename "$1")"');
  const before = tree("outside");
  expect(await check(...at("six"))).toEqual([
    ...["six: a0 link", "six: a1 in the way", "six: a2 in the way", "six: a3 in the way", "six: kit link"],
  ]);
  const { code, out } = await sync("--yes", ...at("six"));
  expect([code, out.includes("left: move it away first")]).toEqual([1, true]);
  expect(tree("outside")).toEqual(before);
  expect([lstatSync(join(ground.dir, "six/kit")).isDirectory(), read("six/a0")]).toEqual([true, "a0\nmore\nbetter\n"]);
  expect(await check(...at("six"))).toEqual(["six: a1 in the way", "six: a2 in the way", "six: a3 in the way"]);
});

it("files without a plain name, and links that lead out of the source, are left out and named", async () => {
  await shell("repo", 'ln -s /etc/passwd kit/out; ln -s f0 kit/in; echo 1 >"kit/$(printf "a\\nb")"');
  const { out, code } = await sync("--check", ...at("one"));
  expect(out).toContain('"kit/a b" has no plain name, and is left out');
  expect(out).toContain("kit/out is a link out of the repo, and is left out");
  expect([code, /kit\/in +missing/.test(out)]).toEqual([1, true]);
  expect((await sync("--yes", ...at("one"))).code).toBe(0);
  expect(readlinkSync(join(ground.dir, "one/kit/in"))).toBe("f0");
  expect(existsSync(join(ground.dir, "one/kit/out"))).toBe(false);
  await shell("repo", "rm kit/out kit/in kit/a*b");
});

it("where the source lies in the repo, files and folders are links into it, and copies where they are asked for", async () => {
  const list = "common_files: {link: [a0, deep/x, kit]}";
  await inOneShell(
    ground.dir,
    [
      'cp -a template lib; cd lib; mkdir deep; echo x >deep/x; printf "%s\\n" "$1" >repo_config.yaml; git add -A; git commit -qm List',
      'cd ..; git init -q -b main super; mv lib super; cd super; echo "docker_info: {docker_image_name: super}" >repo_config.yaml',
      "cp lib/a0 .; mkdir deep; ln -s nowhere deep/x; git add a0 deep repo_config.yaml; git commit -qm Start",
    ],
    list,
  );
  const modes = tree("super/lib");
  const inSuper = (...words: readonly string[]) => sync("--dir", "../../super", "--source", "lib", ...words);
  const state = async () =>
    JSON.parse((await inSuper("--check", "--json")).out).result.map(({ path, drift }: Told) => `${path} ${drift}`);
  expect(await state()).toEqual(["a0 link", "deep/x link", "kit missing"]);
  expect((await inSuper("--yes")).code).toBe(0);
  const links = ["a0", "deep/x", "kit"].map((path) => readlinkSync(join(ground.dir, "super", path)));
  expect(links).toEqual(["lib/a0", "../lib/deep/x", "lib/kit"]);
  expect(await state()).toEqual([]);
  await shell("super", "git add a0 deep kit; git commit -qm Link");
  expect((await inSuper("--yes", "--copies")).code).toBe(0);
  expect([lstatSync(join(ground.dir, "super/kit")).isDirectory(), read("super/a0")]).toEqual([true, "a0\nmore\n"]);
  expect(tree("super/lib")).toEqual(modes);
});

it.each<[what: string, words: readonly string[], said: string]>([
  ["no repo", [], "no repo is named"],
  ["a folder that is no repo", ["../../outside"], '"../../outside" is not the top of a Git repo'],
  ["a folder of a repo", ["../../one/kit"], '"../../one/kit" is not the top of a Git repo'],
  ["the source", [".."], '"." is the source itself'],
  ["two repos to copy back from", ["../../one", "../../two", "--back"], "--back takes the files of one repo, not of 2"],
  ["a source without a list", ["--source", "../../one"], 'repo_config.yaml of "../one" lists no common files'],
])("%s is refused", async (_, words, said) => {
  const { code, err } = await sync("--yes", ...words);
  expect([code, err.includes(said)]).toEqual([2, true]);
});

it.each<[line: string, list: string, said: string]>([
  ["true", "copy: [gone]", '"gone" is not there, and common_files: lists it'],
  ["ln -sf /etc/passwd out", "copy: [out]", '"out" is a link out of the repo, and common_files: lists it'],
  ["ln -sfn .git dir", "copy: [dir/config]", '"dir/config" lies behind the link "dir", and common_files: lists it'],
  ["git init -q inner", "copy: [inner]", '"inner" is a repo of its own, and common_files: lists it'],
])("a source after `%s` that lists %s is refused", async (line, list, said) => {
  const before = read("repo/repo_config.yaml");
  await shell("repo", line);
  const { code, err } = await (async () => {
    place.write("../repo_config.yaml", `docker_info: {docker_image_name: top}\ncommon_files: {${list}}\n`);
    return sync("--check", ...at("one"));
  })();
  place.write("../repo_config.yaml", before);
  await shell("repo", "rm -rf out dir inner");
  expect([code, err.split("\n")[0]]).toEqual([2, `error: ${said}`]);
});

it("what was changed since it was shown stays", async () => {
  const becomes = { copyOf: { repo: ".", path: "a0" }, state: "100644 0" };
  const one = syncFile({ repo: "../one", path: "a0", was: "nothing", becomes });
  const { code, err } = await place.plan([doing("one", one)], "--yes");
  expect([code, err.includes('"../one/a0" was changed meanwhile')]).toEqual([2, true]);
  const other = syncFile({ repo: "../one", path: "fresh", was: "nothing", becomes });
  expect((await place.plan([doing("other", other)], "--yes")).err).toContain('"a0" was changed meanwhile');
  expect(existsSync(join(ground.dir, "one/fresh"))).toBe(false);
});
