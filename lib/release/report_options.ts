import { UserError } from "../errors.ts";
import { parseStage, type ReleaseStage } from "../names/stage.ts";
import { type Option, text } from "../run/options.ts";

function parseReleaseStage(value: string): ReleaseStage {
  const stage = parseStage(value);
  if (stage !== "local") return stage;
  throw new UserError("a local image is not released", {
    why: "It is private to its user and machine, so there is nothing to tell of it.",
    fix: "Use --stage dev or --stage prod",
  });
}

/** The stage that a report is about; without it all stages that were released. */
export const anyStage = text<ReleaseStage>("STAGE", "Report on dev or prod alone instead of everything released.", {
  short: "s",
  parse: parseReleaseStage,
});

/** The stage of the release that a report is about. */
export const oneStage = text<ReleaseStage>("STAGE", "The stage that was released: dev or prod.", {
  short: "s",
  parse: parseReleaseStage,
  fallback: "dev",
});

/** The check-list before or the one after a release. */
export const whichList = text<"pre" | "post">("LIST", "Take the pre or the post list, whether it is released or not.", {
  parse: (value) => {
    if (value === "pre" || value === "post") return value;
    throw new UserError(`"${value}" is not a check-list`, {
      why: "There is one before and one after a release.",
      fix: "Use --list pre or --list post",
    });
  },
});

/** A file to write to; `""` where the option stands without one. */
export const file = (help: string, takes: "value" | "optional" = "optional"): Option<string | undefined> => ({
  ...text<string>("FILE", help),
  takes,
  onlyTyped: true,
});

/** Days after which what nobody released is old. */
export const olderThan = text<number>("DAYS", "Remove local images and candidates that are this old.", {
  parse: (value) => {
    if (/^\d{1,5}$/.test(value)) return Number(value);
    throw new UserError(`"${value}" is not a number of days`, {
      why: "It is a whole number, at most 99999.",
      fix: "Write it like --older-than 30",
    });
  },
  fallback: 30,
});

const usual = 10;

/** Seconds between two looks, at least one: a registry counts requests. */
export const every = (help: string): Option<number | undefined> => ({
  ...text<number>("SECONDS", help, { parse: (value) => parseSeconds("--watch", value) }),
  takes: "optional",
  onlyTyped: true,
});

/** Seconds between two looks of what ends by itself. */
export const interval = text<number>("SECONDS", "Look again after so many seconds.", {
  parse: (value) => parseSeconds("--interval", value),
  fallback: usual,
});

function parseSeconds(option: string, value: string): number {
  if (value === "") return usual;
  const seconds = Number(value);
  if (/^\d+(\.\d+)?$/.test(value) && seconds >= 1 && seconds <= 86_400) return seconds;
  throw new UserError(`"${value}" is not a number of seconds`, {
    why: "Between two looks there is at least one second, and at most a day.",
    fix: `Write it like ${option} ${usual}`,
  });
}
