import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gitIn } from "../../lib/doors/git.ts";
import { loadRemote } from "../../lib/doors/git_remote.ts";
import { chooseRemote, type KnownRemote, remotesIn, shownRemote } from "../../lib/git/git_remote.ts";
import { inOneShell } from "../bed/git.ts";
import { config, refusal } from "../unit/factory.ts";
import { type Ground, type Place, startGround } from "./ground.ts";

const team = "git@host:team/x.git";
const remote = (name: string, address: string, more: Partial<KnownRemote> = {}): KnownRemote => ({
  ...{ name, urls: [address], pushUrls: [], fetches: [address], pushes: [address] },
  ...more,
});
const [origin, upstream, fork] = [remote("origin", team), remote("upstream", team), remote("origin", "git@host:ada/x")];
const backup = remote("backup", "/srv/x.git");
const choose = (remotes: readonly KnownRemote[], followed: readonly string[] = [], wanted: string | null = null) =>
  chooseRemote({ remotes, followed, wanted });

describe("the repo that holds the releases", () => {
  it.each<[string, Parameters<typeof choose>, string | null]>([
    ["is this one where it has no remote", [[]], null],
    ["is the only remote, whatever it is called", [[backup]], "backup"],
    [
      "is the one that the branches follow",
      [
        [backup, origin],
        ["origin", "origin"],
      ],
      "origin",
    ],
    ["is upstream where the branches follow it", [[fork, upstream], ["upstream"]], "upstream"],
    ["is upstream where no branch follows any", [[fork, upstream]], "upstream"],
    ["is the one that the config names", [[fork, upstream], ["origin"], "upstream"], "upstream"],
    ["is an address that the config names", [[fork], ["origin"], team], team],
    ["is the remote that has the address", [[fork, upstream], ["origin"], team], "upstream"],
  ])("%s", (_case, given, wanted) => {
    expect(choose(...given)?.name ?? null).toBe(wanted);
  });

  it.each<[string, Parameters<typeof choose>, RegExp, RegExp]>([
    [
      "no branch follows one of several",
      [[backup, origin]],
      /remotes backup, origin, and nothing says which/,
      /no branch here follows one/,
    ],
    [
      "branches differ",
      [
        [backup, origin],
        ["origin", "backup"],
      ],
      /nothing says/,
      /follow origin and backup/,
    ],
    [
      "a fork has an upstream, and its branches follow the fork",
      [[fork, upstream], ["origin"]],
      /nothing says/,
      /fork/,
    ],
    ["a branch follows an address", [[backup, origin], [team]], /nothing says/, /follow git@host/],
    ["the named one is not there", [[origin], [], "team"], /release.remote is team/, /each clone's own/],
    ["an address looks like an option", [[remote("x", "--upload-pack=sh")]], /"--upload-pack=sh"/, /for an option/],
  ])("is asked for where %s", (_case, given, what, why) => {
    const { message, why: reason, fix } = refusal(() => choose(...given));
    expect([message, reason]).toEqual([expect.stringMatching(what), expect.stringMatching(why)]);
    expect(fix).toMatch(/release[.:] ?\{?remote|git remote set-url/);
  });

  it("is named by the line to write, which is that of the team's repo", () => {
    expect(refusal(() => choose([fork, upstream], ["origin"])).fix).toBe(
      `Name the team's repo in repo_config.yaml, e.g. release: {remote: ${team}}`,
    );
  });

  const split = (fetch: string, push: string, more: Partial<KnownRemote> = {}) =>
    choose([remote("origin", fetch, { fetches: [fetch], pushes: [push], ...more })]);
  it.each([
    ["https://host/team/x", "git@host:team/x.git"],
    ["https://me:secret@host/team/x.git", "ssh://git@HOST:22/team/x.git/"],
    ["/srv/x.git", "file:///srv/x.git/"],
    ["git://host/x", "host:x"],
  ])("may be read at %s and pushed to at %s, two ways to one", (fetch, push) => {
    expect(split(fetch, push, { pushUrls: [push] })).toMatchObject({ address: fetch, pushTo: push });
  });

  it.each([
    ["another account", "https://host/team/x", "https://host/ada/x"],
    ["another host", "https://host/team/x", "https://other/team/x"],
    ["another folder", "/srv/x.git", "/srv/push.git"],
  ])("is not pushed to %s than it is read from", (_case, fetch, push) => {
    const { message, fix } = refusal(() => split(fetch, push, { pushUrls: [push] }));
    expect(message).toBe(`origin is read from ${fetch} and pushed to ${push}, by remote.origin.pushurl`);
    expect(fix).toContain(`release: {remote: ${fetch}}`);
    expect(refusal(() => split(fetch, push)).message).toContain("by pushInsteadOf");
    const both = { urls: [fetch, push], pushes: [fetch, push] };
    expect(refusal(() => split(fetch, fetch, both)).message).toContain("by remote.origin.url");
  });

  it("is shown without a password", () => {
    const address = "https://token@host/x.git";
    expect(shownRemote({ name: "origin", address, pushTo: address })).toBe("origin (https://***@host/x.git)");
    const named = choose([], [], address);
    expect(named && [shownRemote(named), named.address]).toEqual(["https://***@host/x.git", address]);
  });
});

describe("release.remote", () => {
  it.each(["-x", "a b", "a\u0007b", ""])("is not %j", (text) => {
    expect(refusal(() => config({ release: { remote: text } })).message).toContain("no remote");
  });
});

describe("the remote of a repo", () => {
  const dir = mkdtempSync(join(tmpdir(), "slipway-remote-"));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" };

  it("is read from what Git is set to", async () => {
    await inOneShell(dir, [
      "git init --quiet",
      "git remote add origin ../ada.git",
      "git remote add upstream https://host/team/x.git",
      "git config branch.main.remote upstream",
      "git config branch.main.merge refs/heads/trunk",
      "git config branch.topic.remote .",
      "git config branch.topic.merge refs/heads/main",
      "git config url.git@host:.pushInsteadOf https://host/",
      "printf '[tag]\\n\\tgpgSign\\n' >> .git/config",
    ]);
    const address = "https://host/team/x.git";
    expect(await loadRemote(dir, null, env)).toEqual({
      ...{ remote: { name: "upstream", address, pushTo: address }, unclear: null, signs: true },
      ...{ origin: "../ada.git", upstreams: { main: "refs/heads/trunk" }, identity: null },
    });
    expect(await loadRemote(dir, "origin", env)).toMatchObject({ remote: { address: "../ada.git" } });
    await inOneShell(dir, ["git config branch.topic.remote origin", "git config tag.gpgSign off"]);
    expect(await loadRemote(dir, null, env)).toMatchObject({
      ...{ remote: null, unclear: { message: expect.stringContaining("origin, upstream") }, signs: false },
    });
  });
});

describe("the addresses of remotes", () => {
  const dir = mkdtempSync(join(tmpdir(), "slipway-addresses-"));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const [one, other] = ["https://host/team/x.git", "/srv/y.git"];
  const url = (remote: string, address: string, key = "url") => ({ key: `remote.${remote}.${key}`, value: address });
  const instead = (base: string, of: string, key = "insteadof") => ({ key: `url.${base}.${key}`, value: of });

  it.each([
    ["as they are set", [url("b", one), url("a", other), url("A.b", one)]],
    ["with more than one", [url("a", one), url("a", other)]],
    ["with another to push to", [url("a", one), url("a", other, "pushurl")]],
    ["with one to push to alone", [url("a", other, "pushurl")]],
    ["by another beginning", [url("a", one), instead("git@host:", "https://host/")]],
    ["by the longest beginning", [url("a", one), instead("x:", "https://"), instead("y:", "https://host/team/")]],
    ["by the first of two as long", [url("a", one), instead("x:", "https://"), instead("y:", "https://")]],
    ["by another beginning to push to", [url("a", one), instead("git@host:", "https://host/", "pushinsteadof")]],
    ["by both", [url("a", one), instead("x:", "https:"), instead("y:", "https:", "pushinsteadof")]],
    [
      "by one of two that has another beginning to push to",
      [url("a", one), url("a", other), instead("y:", "/srv", "pushinsteadof")],
    ],
    [
      "with another to push to, by another beginning",
      [url("a", one), url("a", other, "pushurl"), instead("x:", "/srv"), instead("y:", "/srv", "pushinsteadof")],
    ],
  ])("are those that Git goes to: %s", async (_case, settings) => {
    const lines = settings.map((_, at) => `git config --add "$${2 * at + 1}" "$${2 * at + 2}"`);
    const words = settings.flatMap(({ key, value }) => [key, value]);
    const listed = await inOneShell(
      dir,
      ["rm -rf .git && git init --quiet", ...lines, "git remote --verbose"],
      ...words,
    );
    const known = remotesIn(settings).flatMap(({ name, fetches, pushes }) => [
      ...fetches.map((address) => `${name}\t${address} (fetch)`),
      ...pushes.map((address) => `${name}\t${address} (push)`),
    ]);
    // A remote that is only pushed to is listed by its name alone, too.
    expect(known).toEqual(listed.split("\n").filter((line) => /\((fetch|push)\)$/.test(line)));
  });
});

describe("who commits", () => {
  const dir = mkdtempSync(join(tmpdir(), "slipway-identity-"));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const env = { PATH: process.env["PATH"], GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null", HOME: dir };
  const ada = { "user.name": "Ada L.", "user.email": "ada@example.com" };

  it.each([
    ["as the user", { ...ada, "user.name": "Ada" }, {}, true],
    ["as an author of another name", { ...ada, "user.name": "Ada", "author.name": "Äda B" }, {}, true],
    ["as a committer of another address", { ...ada, "user.name": "A", "committer.email": "b@c" }, {}, true],
    ["as the environment says", ada, { GIT_AUTHOR_NAME: "Eve", GIT_COMMITTER_NAME: "Eve" }, true],
    ["as nobody that settings name", {}, {}, false],
    ["as somebody without an address", { "user.name": "Ada" }, {}, false],
    ["as one of whose name Git leaves something out", ada, {}, false],
    ["as one whom the environment takes the name of", { ...ada, "user.name": "Ada" }, { GIT_AUTHOR_NAME: "" }, false],
  ])("is known as a commit names them: %s", async (_case, settings: Record<string, string>, more, isKnown) => {
    await inOneShell(
      dir,
      ["rm -rf .git && git init --quiet", ...Object.keys(settings).map((key, at) => `git config ${key} "$${at + 1}"`)],
      ...Object.values(settings),
    );
    const { identity } = await loadRemote(dir, null, { ...env, ...more });
    if (!isKnown) return expect(identity).toBeNull();
    const said = async (name: string) =>
      (await gitIn(dir, { ...env, ...more })(["var", name])).replace(/ \d+ \S+$/, "");
    expect(identity).toEqual({
      author: await said("GIT_AUTHOR_IDENT"),
      committer: await said("GIT_COMMITTER_IDENT"),
    });
  });
});

describe("a commit", () => {
  let ground: Ground;
  let place: Place;
  beforeAll(async () => {
    ground = await startGround({ registries: 0, remote: true });
    place = ground.place("pushed");
  });
  afterAll(() => ground.end());
  const unpushed = async () => (await place.look(["log", "pushed"])).unpushed;
  const inRepo = (...lines: readonly string[]) => inOneShell(ground.repo, lines, ground.shared, `${ground.dir}/other`);

  it("is pushed where a branch of the remote has it, as the remote is now", async () => {
    expect(await unpushed()).toBeNull();
    await inRepo("git commit --quiet --allow-empty --message Mine");
    const line = { branch: "main", line: "git push origin HEAD:main" };
    expect(await unpushed()).toEqual(line);
    // Nothing here notes a push to an address.
    await inRepo('git push --quiet "$1" HEAD:main');
    expect(await unpushed()).toBeNull();
    await inRepo(
      'git clone --quiet "$1" "$2"',
      'git -C "$2" commit --quiet --allow-empty --message Theirs',
      'git -C "$2" push --quiet origin HEAD:main',
    );
    expect(await unpushed()).toBeNull();
    await inRepo('git -C "$1" update-ref refs/heads/main HEAD~2');
    expect(await unpushed()).toEqual(line);
  });

  it("on a branch whose name is a command is pushed by a line that runs none", async () => {
    await inRepo("git checkout --quiet -b 'a$(x)' && git commit --quiet --allow-empty --message Odd");
    expect((await unpushed())?.line).toBe("git push origin 'HEAD:a$(x)'");
    await inRepo("git checkout --quiet main");
  });

  it("on a branch that the remote does not have, or on none, is pushed where any of its branches was seen to have it", async () => {
    await inRepo(
      'git -C "$1" update-ref -d refs/heads/topic',
      "git checkout --quiet -b topic",
      "git fetch --quiet origin",
    );
    expect(await unpushed()).toEqual({ branch: "topic", line: "git push origin HEAD:topic" });
    await inRepo("git push --quiet origin HEAD:other", "git checkout --quiet --detach");
    expect(await unpushed()).toBeNull();
  });
});
