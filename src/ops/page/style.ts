/** How the status page looks: the system's font, light or dark as the system is, cards where the screen is narrow. */
export const style = `:root {
  color-scheme: light dark;
  --paper: #fff; --ink: #1f2328; --soft: #59636e; --line: #d8dee4; --field: #f6f8fa;
  --blue: #0969da; --pale: #a5c9ee; --red: #b42318;
  --good: #116329; --good-back: #dafbe1; --bad: #a40e26; --bad-back: #ffebe9; --warn: #744500; --warn-back: #fff3c4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #0d1117; --ink: #e6edf3; --soft: #9198a1; --line: #2b3139; --field: #151b23;
    --blue: #58a6ff; --pale: #4a78ad; --red: #ff8a80;
    --good: #7ee787; --good-back: #12301c; --bad: #ffa198; --bad-back: #40181c; --warn: #e8c268; --warn-back: #33290f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 76rem; padding: 1.5rem 2rem 4rem; background: var(--paper); color: var(--ink);
  font: 0.9375rem/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
}
header { display: flex; flex-wrap: wrap; align-items: center; gap: 0.25rem 1.25rem; }
header #live { margin-left: auto; }
h1 { font-size: 1.375rem; margin: 0; letter-spacing: -0.01em; }
h1 .soft { font-size: 0.875rem; font-weight: 400; letter-spacing: 0; }
h2 { font-size: 1rem; margin: 0 0 0.75rem; }
section { margin-top: 2.25rem; }
p, ul, dl, dd, figure { margin: 0; padding: 0; }
ul { list-style: none; }
code { font: 0.86em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; }
.soft, .none, dt { color: var(--soft); }
.good { color: var(--good); }
.bad { color: var(--bad); }
.state { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 0.75rem; }
.pill { border-radius: 1rem; padding: 0.05rem 0.65rem; font-size: 0.8125rem; font-weight: 600; white-space: nowrap; }
.pill.good { background: var(--good-back); }
.pill.bad { background: var(--bad-back); }
.pill.warn { background: var(--warn-back); color: var(--warn); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); gap: 1rem 2rem; }
.facts .wide { grid-column: 1 / -1; }
.facts b { font-weight: 500; display: inline-block; min-width: 5rem; }
.problems b { min-width: 0; }
dt { font-size: 0.8125rem; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: 1.25rem 2rem; }
.plot { display: grid; grid-template-columns: auto 1fr; gap: 0 1rem; }
.plot svg { grid-column: 1 / -1; display: block; width: 100%; height: 4rem; margin-top: 0.4rem; }
.plot figcaption { font-weight: 500; }
.plot .reading { color: var(--soft); text-align: right; }
.plot .axis { grid-column: 1 / -1; display: flex; justify-content: space-between; font-size: 0.75rem; color: var(--soft); }
.plot path { vector-effect: non-scaling-stroke; }
.plot .floor { stroke: var(--line); }
.bars.calm { fill: var(--blue); }
.bars.alarm { fill: var(--red); }
.steps { fill: none; stroke-width: 1.75; }
.steps.calm { stroke: var(--blue); }
.steps.soft { stroke: var(--pale); }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: 0.4rem 1.25rem 0.4rem 0; border-bottom: 1px solid var(--line); font-weight: 400; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--soft); font-size: 0.8125rem; padding-top: 0; white-space: nowrap; }
.number { text-align: right; white-space: nowrap; }
.item { display: block; }
b { font-weight: 600; }
form { display: grid; grid-template-columns: 3fr 3fr auto; gap: 0.75rem 1rem; align-items: end; max-width: 56rem; }
label { display: block; font-size: 0.8125rem; color: var(--soft); margin-bottom: 0.2rem; }
input, button { font: inherit; color: inherit; border: 1px solid var(--line); border-radius: 0.375rem; padding: 0.4rem 0.7rem; }
input { width: 100%; background: var(--paper); border-color: var(--soft); }
input::placeholder { color: var(--soft); opacity: 1; }
button { background: var(--field); border-color: var(--soft); font-weight: 500; cursor: pointer; }
button:hover { border-color: var(--blue); }
:focus-visible { outline: 2px solid var(--blue); outline-offset: 2px; }
.verdict, .advice { margin-top: 1rem; border-left: 3px solid var(--soft); padding: 0.6rem 1rem; background: var(--field); }
.verdict.allow { border-color: var(--good); }
.verdict.allow b:first-child { color: var(--good); }
.verdict.deny { border-color: var(--bad); }
.verdict.deny b:first-child { color: var(--bad); }
.advice { margin: 0 0 1rem; border-color: var(--warn); }
@media (max-width: 46rem) {
  body { padding: 1rem 1rem 3rem; }
  header #live { margin-left: 0; }
  form { grid-template-columns: 1fr; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody { display: block; }
  tr { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 0.35rem 1rem; padding: 0.7rem 0; border-bottom: 1px solid var(--line); }
  th, td, .number { border: 0; padding: 0; text-align: left; white-space: normal; }
  .text { grid-column: span 2; }
  tbody th, tbody th + .text { grid-column: 1 / -1; }
  td::before { content: attr(data-label); content: attr(data-label) / ''; display: block; font-size: 0.75rem; color: var(--soft); }
}
`

/** A gate, for the tab. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="none" stroke="#0969da" stroke-width="2" d="M2 15V3h12v12M6 15V7h4v8"/></svg>
`
