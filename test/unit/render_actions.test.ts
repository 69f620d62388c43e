import { describe, expect, it } from "vitest";
import { type Action, cmd, type Plan, step } from "../../lib/model/plan.ts";
import { renderAction, renderPlan } from "../../lib/model/render_plan.ts";
import { digest } from "./factory.ts";

const d = digest("a");
const made = { digest: "@image" } as const;
const ecr = { registry: "ecr", repository: "127.0.0.1:5001/cmamp" };
const hub = { registry: "hub", repository: "acme/sub/cmamp" };
const arn = "arn:aws:ecs:eu-north-1:1:task-definition/cmamp-prod:12";
const target = { cluster: "main c", service: "web", family: "cmamp-prod" };
const login = cmd`docker login --password-stdin`;

describe("the lines to type for", () => {
  it.each<[string, Action, readonly string[]]>([
    [
      "a command in its place, with variables",
      { ...cmd`make all`, env: { A: "1", B: "b c" }, cwd: "sub/dir" },
      ["(cd sub/dir && A=1 B='b c' make all)"],
    ],
    [
      "a command that is given words",
      { ...login, input: ["cat", "f"], env: { A: "1" } },
      ["cat f | A=1 docker login --password-stdin"],
    ],
    [
      "a login to ECR",
      { ...login, input: { ecr: {} } },
      ["aws ecr get-login-password | docker login --password-stdin"],
    ],
    [
      "a login to ECR with an account",
      { ...login, input: { ecr: { region: "eu north", profile: "ck" } } },
      ["aws ecr get-login-password --region 'eu north' --profile ck | docker login --password-stdin"],
    ],
    [
      "a login to ECR with a profile alone",
      { ...login, input: { ecr: { profile: "c k" } } },
      ["aws ecr get-login-password --profile 'c k' | docker login --password-stdin"],
    ],
    [
      "a copy to several registries",
      { kind: "copy_image", digest: made, tag: "dev", from: ecr, to: [hub, ecr] },
      [
        "skopeo copy --all --preserve-digests docker://127.0.0.1:5001/cmamp@<digest of build> docker://acme/sub/cmamp:dev",
        "skopeo copy --all --preserve-digests docker://127.0.0.1:5001/cmamp@<digest of build> docker://127.0.0.1:5001/cmamp:dev",
      ],
    ],
    [
      "an index",
      {
        ...{ kind: "put_index", tag: "dev-1.2.0", place: hub },
        children: [
          { platform: "linux/amd64", digest: digest("1"), name: "a" },
          { platform: "linux/arm64", digest: digest("2"), name: "b" },
        ],
      },
      [
        `docker buildx imagetools create --tag acme/sub/cmamp:dev-1.2.0 acme/sub/cmamp@${digest("1")} acme/sub/cmamp@${digest("2")}`,
      ],
    ],
    [
      "reading back what may not be there yet",
      { kind: "verify_digest", tag: "dev-1.2.0", digest: d, places: [ecr, hub], mayBeAbsent: true },
      [
        `skopeo inspect --format '{{.Digest}}' docker://127.0.0.1:5001/cmamp:dev-1.2.0   # nothing, or ${d}`,
        `skopeo inspect --format '{{.Digest}}' docker://acme/sub/cmamp:dev-1.2.0   # nothing, or ${d}`,
      ],
    ],
    [
      "a record of what is known",
      {
        kind: "record",
        image: "cmamp",
        entry: { type: "confirm", stage: "dev", version: "1.2.0", digest: null, line: "a b" },
      },
      ["# record in the log of cmamp: type=confirm stage=dev version=1.2.0 digest=null line=a b"],
    ],
    ["a file without an end of line", { kind: "write_file", path: "x", content: "a" }, ["# write x, 0 lines"]],
    ["an announcement without an image", { kind: "announce", text: "one @image\ntwo" }, ["# one @image", "# two"]],
    [
      "an announcement of what is made",
      { kind: "announce", text: "@image = @image", digest: made },
      ["# <digest of build> = <digest of build>"],
    ],
    [
      "a message",
      {
        ...{ kind: "post_message", variable: "HOOK", text: "one\ntwo", image: "cmamp" },
        entry: { type: "announce", stage: "dev", version: "1.2.0", digest: d, channel: "slack" },
      },
      ["# post to the webhook in $HOOK, once:", "#   one", "#   two"],
    ],
    [
      "a flip left half-way",
      { kind: "check", what: "flip" },
      ["# finish or undo a move of the tag that somebody left half-way"],
    ],
    [
      "the right to push, place by place",
      { kind: "check", what: "push", places: [ecr, hub] },
      [
        "# open an upload in 127.0.0.1:5001/cmamp and cancel it: may we push?",
        "# open an upload in acme/sub/cmamp and cancel it: may we push?",
      ],
    ],
    [
      "repositories of ECR",
      { kind: "check", what: "ecr", places: [ecr, hub], tag: "dev" },
      [
        "aws ecr describe-repositories --repository-names cmamp   # there, and dev may move",
        "aws ecr describe-repositories --repository-names sub/cmamp   # there, and dev may move",
      ],
    ],
    [
      "a revision of ECS",
      { kind: "ecs_revision", account: { region: "eu-north-1" }, from: arn, containers: ["app", "side"], image: "i@d" },
      ["aws ecs register-task-definition --region eu-north-1 --cli-input-json '<cmamp-prod:12 with i@d in app, side>'"],
    ],
    [
      "a service of ECS",
      { kind: "ecs_service", account: { profile: "ck" }, target, image: "i@d", back: arn, seconds: 600 },
      [
        "aws ecs update-service --profile ck --cluster 'main c' --service web --task-definition cmamp-prod",
        "aws ecs wait services-stable --profile ck --cluster 'main c' --services web   # up to 600 s, else back to cmamp-prod:12",
      ],
    ],
    [
      "a service of ECS that never ran",
      {
        kind: "ecs_service",
        account: {},
        target: { ...target, cluster: "main" },
        image: "i@d",
        back: null,
        seconds: 5,
      },
      [
        "aws ecs update-service --cluster main --service web --task-definition cmamp-prod",
        "aws ecs wait services-stable --cluster main --services web   # up to 5 s, else back to nothing",
      ],
    ],
    [
      "what differs between two images",
      { kind: "compare_packages", before: d, after: made, names: ["dev", "local"] },
      [
        `docker export $(docker create --entrypoint /none ${d})   # its packages, compared`,
        "docker export $(docker create --entrypoint /none <digest of build>)   # its packages, compared",
      ],
    ],
  ])("%s", (_what, action, lines) => {
    expect(renderAction(action, "build")).toEqual(lines);
  });

  it("the packages in use, whose folders are those of the sourced environment", () => {
    const [line = "", ...more] = renderAction(
      {
        ...{ kind: "package_use", image: made, user: "1:2", dirs: ["."], without: [], roots: [], started: [] },
        ...{ declared: [], allowed: {}, where: null },
      },
      "build",
    );
    expect(more).toEqual([]);
    expect(line).toMatch(
      /^docker run --rm --pull never .* --user 1:2 --entrypoint python3 --env PYTHONSAFEPATH= --mount /,
    );
    expect(line).toContain(' --mount "type=bind,source=$SLIPWAY_REPO_ROOT,target=/app,readonly" ');
    expect(line).toContain(' --mount "type=bind,source=$SLIPWAY_ROOT/lib/doors/inside,target=/slipway,readonly" ');
    expect(line).toMatch(/ --workdir \/ '<digest of build>' -B \/slipway\/package_use\.py '\{"root":"\/app",.*\}'$/);
  });
});

describe("a plan of many steps", () => {
  const plan = (...steps: Plan["steps"]): Plan => ({
    ...{ slipway: 1, workflow: "x", dir: ".", image: "cmamp", version: null, steps },
  });
  const use = step("use", "Use it", [cmd`docker tag ${made} x`]);

  it("is numbered in a column", () => {
    const lines = renderPlan(plan(...Array.from({ length: 10 }, (_, at) => step(`s${at}`, "S", [])))).split("\n");
    expect([lines[1], lines[9], lines[10]]).toEqual([" 1. s0: S", " 9. s8: S", "10. s9: S"]);
  });

  it.each([
    ["the step that makes it", [step("make_it", "M", [], { yields: "image" }), use], "make_it"],
    [
      "the first step that is not skipped",
      [step("no", "N", [], { yields: "image", skip: "x" }), step("b", "B", [], { yields: "image" }), use],
      "b",
    ],
    ["the build where a plan makes none", [step("c", "C", [], { yields: "claim" }), use], "the build"],
  ])("names an image that is not known yet by %s", (_what, steps, maker) => {
    expect(
      renderPlan(plan(...steps))
        .split("\n")
        .at(-1),
    ).toBe(`      > docker tag <digest of ${maker}> x`);
  });
});
