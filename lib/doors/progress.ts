import { cutTo, fold, widthOf } from "../text/columns.ts";
import { fineSeconds, seconds } from "../text/units.ts";
import { lastLine, withoutColours } from "../text/visible.ts";
import { alarm, every, now } from "./clock.ts";
import { columns, draw, mostLines } from "./live.ts";

/** A step that begins. */
export type Begun = {
  /** `[3/20]` */
  readonly label: string;
  readonly title: string;
  /** Seconds that it took last time, where that was long. */
  readonly last: number | null;
  /** Others run beside it, so what it prints is shown whole when it ends. */
  readonly apart: boolean;
  /** What it prints is what was asked for. */
  readonly isAsked: boolean;
};
export type Ended = {
  readonly state: "done" | "already" | "open" | "failed" | "stopped" | "interrupted";
  readonly seconds: number;
  /** The last lines of what it printed. */
  readonly tail: readonly string[];
};
/** A step as it is shown while it runs. */
export type View = { readonly output: (text: string) => void; readonly end: (ended: Ended) => void };
export type Face = (step: Begun) => View;

/** Where it is shown: lines of Slipway, what programs print, and words of a colour. */
type Paper = {
  readonly say: (line: string) => void;
  readonly raw: (text: string) => void;
  readonly colour: (style: "red" | "dim", text: string) => string;
};

/** One line per step, and its output as it comes. */
export const plain =
  (paper: Paper): Face =>
  (step) => {
    paper.say(`${headOf(paper, step)}${step.last ? ` (took ${seconds(step.last)} last time)` : ""}`);
    if (step.apart) return whenItEnds(step, paper, (text) => paper.raw(text));
    return {
      output: paper.raw,
      end: (ended) => {
        if (ended.seconds >= 2 && isFine(ended)) paper.say(paper.colour("dim", `      ${capitalised(outcome(ended))}`));
      },
    };
  };

/** Nothing, unless it fails. */
export const quiet =
  ({ say }: Pick<Paper, "say">): Face =>
  () => ({ output: () => undefined, end: (ended) => sayTail(say, ended) });

/** One line per step, and its output as a group that a log of CI folds; `open` begins one and gives what ends it. */
export const folded =
  (paper: Paper, open: (title: string) => () => void): Face =>
  (step) => {
    const face = plain({ ...paper, raw: () => undefined })(step);
    const inGroup = (text: string) => {
      close ??= open(`${step.label.trim()} ${step.title}`);
      isAtStart = text.endsWith("\n");
      paper.raw(text);
    };
    let close: (() => void) | undefined;
    let isAtStart = true;
    const view = step.apart ? whenItEnds(step, paper, inGroup) : { ...face, output: inGroup };
    const end = (ended: Ended) => {
      if (step.apart) view.end(ended);
      if (!isAtStart) paper.raw("\n");
      close?.();
      sayTail(paper.say, ended);
      if (!step.apart) view.end(ended);
    };
    return { output: view.output, end };
  };

/**
 * One line per step at the end of a terminal, with its time and the last line of its output below it; it stays when the step
 * has ended, with the last lines of the output where it failed. What was asked for is shown whole.
 */
export function live(paper: Paper): Face {
  const running = new Set<Running>();
  let isDue = false;
  let stopClock = () => {};
  const refresh = () => {
    isDue = false;
    draw(linesOf([...running], columns(), mostLines()));
  };
  const soon = () => {
    if (!isDue) alarm(100, refresh);
    isDue = true;
  };
  return (step) => {
    if (step.isAsked && !step.apart) return plain(paper)(step);
    const one: Running = { step, began: now(), line: "" };
    if (running.size === 0) stopClock = every(1000, refresh);
    running.add(one);
    soon();
    const kept = step.isAsked ? whole() : null;
    return {
      output: (text) => {
        kept?.add(text);
        one.line = lastLine(text) || one.line;
        soon();
      },
      end: (ended) => {
        running.delete(one);
        if (running.size === 0) stopClock();
        refresh();
        paper.say(stays(paper, step, ended));
        if (kept) paper.raw(kept.text());
        else sayTail(paper.say, ended);
      },
    };
  };
}

type Running = { readonly step: Begun; readonly began: number; line: string };

/** What stays of a step in a terminal: no line is wider than that, and none is broken within a word. */
function stays(paper: Paper, { label, title }: Begun, ended: Ended): string {
  const indent = " ".repeat(label.length + 1);
  const width = columns() - 1 - indent.length;
  const titles = fold(title, width);
  const how = outcome(ended);
  const isBeside = widthOf(titles.at(-1) ?? "") + 2 + how.length <= width;
  const told = paper.colour(isFine(ended) ? "dim" : "red", how);
  return `${paper.colour("dim", label)} ${titles.join(`\n${indent}`)}${isBeside ? "  " : `\n${indent}`}${told}`;
}

/** What stands at the end of a terminal while steps run: where there is no room for the output's last line, the steps alone. */
function linesOf(running: readonly Running[], width: number, most: number): string[] {
  const isShort = running.length * 2 > most;
  const shown = running.slice(0, running.length > most ? most - 1 : most);
  const rest = running.length - shown.length;
  return [
    ...shown.flatMap(({ step, began, line }) => {
      const took = `  ${seconds((now() - began) / 1000)}`;
      const long = step.last ? `${took}, ${seconds(step.last)} last time` : took;
      const time = widthOf(long) > width / 2 ? took : long;
      const head = `${cutTo(`${step.label} ${step.title}`, width - 1 - widthOf(time))}${time}`;
      return isShort || line === "" ? [head] : [head, `      ${line}`];
    }),
    ...(rest > 0 ? [`      and ${rest} more`] : []),
  ];
}

/** Shows a step that others ran beside when it ends: how, and all that it printed. */
function whenItEnds(step: Begun, paper: Paper, show: (text: string) => void): View {
  const kept = whole();
  return {
    output: kept.add,
    end: (ended) => {
      paper.say(`${headOf(paper, step)}: ${outcome(ended)}`);
      if (kept.text() !== "") show(kept.text());
    },
  };
}

/** Bytes that are kept of what one step prints until it is shown; all of it is in its log. */
const mostKept = 1_000_000;

/** Keeps what a program prints, with a line's end at its end. */
function whole() {
  let all = "";
  return {
    add: (text: string) => {
      all = `${all}${text}`.slice(-mostKept);
    },
    text: () => (all === "" || all.endsWith("\n") ? all : `${all}\n`),
  };
}

function sayTail(say: Paper["say"], { state, tail }: Ended): void {
  if (state === "failed" && tail.length > 0)
    say(withoutColours(tail.join("\n").trimEnd()).split("\n").slice(-30).join("\n"));
}

const headOf = (paper: Paper, { label, title }: Begun): string => `${paper.colour("dim", label)} ${title}`;

const isFine = ({ state }: Ended): boolean => ["done", "already", "open"].includes(state);

function outcome({ state, seconds: took }: Ended): string {
  if (state === "stopped") return "stopped, because another step failed";
  const word = { done: "done", already: "already done", open: "open", failed: "failed", interrupted: "interrupted" }[
    state
  ];
  return took < 0.05 ? word : `${word} in ${took < 2 ? fineSeconds(took) : seconds(took)}`;
}

const capitalised = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);
