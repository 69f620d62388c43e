import type { Html } from "../../formats/html.ts";

/** Everything the page looks like; it loads nothing, and follows the reader's choice of light or dark. */
export const style: Html = {
  html: `
:root { color-scheme: light dark; --ground: #f3f4f6; --card: #fff; --text: #1b1f24; --dim: #57606a; --line: #d8dee4;
  --soft: #eef1f4; --blue: #0a4f94; --good: #11602b; --good-soft: #dcf3e2; --bad: #a1102b; --bad-soft: #fde4e7;
  --warn: #6f4600; --warn-soft: #fbefd2; --bar: #2f74bd; --old: #8b96a2; --gone: #a86b00 }
@media (prefers-color-scheme: dark) { :root { --ground: #0d1117; --card: #161b22; --text: #e6edf3; --dim: #a3adb8;
  --line: #30363d; --soft: #21262d; --blue: #79bdff; --good: #63d581; --good-soft: #12311c; --bad: #ff9aa2;
  --bad-soft: #3d1319; --warn: #e8b94e; --warn-soft: #33270c; --bar: #5aa0e6; --old: #6c7783; --gone: #d79a2b } }
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue",
  Arial, sans-serif; -webkit-text-size-adjust: 100% }
main, header, footer { max-width: 64rem; margin: 0 auto; padding: 0 1.25rem }
header { padding-top: 2rem; padding-bottom: 1rem }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .35rem; overflow-wrap: anywhere }
h2 { font-size: 1.3rem; margin: 0; display: flex; gap: .6rem; align-items: baseline; flex-wrap: wrap }
h3 { font-size: 1rem; margin: 2rem 0 .5rem }
p { margin: .3rem 0 }
code { font: .875em/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere }
section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1.5rem; margin: 0 0 1.25rem }
.dim { color: var(--dim) } .small { font-size: .875rem }
.pill { display: inline-block; border-radius: 1rem; padding: .1rem .7rem; font-size: .875rem; font-weight: 600;
  overflow-wrap: anywhere; max-width: 100% }
.good { color: var(--good); background: var(--good-soft) } .bad { color: var(--bad); background: var(--bad-soft) }
.warn { color: var(--warn); background: var(--warn-soft) } .plain { color: var(--dim); background: var(--soft) }
.verdict { display: block; border-radius: .5rem; padding: .6rem .9rem; margin-top: 1rem; font-weight: 600; overflow-wrap: anywhere }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .35rem 1.5rem; margin: 1rem 0 0 }
dt { color: var(--dim) } dd { margin: 0; overflow-wrap: anywhere }
dd .pill { margin-right: .4rem }
dd p { margin: 0 } ul.changes { margin: 0; padding-left: 1.2rem }
table { border-collapse: collapse; width: 100%; font-size: .9375rem }
th { text-align: left; font-weight: 600; color: var(--dim); font-size: .8125rem; padding: .3rem .75rem .3rem 0;
  border-bottom: 1px solid var(--line) }
td { padding: .45rem .75rem .45rem 0; border-bottom: 1px solid var(--line); vertical-align: baseline; overflow-wrap: anywhere }
tr:last-child td { border-bottom: 0 }
.history .pill { white-space: nowrap }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
.when { white-space: nowrap; font-variant-numeric: tabular-nums }
.track { background: var(--soft); border-radius: .25rem; height: .65rem; min-width: 5rem; overflow: hidden }
.fill { background: var(--bar); border-radius: .25rem; height: 100%; min-width: 2px }
.fill.old { background: var(--old) } .fill.gone { background: var(--gone) } .fill.stopped { background: var(--bad) }
.chart { display: block; width: 100%; max-width: 28rem; height: auto; margin: .5rem 0 }
.chart text { color: var(--text); fill: currentColor; font-size: 12px }
.chart .all { fill: var(--old) } .chart .new { fill: var(--bar) }
.key { display: inline-block; width: .75rem; height: .75rem; border-radius: .15rem; margin-left: .25rem }
.key.new { background: var(--bar) } .key.all { background: var(--old) }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin-top: 1rem }
a { color: var(--blue) }
:focus-visible { outline: 3px solid var(--blue); outline-offset: 2px; border-radius: .25rem }
section:target { border-color: var(--blue) }
.bar { width: 38% }
.digest > code { display: block } .digest > summary { margin: 0; font-weight: 400; display: inline-block } .digest > summary::after { content: " …"; color: var(--dim) }
details > summary { cursor: pointer; font-weight: 600; margin: 1rem 0 .5rem; overflow-wrap: anywhere }
footer { padding-bottom: 2.5rem; color: var(--dim); font-size: .875rem }
@media (max-width: 42rem) {
  main, header, footer { padding-left: .75rem; padding-right: .75rem } section { padding: 1rem }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0 } dd { margin-bottom: .6rem }
  table, tbody { display: block } thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
  tr { display: flex; flex-wrap: wrap; gap: .1rem .75rem; align-items: baseline; padding: .55rem 0; border-bottom: 1px solid var(--line) }
  tr:last-child { border-bottom: 0 } td { border: 0; padding: 0; max-width: 100% }
  td.wide, td.bar { flex: 1 0 100%; width: 100% } td.label { flex: 1 1 0 } td.bar { order: 1 } td:empty { display: none }
}
@media print { body, section { background: #fff } section { break-inside: avoid } }
`,
};
