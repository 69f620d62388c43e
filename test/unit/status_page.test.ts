import { describe, expect, it } from "vitest";
import type { ReleasedImage, RunRecord } from "../../lib/names/report.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { pipListPackages } from "../../lib/python/packages.ts";
import { type PageFacts, statusPage } from "../../lib/report/page/page.ts";
import { statusOf } from "../../lib/report/status_rows.ts";
import { commit, config, digest, facts, found, logged, version } from "./factory.ts";

const planted = `"><script>alert('x')</script>`;
const image = digest("a");
const releaseOf = (version: string, of: string) =>
  logged({
    ...{ type: "release", stage: "dev", version, digest: of, commit: commit("a") },
    registries: ["ecr", "dockerhub"],
  });
const release = releaseOf("1.2.0", image);
const back = logged({
  ...{ type: "flip", id: "f", tag: "dev", version: "1.2.0", to: image, from: {}, why: "rollback" },
  registries: ["ecr"],
});
/** A released image with one Python package. */
const withPackages = (of: string, hash: string, name: string): ReleasedImage => ({
  ...{ stage: "dev", version: version(of), digest: hash, why: "", platforms: [] },
  packages: pipListPackages("one==1\n").map((one) => ({ ...one, name })),
});
const page = ({ images = [], runs = [], ...more }: Partial<PageFacts & AllFacts> = {}): string => {
  const registries = { ecr: { dev: found(image) }, dockerhub: { dev: found(image) } };
  const all = { ...facts({ registries, log: [release], ...more }), images, runs };
  return statusPage(all, statusOf(all));
};
const run = (more: Partial<RunRecord>): RunRecord => ({
  ...{
    workflow: "docker_release_dev",
    stage: "dev",
    version: "1.2.0",
    started: "2025-01-02T10:00:00.000Z",
    ended: "done",
  },
  steps: [
    { id: "build_local", title: "Build it", state: "done", seconds: 3 },
    { id: "record_release", title: "Record it", state: "done", seconds: 0.2 },
  ],
  ...more,
});

describe("the page", () => {
  it.each<[string, Partial<PageFacts & AllFacts>]>([
    ["a user", { log: [{ ...release, by: planted }] }],
    ["a registry of the log", { log: [{ ...release, registries: [planted] } as typeof release] }],
    ["a reason", { log: [release, { ...back, reason: planted } as typeof back] }],
    ["the user of a rollback", { log: [release, { ...back, by: planted }] }],
    [
      "a test list's reason",
      { log: [release, logged({ type: "skip", list: "qa", version: "1.2.0", digest: image, why: planted })] },
    ],
    ["the repo's name", { config: { ...config(), repoName: planted } }],
    ["who holds a claim", { refs: { held: [{ ref: planted, isBroken: false, says: planted }], fault: null } }],
    ["a ref that cannot be read", { refs: { held: [], fault: { what: planted, fix: "" } } }],
    [
      "a package",
      {
        log: [releaseOf("1.1.0", digest("b")), release],
        images: [withPackages("1.2.0", image, planted), withPackages("1.1.0", digest("b"), "x")],
      },
    ],
    ["a tag", { registries: { ecr: { [`dev-${planted}`]: found(image) } } }],
    ["an answer", { registries: { ecr: { dev: { state: "unknown", why: planted } } } }],
    ["a step", { runs: [run({ workflow: planted })] }],
    [
      "a changelog line",
      { changelog: [{ ...(facts().changelog[0] as AllFacts["changelog"][number]), changes: [planted] }] },
    ],
    [
      "a layer",
      {
        images: [
          {
            ...{ stage: "dev", version: "1.2.0" as never, digest: image, packages: null, why: "" },
            platforms: [{ platform: planted, size: 1, layers: [{ digest: planted, size: 1, by: planted }] }],
          },
        ],
      },
    ],
  ])("shows as text what is planted in %s", (_where, more) => {
    const text = page(more);
    expect(text).toContain("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
    expect(text).not.toContain("<script");
  });

  it("loads nothing and runs nothing", () => {
    expect(page()).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(page()).not.toMatch(/<(script|link|img|iframe|object)|\bsrc=|\bhref="[^#]|url\(|@import/);
  });

  it("has no value of the environment", () => {
    expect(page({ env: { SLACK_WEBHOOK_URL: "https://hooks.example/planted" } })).not.toContain("planted");
  });

  it("shows the steps of the run that released, and how many were stopped before", () => {
    const text = page({ runs: [run({ ended: "stopped", steps: [] }), run({}), run({ steps: [] })] });
    expect(text).toMatch(
      /Build it[\s\S]*width:93\.8%[\s\S]*3\.0 s[\s\S]*Record it[\s\S]*margin-left:93\.8%;width:6\.3%/,
    );
    expect(text).toContain("1 run was stopped on the way");
  });

  it("tells from the log how a release went that another clone made", () => {
    const pass = { version: "1.2.0", commit: "c", tree: "t", runner: "r", platform: "p", digest: image };
    expect(page({ log: [logged({ type: "pass", list: "slow", ...pass }), release] })).toContain("slow tests passed");
  });

  it("shows what became of the packages since the version before", () => {
    const before = releaseOf("1.1.0", digest("b"));
    const of = (version: string, hash: string, list: string): ReleasedImage => ({
      ...{ stage: "dev", version: version as never, digest: hash, why: "", platforms: [] },
      packages: pipListPackages(list),
    });
    const images = [
      of("1.2.0", image, "numpy==2.0\nrich==13.1\n-e ./own\n"),
      of("1.1.0", digest("b"), "Numpy==1.26\nold_one==1.0\n"),
    ];
    const text = page({ log: [before, release], images })
      .replaceAll(/<[^>]+>/g, " ")
      .replaceAll(/\s+/g, " ");
    expect(text).toContain("Packages since 1.1.0");
    expect(text).toContain("numpy up 1.26 2.0 old-one removed 1.0 - rich added - 13.1");
  });

  it("says so where nothing was released", () => {
    expect(page({ log: [] })).toContain("Nothing has been released yet.");
  });
});
