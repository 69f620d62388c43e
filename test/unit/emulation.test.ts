import { describe, expect, it } from "vitest";
import { enableCrossBuild } from "../../lib/build/emulation.ts";
import { type EmulationState, emulationState, emulationsOn } from "../../lib/formats/emulation.ts";
import { command } from "../../lib/kinds/command.ts";
import { renderPlan } from "../../lib/plan/render_plan.ts";
import { doing, facts, refusal } from "./factory.ts";

const root = { ...facts().user, uid: 0 };
const seen = (state: EmulationState, there = state !== "absent") => ({
  mounted: there,
  emulations: emulationsOn("x64").map((one) => ({ ...one, state, installed: there })),
});
const shown = (undo: boolean, state: EmulationState, user = root) =>
  enableCrossBuild(facts({ user }), { undo }, seen(state)).map(({ id, skip }) => [id, skip]);
const lines = (undo: boolean, state: EmulationState, user = root) =>
  renderPlan(
    {
      ...{ slipway: 2, workflow: "release_enable_cross_build", dir: ".", image: "cmamp", version: null },
      steps: enableCrossBuild(facts({ user }), { undo }, seen(state)),
    },
    false,
  );

it.each<[string | null, EmulationState]>([
  [null, "absent"],
  ["enabled\ninterpreter /usr/bin/qemu-arm-static\nflags: F\noffset 0\n", "whole"],
  ["enabled\ninterpreter /usr/bin/qemu-arm-static\nflags: OCF\noffset 0\n", "whole"],
  ["enabled\ninterpreter /usr/bin/qemu-arm-static\nflags: \noffset 0\n", "partly"],
  ["disabled\ninterpreter /usr/bin/qemu-arm-static\nflags: F\noffset 0\n", "partly"],
])("an entry of the kernel that says %j is %s", (entry, state) => {
  expect(emulationState(entry)).toBe(state);
});

it.each([
  ["x64", ["linux/arm64", "linux/arm/v7"]],
  ["arm64", ["linux/arm/v7"]],
])("a machine of %s emulates %j", (architecture, platforms) => {
  expect(emulationsOn(architecture).map(({ platform }) => platform)).toEqual(platforms);
});

describe("release_enable_cross_build", () => {
  it("does what is missing", () => {
    expect(shown(false, "absent")).toEqual([
      ["install", null],
      ["mount", null],
      ["register_qemu_aarch64", null],
      ["register_qemu_arm", null],
      ["tell", null],
    ]);
    expect(shown(false, "whole").map(([, skip]) => skip)).toEqual([
      ...["they are installed", "it is mounted", "it is registered", "it is registered", null],
    ]);
  });

  it("registers anew what containers do not have", () => {
    const tees = doing(enableCrossBuild(facts({ user: root }), { undo: false }, seen("partly")), command);
    expect(tees.slice(-4).map(({ argv, input }) => [argv[1], Array.isArray(input) && input[2]])).toEqual([
      ["/proc/sys/fs/binfmt_misc/qemu-aarch64", "-1"],
      ["/proc/sys/fs/binfmt_misc/register", expect.stringMatching(/^:qemu-aarch64:M::.*-static:F$/)],
      ["/proc/sys/fs/binfmt_misc/qemu-arm", "-1"],
      ["/proc/sys/fs/binfmt_misc/register", expect.stringMatching(/^:qemu-arm:M::.*-static:F$/)],
    ]);
  });

  it("undoes what is registered, and nothing else", () => {
    expect(shown(true, "whole").map(([id, skip]) => [id, skip])).toEqual([
      ["remove_qemu_aarch64", null],
      ["remove_qemu_arm", null],
      ["tell", null],
    ]);
    expect(shown(true, "absent").map(([, skip]) => skip)).toEqual([
      ...["it is not registered", "it is not registered", null],
    ]);
  });

  it("has lines that one can type, with sudo for who is not root", () => {
    expect(lines(false, "absent")).toContain(
      String.raw`printf %s ':qemu-arm:M::\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00:`,
    );
    expect(lines(true, "whole", facts().user)).toContain(
      "printf %s -1 | sudo --non-interactive tee /proc/sys/fs/binfmt_misc/qemu-arm",
    );
  });

  it.each([
    ["the engine is at tcp://10.0.0.1:2376", { env: { DOCKER_HOST: "tcp://10.0.0.1:2376" } }],
    ["this machine runs Darwin", { host: { name: "mac", system: "Darwin", release: "24" } }],
  ])("is refused where %s", (what, world) => {
    const plan = () => enableCrossBuild(facts({ user: root, ...world }), { undo: false }, seen("absent"));
    expect(refusal(plan)).toMatchObject({ message: what, fix: expect.stringContaining("docker run --privileged") });
  });
});
