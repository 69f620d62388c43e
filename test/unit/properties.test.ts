import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseConfig } from "../../lib/config/config.ts";
import { UserError } from "../../lib/errors.ts";
import { cmd } from "../../lib/kinds/command.ts";
import { type EntryStage, parseChangelog, readChangelog, renderEntry } from "../../lib/names/changelog.ts";
import { parseImageName, parseReference } from "../../lib/names/image.ts";
import { imageTag, parseStage, userTag } from "../../lib/names/stage.ts";
import { bump, compareVersions, isVersion, parseVersion } from "../../lib/names/version.ts";
import { universal, vocabulary } from "../../lib/run/options.ts";
import { parseOptions } from "../../lib/run/parse_options.ts";
import { anything } from "./anything.ts";
import { config, refusal } from "./factory.ts";

const runs = { numRuns: 150, seed: 42 };
const number = fc.nat({ max: 99_999 });
const versions = fc.tuple(number, number, number).map((parts) => parseVersion(parts.join(".")));
const line = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => /^\S(.*\S)?$/.test(text));
const texts = fc.oneof(anything, fc.stringMatching(/^[a-z0-9.:/@_-]{0,30}$/));

describe("text to a type", () => {
  it.each<[string, (text: string) => unknown]>([
    ["parseVersion", parseVersion],
    ["parseReference", parseReference],
    ["parseImageName", parseImageName],
    ["parseStage", parseStage],
    ["parseChangelog", (text) => parseChangelog(text, "cmamp", "changelog.txt")],
    ["parseOptions", (text) => parseOptions({ ...vocabulary, ...universal }, text.split(" "), { SLIPWAY_STAGE: text })],
  ])("%s gives a value or a UserError, never another error", (_name, parse) => {
    fc.assert(
      fc.property(texts, (text) => {
        try {
          parse(text);
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
      runs,
    );
  });

  const keys = fc.constantFrom(
    "release",
    "tests",
    "container",
    "docker_info",
    "docker_image_name",
    "gates",
    "env",
    "fast",
  );
  const { tree } = fc.letrec<{ tree: unknown; node: unknown }>((tie) => ({
    tree: fc.oneof({ maxDepth: 4 }, fc.constantFrom(null, true, 1, "x", "none", []), fc.string(), tie("node")),
    node: fc.dictionary(fc.oneof(keys, fc.string()), tie("tree"), { maxKeys: 4 }),
  }));
  it("parseConfig gives a config or a UserError with file and line or the bad name, whatever the YAML holds", () => {
    fc.assert(
      fc.property(fc.dictionary(keys, tree, { maxKeys: 4 }), (value) => {
        try {
          parseConfig({
            file: "f.yaml",
            value: { docker_info: { docker_image_name: "a" }, ...value },
            lineOf: () => 7,
          });
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
          expect(String(error)).toMatch(
            /^UserError: (f\.yaml:7 |".*" is not an image name|image name ".*" is reserved)/s,
          );
        }
      }),
      { numRuns: 300, seed: 42 },
    );
  });

  it("config() of the factory survives any list of gates, which it takes or refuses", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom("fast", "qa"), fc.string())), (gates) => {
        try {
          expect(config({ release: { gates } }).release.gates).toEqual(gates);
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
      runs,
    );
  });
});

describe("versions", () => {
  it("are lower than each of their bumps", () => {
    fc.assert(
      fc.property(versions, fc.constantFrom("major", "minor", "patch"), (from, kind) => {
        expect(compareVersions(from, bump(from, kind))).toBe(-1);
      }),
      runs,
    );
  });

  it("are ordered as their three numbers", () => {
    fc.assert(
      fc.property(versions, versions, (a, b) => {
        const [one, other] = [a, b].map((text) => text.split(".").map(Number));
        const differ = [0, 1, 2]
          .map((at) => Math.sign((one?.[at] ?? 0) - (other?.[at] ?? 0)))
          .find((sign) => sign !== 0);
        expect(Math.sign(compareVersions(a, b))).toBe(differ ?? 0);
      }),
      runs,
    );
  });

  it("are suggested in a form that is taken", () => {
    fc.assert(
      fc.property(texts, (text) => {
        fc.pre(!isVersion(text));
        expect(
          isVersion(
            refusal(() => parseVersion(text))
              .fix.split(" ")
              .at(-1) ?? "",
          ),
        ).toBe(true);
      }),
      runs,
    );
  });
});

describe("names", () => {
  it("any user's local tag makes a reference", () => {
    fc.assert(
      fc.property(anything, versions, (user, version) => {
        const tag = imageTag("local", user, version);
        expect(parseReference(`host:5000/cmamp:${tag}`).tag).toBe(tag);
      }),
      runs,
    );
  });

  it("two users never share a tag", () => {
    const users = fc.oneof(fc.stringMatching(/^[a-bA-B.@-]{1,3}$/), fc.stringMatching(/^[a-b-]{1,3}-[0-9a-f]{8}$/));
    fc.assert(
      fc.property(users, users, (a, b) => {
        expect(userTag(a) === userTag(b)).toBe(a === b);
      }),
      runs,
    );
  });
});

describe("round trips", () => {
  it("an entry that was written is read back", () => {
    const stages = fc.constantFrom<EntryStage>("dev", "prod");
    const days = fc.date({ min: new Date("1970-01-01"), max: new Date("2199-12-31"), noInvalidDate: true });
    const changes = fc.array(
      line.filter((text) => !/^\d{4}-\d{2}-\d{2}$/.test(text)),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(stages, versions, days, changes, (stage, version, day, told) => {
        const date = day.toISOString().slice(0, 10);
        const { entries, problems } = readChangelog(renderEntry("cmamp", stage, version, date, told), "cmamp");
        expect({ entries, problems }).toEqual({
          entries: [{ image: "cmamp", stage, version, date, changes: told, line: 1 }],
          problems: [],
        });
      }),
      runs,
    );
  });

  it("a value in cmd is one word, letter for letter", () => {
    fc.assert(
      fc.property(anything, fc.array(fc.string()), (value, list) => {
        expect(cmd`run ${value} ${list} end`.argv).toEqual(["run", value, ...list, "end"]);
      }),
      runs,
    );
  });
});
