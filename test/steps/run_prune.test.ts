import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { branchTag } from "../../lib/names/dev_version.ts";
import release_history from "../../scripts/release_history.ts";
import release_prune from "../../scripts/release_prune.ts";
import { git } from "../bed/git.ts";
import { workflowsIn } from "../bed/workflow.ts";
import { logged } from "../unit/factory.ts";
import { type Ground, type Place, startGround } from "./ground.ts";
import type { OciServer } from "./oci_server.ts";

let ground: Ground;
let [first, second] = [] as unknown as [OciServer, OciServer];
beforeAll(async () => {
  ground = await startGround({ registries: 2 });
  [first, second] = ground.registries as [OciServer, OciServer];
});
afterEach(() => {
  for (const registry of ground.registries) {
    registry.reply = () => null;
    registry.before = () => undefined;
  }
});
afterAll(() => ground.end());

const tagOf = (nth: number) => `1.0.0-dev.${nth}.g${String(nth).repeat(12)}`;

/** Two commits of a branch that is gone, in both registries and in the log. */
function gone(image: string, branch = "gone"): Place {
  const at = ground.place(image);
  const entries = [1, 2].map((nth) => {
    const [digest = ""] = ground.registries.map((each) => each.put(image, tagOf(nth)));
    return logged({
      ...{ type: "branch", branch, commit: String(nth).repeat(40), version: `1.0.0.dev${nth}`, tag: tagOf(nth) },
      ...{ follow: [branchTag(branch)], digest, registries: ["r1", "r2"] },
    });
  });
  at.writeLog(...entries);
  return at;
}
const left = (image: string) =>
  ground.registries.map(({ manifests }) =>
    [...manifests.keys()].flatMap((key) => (key.startsWith(`${image}:`) ? [key.slice(image.length + 1)] : [])),
  );
const prune = (at: Place, ...words: readonly string[]) => at.run(["release_prune", release_prune], ...words);

describe("release_prune", () => {
  it("removes from the others what one registry does not let go, says which, and goes on when typed again", async () => {
    const at = gone("refused");
    second.reply = ({ method }) => (method === "DELETE" ? { status: 405 } : null);
    const stopped = await prune(at, "--yes");
    expect([stopped.code, stopped.err]).toEqual([1, expect.stringContaining("r2 does not let images be removed")]);
    expect(left("refused")).toEqual([[], [tagOf(1), tagOf(2)]]);
    second.reply = () => null;
    const again = await prune(at, "--yes");
    expect(again.code, again.err).toBe(0);
    expect(left("refused")).toEqual([[], []]);
    const { out } = await at.run(["release_history", release_history]);
    expect(out.match(/removed 2 tags from r1, r2/g)?.length).toBe(1);
  });

  it("changes nothing where a registry does not answer", async () => {
    const at = gone("silent");
    second.reply = () => ({ status: 500 });
    const ended = await prune(at, "--yes");
    expect([ended.code, ended.err]).toEqual([1, expect.stringMatching(/r2/)]);
    second.reply = () => null;
    expect(left("silent")).toEqual([
      [tagOf(1), tagOf(2)],
      [tagOf(1), tagOf(2)],
    ]);
  });

  it("asks, and without a yes changes nothing", async () => {
    const at = gone("asked");
    const no = await ground.person(["n"], () => prune(at));
    expect(no.code, no.err).not.toBe(0);
    expect(left("asked")[0]).toEqual([tagOf(1), tagOf(2)]);
    const yes = await ground.person(["y"], () => prune(at));
    expect(yes.code, yes.err).toBe(0);
    expect(left("asked")).toEqual([[], []]);
  });

  it("stops where somebody takes a claim while it removes, before anything that they might name goes", async () => {
    const at = gone("claimed");
    let asked = 0;
    first.before = ({ path }) => {
      if (path.endsWith("/tags/list")) asked += 1;
      // The second list of tags is the one before the first removal.
      if (!path.endsWith("/tags/list") || asked !== 2) return undefined;
      const take = git(ground.shared, "update-ref", "refs/slipway/claim/claimed-1.0.0", "HEAD");
      return take.then(() => undefined);
    };
    const ended = await prune(at, "--yes");
    expect([ended.code, ended.err]).toEqual([
      expect.any(Number),
      expect.stringContaining("refs/slipway/claim/claimed-1.0.0 was taken while images were being removed"),
    ]);
    expect(left("claimed")[0]).toEqual([tagOf(1), tagOf(2)]);
  });

  it("ends for both of two at once, with everything removed once and recorded once", async () => {
    const at = gone("twice");
    const other = workflowsIn(at.dir, { env: { ...process.env, ...ground.env } });
    let whole: ReturnType<typeof other> | null = null;
    // The other runs from its start to its end while the first waits for its first removal.
    first.before = async ({ method }) => {
      if (method !== "DELETE" || whole) return;
      whole = other("release_prune", "--yes");
      await whole;
    };
    const one = await prune(at, "--yes");
    expect(one.code, one.err).toBe(0);
    expect(await whole).toMatchObject({ code: 0 });
    expect(left("twice")).toEqual([[], []]);
    expect((await at.log()).filter(({ type }) => type === "prune").length).toBe(1);
  });

  it("finishes in a registry what a run was ended in, though one of another came between", async () => {
    const at = ground.place("between");
    const part = second.put("between", "part");
    second.manifests.delete("between:part");
    const pruned = { type: "prune", tags: [], digests: [part], registries: ["r1", "r2"] } as const;
    at.writeLog(logged(pruned), logged({ ...pruned, digests: [], registries: ["r1"] }));
    expect((await prune(at, "--yes")).code).toBe(0);
    expect(second.manifests.has(`between@${part}`)).toBe(false);
  });

  it("leaves an image that got another tag meanwhile", async () => {
    const at = gone("tagged");
    let asked = 0;
    first.before = ({ path }) => {
      if (!path.endsWith("/tags/list")) return undefined;
      asked += 1;
      const held = first.manifests.get(`tagged:${tagOf(1)}`);
      if (asked === 2 && held) first.manifests.set("tagged:dev-1.0.0", held);
      return undefined;
    };
    expect((await prune(at, "--yes")).code).toBe(0);
    expect(left("tagged")).toEqual([[tagOf(1), "dev-1.0.0"], []]);
  });

  it("does as of any branch with one whose name is an attack", async () => {
    const name = "it's-$(touch x)-`id`";
    const at = gone("hostile", name);
    const plan = await prune(at, "--dry-run");
    expect(plan.code, plan.err).toBe(0);
    expect(plan.out).toContain(`branch ${name} is gone`);
    expect((await prune(at, "--yes")).code).toBe(0);
    expect(left("hostile")).toEqual([[], []]);
  });
});
