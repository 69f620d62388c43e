import { describe, expect, it } from "vitest";
import { type Answer, type Flip, settle } from "../../lib/names/flip.ts";
import { digest, owner } from "./factory.ts";

const [from, to, strange] = [digest("1"), digest("2"), digest("3")];
const place = (registry: string, seen: string | null = from) => ({ registry, repository: `${registry}/cmamp`, seen });
const flip: Flip = {
  id: "f1",
  owner: owner(),
  image: "cmamp",
  tag: "dev",
  version: "1.2.0",
  why: "release",
  to,
  places: [place("ecr"), place("hub"), place("ghcr")],
};
type Short = readonly [registry: string, digest: string | null, more?: Partial<Answer>];
const answers = (...rows: readonly Short[]): Answer[] =>
  rows.map(([registry, hash, more]) => ({
    place: place(registry),
    digest: hash,
    silent: false,
    hasTarget: true,
    ...more,
  }));
const moved = (...rows: readonly Short[]) =>
  settle(flip, answers(...rows)).moves.map((one) => [one.place.registry, one.digest]);
const silent: Partial<Answer> = { silent: true, hasTarget: false };

describe("a flip that was left behind is finished", () => {
  it.each<[string, readonly Short[], readonly (readonly string[])[]]>([
    [
      "where none has moved",
      [
        ["ecr", from],
        ["hub", from],
      ],
      [
        ["ecr", to],
        ["hub", to],
      ],
    ],
    [
      "where some have moved",
      [
        ["ecr", to],
        ["hub", from],
      ],
      [["hub", to]],
    ],
    [
      "where all have moved, by doing nothing",
      [
        ["ecr", to],
        ["hub", to],
      ],
      [],
    ],
    [
      "in those that answer",
      [
        ["ecr", to],
        ["hub", from],
        ["ghcr", null, silent],
      ],
      [["hub", to]],
    ],
  ])("%s", (_name, rows, moves) => {
    expect({ how: settle(flip, answers(...rows)).how, moves: moved(...rows) }).toEqual({ how: "finish", moves });
  });

  it("where the tag did not exist before", () => {
    const fresh = { ...flip, places: [place("ecr", null)] };
    expect(
      settle(fresh, [{ place: place("ecr", null), digest: null, silent: false, hasTarget: true }]).moves,
    ).toMatchObject([{ digest: to }]);
  });
});

describe("a flip that was left behind is undone", () => {
  it.each<[string, readonly Short[], readonly (readonly string[])[]]>([
    [
      "where a registry lacks the image",
      [
        ["ecr", to],
        ["hub", from, { hasTarget: false }],
      ],
      [["ecr", from]],
    ],
    [
      "where a stranger moved the tag",
      [
        ["ecr", to],
        ["hub", strange],
      ],
      [["ecr", from]],
    ],
    [
      "by doing nothing where none has moved",
      [
        ["ecr", from],
        ["hub", from, { hasTarget: false }],
      ],
      [],
    ],
  ])("%s", (_name, rows, moves) => {
    expect({ how: settle(flip, answers(...rows)).how, moves: moved(...rows) }).toEqual({ how: "undo", moves });
  });

  it("and leaves a tag that did not exist before, for nothing stands behind it", () => {
    const fresh = place("ecr", null);
    const rows = [
      { place: fresh, digest: to, silent: false, hasTarget: true },
      ...answers(["hub", from, { hasTarget: false }]),
    ];
    expect(settle(flip, rows)).toMatchObject({ how: "undo", moves: [] });
  });
});

describe("a flip names", () => {
  it("the registries that do not answer", () => {
    expect(settle(flip, answers(["ecr", to], ["hub", null, silent])).silent.map(({ registry }) => registry)).toEqual([
      "hub",
    ]);
  });

  it("the registries that a stranger moved, and leaves them alone", () => {
    const { foreign, moves } = settle(flip, answers(["ecr", to], ["hub", strange]));
    expect(foreign).toEqual([place("hub")]);
    expect(moves).toEqual([{ place: place("ecr"), digest: from }]);
  });
});
