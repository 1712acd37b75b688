/** How the report looks: the system's font, light or dark as the system is, black on white in print. */
export const pageStyle = `:root {
  color-scheme: light dark;
  --paper: #fff; --ink: #1f2328; --soft: #59636e; --line: #d8dee4; --field: #f6f8fa; --blue: #0969da;
  --open: #744500; --open-back: #fff3c4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #0d1117; --ink: #e6edf3; --soft: #9198a1; --line: #2b3139; --field: #151b23; --blue: #58a6ff;
    --open: #e8c268; --open-back: #33290f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 76rem; padding: 1.5rem 2rem 4rem; background: var(--paper); color: var(--ink);
  font: 0.9375rem/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
}
h1 { font-size: 1.5rem; margin: 0 0 0.75rem; }
h2 { font-size: 1.125rem; margin: 2.25rem 0 0.5rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 0.5rem; }
p, dl, dd { margin: 0; }
dl div { display: flex; gap: 0.75rem; }
dt { color: var(--soft); flex: 0 0 8rem; }
section p { margin-bottom: 0.5rem; }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 1.25rem 0.3rem 0; border-bottom: 1px solid var(--line); font-weight: 400; min-width: 3.5rem; }
thead th { color: var(--soft); font-size: 0.8125rem; }
.open { color: var(--open); background: var(--open-back); }
form { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: end; margin-top: 1.5rem; }
form[hidden] { display: none; }
label { display: block; font-size: 0.8125rem; color: var(--soft); }
input, button { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--soft); border-radius: 0.375rem; padding: 0.35rem 0.7rem; }
button { background: var(--field); cursor: pointer; }
#left { color: var(--soft); }
:focus-visible { outline: 2px solid var(--blue); outline-offset: 2px; }
@media (max-width: 40rem) {
  body { padding: 1rem; }
  dl div { flex-direction: column; gap: 0; }
}
@media print {
  :root { --paper: #fff; --ink: #000; --soft: #333; --line: #999; --open: #000; --open-back: #fff; }
  body { max-width: none; padding: 0; font-size: 9pt; }
  form { display: none; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .open { font-weight: 700; }
}
`
