import { visible } from "../../../lib/text/visible.ts";

/** What a terminal showed from a moment on, in milliseconds; its rows have the codes of their colours (ECMA-48, SGR). */
export type Shot = { readonly at: number; readonly rows: readonly string[] };
/** A run as a terminal showed it, and what stood on the screen when each line that was typed had ended. */
export type Recording = { readonly shots: readonly Shot[]; readonly ends: readonly string[] };
type Look = { readonly bold: boolean; readonly dim: boolean; readonly colour: string };
type Span = Look & { readonly text: string; readonly column: number };

const [columns, lines] = [80, 24];
const [wide, high, edge] = [8.4, 19, 16];
const [width, height] = [columns * wide, lines * high];
const between = `\n${"-".repeat(columns)}\n`;
/** Nobody waits longer than this for the next change; at the end one may read. */
const [longest, hold] = [1200, 6000];
const plain: Look = { bold: false, dim: false, colour: "" };
const colours: Readonly<Record<string, string>> = { 31: "red", 32: "green", 33: "yellow", 34: "blue", 36: "cyan" };

/** Rows of which each begins with the codes that the one before left on, as a terminal goes on with them. */
export function selfContained(rows: readonly string[]): readonly string[] {
  let left = "";
  return rows.map((row) => {
    const whole = left + row;
    const codes = whole
      .split("\u001b[")
      .slice(1)
      .map((part) => part.slice(0, part.indexOf("m")));
    const reset = codes.findLastIndex((code) => code === "" || code === "0");
    left = codes
      .slice(reset + 1)
      .map((code) => `\u001b[${code}m`)
      .join("");
    return whole;
  });
}

/** A row to its parts of one look each. */
export function spansOf(row: string): readonly Span[] {
  const spans: Span[] = [];
  let [look, column] = [plain, 0];
  for (const [index, part] of row.split("\u001b[").entries()) {
    const [, code = "", text = ""] = index === 0 ? ["", "", part] : (/^([\d;]*)m(.*)$/s.exec(part) ?? []);
    if (index > 0) look = code.split(";").reduce(after, look);
    if (text !== "") spans.push({ ...look, text, column });
    column += [...text].length;
  }
  return spans.filter(({ text }) => text.trim() !== "");
}

function after(look: Look, code: string): Look {
  if (code === "" || code === "0") return plain;
  if (code === "1") return { ...look, bold: true };
  if (code === "2") return { ...look, dim: true };
  if (code === "22") return { ...look, bold: false, dim: false };
  if (code === "39") return { ...look, colour: "" };
  return { ...look, colour: colours[code] ?? look.colour };
}

/** The whole as one SVG that moves by itself: it loads nothing, and stands still for who asked for that. */
export function toSvg({ shots, ends }: Recording, title: string): string {
  const frames = timed(shots.map((shot) => ({ ...shot, rows: selfContained(shot.rows) })));
  const rows = [...new Set(frames.flatMap((frame) => frame.rows))].filter((row) => spansOf(row).length > 0);
  const ids = new Map(rows.map((row, index) => [row, `r${index}`]));
  const end = (frames.at(-1)?.at ?? 0) + hold;
  const steps = frames.map(
    ({ at }, index) => `${((at / end) * 100).toFixed(3)}%{transform:translateY(${-index * height}px)}`,
  );
  const last = `translateY(${-(frames.length - 1) * height}px)`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width + 2 * edge} ${height + 2 * edge}" role="img" aria-labelledby="title">
<title id="title">${escaped(title)}</title>
<desc>${escaped(ends.join(between))}</desc>
<style>${style}
#reel{animation:reel ${(end / 1000).toFixed(2)}s steps(1,end) infinite}
@keyframes reel{${steps.join("")}100%{transform:${last}}}
@media (prefers-reduced-motion:reduce){#reel{animation:none;transform:${last}}}</style>
<defs>
${rows.map((row) => `<g id="${ids.get(row)}">${spansOf(row).map(textOf).join("")}</g>`).join("\n")}
</defs>
<rect class="screen" width="100%" height="100%" rx="10"/>
<svg x="${edge}" y="${edge}" width="${width}" height="${height}"><g id="reel">
${frames.map((frame, index) => frameOf(frame, index * height, ids)).join("\n")}
</g></svg>
</svg>
`;
}

/** Frames that differ from the one before, at times that nobody finds long. */
function timed(shots: readonly Shot[]): readonly Shot[] {
  const changed = shots.filter(({ rows }, index) => rows.join("\n") !== shots[index - 1]?.rows.join("\n"));
  let now = 0;
  return changed.map(({ rows, at }, index) => {
    now += Math.min(at - (changed[index - 1]?.at ?? at), longest);
    return { rows, at: now };
  });
}

function frameOf({ rows }: Shot, top: number, ids: ReadonlyMap<string, string>): string {
  const uses = rows.flatMap((row, index) => {
    const id = ids.get(row);
    return id ? [`<use href="#${id}" y="${index * high + 14}"/>`] : [];
  });
  return `<g transform="translate(0 ${top})">${uses.join("")}</g>`;
}

function textOf({ text, column, bold, dim, colour }: Span): string {
  const looks = [bold && "bold", dim && "dim", colour].filter(Boolean).join(" ");
  const start = text.length - text.trimStart().length;
  const words = text.trim();
  const x = ((column + start) * wide).toFixed(1);
  const long = ([...words].length * wide).toFixed(1);
  return `<text x="${x}" textLength="${long}"${looks ? ` class="${looks}"` : ""}>${escaped(words)}</text>`;
}

/** What another machine, or a slower day, shows otherwise: programs that nobody needs, and how long tests took. */
const ofTheDay = [
  /^(ok|absent) +(tmux|aws|gh|emulation) .*\n( +fix: .*\n)?/gm,
  /^.*\bdurations\b.*\n/gm,
  /^[\d.]+s (call|setup|teardown) .*\n/gm,
];

/** What does not differ from one run of the same to the next: no time, no digest, and no row that a longer one pushed away. */
export const lasting = (text: string): string =>
  ofTheDay
    .reduce((left, rows) => left.replaceAll(rows, ""), text)
    .replaceAll(/^(ok +(?:git|bash|docker|buildx|compose)) .*$/gm, "$1 VERSION")
    .replaceAll(/\blog: [\s\S]*?\.log$/gm, "log: FILE")
    .replaceAll(/\s+done( in [\d.]+ (?:s|min)[^\n]*)?(?=\n)/g, " done")
    .replaceAll(/\b[0-9a-f]{12}\b/g, "DIGEST")
    .replaceAll(/\b[\d.]+ ?(s|min|kB|MB)\b/g, "N $1")
    .replaceAll(/ {2,}/g, " ")
    .split("\n")
    .slice(-14)
    .join("\n");

/** What stood on the screen at the end of each line, as the picture tells it to who does not see it. */
export function endsIn(svg: string): readonly string[] {
  const [, told = ""] = /<desc>([\s\S]*)<\/desc>/.exec(svg) ?? [];
  const text = Object.entries(entities).reduceRight((all, [letter, entity]) => all.replaceAll(entity, letter), told);
  return text.split(between);
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text: string): string => visible(text).replaceAll(/[&<>"]/g, (letter) => entities[letter] ?? "");

const style = `
:root{--ground:#f6f8fa;--text:#1b1f24;--dim:#59636e;--red:#a1102b;--green:#11602b;--yellow:#6f4600;--blue:#0a4f94;--cyan:#0b5563}
@media (prefers-color-scheme:dark){:root{--ground:#0d1117;--text:#e6edf3;--dim:#9aa5b1;--red:#ff9aa2;--green:#63d581;--yellow:#e8b94e;--blue:#79bdff;--cyan:#76d7e5}}
svg{background:var(--ground);color:var(--text)}.screen{fill:var(--ground);stroke:var(--dim);stroke-opacity:.4}
text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;color:var(--text);fill:currentColor;white-space:pre}
.bold{font-weight:bold}.dim{color:var(--dim)}.red{color:var(--red)}.green{color:var(--green)}.yellow{color:var(--yellow)}.blue{color:var(--blue)}.cyan{color:var(--cyan)}`;
