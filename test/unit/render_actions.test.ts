import { describe, expect, it } from "vitest";
import { checkEcr } from "../../lib/container/check_ecr.ts";
import { ecsRevision, ecsService } from "../../lib/deploy/ecs.ts";
import { announce } from "../../lib/kinds/announce.ts";
import { cmd, command } from "../../lib/kinds/command.ts";
import { record } from "../../lib/kinds/record.ts";
import { verifyDigest } from "../../lib/kinds/verify_digest.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import { comparePackages } from "../../lib/packages/compare_packages.ts";
import { packageUse } from "../../lib/packages/package_use.ts";
import { type Action, type Plan, step } from "../../lib/plan/plan.ts";
import { renderAction, renderPlan } from "../../lib/plan/render_plan.ts";
import { checkPush } from "../../lib/release/check_push.ts";
import { copyImage } from "../../lib/release/copy_image.ts";
import { putIndex } from "../../lib/release/put_index.ts";
import { settleMove } from "../../lib/release/settle_move.ts";
import { postMessage } from "../../lib/report/post_message.ts";
import { digest } from "./factory.ts";

const d = digest("a");
const made = { from: "build" } as const;
const ecr = { registry: "ecr", repository: "127.0.0.1:5001/cmamp" };
const hub = { registry: "hub", repository: "acme/sub/cmamp" };
const arn = "arn:aws:ecs:eu-north-1:1:task-definition/cmamp-prod:12";
const target = { cluster: "main c", service: "web", family: "cmamp-prod" };
const login = cmd`docker login --password-stdin`;

describe("the lines to type for", () => {
  it.each<[string, Action, readonly string[]]>([
    [
      "a command in its place, with variables",
      command({ ...cmd`make all`, env: { A: "1", B: "b c" }, cwd: "sub/dir" }),
      ["(cd sub/dir && A=1 B='b c' make all)"],
    ],
    [
      "a command that is given words",
      command({ ...login, input: ["cat", "f"], env: { A: "1" } }),
      ["cat f | A=1 docker login --password-stdin"],
    ],
    [
      "a login to ECR",
      command({ ...login, input: { ecr: {} } }),
      ["aws ecr get-login-password | docker login --password-stdin"],
    ],
    [
      "a login to ECR with an account",
      command({ ...login, input: { ecr: { region: "eu north", profile: "ck" } } }),
      ["aws ecr get-login-password --region 'eu north' --profile ck | docker login --password-stdin"],
    ],
    [
      "a login to ECR with a profile alone",
      command({ ...login, input: { ecr: { profile: "c k" } } }),
      ["aws ecr get-login-password --profile 'c k' | docker login --password-stdin"],
    ],
    [
      "a copy to several registries",
      copyImage({ digest: made, tag: "dev", from: ecr, to: [hub, ecr] }),
      [
        "skopeo copy --all --preserve-digests docker://127.0.0.1:5001/cmamp@<digest of build> docker://acme/sub/cmamp:dev",
        "skopeo copy --all --preserve-digests docker://127.0.0.1:5001/cmamp@<digest of build> docker://127.0.0.1:5001/cmamp:dev",
      ],
    ],
    [
      "an index",
      putIndex({
        tag: "dev-1.2.0",
        place: hub,
        children: [
          { platform: "linux/amd64", digest: digest("1"), name: "a" },
          { platform: "linux/arm64", digest: digest("2"), name: "b" },
        ],
      }),
      [
        `docker buildx imagetools create --tag acme/sub/cmamp:dev-1.2.0 acme/sub/cmamp@${digest("1")} acme/sub/cmamp@${digest("2")}`,
      ],
    ],
    [
      "reading back what may not be there yet",
      verifyDigest({ tag: "dev-1.2.0", digest: d, places: [ecr, hub], mayBeAbsent: true }),
      [
        `skopeo inspect --format '{{.Digest}}' docker://127.0.0.1:5001/cmamp:dev-1.2.0   # nothing, or ${d}`,
        `skopeo inspect --format '{{.Digest}}' docker://acme/sub/cmamp:dev-1.2.0   # nothing, or ${d}`,
      ],
    ],
    [
      "a record of what is known",
      record({
        image: "cmamp",
        entry: { type: "confirm", stage: "dev", version: "1.2.0", digest: null, line: "a b" },
      }),
      ["# record in the log of cmamp: type=confirm stage=dev version=1.2.0 digest=null line=a b"],
    ],
    ["a file without an end of line", writeFile({ path: "x", content: "a" }), ["# write x, 0 lines"]],
    ["an announcement without an image", announce({ text: "one <digest>\ntwo" }), ["# one <digest>", "# two"]],
    [
      "an announcement of what is made",
      announce({ text: "<digest> = <digest>", digest: made }),
      ["# <digest of build> = <digest of build>"],
    ],
    [
      "a message",
      postMessage({
        ...{ variable: "HOOK", text: "one\ntwo", image: "cmamp" },
        entry: { type: "announce", stage: "dev", version: "1.2.0", digest: d, channel: "slack" },
      }),
      ["# post to the webhook in $HOOK, once:", "#   one", "#   two"],
    ],
    ["a flip left half-way", settleMove({}), ["# finish or undo an unfinished move of the tag"]],
    [
      "the right to push, place by place",
      checkPush({ places: [ecr, hub] }),
      [
        "# open an upload in 127.0.0.1:5001/cmamp and cancel it: may we push?",
        "# open an upload in acme/sub/cmamp and cancel it: may we push?",
      ],
    ],
    [
      "repositories of ECR",
      checkEcr({ places: [ecr, hub], tag: "dev", create: ["ecr"] }),
      [
        "aws ecr describe-repositories --repository-names cmamp || aws ecr create-repository --repository-name cmamp   # there, and dev may move",
        "aws ecr describe-repositories --repository-names sub/cmamp   # there, and dev may move",
      ],
    ],
    [
      "a revision of ECS",
      ecsRevision({ account: { region: "eu-north-1" }, from: arn, containers: ["app", "side"], image: "i@d" }),
      ["aws ecs register-task-definition --region eu-north-1 --cli-input-json '<cmamp-prod:12 with i@d in app, side>'"],
    ],
    [
      "a service of ECS",
      ecsService({ account: { profile: "ck" }, target, image: "i@d", back: arn, seconds: 600 }),
      [
        "aws ecs update-service --profile ck --cluster 'main c' --service web --task-definition cmamp-prod",
        "aws ecs wait services-stable --profile ck --cluster 'main c' --services web   # up to 600 s, else back to cmamp-prod:12",
      ],
    ],
    [
      "a service of ECS that never ran",
      ecsService({
        account: {},
        target: { ...target, cluster: "main" },
        image: "i@d",
        back: null,
        seconds: 5,
      }),
      [
        "aws ecs update-service --cluster main --service web --task-definition cmamp-prod",
        "aws ecs wait services-stable --cluster main --services web   # up to 5 s, else back to nothing",
      ],
    ],
    [
      "what differs between two images",
      comparePackages({ before: d, after: made, names: ["dev", "local"] }),
      [
        `docker export $(docker create --entrypoint /none ${d})   # its packages, compared`,
        "docker export $(docker create --entrypoint /none <digest of build>)   # its packages, compared",
      ],
    ],
  ])("%s", (_what, action, lines) => {
    expect(renderAction(action)).toEqual(lines);
  });

  it("the packages in use, whose folders are those of the sourced environment", () => {
    const [line = "", ...more] = renderAction(
      packageUse({
        ...{ image: made, user: "1:2", dirs: ["."], without: [], roots: [], started: [] },
        ...{ declared: [], allowed: {}, where: null },
      }),
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
    ...{ slipway: 2, workflow: "x", dir: ".", image: "cmamp", version: null, steps },
  });
  const use = step("use", "Use it", [cmd`docker tag ${made} x`]);

  it("has in its short form one line a step", () => {
    const steps = [step("build", "Build it", [cmd`make`]), step("use", "Use it", [], { skip: "no need" })];
    expect(renderPlan(plan(...steps), true).split("\n")).toEqual([
      ...["x:", " 1. build: Build it", " 2. use: Use it (skipped: no need)"],
    ]);
  });

  it("is numbered in a column", () => {
    const lines = renderPlan(plan(...Array.from({ length: 10 }, (_, at) => step(`s${at}`, "S", [])))).split("\n");
    expect([lines[1], lines[9], lines[10]]).toEqual([" 1. s0: S", " 9. s8: S", "10. s9: S"]);
  });

  it("names an image that is not known yet by the step that makes it", () => {
    const text = renderPlan(plan(step("build", "Build", []), use));
    expect(text.split("\n").at(-1)).toBe("      > docker tag <digest of build> x");
  });
});
